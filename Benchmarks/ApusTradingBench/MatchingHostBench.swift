// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusEngine
internal import ApusHost
internal import ApusRings
internal import ApusThreads
internal import ApusTrading

/// The other end of the two rings: commands into one, events out of the other.
private struct MatchingRings: ~Copyable {
  var producer: OneToOneProducer<MatchingCommand>
  var consumer: OneToOneConsumer<SequencedEvent<MatchingEvent>>
}

/// A matching engine's host on its thread between two rings; the calling thread sends the commands
/// and takes the events.
final class MatchingHostBench<Journal: CommandJournal & ~Copyable> {
  typealias Thread = EngineThread<
    MatchingEngine, OneToOneConsumer<MatchingCommand>, Journal,
    OneToOneProducer<SequencedEvent<MatchingEvent>>
  >

  private static var capacity: Int { 4_096 }
  private static var eventCountMax: Int { 512 }
  private static var wait: WaitStrategy { .spinThenYield(spinCount: 1_000_000) }

  private let cpuIndex: Int?
  private let release: EventRelease
  private let makeJournal: () throws -> Journal
  private let commands: [MatchingCommand]
  private let preparing: [MatchingCommand]
  private var rings: MatchingRings?
  private var thread: Thread?
  private let clock = CycleClock.shared
  private(set) var nanosecondsPerCommand = 0.0
  private(set) var tradeCount: UInt64 = 0
  private var cycles: [UInt64] = []
  /// What went wrong in a sample; its result then is no result.
  private(set) var failure: String?

  init(
    _ stream: OrderStreamData, cpuIndex: Int?, release: EventRelease,
    makeJournal: @escaping () throws -> Journal
  ) {
    commands = stream.commands
    preparing = stream.preparing.map(\.command) + [MatchingCommand(.expire)]
    self.cpuIndex = cpuIndex
    self.release = release
    self.makeJournal = makeJournal
  }

  /// The last command is not of the stream: its one event shows that all others are there.
  var orderCount: Int { commands.count - 1 }

  /// Puts a host on its thread, and sends it what makes the instruments and owners.
  func start() {
    do {
      let configuration = RingConfiguration(
        capacity: Self.capacity, producerWait: Self.wait, consumerWait: Self.wait)
      let inputs = try OneToOneRing<MatchingCommand>.makeEnds(configuration)
      let outputs = try OneToOneRing<SequencedEvent<MatchingEvent>>.makeEnds(configuration)
      let journal = try makeJournal()
      let lastSequence = journal.lastSequence
      let engine = try MatchingEngine(
        configuration: MatchingBench.configuration(Self.eventCountMax))
      let host = try EngineHost(
        engine: engine, input: inputs.consumer, journal: journal, output: outputs.producer,
        configuration: HostConfiguration(
          release: release, eventCapacity: 1 << 16, lastSequence: lastSequence))
      thread = try EngineThread.start(host, name: "matcher", cpuIndex: cpuIndex)
      rings = MatchingRings(producer: inputs.producer, consumer: outputs.consumer)
      _ = stream(preparing, after: 0)
    } catch {
      failure = "\(error)"
    }
  }

  /// Closes the input and waits for the thread.
  func stop() {
    rings = nil
    if let thread = thread.take() {
      let host = thread.finish()
      if let description = host.failureDescription { failure = description }
    }
  }

  /// Commands as fast as they go in, events as they come out.
  func run() -> UInt64 {
    let started = clock.now
    let sums = stream(commands, after: UInt64(preparing.count))
    nanosecondsPerCommand =
      Double(clock.nanoseconds(cycles: clock.now &- started)) / Double(max(1, orderCount))
    tradeCount = sums.count
    return sums.hash
  }

  /// Sends commands until the event of the last one is there.
  private func stream(_ commands: [MatchingCommand], after lastSequence: UInt64) -> TradeSums {
    var sums = TradeSums()
    guard var rings = rings.take(), !commands.isEmpty else { return sums }
    let last = lastSequence + UInt64(commands.count)
    var events = [SequencedEvent<MatchingEvent>](
      repeating: SequencedEvent(sequence: 0, event: MatchingEvent()), count: 256)
    var sent = 0
    var seen: UInt64 = 0
    while seen < last {
      let end = min(sent + 256, commands.count)
      if sent < end {
        sent += rings.producer.tryPush(contentsOf: commands.span.extracting(sent..<end))
      }
      var span = events.mutableSpan
      let taken = rings.consumer.tryPop(into: &span)
      for index in 0..<taken { sums.take(events[index].event) }
      if taken > 0 {
        seen = events[taken - 1].sequence
      } else if rings.consumer.isDrained {
        failure = "the host ended early"
        break
      }
    }
    self.rings = consume rings
    return sums
  }

  // MARK: Single commands

  /// Between two commands of ``runPaced()``. Unit: nanoseconds.
  private static var intervalNanoseconds: UInt64 { 2_000 }

  /// Sends each command at its planned time, whatever became of those before, and keeps the time from
  /// then until its first event is here.
  func runPaced() -> UInt64 {
    var sums = TradeSums()
    guard var rings = rings.take() else { return 0 }
    let first = UInt64(preparing.count) + 1
    let last = UInt64(preparing.count + commands.count)
    if cycles.isEmpty { cycles = Array(repeating: 0, count: commands.count) }
    var events = [SequencedEvent<MatchingEvent>](
      repeating: SequencedEvent(sequence: 0, event: MatchingEvent()), count: 64)
    let interval = UInt64(
      Double(Self.intervalNanoseconds) * clock.cyclesPerNanosecond)
    let started = clock.now &+ 10 &* interval
    var sent = 0
    var seen = first &- 1
    while seen < last {
      if sent < commands.count, clock.now >= started &+ UInt64(sent) &* interval,
        rings.producer.tryPush(commands[sent])
      {
        sent += 1
      }
      var span = events.mutableSpan
      let taken = rings.consumer.tryPop(into: &span)
      if taken == 0, rings.consumer.isDrained {
        failure = "the host ended early"
        break
      }
      let now = clock.now
      for index in 0..<taken {
        sums.take(events[index].event)
        let sequence = events[index].sequence
        if sequence == seen { continue }
        seen = sequence
        let place = Int(sequence &- first)
        cycles[place] = now &- (started &+ UInt64(place) &* interval)
      }
    }
    self.rings = consume rings
    tradeCount = sums.count
    return sums.hash
  }

  /// Of the times of the last sample, in order of size.
  func percentiles() -> Percentiles { Percentiles(cycles: &cycles) }
}
