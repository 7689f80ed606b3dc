// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusRings
import ApusTestSupport
import Testing

typealias LedgerHost = EngineHost<
  LedgerEngine, OneToOneConsumer<LedgerCommand>, NoJournal,
  OneToOneProducer<SequencedEvent<LedgerEvent>>
>

/// A host without a journal between two rings, and the other ends of both.
struct HostRig: ~Copyable {
  var producer: OneToOneProducer<LedgerCommand>
  var host: LedgerHost
  var consumer: OneToOneConsumer<SequencedEvent<LedgerEvent>>

  init(
    input: Int = 64, output: Int = 64,
    configuration: HostConfiguration =
      .init(release: .atOnce, eventCapacity: 64)
  ) throws {
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: input))
    let outputEnds = try OneToOneRing<SequencedEvent<LedgerEvent>>.makeEnds(
      RingConfiguration(capacity: output))
    let host = try EngineHost(
      engine: LedgerEngine(), input: inputEnds.consumer, journal: NoJournal(),
      output: outputEnds.producer, configuration: configuration)
    self.host = host
    producer = inputEnds.producer
    consumer = outputEnds.consumer
  }

  mutating func takeAll() -> [SequencedEvent<LedgerEvent>] {
    var events: [SequencedEvent<LedgerEvent>] = []
    while let event = consumer.tryPop() { events.append(event) }
    return events
  }
}

@Suite struct EngineHostTests {
  @Test(arguments: [UInt64(1), 2, 3]) func anyBatchingGivesTheSameStateAndEvents(
    seed: UInt64
  ) throws {
    var random = SeededRandom(seed: seed)
    let commands = (0..<3_000).map { _ in LedgerCommand.random(&random, accountCount: 40) }
    var rig = try HostRig()
    var submitted = 0
    var clock: UInt64 = 1
    var applied: [AppliedCommand] = []
    var events: [SequencedEvent<LedgerEvent>] = []
    while applied.count < commands.count || rig.host.waitingEventCount > 0 {
      for _ in 0..<Int.random(in: 0...20, using: &random) where submitted < commands.count {
        if !rig.producer.tryPush(commands[submitted]) { break }
        submitted += 1
      }
      // The clock goes back now and then; time must not.
      clock = UInt64(max(1, Int(clock) + Int.random(in: -20...60, using: &random)))
      let count = rig.host.step(
        now: Nanoseconds(clock), countMax: .random(in: 0...17, using: &random))
      for _ in 0..<count {
        let sequence = UInt64(applied.count + 1)
        applied.append(
          AppliedCommand(
            command: commands[applied.count], time: rig.host.lastTime.rawValue, sequence: sequence))
      }
      if Bool.random(using: &random) { events += rig.takeAll() }
    }
    rig.host.move()
    events += rig.takeAll()
    var expected: [SequencedEvent<LedgerEvent>] = []
    let outcome = try reference(applied, &expected)
    #expect(events == expected, "seed \(seed)")
    expect(rig.host.engine.digest == outcome.digest, "seed \(seed)")
    expect(rig.host.engine.isConserved && outcome.isConserved, "seed \(seed)")
    let times = applied.map(\.time)
    #expect(times == times.sorted(), "seed \(seed)")
    expect(rig.host.acknowledgedSequence == 3_000, "seed \(seed)")
    expect(rig.host.engine.refusedCount > 100 && rig.host.engine.refusedCount < 2_900)
  }

  @Test func aFullOutputHoldsCommandsBackAndLosesNothing() throws {
    var rig = try HostRig(
      output: 4, configuration: .init(release: .atOnce, eventCapacity: 4))
    for account in 0..<20 { expect(rig.producer.tryPush(.open(UInt32(account)))) }
    var total = 0
    for _ in 0..<10 { total += rig.host.step(now: .zero, countMax: 100) }
    // Four events in the ring; of the host's room of four, two are kept for one more command.
    expect(total == 7)
    expect(rig.host.waitingEventCount == 3)
    expect(rig.host.acknowledgedSequence == 4)
    expect(rig.producer.fillCount == 13)
    var events: [SequencedEvent<LedgerEvent>] = []
    while events.count < 20 {
      events += rig.takeAll()
      _ = rig.host.step(now: .zero, countMax: 100)
    }
    #expect(events.map(\.sequence) == Array(1...20))
    expect(rig.host.isSettled)
  }

