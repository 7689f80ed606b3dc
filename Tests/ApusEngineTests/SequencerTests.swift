// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusRings
import ApusTestSupport
import Testing

@Suite struct SequencerTests {
  @Test func numbersFollowEachOtherAndTimeNeverGoesBack() {
    var sequencer = Sequencer(after: 41, lastTime: Nanoseconds(100))
    #expect(sequencer.take(3, at: sequencer.time(at: Nanoseconds(90))) == 42)
    #expect(sequencer.lastTime == Nanoseconds(100))
    #expect(sequencer.take(1, at: sequencer.time(at: Nanoseconds(101))) == 45)
    #expect(sequencer.lastTime == Nanoseconds(101))
    #expect(sequencer.lastSequence == 45)
  }

  @Test func commandsOfSeveralProducersGetOneOrder() throws {
    var ends = try ManyToOneRing<LedgerCommand>.makeEnds(
      RingConfiguration(capacity: 16), producerCount: 2)
    guard var first = ends.producers.take(), var second = ends.producers.take() else {
      Issue.record("a ring of two producers has them")
      return
    }
    var host = try EngineHost(
      engine: LedgerEngine(), input: ends.consumer, journal: NoJournal(),
      output: CallerOutput(), configuration: .init(release: .atOnce, eventCapacity: 64))
    for account in 0..<8 {
      expect(first.tryPush(.open(UInt32(account))))
      expect(second.tryPush(.open(UInt32(account + 8))))
    }
    while host.commandCount < 16 { _ = host.step(now: .zero, countMax: 3) }
    var events: [SequencedEvent<LedgerEvent>] = []
    host.takeEvents { events.append($0) }
    #expect(events.map(\.sequence) == Array(1...16))
    let accounts = events.map { Int($0.event.account) }
    #expect(accounts.filter { $0 < 8 } == Array(0..<8))
    #expect(accounts.filter { $0 >= 8 } == Array(8..<16))
  }
}

@Suite struct EventSinkTests {
  @Test func aCommandMayEmitWhatItStatedAndNoMore() throws {
    var queue = try EventQueue<UInt64>(capacity: 3)
    expect(queue.capacity == 4)
    queue.withSink(sequence: 9, countMax: 2) { sink in
      expect(sink.remainingCapacity == 2)
      expect(sink.tryEmit(1))
      sink.emit(2)
      expect(!sink.tryEmit(3))
    }
    expect(queue.count == 2 && queue.room == 2)
    var events: [SequencedEvent<UInt64>] = []
    queue.removeAll { events.append($0) }
    #expect(events == [.init(sequence: 9, event: 1), .init(sequence: 9, event: 2)])
  }

  @Test func eventsComeOutInOrderOverTheQueuesEnd() throws {
    var queue = try EventQueue<UInt64>(capacity: 4)
    var taken: [UInt64] = []
    for round in UInt64(0)..<100 {
      queue.withSink(sequence: round, countMax: 3) { sink in
        for index in 0..<(round % 4) { sink.emit(round * 10 + index) }
      }
      queue.removeAll { taken.append($0.event) }
    }
    var expected: [UInt64] = []
    for round in UInt64(0)..<100 {
      for index in 0..<(round % 4) { expected.append(round * 10 + index) }
    }
    #expect(taken == expected)
  }

  @Test func aFewEventsAreTakenOverTheQueuesEnd() throws {
    var queue = try EventQueue<UInt64>(capacity: 4)
    var taken: [UInt64] = []
    for round in UInt64(0)..<100 {
      queue.withSink(sequence: round, countMax: 2) { sink in
        sink.emit(round * 2)
        sink.emit(round * 2 + 1)
      }
      // One stays behind, so that the queue never begins again at its first slot.
      let countMax = round == 0 ? 1 : 2
      let count = queue.removeFirst(countMax) { taken.append($0.event) }
      expect(count == countMax && queue.count == 1)
      expect(queue.removeFirst(0) { _ in } == 0)
    }
    expect(queue.removeFirst(.max) { taken.append($0.event) } == 1)
    expect(queue.removeFirst(1) { taken.append($0.event) } == 0)
    #expect(taken == Array(0..<200))
  }

  @Test func aQueueOfNoSizeIsRefused() {
    #expect(throws: (any Error).self) { _ = try EventQueue<UInt64>(capacity: 0) }
    #expect(throws: (any Error).self) { _ = try EventQueue<UInt64>(capacity: .max) }
  }
}
