// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// Rings in which every producer has a lane.
extension RingStorage {
  /// Consumers of a many-to-many ring that have not closed.
  var openConsumers: UnsafeMutablePointer<Atomic<UInt32>> { unsafe parking(12) }

  /// Waits until a lane has something to read, or all producers have closed.
  @usableFromInline
  func waitForLane(_ strategy: WaitStrategy, until deadline: WaitDeadline) -> RingWait {
    let outcome = wait(
      strategy, until: deadline, at: consumerSpot, isPeerDead: { _ in false }
    ) {
      laneStates.hasElement || laneStates.isDrained
    }
    return laneStates.isDrained ? .closed : outcome
  }

  /// Whether all producers have closed and everything was read.
  @usableFromInline
  var areLanesDrained: Bool { laneStates.isDrained }

  private var laneStates: (hasElement: Bool, isDrained: Bool) {
    var isDrained = true
    for lane in 0..<layout.laneCount {
      // The reader first: it never passes the writer, so that equal means empty.
      // SAFETY: the words lie in self's memory. Pairs with the producer's releasing store.
      let head = unsafe position(2 * lane + 1).pointee.load(ordering: .acquiring)
      let tail = unsafe position(2 * lane).pointee.load(ordering: .acquiring)
      if tail.position != head.position { return (true, false) }
      if !tail.isClosedPosition { isDrained = false }
    }
    return (false, isDrained)
  }

  /// One consumer less; the last one informs the producers.
  @usableFromInline
  func closeConsumer() {
    // SAFETY: the word lies in self's memory.
    let left = unsafe openConsumers.pointee.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      .newValue
    if left == 0 { closeHeads() }
  }

  /// Tells all producers that nobody reads any more.
  @usableFromInline
  func closeHeads() {
    for lane in 0..<layout.laneCount {
      // SAFETY: the words lie in self's memory. Pairs with the acquiring load in `refreshHead`.
      unsafe position(2 * lane + 1).pointee.bitwiseOr(
        UInt64.closedPosition, ordering: .acquiringAndReleasing)
    }
    producerSpot.wake()
  }
}
