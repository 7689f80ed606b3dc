// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusRings
import ApusTestSupport
import ApusThreads
import Testing

@Suite struct EngineThreadTests {
  /// Rings and a host that waits as the strategy says.
  static func run(
    _ wait: WaitStrategyName, count: Int, seed: UInt64
  ) throws -> (events: [SequencedEvent<LedgerEvent>], digest: UInt64, conserved: Bool) {
    let strategy = wait.strategy
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(
      RingConfiguration(capacity: 64, producerWait: .park(), consumerWait: strategy))
    let outputEnds = try OneToOneRing<SequencedEvent<LedgerEvent>>.makeEnds(
      RingConfiguration(capacity: 64))
    var producer = inputEnds.producer
    var consumer = outputEnds.consumer
    let host = try EngineHost(
      engine: LedgerEngine(configuration: .init(sendIntervalNanoseconds: 0)),
      input: inputEnds.consumer, journal: NoJournal(), output: outputEnds.producer,
      configuration: .init(release: .atOnce, eventCapacity: 128))
    let thread = try EngineThread.start(host, name: "ledger", cpuIndex: nil, batchCountMax: 16)
    var random = SeededRandom(seed: seed)
    var events: [SequencedEvent<LedgerEvent>] = []
    for _ in 0..<count {
      let command = LedgerCommand.random(&random, accountCount: 40)
      while !producer.tryPush(command) {
        while let event = consumer.tryPop() { events.append(event) }
      }
    }
    producer.close()
    while events.last?.sequence != UInt64(count) {
      guard case .element(let event) = consumer.pop() else { break }
      events.append(event)
    }
    while let event = consumer.tryPop() { events.append(event) }
    let finished = thread.finish()
    expect(finished.commandCount == UInt64(count))
    return (events, finished.engine.digest, finished.engine.isConserved)
  }

  enum WaitStrategyName: String, CaseIterable { case yield, park }

  @Test(arguments: WaitStrategyName.allCases) func aThreadDoesWhatItsHostDoes(
    wait: WaitStrategyName
  ) throws {
    let first = try Self.run(wait, count: 5_000, seed: 3)
    var queue: [SequencedEvent<LedgerEvent>] = []
    // Times are the wall clock's, and with no interval between sends they only mark accounts: the
    // events do not depend on them.
    var random = SeededRandom(seed: 3)
    var engine = LedgerEngine(configuration: .init(sendIntervalNanoseconds: 0))
    var sink = try EventQueue<LedgerEvent>(capacity: 4)
    for sequence in UInt64(1)...5_000 {
      let command = LedgerCommand.random(&random, accountCount: 40)
      sink.withSink(sequence: sequence, countMax: 2) {
        engine.apply(command, at: Nanoseconds(sequence), sequence: sequence, into: &$0)
      }
      sink.removeAll { queue.append($0) }
    }
    #expect(first.events == queue)
    #expect(first.conserved)
  }

  @Test func itStopsWhenToldAndGivesTheHostBack() throws {
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: 64))
    var producer = inputEnds.producer
    let host = try EngineHost(
      engine: LedgerEngine(), input: inputEnds.consumer, journal: NoJournal(),
      output: NoOutput(), configuration: .init(release: .atOnce, eventCapacity: 8))
    let thread = try EngineThread.start(host, name: "ledger", cpuIndex: nil)
    _ = producer.push(.open(1))
    while thread.status.acknowledgedSequence < 1 {}
    thread.stop()
    var back = thread.finish()
    expect(back.lastSequence == 1)
    // Time is the wall clock's: after 2020, before 2100.
    let time = back.lastTime.rawValue
    #expect(time > 1_577_836_800_000_000_000 && time < 4_102_444_800_000_000_000)
    // It goes on where it was, on this thread.
    _ = producer.push(.deposit(3, to: 1))
    expect(back.step(now: .zero, countMax: 8) == 1)
    expect(back.engine.balance(1) == 3)
  }

  @Test func aThreadWhoseOutputNobodyReadsEnds() throws {
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: 64))
    let outputEnds = try OneToOneRing<SequencedEvent<LedgerEvent>>.makeEnds(
      RingConfiguration(capacity: 4))
    var producer = inputEnds.producer
    let host = try EngineHost(
      engine: LedgerEngine(), input: inputEnds.consumer, journal: NoJournal(),
      output: outputEnds.producer, configuration: .init(release: .atOnce, eventCapacity: 4))
    let thread = try EngineThread.start(host, name: "ledger", cpuIndex: nil)
    outputEnds.consumer.close()
    for account in UInt32(0)..<20 { _ = producer.tryPush(.open(account)) }
    let back = thread.finish()
    expect(back.commandCount < 20)
    expect(back.waitingEventCount > 0)
  }

  @Test func anIdleThreadTakesTheDigestThatIsDue() throws {
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: 64))
    var producer = inputEnds.producer
    let host = try EngineHost(
      engine: LedgerEngine(), input: inputEnds.consumer, journal: NoJournal(),
      output: NoOutput(),
      configuration: .init(release: .atOnce, eventCapacity: 8, digestInterval: 2))
    let thread = try EngineThread.start(host, name: "ledger", cpuIndex: nil)
    _ = producer.push(.open(1))
    _ = producer.push(.open(2))
    while thread.status.lastSequence < 3 {}
    producer.close()
    let back = thread.finish()
    expect(back.lastDigest.sequence == 3)
    expect(back.lastDigest.digest == back.engine.digest)
  }

  @Test func aThreadThatIsDroppedEnds() throws {
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: 64))
    let producer = inputEnds.producer
    do {
      let host = try EngineHost(
        engine: LedgerEngine(), input: inputEnds.consumer, journal: NoJournal(),
        output: NoOutput(), configuration: .init(release: .atOnce, eventCapacity: 8))
      _ = try EngineThread.start(host, name: "ledger", cpuIndex: nil)
    }
    expect(producer.isConsumerClosed)
  }
}

extension EngineThreadTests.WaitStrategyName {
  var strategy: WaitStrategy { self == .yield ? .spinThenYield(spinCount: 100) : .park() }
}
