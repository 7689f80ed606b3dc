// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// Rings in which every consumer sees every element.
extension RingStorage {
  /// Waits until the slowest consumer has left room, or all have closed.
  @usableFromInline
  func waitForConsumers(
    _ positions: PositionTable, tail: UInt64, mask: UInt64, _ strategy: WaitStrategy,
    until deadline: WaitDeadline
  ) -> RingWait {
    let outcome = wait(
      strategy, until: deadline, at: producerSpot,
      isPeerDead: { file in
        // Only a consumer that is in the way: others are not what the producer waits for.
        (0..<positions.consumerCount).contains { consumer in
          // SAFETY: the word lies in self's memory. A closed one has a position far off.
          let raw = unsafe positions.consumer(consumer).pointee.load(ordering: .acquiring)
          return !raw.isClosedPosition && tail &- raw > mask
            && file.state(ofEnd: 1 + consumer) == .dead
        }
      }
    ) {
      guard let slowest = positions.slowestConsumer else { return true }
      return tail &- slowest <= mask
    }
    return positions.slowestConsumer == nil ? .closed : outcome
  }

  /// Waits until a consumer has something to read, or nothing will follow.
  @usableFromInline
  func waitForElement(
    _ positions: PositionTable, head: UInt64, upstream: UInt8, _ strategy: WaitStrategy,
    until deadline: WaitDeadline
  ) -> RingWait {
    let outcome = wait(
      strategy, until: deadline, at: consumerSpot,
      isPeerDead: { file in
        // Only an end that has nothing left to pass on: others still bring what is there.
        // SAFETY: the words lie in self's memory.
        let written = unsafe positions.producer.pointee.load(ordering: .acquiring)
        if written.position == head, file.state(ofEnd: 0) == .dead { return true }
        return (0..<positions.consumerCount).contains { other in
          guard upstream & 1 << UInt8(other) != 0 else { return false }
          let raw = unsafe positions.consumer(other).pointee.load(ordering: .acquiring)
          return raw == head && file.state(ofEnd: 1 + other) == .dead
        }
      }
    ) {
      positions.limit(upstream: upstream).position != head
        || positions.isDrained(head, upstream: upstream)
    }
    return positions.isDrained(head, upstream: upstream) ? .closed : outcome
  }

  /// Closes the ends of consumers whose processes have died.
  func evictDeadConsumers() -> Int {
    guard let file else { return 0 }
    var count = 0
    for consumer in 0..<layout.consumerCount where file.takeDead(end: 1 + consumer) {
      // SAFETY: the word lies in self's memory, and the end is this process's for the moment.
      unsafe position(1 + consumer).pointee.bitwiseOr(
        UInt64.closedPosition, ordering: .acquiringAndReleasing)
      file.leave(end: 1 + consumer)
      count += 1
    }
    if count > 0 { consumerSpot.wake() }
    return count
  }
}

extension PositionTable {
  /// Whether nothing will follow a position: the producer, or one that is followed, closed there.
  @usableFromInline
  func isDrained(_ head: UInt64, upstream: UInt8) -> Bool {
    // SAFETY: the word lies in the storage. Pairs with the releasing store at closing.
    let written = unsafe producer.pointee.load(ordering: .acquiring)
    return written == head | UInt64.closedPosition
      || limit(upstream: upstream) == head | UInt64.closedPosition
  }
}
