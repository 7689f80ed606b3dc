// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
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
}

@Suite struct EventSinkTests {
  @Test func aCommandMayEmitWhatItStatedAndNoMore() throws {
    var queue = try EventQueue<UInt64>(capacity: 3)
    #expect((queue.capacity == 4) as Bool)
    queue.withSink(sequence: 9, countMax: 2) { sink in
      #expect((sink.remainingCapacity == 2) as Bool)
      #expect(sink.tryEmit(1) as Bool)
      sink.emit(2)
      #expect(!sink.tryEmit(3) as Bool)
    }
    #expect((queue.count == 2 && queue.room == 2) as Bool)
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
      #expect((count == countMax && queue.count == 1) as Bool)
      #expect((queue.removeFirst(0) { _ in } == 0) as Bool)
    }
    #expect((queue.removeFirst(.max) { taken.append($0.event) } == 1) as Bool)
    #expect((queue.removeFirst(1) { taken.append($0.event) } == 0) as Bool)
    #expect(taken == Array(0..<200))
  }

  @Test func aQueueOfNoSizeIsRefused() {
    #expect(throws: (any Error).self) { _ = try EventQueue<UInt64>(capacity: 0) }
    #expect(throws: (any Error).self) { _ = try EventQueue<UInt64>(capacity: .max) }
  }
}
