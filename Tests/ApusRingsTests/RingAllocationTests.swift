// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Foundation
import Testing

@Suite struct RingAllocationTests {
  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func steadyStateAllocatesNothing() throws {
    var rings = try AllRings()
    let batch: [UInt64] = [1, 2, 3, 4, 5]
    let message = [UInt8](repeating: 1, count: 40)
    var target = [UInt64](repeating: 0, count: 8)
    rings.round(batch, message, &target)
    let before = rings.sum
    let count = rings.allocationsOfARound(batch, message, &target)
    #expect(count == 0)
    expect(rings.sum > before, true)
  }
}

/// Both ends of each ring, on one thread: they fill up and run dry, so that waiting is part of it.
private struct AllRings: ~Copyable {
  private var one: OneToOneEnds<UInt64>
  private var lanes: ManyToOneEnds<UInt64>
  private var lane: ManyToOneProducer<UInt64>
  private var manyProducer: ManyToManyProducer<UInt64>
  private var manyConsumer: ManyToManyConsumer<UInt64>
  private var broadcast: BroadcastEnds<UInt64>
  private var leader: BroadcastConsumer<UInt64>
  private var follower: BroadcastConsumer<UInt64>
  private var messages: MessageEnds
  private(set) var sum: UInt64 = 0

  init() throws {
    let wait = WaitStrategy.park(spinCount: 10, timeoutNanoseconds: 1_000)
    let configuration = RingConfiguration(
      capacity: 64, producerWait: wait, consumerWait: wait)
    let one = try OneToOneRing<UInt64>.makeEnds(configuration)
    var lanes = try ManyToOneRing<UInt64>.makeEnds(configuration, producerCount: 2)
    let lane = try take(lanes.producers.take())
    var many = try ManyToManyRing<UInt64>.makeEnds(
      configuration, producerCount: 2, consumerCount: 2)
    let manyProducer = try take(many.producers.take())
    let manyConsumer = try take(many.consumers.take())
    var broadcast = try BroadcastRing<UInt64>.makeEnds(configuration, consumers: [[], [0]])
    let leader = try take(broadcast.consumers.take(0))
    let follower = try take(broadcast.consumers.take(1))
    let messages = try MessageRing.makeEnds(
      RingConfiguration(capacity: 256, producerWait: wait, consumerWait: wait))
    self.one = one
    self.lanes = lanes
    self.lane = lane
    self.manyProducer = manyProducer
    self.manyConsumer = manyConsumer
    self.broadcast = broadcast
    self.leader = leader
    self.follower = follower
    self.messages = messages
  }

  // The compiler (6.3.1) crashes on a macro or closure over a local variable that cannot be copied.
  mutating func allocationsOfARound(
    _ batch: [UInt64], _ message: [UInt8], _ target: inout [UInt64]
  ) -> UInt64 {
    allocationCount { round(batch, message, &target) }
  }

  mutating func round(
    _ batch: [UInt64], _ message: [UInt8], _ target: inout [UInt64]
  ) {
    for value in 0..<70 {
      _ = one.producer.push(UInt64(value))
      _ = lane.push(UInt64(value))
      _ = manyProducer.push(UInt64(value))
      _ = broadcast.producer.push(UInt64(value))
      _ = messages.producer.push(message.span)
    }
    var total: UInt64 = 0
    for _ in 0..<70 {
      if case .element(let value) = one.consumer.pop() { total &+= value }
      if case .element(let value) = lanes.consumer.pop() { total &+= value }
      if case .element(let value) = manyConsumer.pop() { total &+= value }
      if case .element(let value) = leader.pop() { total &+= value }
      if case .element(let value) = follower.pop() { total &+= value }
      _ = messages.consumer.consume(countMax: 1) { _, payload in
        total &+= UInt64(payload.byteCount)
      }
    }
    _ = one.producer.tryPush(contentsOf: batch.span)
    _ = manyProducer.tryPush(contentsOf: batch.span)
    _ = broadcast.producer.withClaim(countMax: 3) { $0.count }
    var span = target.mutableSpan
    _ = one.consumer.tryPop(into: &span)
    _ = manyConsumer.tryPop(into: &span)
    _ = leader.withPeek(countMax: 3) { $0.count }
    _ = follower.tryPop(into: &span)
    sum &+= total
  }
}
