// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusClient
internal import ApusCore
internal import ApusServiceKit
internal import ApusTrading
internal import ApusTradingService
internal import Glibc
internal import Synchronization

/// A matching service whose events are released when the disk has their command, and its clients, each on a thread
/// of its own with a ring and an event log as another process would have them.
private final class ServiceBench {
  typealias Client = EngineClient<MatchingCommand, MatchingEvent>

  static let clientCount = 2

  private let place: BenchmarkPlace
  private var folder: String { place.path + "/service" }
  private let orderCount: Int
  private let intervalNanoseconds: UInt64
  private let cpuIndex: Int?
  private var service: MatchingService.Service?
  private var samplesDone: UInt64 = 0
  private var cycles: [UInt64] = []
  private(set) var failure: String?

  /// - Parameters:
  ///   - orderCount: Of each client.
  ///   - perSecond: Orders of each client in a second.
  ///   - cpuIndex: CPU of the host.
  init(orderCount: Int, perSecond: UInt64, cpuIndex: Int?) throws {
    place = try BenchmarkPlace(for: "service")
    self.cpuIndex = cpuIndex
    self.orderCount = orderCount
    intervalNanoseconds = 1_000_000_000 / perSecond
  }

  /// Starts the service, once.
  func start() {
    guard service == nil, failure == nil else { return }
    var configuration = ServiceConfiguration(folder: folder)
    configuration.clients = Self.clientCount + 1
    configuration.cpu = cpuIndex
    configuration.journalSegmentBytes = 64 << 20
    configuration.eventSegmentBytes = 64 << 20
    do {
      service = try MatchingService.start(orderCapacity: 1 << 22, configuration: configuration)
      var client = try Self.connect(folder)
      for command in [
        MatchingCommand.defineInstrument(1), .setPhase(1, .continuous),
        .setOwnerLimit(1, .openOrders, to: 1_000_000),
        .setOwnerLimit(2, .openOrders, to: 1_000_000),
      ] where client.submit(command) != .submitted { failure = "the service took no command" }
    } catch {
      failure = "\(error)"
    }
  }

  func stop() {
    do { try service?.stop() } catch { failure = "\(error)" }
    service = nil
  }

  static func connect(_ folder: String) throws(ClientError) -> Client {
    try Client(
      folder: folder, format: MatchingEngine.snapshotFormat,
      attachmentByteCountMax: MatchingEngine.attachmentByteCountMax)
  }

  /// Every client submits each order at its planned time, whatever became of those before, and keeps the time
  /// from then until the event that it was accepted is here.
  func run() -> UInt64 {
    samplesDone += 1
    do {
      let runs = (0..<Self.clientCount).map { client in
        PacedClient(
          folder, owner: UInt16(client + 1), firstOrder: samplesDone << 32 | UInt64(client) << 31,
          count: orderCount, intervalNanoseconds: intervalNanoseconds)
      }
      let threads = try runs.map { run in
        try PinnedThread(name: "client", cpuIndex: nil) { run.run() }
      }
      for thread in threads { thread.join() }
      cycles = runs.flatMap(\.takenCycles)
      failure = runs.compactMap(\.takenFailure).first
    } catch {
      failure = "\(error)"
    }
    return UInt64(cycles.count)
  }

  /// Of the times of the last sample, in order of size.
  func percentiles() -> Percentiles { Percentiles(cycles: &cycles) }
}

/// One client's orders.
private final class PacedClient: Sendable {
  private struct State {
    var cycles: [UInt64]
    var failure: String?
  }

  private let state: Mutex<State>
  private let folder: String
  private let owner: UInt16
  private let firstOrder: UInt64
  private let intervalNanoseconds: UInt64

  init(
    _ folder: String, owner: UInt16, firstOrder: UInt64, count: Int, intervalNanoseconds: UInt64
  ) {
    state = Mutex(State(cycles: Array(repeating: 0, count: count)))
    self.folder = folder
    self.owner = owner
    self.firstOrder = firstOrder
    self.intervalNanoseconds = intervalNanoseconds
  }

  var takenCycles: [UInt64] { state.withLock { $0.cycles } }
  var takenFailure: String? { state.withLock { $0.failure } }

  func run() { state.withLock { run(&$0) } }

  private func run(_ state: inout State) {
    var cycles: [UInt64] = []
    swap(&cycles, &state.cycles)
    do throws(ClientError) {
      var client = try ServiceBench.connect(folder)
      state.failure = run(&client, &cycles)
    } catch {
      state.failure = error.description
    }
    state.cycles = cycles
  }

