// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusMetrics
internal import ApusRings
internal import ApusThreads

/// The other end of two rings: what the suite pushes into one comes back in the other.
private struct RingPair: ~Copyable {
  var producer: OneToOneProducer<UInt64>
  var consumer: OneToOneConsumer<SequencedEvent<UInt64>>
}

/// An engine's host on its thread between two rings, or, for comparison, the rings and a thread that
/// passes every element on.
///
/// Both threads look again and again for a while and then let others have their processor: on a
/// machine with two of them a thread that only spun could keep the other one from running.
final class HostBench<Journal: CommandJournal & ~Copyable> {
  typealias Thread = EngineThread<
    EchoEngine, OneToOneConsumer<UInt64>, Journal, OneToOneProducer<SequencedEvent<UInt64>>
  >

  private static var capacity: Int { 4_096 }
  private static var wait: WaitStrategy { .spinThenYield(spinCount: 1_000_000) }

  private let cpuIndex: Int?
  private let release: EventRelease
  private let makeJournal: () throws -> Journal
  private var pair: RingPair?
  private var thread: Thread?
  private var echo: PinnedThread?
  private var histogram: LatencyHistogram
  private let clock = CycleClock.shared
  private var nanosecondsPerCommand = 0.0
  /// What went wrong in a sample; its result then is no result.
  private(set) var failure: String?

  init(
    cpuIndex: Int?, release: EventRelease, makeJournal: @escaping () throws -> Journal
  ) throws {
    self.cpuIndex = cpuIndex
    self.release = release
    self.makeJournal = makeJournal
    histogram = try LatencyHistogram()
  }

  // MARK: Before and after a sample

  /// Puts a host on its thread.
  func startHost() {
    do {
      let inputs = try OneToOneRing<UInt64>.makeEnds(
        RingConfiguration(
          capacity: Self.capacity, producerWait: Self.wait, consumerWait: Self.wait))
      let outputs = try OneToOneRing<SequencedEvent<UInt64>>.makeEnds(
        RingConfiguration(
          capacity: Self.capacity, producerWait: Self.wait, consumerWait: Self.wait))
      let journal = try makeJournal()
      let lastSequence = journal.lastSequence
      let host = try EngineHost(
        engine: EchoEngine(), input: inputs.consumer, journal: journal, output: outputs.producer,
        configuration: HostConfiguration(
          release: release, eventCapacity: 1 << 16, lastSequence: lastSequence))
      thread = try EngineThread.start(host, name: "host", cpuIndex: cpuIndex)
      pair = RingPair(producer: inputs.producer, consumer: outputs.consumer)
    } catch {
      failure = "\(error)"
    }
  }

  /// Puts a thread there that only passes elements on.
  func startEcho() {
    do {
      let inputs = try OneToOneRing<UInt64>.makeEnds(
        RingConfiguration(
          capacity: Self.capacity, producerWait: Self.wait, consumerWait: Self.wait))
      let outputs = try OneToOneRing<SequencedEvent<UInt64>>.makeEnds(
        RingConfiguration(
          capacity: Self.capacity, producerWait: Self.wait, consumerWait: Self.wait))
      let ends = Handoff(EchoEnds(input: inputs.consumer, output: outputs.producer))
      echo = try PinnedThread(name: "echo", cpuIndex: cpuIndex) {
        if let ends = ends.take() { ends.run() }
      }
      pair = RingPair(producer: inputs.producer, consumer: outputs.consumer)
    } catch {
      failure = "\(error)"
    }
  }

  /// Closes the input and waits for the thread.
  func stop() {
    pair = nil
    echo?.join()
    echo = nil
    if let thread = thread.take() {
      let host = thread.finish()
      if let description = host.failureDescription { failure = description }
    }
  }

  // MARK: Samples

  /// One command after the other, each when the event of the one before is there.
  func roundTrips(_ count: Int) -> UInt64 {
    guard var pair = pair.take() else { return 0 }
    histogram.reset()
    var last: UInt64 = 0
    for value in 0..<UInt64(count) {
      let started = clock.now
      guard pair.producer.push(value) == .pushed else { break }
      guard let event = Self.next(&pair.consumer) else { break }
      histogram.record(from: started, to: clock.now)
      last = last &* 31 &+ event.event
    }
    self.pair = consume pair
    return last
  }

  /// Commands as fast as they go in, events as they come out.
  func stream(_ count: Int) -> UInt64 {
    guard var pair = pair.take() else { return 0 }
    let batch = (0..<256).map { UInt64($0) }
    var events = [SequencedEvent<UInt64>](
      repeating: SequencedEvent(sequence: 0, event: 0), count: 256)
    var sent = 0
    var received = 0
    var last: UInt64 = 0
    let started = clock.now
    while received < count {
      // The same values in the same order, however many found room each time.
      let first = sent & 255
      let end = min(256, first + count - sent)
      if first < end {
        sent += pair.producer.tryPush(contentsOf: batch.span.extracting(first..<end))
      }
      var span = events.mutableSpan
      let taken = pair.consumer.tryPop(into: &span)
      received += taken
      if taken > 0 {
        last = events[taken - 1].event
      } else if pair.consumer.isDrained {
        break
      }
    }
    nanosecondsPerCommand =
      Double(clock.nanoseconds(cycles: clock.now &- started)) / Double(max(1, count))
    self.pair = consume pair
    return last
  }

  private static func next(
    _ consumer: inout OneToOneConsumer<SequencedEvent<UInt64>>
  ) -> SequencedEvent<UInt64>? {
    for _ in 0..<1_000_000 {
      if let event = consumer.tryPop() { return event }
    }
    guard case .element(let event) = consumer.pop() else { return nil }
    return event
  }

  func percentile(_ percentile: Double) -> Double {
    Double(histogram.value(atPercentile: percentile))
  }
  var streamNanoseconds: Double { nanosecondsPerCommand }
}

/// The ends that the passing thread has.
private struct EchoEnds: ~Copyable, Sendable {
  var input: OneToOneConsumer<UInt64>
  var output: OneToOneProducer<SequencedEvent<UInt64>>

  consuming func run() {
    var sum: UInt64 = 0
    var sequence: UInt64 = 0
    while true {
      for _ in 0..<1_000_000 {
        guard let value = input.tryPop() else { continue }
        sum &+= value
        sequence &+= 1
        _ = output.push(SequencedEvent(sequence: sequence, event: sum))
      }
      if input.isDrained { return }
      _ = input.waitForElement()
    }
  }
}
