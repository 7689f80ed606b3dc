// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Synchronization
import Testing

@Suite struct OneToOneRingTests {
  @Test func fillsAndEmpties() throws {
    var ends = try OneToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 4, producerWait: .fail, consumerWait: .fail))
    expect(ends.consumer.tryPop(), nil)
    expect(ends.consumer.pop(), .empty)
    for value in 0..<4 { expect(ends.producer.tryPush(UInt64(value)), true) }
    expect(ends.producer.tryPush(9), false)
    expect(ends.producer.push(9), .full)
    expect(ends.producer.fillCount, 4)
    for value in 0..<4 { expect(ends.consumer.tryPop(), UInt64(value)) }
    expect(ends.consumer.tryPop(), nil)
  }

  @Test(arguments: [WaitStrategy.spin(), .spinThenYield(), .park()])
  func carriesEverythingInOrder(wait: WaitStrategy) throws {
    let count: UInt64 = wait.kind == .spin ? 2_000 : 50_000
    let ends = try OneToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 64, producerWait: wait, consumerWait: wait))
    var producer = ends.producer
    let errors = ErrorCount()
    let thread = try PinnedThread(name: "consumer", cpuIndex: nil, moving: ends.consumer) {
      var consumer = $0
      var expected: UInt64 = 0
      while case .element(let value) = consumer.pop() {
        if value != expected { errors.add() }
        expected += 1
      }
      if expected != count || !consumer.isDrained { errors.add() }
    }
    for value in 0..<count {
      if producer.push(value) != .pushed { errors.add() }
    }
    producer.close()
    thread.join()
    #expect(errors.count == 0)
  }
}