  private func run(_ client: inout ServiceBench.Client, _ cycles: inout [UInt64]) -> String? {
    let clock = CycleClock.shared
    let count = cycles.count
    let interval = UInt64(Double(intervalNanoseconds) * clock.cyclesPerNanosecond)
    let started = clock.now &+ 10 &* interval
    let end = clock.nanoseconds(cycles: clock.now) + 60_000_000_000
    var (sent, seen) = (0, 0)
    var refused = ""
    while seen < count {
      while sent < count, clock.now >= started &+ UInt64(sent) &* interval {
        guard client.submit(order(sent)) == .submitted else { break }
        sent += 1
      }
      let outcome = client.poll { event in
        let index = event.event.orderId &- firstOrder
        guard event.event.owner == owner, index < UInt64(count) else { return }
        guard event.event.kind == .accepted else {
          refused = ", \(event.event.reason.map { "\($0)" } ?? "?")"
          return
        }
        cycles[Int(index)] = clock.now &- (started &+ index &* interval)
        seen += 1
      }
      switch outcome {
      case .events: continue
      case .nothing: break
      case .missed, .cut, .failed: return "\(outcome)"
      }
      let now = clock.now
      if clock.nanoseconds(cycles: now) > end {
        return "\(seen) of \(count) orders were accepted in time\(refused)"
      }
      let planned = started &+ UInt64(sent) &* interval
      let left = sent < count ? Int64(bitPattern: planned &- now) : .max
      guard left > 0 else { continue }
      _ = client.wait(
        limitNanoseconds: min(clock.nanoseconds(cycles: UInt64(left)), 10_000_000))
    }
    return nil
  }

  /// Both clients buy at prices that nobody sells at: the orders rest.
  private func order(_ index: Int) -> MatchingCommand {
    var order = MatchingCommand.new(
      orderId: firstOrder + UInt64(index), owner: owner, instrument: 1, side: .buy,
      priceTicks: UInt32(100 + index & 63), quantity: 1)
    // Ids of a session's orders ascend.
    order.session = owner
    return order
  }
}

/// Commits of one record each, at the same pace, on the same disk.
private final class CommitBench {
  private let place: BenchmarkPlace
  private var writer: JournalWriter
  private let count: Int
  private let intervalNanoseconds: UInt64
  private var cycles: [UInt64]
  private(set) var failure: String?

  init(count: Int, perSecond: UInt64) throws {
    place = try BenchmarkPlace(for: "commit")
    writer = try JournalWriter(
      storage: FileJournalStorage(path: place.path),
      configuration: JournalConfiguration(segmentByteCount: 64 << 20, bufferByteCount: 1 << 20))
    self.count = count
    intervalNanoseconds = 1_000_000_000 / perSecond
    cycles = Array(repeating: 0, count: count)
  }

  /// A record at each planned time or, where the one before it is not on the disk yet, after it: the time is that of
  /// the commit alone.
  func run() -> UInt64 {
    let clock = CycleClock.shared
    let payload = [UInt8](repeating: 1, count: MemoryLayout<MatchingCommand>.size)
    let start = clock.nanoseconds(cycles: clock.now)
    for index in 0..<count {
      let planned = start + UInt64(index) * intervalNanoseconds
      let now = clock.nanoseconds(cycles: clock.now)
      if planned > now { usleep(UInt32((planned - now) / 1_000)) }
      let began = clock.now
      let outcome = unsafe payload.withUnsafeBytes { bytes in
        // SAFETY: the journal copies the bytes.
        unsafe writer.tryAppend(
          sequence: writer.lastSequence &+ 1, timeNanoseconds: 1, type: 1, payload: bytes)
      }
      do throws(JournalError) { try writer.flush() } catch { failure = error.description }
      if case .appended = outcome {} else { failure = "\(outcome)" }
      cycles[index] = clock.now &- began
    }
    return UInt64(count)
  }

  func percentiles() -> Percentiles { Percentiles(cycles: &cycles) }
}

extension BenchmarkSuite {
  /// A durable matching service with two open-loop clients, from the planned time of an order until its event,
  /// beside a commit of the same disk. The host has a CPU where there are two; clients, keeper and follower share
  /// the measuring thread's.
  static let service = BenchmarkSuite(name: "service") { configuration in
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = permittedCPUs().first { $0 != own }
    let rates: [UInt64] = [1_000, 10_000]
    let commits = try CommitBench(
      count: configuration.size(2_000, smoke: 20), perSecond: rates[0])
    let trips = try rates.map { rate in
      let bench = try ServiceBench(
        orderCount: configuration.size(Int(rate) * 2, smoke: 50), perSecond: rate,
        cpuIndex: other)
      return BenchmarkCase(
        name: "service.roundTrip.\(rate / 1_000)kEach",
        operationCount: configuration.size(Int(rate) * 2, smoke: 50) * ServiceBench.clientCount,
        prepare: bench.start, body: bench.run, finish: bench.stop, failure: { bench.failure },
        sleeps: true, percentiles: bench.percentiles)
    }
    return [
      BenchmarkCase(
        name: "service.commit", operationCount: configuration.size(2_000, smoke: 20),
        body: commits.run, failure: { commits.failure }, sleeps: true,
        percentiles: commits.percentiles)
    ] + trips
  }
}
