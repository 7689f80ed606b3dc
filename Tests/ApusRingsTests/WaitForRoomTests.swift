// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusThreads
import Foundation
import Testing

/// Waiting for room without pushing: every producer can.
@Suite struct WaitForRoomTests {
  static let limited: [WaitStrategy] = [
    .spin(timeoutNanoseconds: 2_000_000), .spinThenYield(timeoutNanoseconds: 2_000_000),
    .park(timeoutNanoseconds: 2_000_000),
  ]

  @Test(arguments: limited)
  func aManyToOneProducerWaitsForItsOwnLane(wait: WaitStrategy) throws {
    var ends = try ManyToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 2, producerWait: wait), producerCount: 2)
    var first = try take(ends.producers.take())
    var second = try take(ends.producers.take())
    expect(first.index, 0)
    expect(second.index, 1)
    expect(first.waitForRoom(), .pushed, "an empty lane")
    expect(first.fillCount, 0, "it pushes nothing")
    for value in 0..<2 { expect(first.push(UInt64(value)), .pushed) }
    expect(first.waitForRoom(), .timedOut, "a full lane")
    expect(second.waitForRoom(), .pushed, "the other lane")
    expect(ends.consumer.pop(), .element(0))
    expect(first.waitForRoom(), .pushed)
    expect(first.tryPush(2), true)
    first.wait = .fail
    expect(first.waitForRoom(), .full)
  }

  @Test func aManyToOneProducerIsToldThatTheConsumerClosed() throws {
    var ends = try ManyToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 2), producerCount: 1)
    var producer = try take(ends.producers.take())
    for value in 0..<2 { expect(producer.push(UInt64(value)), .pushed) }
    ends.consumer.close()
    expect(producer.waitForRoom(), .closed)
  }

  /// The consumer's thread makes the room.
  @Test(arguments: [WaitStrategy.spinThenYield(spinCount: 50), .park(spinCount: 0)])
  func aManyToOneProducerIsWoken(wait: WaitStrategy) throws {
    var ends = try ManyToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 1, producerWait: wait), producerCount: 1)
    var producer = try take(ends.producers.take())
    let errors = ErrorCount()
    let reader = try PinnedThread(name: "reader", cpuIndex: nil, moving: ends.consumer) {
      var consumer = $0
      var next: UInt64 = 0
      while case .element(let value) = consumer.pop() {
        errors.check(value == next)
        next += 1
        // The producer finds the lane full, and is asleep now and then.
        if next % 16 == 0 { usleep(200) }
      }
      errors.check(next == 1_000)
    }
    var number: UInt64 = 0
    while number < 1_000 {
      guard producer.waitForRoom() == .pushed, producer.tryPush(number) else {
        Issue.record("no room at \(number)")
        break
      }
      number += 1
    }
    producer.close()
    reader.join()
    #expect(errors.count == 0)
  }

  @Test(arguments: limited)
  func theOtherProducersWaitToo(wait: WaitStrategy) throws {
    let configuration = RingConfiguration(capacity: 2, producerWait: wait)
    var many = try ManyToManyRing<UInt64>.makeEnds(
      configuration, producerCount: 1, consumerCount: 1)
    var manyProducer = try take(many.producers.take())
    var manyConsumer = try take(many.consumers.take())
    expect(manyConsumer.tryPop(), nil)
    for value in 0..<2 { expect(manyProducer.push(UInt64(value)), .pushed) }
    expect(manyProducer.waitForRoom(), .timedOut)
    expect(manyConsumer.waitForElement(), true)
    expect(manyConsumer.tryPop(), 0)
    expect(manyProducer.waitForRoom(), .pushed)

    var broadcast = try BroadcastRing<UInt64>.makeEnds(configuration, consumers: [[], []])
    var quick = try take(broadcast.consumers.take(0))
    var slow = try take(broadcast.consumers.take(1))
    for value in 0..<2 { expect(broadcast.producer.push(UInt64(value)), .pushed) }
    expect(quick.tryPop(), 0)
    expect(broadcast.producer.waitForRoom(), .timedOut, "the slow one has read nothing")
    expect(slow.tryPop(), 0)
    expect(broadcast.producer.waitForRoom(), .pushed)
    quick.close()
    slow.close()
    expect(broadcast.producer.waitForRoom(), .closed)
  }
}
