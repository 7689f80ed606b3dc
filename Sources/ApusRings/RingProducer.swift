// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// A writing end with a lane of its own: that of a one-to-one ring, or one of a many-to-one ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct RingProducer<Element: BitwiseCopyable>: ElementProducer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: the only writer of its lane, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneProducer<Element>
  @usableFromInline let storage: RingStorage
  /// What ``push(_:)`` does while the lane is full.
  public var wait: WaitStrategy
  /// Which of the ring's producers this is, from 0.
  public let index: Int

  init(_ storage: RingStorage, lane: Int = 0, wait: WaitStrategy) {
    self.lane = LaneProducer(storage, lane: lane)
    self.storage = storage
    self.wait = wait
    index = lane
  }

  deinit {
    // SAFETY: as in `LaneProducer.close`; a deinitializer cannot call what mutates.
    unsafe lane.tailWord.pointee.store(lane.tail | UInt64.closedPosition, ordering: .releasing)
    lane.consumerSpot.wake()
    // Of a ring in a file, which has one lane.
    storage.leave(end: 0)
  }

  /// Elements this producer's lane holds.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// Elements in the ring, in the lanes of all its producers.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether the consumer has closed: what is pushed from now on is lost.
  @inlinable
  public var isConsumerClosed: Bool { lane.isConsumerClosed }

  /// Pushes one element if there is room.
  ///
  /// - Returns: `false` when this producer's lane is full, or the consumer has closed and the room
  ///   it left is used up.
  /// - Complexity: O(1); no system call unless the consumer sleeps.
  @inlinable @inline(__always)
  public mutating func tryPush(_ element: Element) -> Bool { lane.tryPush(element) }

  /// Pushes as many elements as there is room for, in order.
  ///
  /// - Returns: How many were pushed, from the first on.
  @inlinable @inline(__always)
  public mutating func tryPush(contentsOf source: Span<Element>) -> Int {
    // SAFETY: the lane copies from the buffer and does not keep it.
    unsafe source.withUnsafeBufferPointer { unsafe lane.tryPush(contentsOf: $0) }
  }

  /// Pushes as many elements as there is room for; the unsafe twin.
  @unsafe
  @inlinable @inline(__always)
  public mutating func tryPush(contentsOf source: UnsafeBufferPointer<Element>) -> Int {
    unsafe lane.tryPush(contentsOf: source)
  }

  /// Pushes one element, waiting for room as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func push(_ element: Element) -> PushOutcome {
    if lane.tryPush(element) { return .pushed }
    return pushWaiting(element)
  }

  /// Waits as ``wait`` specifies until at least one element can be pushed.
  ///
  /// - Returns: `.pushed` when there is room; nothing was pushed.
  @inlinable
  public mutating func waitForRoom() -> PushOutcome { waitForRoom(until: wait.deadline()) }

  @inlinable
  mutating func waitForRoom(until deadline: WaitDeadline) -> PushOutcome {
    // SAFETY: the word lies in the storage.
    unsafe storage.waitForRoom(
      head: lane.headWord, tail: lane.tail, mask: lane.mask, wait, until: deadline
    ).pushOutcome
  }

  /// Lets elements be written where they will be read.
  ///
  /// - Parameters:
  ///   - countMax: Most slots to claim.
  ///   - body: Gets up to that many free slots in one piece, with what was there before, and
  ///     returns how many, from the first on, it has written: these are pushed. 0 aborts. Not
  ///     called when there is no room.
  /// - Returns: How many were pushed.
  /// - Precondition: `body` returns no more than the count of its slots.
  @inlinable @inline(__always)
  public mutating func withClaim(
    countMax: Int, _ body: (inout MutableSpan<Element>) -> Int
  ) -> Int {
    _ = lane.room(countMax)
    return lane.withClaimCached(countMax: countMax, body)
  }

  /// Closes this end; the consumer still gets what is in the lane.
  public consuming func close() {}
}
