// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Foundation
import Synchronization
import Testing

/// Outcome tables under real threads: what may happen is counted, what must not is too.
@Suite(.serialized) struct RingStressTests {
  struct Outcomes: Sendable {
    var inOrder = 0
    var torn = 0
    var outOfOrder = 0
    var missing = 0

    var forbidden: Int { torn + outOfOrder + missing }
  }

  static let waits: [WaitStrategy] = [.spinThenYield(spinCount: 200), .park(spinCount: 50)]
  static var rounds: UInt64 { isCampaign ? 3_000_000 : 30_000 }

  @Test(arguments: waits, [1, 2, 64])
  func oneToOne(wait: WaitStrategy, capacity: Int) throws {
    let ends = try OneToOneRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait))
    let result = Result()
    let rounds = Self.rounds
    let reader = try PinnedThread(name: "reader", cpuIndex: nil, moving: ends.consumer) {
      var consumer = $0
      var table = OrderTable(producerCount: 1)
      var buffer = [PeerElement](repeating: PeerElement(0), count: 16)
      var turn = 0
      while true {
        turn &+= 1
        switch turn % 3 {
        case 0:
          guard case .element(let element) = consumer.pop() else {
            return result.set(table.outcomes(expected: rounds))
          }
          table.record(element)
        case 1:
          var span = buffer.mutableSpan
          let count = consumer.tryPop(into: &span)
          for index in 0..<count { table.record(buffer[index]) }
        default:
          _ = consumer.withPeek(countMax: 5) { elements in
            for index in elements.indices { table.record(elements[index]) }
            return elements.count
          }
        }
      }
    }
    var producer = ends.producer
    var position: UInt64 = 0
    while position < rounds {
      switch position % 3 {
      case 0:
        if producer.push(PeerElement(position)) == .pushed { position += 1 }
      case 1:
        let batch = (0..<min(7, rounds - position)).map { PeerElement(position + $0) }
        let count = producer.tryPush(contentsOf: batch.span)
        position += UInt64(count)
        if count == 0 { _ = producer.waitForRoom() }
      default:
        let count = producer.withClaim(countMax: Int(min(3, rounds - position))) { slots in
          for index in 0..<slots.count { slots[index] = PeerElement(position + UInt64(index)) }
          return slots.count
        }
        position += UInt64(count)
        if count == 0 { _ = producer.waitForRoom() }
      }
    }
    producer.close()
    reader.join()
    #expect(result.outcomes.forbidden == 0, "\(result.outcomes)")
    #expect(result.outcomes.inOrder == Int(rounds))
  }

  @Test(arguments: waits, [1, 8])
  func manyToOne(wait: WaitStrategy, capacity: Int) throws {
    var ends = try ManyToOneRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait),
      producerCount: 3)
    let rounds = Self.rounds / 3
    var threads: [PinnedThread] = []
    for index in 0..<3 {
      threads.append(
        try PinnedThread(name: "writer", cpuIndex: nil, moving: take(ends.producers.take())) {
          var producer = $0
          var round: UInt64 = 0
          while round < rounds {
            let first = UInt64(index) << 32 | round
            switch round % 3 {
            case 0:
              if producer.push(PeerElement(first)) == .pushed { round += 1 }
            case 1:
              let batch = (0..<min(5, rounds - round)).map { PeerElement(first + $0) }
              let count = producer.tryPush(contentsOf: batch.span)
              round += UInt64(count)
              if count == 0 { _ = producer.waitForRoom() }
            default:
              let count = producer.withClaim(countMax: Int(min(3, rounds - round))) { slots in
                for slot in 0..<slots.count { slots[slot] = PeerElement(first + UInt64(slot)) }
                return slots.count
              }
              round += UInt64(count)
              if count == 0 { _ = producer.waitForRoom() }
            }
          }
        })
    }
    var consumer = ends.consumer
    var table = OrderTable(producerCount: 3)
    while case .element(let element) = consumer.pop() { table.record(element) }
    for thread in threads { thread.join() }
    let outcomes = table.outcomes(expected: rounds * 3)
    #expect(outcomes.forbidden == 0, "\(outcomes)")
    expect(consumer.isDrained, true)
  }

  @Test(arguments: waits, [1, 8])
  func manyToMany(wait: WaitStrategy, capacity: Int) throws {
    var ends = try ManyToManyRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait),
      producerCount: 2, consumerCount: 2)
    let rounds = Self.rounds / 2
    let seen = [Result(), Result()]
    let counts = SeenCounts(producerCount: 2, count: Int(rounds))
    var threads: [PinnedThread] = []
    for index in 0..<2 {
      threads.append(
        try PinnedThread(name: "writer", cpuIndex: nil, moving: take(ends.producers.take())) {
          var producer = $0
          for round in 0..<rounds {
            _ = producer.push(PeerElement(UInt64(index) << 32 | round))
          }
        })
      let result = seen[index]
      threads.append(
        try PinnedThread(name: "reader", cpuIndex: nil, moving: take(ends.consumers.take())) {
          var consumer = $0
          var table = OrderTable(producerCount: 2, allowsGaps: true)
          var buffer = [PeerElement](repeating: PeerElement(0), count: 5)
          while case .element(let element) = consumer.pop() {
            table.record(element)
            counts.add(element)
            var span = buffer.mutableSpan
            let count = consumer.tryPop(into: &span)
            for index in 0..<count {
              table.record(buffer[index])
              counts.add(buffer[index])
            }
          }
          result.set(table.outcomes(expected: nil))
        })
    }
    for thread in threads { thread.join() }
    // In order for each consumer; each element for exactly one of them.
    for result in seen { #expect(result.outcomes.forbidden == 0, "\(result.outcomes)") }
    #expect(counts.notSeenOnce == 0)
  }

  @Test(arguments: waits, [1, 16])
  func broadcastInAChain(wait: WaitStrategy, capacity: Int) throws {
    var ends = try BroadcastRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait),
      consumers: [[], [0], [1]])
    let rounds = Self.rounds / 2
    let passed = [Atomic64(), Atomic64(), Atomic64()]
    let overtakes = ErrorCount()
    let results = [Result(), Result(), Result()]
    var threads: [PinnedThread] = []
    for index in 0..<3 {
      let result = results[index]
      threads.append(
        try PinnedThread(
          name: "consumer", cpuIndex: nil, moving: take(ends.consumers.take(index))
        ) {
          var consumer = $0
          var table = OrderTable(producerCount: 1)
          while true {
            // Counted before the ring passes the element on: who follows must see the count.
            let count = consumer.withPeek(countMax: 4) { elements in
              for place in elements.indices {
                table.record(elements[place])
                if index > 0 {
                  overtakes.check(passed[index - 1].value > elements[place].position)
                }
                passed[index].add()
              }
              return elements.count
            }
            if count == 0, !consumer.waitForElement(), consumer.isDrained { break }
          }
          result.set(table.outcomes(expected: rounds))
        })
    }
    var producer = ends.producer
    for position in 0..<rounds { _ = producer.push(PeerElement(position)) }
    producer.close()
    for thread in threads { thread.join() }
    for result in results { #expect(result.outcomes.forbidden == 0, "\(result.outcomes)") }
    #expect(overtakes.count == 0)
  }

  @Test(arguments: waits, [512, 4_096])
  func messages(wait: WaitStrategy, capacity: Int) throws {
    let ends = try MessageRing.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait))
    let rounds = Self.rounds / 10
    let errors = ErrorCount()
    let received = Atomic64()
    let reader = try PinnedThread(name: "reader", cpuIndex: nil, moving: ends.consumer) {
      var consumer = $0
      var next: UInt64? = 0
      while true {
        let outcome = consumer.consume(countMax: 4) { type, payload in
          received.add()
          if PeerMessage.check(type, payload, capacity: capacity, next: &next) != nil {
            errors.add()
          }
        }
        guard case .consumed = outcome else {
          errors.check(outcome == .closed)
          return
        }
      }
    }
    var producer = ends.producer
    for _ in 0..<rounds {
      let position = producer.gauge.pushedCount
      let byteCount = PeerMessage.byteCount(position)
      while true {
        let outcome = producer.withClaim(byteCount: byteCount, type: PeerMessage.type(position)) {
          PeerMessage.write(position, into: &$0)
          return byteCount
        }
        if outcome == .pushed { break }
        guard outcome == .full, producer.waitForRoom(byteCount: byteCount) == .pushed else {
          Issue.record("\(outcome) at \(position)")
          return
        }
      }
    }
    producer.close()
    reader.join()
    #expect(errors.count == 0)
    #expect(received.value == rounds)
  }
}

