// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Foundation
import Synchronization
import Testing

/// Waiting, closing, draining and limits.
@Suite struct RingWaitTests {
  static let limited: [WaitStrategy] = [
    .spin(timeoutNanoseconds: 2_000_000), .spinThenYield(timeoutNanoseconds: 2_000_000),
    .park(timeoutNanoseconds: 2_000_000),
  ]

  @Test(arguments: limited)
  func timesOutOnBothSides(wait: WaitStrategy) throws {
    var ends = try OneToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 1, producerWait: wait, consumerWait: wait))
    let start = ContinuousClock.now
    expect(ends.consumer.pop(), .timedOut)
    expect(ends.producer.push(1), .pushed)
    expect(ends.producer.push(2), .timedOut)
    #expect(ContinuousClock.now - start >= .milliseconds(4))
    expect(ends.consumer.pop(), .element(1))
  }

  @Test(arguments: limited)
  func otherRingsTimeOut(wait: WaitStrategy) throws {
    let configuration = RingConfiguration(capacity: 64, producerWait: wait, consumerWait: wait)
    var one = try ManyToOneRing<UInt64>.makeEnds(configuration, producerCount: 2)
    expect(one.consumer.pop(), .timedOut)
    var many = try ManyToManyRing<UInt64>.makeEnds(
      configuration, producerCount: 1, consumerCount: 1)
    var manyProducer = try take(many.producers.take())
    var manyConsumer = try take(many.consumers.take())
    expect(manyConsumer.pop(), .timedOut)
    for value in 0..<64 { expect(manyProducer.push(UInt64(value)), .pushed) }
    expect(manyProducer.push(64), .timedOut)
    var broadcast = try BroadcastRing<UInt64>.makeEnds(configuration, consumers: [[], [0]])
    var follower = try take(broadcast.consumers.take(1))
    for value in 0..<64 { expect(broadcast.producer.push(UInt64(value)), .pushed) }
    expect(broadcast.producer.push(64), .timedOut)
    // What it follows has read nothing.
    expect(follower.pop(), .timedOut)
    var messages = try MessageRing.makeEnds(configuration)
    expect(messages.consumer.consume { _, _ in }, .timedOut)
    let message = [UInt8](repeating: 7, count: 20)
    expect(messages.producer.push(message.span), .pushed)
    expect(messages.producer.push(message.span), .pushed)
    expect(messages.producer.push(message.span), .timedOut)
  }

  @Test func drainsWhatWasPushedBeforeClosing() throws {
    var ends = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 4))
    expect(ends.producer.push(1), .pushed)
    expect(ends.producer.push(2), .pushed)
    ends.producer.close()
    var consumer = ends.consumer
    expect(consumer.isDrained, false)
    expect(consumer.pop(), .element(1))
    expect(consumer.pop(), .element(2))
    expect(consumer.isDrained, true)
    expect(consumer.pop(), .closed)
    expect(consumer.waitForElement(), false)
  }

  @Test func tellsTheProducerThatTheConsumerClosed() throws {
    let ends = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 2))
    ends.consumer.close()
    var producer = ends.producer
    expect(producer.isConsumerClosed, true)
    // The room that was seen before may be used up first.
    var outcomes: [PushOutcome] = []
    for value in 0..<4 { outcomes.append(producer.push(UInt64(value))) }
    #expect(outcomes.last == .closed)
    expect(producer.tryPush(9), false)
  }

  @Test func closesLanesThatNobodyTook() throws {
    var ends = try ManyToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 2), producerCount: 3)
    var producer = try take(ends.producers.take())
    expect(producer.push(5), .pushed)
    producer.close()
    var consumer = ends.consumer
    expect(consumer.pop(), .element(5))
    // The two others were never taken: they close with what would have given them out.
    _ = consume ends.producers
    expect(consumer.pop(), .closed)
  }

  @Test func tellsFollowersOfAConsumerThatClosed() throws {
    var ends = try BroadcastRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 4), consumers: [[], [0]])
    var journal = try take(ends.consumers.take(0))
    var engine = try take(ends.consumers.take(1))
    for value in 0..<3 { expect(ends.producer.push(UInt64(value)), .pushed) }
    expect(journal.pop(), .element(0))
    journal.close()
    expect(engine.pop(), .element(0))
    expect(engine.pop(), .closed)
    engine.close()
    expect(ends.producer.areConsumersClosed, true)
    // The room that was seen before is used up first.
    expect(ends.producer.push(3), .pushed)
    expect(ends.producer.push(4), .closed)
  }

  @Test func broadcastConsumersFollowTheProducerToItsEnd() throws {
    var ends = try BroadcastRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 4), consumers: [[], [0]])
    var journal = try take(ends.consumers.take(0))
    var engine = try take(ends.consumers.take(1))
    expect(ends.producer.push(8), .pushed)
    ends.producer.close()
    expect(journal.pop(), .element(8))
    expect(engine.pop(), .element(8))
    // The journal has not closed; the engine is told of the producer all the same.
    expect(engine.pop(), .closed)
    expect(journal.pop(), .closed)
  }

  /// Other work on the host delays wakes by its time slices, so that only the best of them say
  /// something, and while all CPUs are busy not even those: then it is tried again.
  @Test func aParkedConsumerCostsNoProcessorAndWakesSoon() throws {
    let limit: UInt64 = isOptimized ? 50_000 : 200_000
    var (tenth, attempts) = (UInt64.max, 0)
    while tenth >= limit, attempts < 20 {
      let (latencies, processor) = try Self.parkedWakes(count: 100)
      // 200 ms of waiting; a spinning thread would have used all of it.
      #expect(processor < 60_000_000)
      tenth = latencies.sorted()[10]
      attempts += 1
    }
    #expect(tenth < limit, "\(tenth) ns")
  }

  /// How long each of so many wakes took, and what they cost the consumer. Unit: nanoseconds.
  private static func parkedWakes(count: Int) throws -> (latencies: [UInt64], processor: UInt64) {
    let ends = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 8))
    let latencies = Mutex<[UInt64]>([])
    let processor = Mutex<UInt64>(0)
    let reader = try PinnedThread(name: "reader", cpuIndex: nil, moving: ends.consumer) {
      var consumer = $0
      while case .element(let sent) = consumer.pop() {
        let now = clock_gettime_nsec(CLOCK_MONOTONIC)
        latencies.withLock { $0.append(now - sent) }
      }
      processor.withLock { $0 = clock_gettime_nsec(CLOCK_THREAD_CPUTIME_ID) }
    }
    var producer = ends.producer
    for _ in 0..<count {
      usleep(2_000)
      expect(producer.push(clock_gettime_nsec(CLOCK_MONOTONIC)), .pushed)
    }
    producer.close()
    reader.join()
    return (latencies.withLock { $0 }, processor.withLock { $0 })
  }

  @Test func rejectsBadConfigurations() {
    for capacity in [0, -1, 3, 6, 1 << 41, Int.max, Int.min] {
      #expect(throws: RingError.capacity(value: capacity, min: 1, max: 1 << 40)) {
        _ = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: capacity))
      }
      #expect(throws: RingError.capacity(value: capacity, min: 64, max: 1 << 40)) {
        _ = try MessageRing.makeEnds(RingConfiguration(capacity: capacity))
      }
    }
    #expect(throws: RingError.element(type: "Nothing", byteCount: 0, alignment: 1)) {
      _ = try OneToOneRing<Nothing>.makeEnds(RingConfiguration(capacity: 2))
    }
    for count in [0, -1, 257] {
      #expect(throws: RingError.endCount(name: "producers", value: count, max: 256)) {
        _ = try ManyToOneRing<UInt64>.makeEnds(
          RingConfiguration(capacity: 2), producerCount: count)
      }
      #expect(throws: RingError.endCount(name: "consumers", value: count, max: 256)) {
        _ = try ManyToManyRing<UInt64>.makeEnds(
          RingConfiguration(capacity: 2), producerCount: 1, consumerCount: count)
      }
    }
    #expect(throws: RingError.endCount(name: "consumers", value: 9, max: 8)) {
      _ = try BroadcastRing<UInt64>.makeEnds(
        RingConfiguration(capacity: 2), consumers: Array(repeating: [], count: 9))
    }
    #expect(throws: RingError.upstream(consumer: 1, follows: 1)) {
      _ = try BroadcastRing<UInt64>.makeEnds(RingConfiguration(capacity: 2), consumers: [[], [1]])
    }
    #expect(throws: RingError.size(capacity: 1 << 40, elementByteCount: 1 << 20)) {
      _ = try OneToOneRing<Megabyte>.makeEnds(RingConfiguration(capacity: 1 << 40))
    }
    #expect(
      "\(RingError.capacity(value: 1_000, min: 1, max: 1 << 40))".hasSuffix(
        "the nearest are 512 and 1024"))
  }
}

private struct Nothing: BitwiseCopyable {}

private struct Megabyte: BitwiseCopyable {
  var bytes: [1_048_576 of UInt8]
}

private func clock_gettime_nsec(_ clock: clockid_t) -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(clock, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

private let isOptimized: Bool = {
  #if DEBUG
    return false
  #else
    return true
  #endif
}()
