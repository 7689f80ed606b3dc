// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCapture
internal import ApusCommandKit
internal import ApusEngine
internal import ApusThreads
internal import ApusTrading
internal import ApusTradingService
internal import Foundation

/// A generated stream of commands in memory.
final class OrderStreamData {
  /// What the instruments and owners are made with; applied outside the time.
  let preparing: [OrderLogRecord]
  /// What is measured.
  let records: [OrderLogRecord]
  /// The same without times, and after them one that has one event: for a host, which has a clock.
  private(set) lazy var commands = records.map(\.command) + [MatchingCommand(.expire)]
  private(set) lazy var times = records.map(\.timeNanoseconds)

  init(
    _ kind: OrderStreamKind, seed: UInt64, count: Int, limitsEveryOwner: Bool = false
  ) throws {
    var stream = OrderStream(
      try OrderStreamConfiguration(
        kind: kind, seed: seed, commandCount: count, limitsEveryOwner: limitsEveryOwner))
    var records: [OrderLogRecord] = []
    records.reserveCapacity(stream.commandCount)
    while let record = stream.next() { records.append(record) }
    preparing = Array(records.prefix(stream.preparingCount))
    self.records = Array(records.dropFirst(stream.preparingCount))
  }
}

/// Where the events of the benchmarks go: what traded, which other libraries report as well.
struct TradeSums {
  private(set) var count: UInt64 = 0
  private var quantity: UInt64 = 0
  private var notional: UInt64 = 0

  @inline(__always)
  mutating func take(_ event: MatchingEvent) {
    guard event.kindCode == MatchingEventKind.trade.rawValue else { return }
    count &+= 1
    quantity &+= UInt64(event.quantity)
    notional &+= UInt64(event.priceTicks) &* UInt64(event.quantity)
  }

  var hash: UInt64 {
    var digest = StateDigest()
    digest.mix(count)
    digest.mix(quantity)
    digest.mix(notional)
    return digest.value
  }
}

/// An engine that is called directly: one thread, no host, no journal.
final class MatchingBench {
  let stream: OrderStreamData
  private let eventCountMax: Int
  private var engine: MatchingEngine?
  private var events: EventQueue<MatchingEvent>?
  private var cycles: [UInt64] = []
  /// Trades of the last sample.
  private(set) var tradeCount: UInt64 = 0
  private(set) var failure: String?

  init(_ stream: OrderStreamData, eventCountMax: Int) {
    self.stream = stream
    self.eventCountMax = eventCountMax
  }

  var orderCount: Int { stream.records.count }

  /// Memory as a venue has it when the day begins: what the streams need is there.
  static func configuration(_ eventCountMax: Int) -> MatchingEngine.Configuration {
    .init(residentOrderCount: 1 << 19, eventCountMax: eventCountMax)
  }

  /// A new engine that knows the instruments and owners.
  func prepare() {
    do {
      var engine = try MatchingEngine(configuration: Self.configuration(eventCountMax))
      var events = try EventQueue<MatchingEvent>(capacity: 2 * eventCountMax)
      var sums = TradeSums()
      Self.apply(
        stream.preparing.map(\.command), stream.preparing.map(\.timeNanoseconds), after: 0,
        to: &engine, &events, &sums)
      _ = stream.times
      _ = stream.commands
      self.engine = consume engine
      self.events = consume events
    } catch {
      failure = "\(error)"
    }
  }

  /// Gives the engine's memory back.
  func finish() {
    engine = nil
    events = nil
  }

  /// Applies the whole stream.
  func run() -> UInt64 {
    guard var engine = engine.take(), var events = events.take() else { return 0 }
    var sums = TradeSums()
    Self.apply(
      stream.commands, stream.times, after: UInt64(stream.preparing.count), to: &engine, &events,
      &sums)
    self.engine = consume engine
    self.events = consume events
    tradeCount = sums.count
    return sums.hash
  }

  /// Events after which they are taken: as a host does, which passes on what a batch of commands gave.
  private static let takenCount = 64

  /// As many commands as there are times.
  @inline(never)
  private static func apply(
    _ commands: [MatchingCommand], _ times: [UInt64], after lastSequence: UInt64,
    to engine: inout MatchingEngine, _ events: inout EventQueue<MatchingEvent>,
    _ sums: inout TradeSums
  ) {
    let countMax = engine.eventCountMax
    let times = times.span
    unsafe commands.withUnsafeBufferPointer { commands in
      for index in times.indices {
        let sequence = lastSequence &+ UInt64(index) &+ 1
        if events.count >= takenCount || events.room < countMax {
          events.removeAll { sums.take($0.event) }
        }
        events.withSink(sequence: sequence, countMax: countMax) { sink in
          engine.apply(
            unsafe commands[index], at: Nanoseconds(times[index]), sequence: sequence,
            into: &sink)
        }
      }
    }
    events.removeAll { sums.take($0.event) }
  }

  // MARK: Single commands

  /// Applies the whole stream and times every command, until its events were taken.
  func runTimed() -> UInt64 {
    guard var engine = engine.take(), var events = events.take() else { return 0 }
    if cycles.isEmpty { cycles = Array(repeating: 0, count: stream.records.count) }
    var sums = TradeSums()
    Self.applyTimed(
      stream.records, after: UInt64(stream.preparing.count), to: &engine, &events, &sums,
      cycles: &cycles)
    self.engine = consume engine
    self.events = consume events
    tradeCount = sums.count
    return sums.hash
  }

  @inline(never)
  private static func applyTimed(
    _ array: [OrderLogRecord], after lastSequence: UInt64, to engine: inout MatchingEngine,
    _ events: inout EventQueue<MatchingEvent>, _ sums: inout TradeSums, cycles: inout [UInt64]
  ) {
    let records = array.span
    let countMax = engine.eventCountMax
    let clock = CycleClock.shared
    for index in records.indices {
      let record = records[index]
      let sequence = lastSequence &+ UInt64(index) &+ 1
      let started = clock.now
      events.withSink(sequence: sequence, countMax: countMax) { sink in
        engine.apply(
          record.command, at: Nanoseconds(record.timeNanoseconds), sequence: sequence,
          into: &sink)
      }
      events.removeAll { sums.take($0.event) }
      cycles[index] = clock.now &- started
    }
  }

  /// Of the times of the last sample.
  func percentiles() -> Percentiles { Percentiles(cycles: &cycles) }
}

/// The order logs that other libraries' drivers read, in a folder that is removed with its owner.
final class OrderLogFolder {
  private let place: BenchmarkPlace
  private var path: String { place.path }

  init(_ configurations: [String: OrderStreamConfiguration]) throws {
    place = try BenchmarkPlace(for: "orders")
    do throws(CaptureError) {
      for (name, configuration) in configurations {
        try OrderLogWriter.write(configuration, to: "\(path)/\(name)")
      }
    } catch {
      throw WorkError(error.description)
    }
  }

  var arguments: [String] { ["--orders", path] }
}