/// What one consumer sees of some producers; the producer is in the top half of a position.
private struct OrderTable {
  private var next: [UInt64]
  private let allowsGaps: Bool
  private var table = RingStressTests.Outcomes()

  init(producerCount: Int, allowsGaps: Bool = false) {
    next = Array(repeating: 0, count: producerCount)
    self.allowsGaps = allowsGaps
  }

  mutating func record(_ element: PeerElement) {
    let producer = Int(element.position >> 32)
    guard element.isWhole, producer < next.count else {
      table.torn += 1
      return
    }
    let round = element.position & 0xFFFF_FFFF
    if round == next[producer] || (allowsGaps && round > next[producer]) {
      table.inOrder += 1
    } else {
      table.outOfOrder += 1
    }
    next[producer] = round + 1
  }

  func outcomes(expected: UInt64?) -> RingStressTests.Outcomes {
    var result = table
    if let expected { result.missing = max(0, Int(expected) - table.inOrder) }
    return result
  }
}

private final class Result: Sendable {
  private let value = Mutex(RingStressTests.Outcomes(missing: .max / 2))
  func set(_ outcomes: RingStressTests.Outcomes) { value.withLock { $0 = outcomes } }
  var outcomes: RingStressTests.Outcomes { value.withLock { $0 } }
}

private final class Atomic64: Sendable {
  private let word = Atomic<UInt64>(0)
  func add() { word.wrappingAdd(1, ordering: .acquiringAndReleasing) }
  var value: UInt64 { word.load(ordering: .acquiring) }
}

/// How often each element was seen, by all consumers together.
private final class SeenCounts: @unchecked Sendable {
  // SAFETY: `counts` is touched under the lock only. It is Foundation's since ThreadSanitizer does not
  // see what a `Mutex` orders.
  private let lock = NSLock()
  private var counts: [[UInt8]]

  init(producerCount: Int, count: Int) {
    counts = Array(repeating: Array(repeating: 0, count: count), count: producerCount)
  }

  func add(_ element: PeerElement) {
    lock.withLock { counts[Int(element.position >> 32)][Int(element.position & 0xFFFF_FFFF)] &+= 1 }
  }

  var notSeenOnce: Int { lock.withLock { counts.joined().count { $0 != 1 } } }
}