  @Test func commandsMayComeFromTheCallerAndEventsStayWithIt() throws {
    var host = try EngineHost(
      engine: LedgerEngine(), input: NoInput(), journal: NoJournal(),
      output: CallerOutput(), configuration: .init(release: .atOnce, eventCapacity: 4))
    let commands: [LedgerCommand] = [.open(1), .deposit(5, to: 1), .close(1), .close(2), .open(3)]
    let first = host.step(now: Nanoseconds(7), commands: commands.span)
    // Room for two commands of two events each.
    #expect(first == 2)
    var events: [LedgerEvent] = []
    let one = host.takeEvents { events.append($0.event) }
    #expect(one == 2)
    let second = host.step(now: Nanoseconds(7), command: commands[2])
    #expect(second)
    host.takeEvents { events.append($0.event) }
    let expected = [
      LedgerEvent(.done, 1), LedgerEvent(.done, 1, balance: 5),
      LedgerEvent(.notEmpty, 1, balance: 5),
    ]
    #expect(events == expected)
    expect(host.step(now: .zero, countMax: 10) == 0)
    expect(host.lastTime == Nanoseconds(7))
  }

  @Test func digestsTakeASequenceOfTheirOwn() throws {
    var rig = try HostRig(
      configuration: .init(release: .atOnce, eventCapacity: 64, digestInterval: 3))
    for account in 0..<7 { _ = rig.producer.tryPush(.open(UInt32(account))) }
    while rig.host.commandCount < 7 { _ = rig.host.step(now: .zero, countMax: 100) }
    expect(rig.takeAll().map(\.sequence) == [1, 2, 3, 5, 6, 7, 9])
    expect(rig.host.lastDigest.sequence == 8)
  }

  @Test func configurationsThatCannotBeAreRefused() {
    func refused(_ configuration: HostConfiguration, _ field: String) {
      do {
        _ = try HostRig(configuration: configuration)
        Issue.record("\(field) was accepted")
      } catch {
        #expect("\(error)".contains(field), "\(error)")
      }
    }
    refused(.init(release: .atOnce, eventCapacity: 1), "eventCapacity")
    refused(.init(release: .atOnce, eventCapacity: 64, digestInterval: 0), "digestInterval")
    refused(
      .init(release: .atOnce, eventCapacity: 64, timedBatchInterval: 3), "timedBatchInterval")
    refused(.init(release: .durable, eventCapacity: 64), "journal")
  }

  @Test func stagesAreTimedWhenAskedFor() throws {
    var rig = try HostRig(
      configuration: .init(release: .atOnce, eventCapacity: 64, timedBatchInterval: 1))
    for round in 0..<50 {
      _ = rig.producer.tryPush(.open(UInt32(round)))
      _ = rig.producer.tryPush(.deposit(1, to: UInt32(round)))
      _ = rig.host.step(now: .zero, countMax: 10)
      _ = rig.takeAll()
    }
    expect(rig.host.latencies.batchCount == 50)
    expect(rig.host.latencies.apply.totalCount == 100)
    expect(rig.host.latencies.release.totalCount == 100)
    expect(rig.host.latencies.append.totalCount == 0)
    rig.host.resetLatencies()
    expect(rig.host.latencies.apply.totalCount == 0)
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func nothingIsAllocatedOnceItRuns() throws {
    var rig = try HostRig(
      configuration: .init(
        release: .atOnce, eventCapacity: 64, digestInterval: 100, timedBatchInterval: 2))
    var random = SeededRandom(seed: 5)
    func round() {
      for _ in 0..<10 { _ = rig.producer.tryPush(.random(&random, accountCount: 40)) }
      _ = rig.host.step(now: Nanoseconds(random.next() >> 32), countMax: 8)
      while rig.consumer.tryPop() != nil {}
    }
    for _ in 0..<100 { round() }
    #expect(allocationCount { for _ in 0..<1_000 { round() } } == 0)
    expect(rig.host.commandCount > 8_000)
  }
}
