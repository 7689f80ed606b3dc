// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// A reading end of a broadcast ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct BroadcastConsumer<Element: BitwiseCopyable>: ElementConsumer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: the only one to move its position, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneConsumer<Element>
  @usableFromInline let positions: PositionTable
  @usableFromInline let upstream: UInt8
  @usableFromInline let followerSpot: ParkingSpot
  @usableFromInline let storage: RingStorage
  /// What ``pop()`` does while there is nothing to read.
  public var wait: WaitStrategy
  /// Its place in the list the ring was made with.
  public let index: Int

  init(_ storage: RingStorage, index: Int, upstream: UInt8, wait: WaitStrategy) {
    lane = LaneConsumer(storage, consumer: index)
    positions = PositionTable(storage)
    followerSpot = storage.consumerSpot
    self.upstream = upstream
    self.storage = storage
    self.wait = wait
    self.index = index
  }

  deinit {
    // SAFETY: as in `LaneConsumer.close`; a deinitializer cannot call what mutates.
    unsafe lane.headWord.pointee.store(lane.head | UInt64.closedPosition, ordering: .releasing)
    lane.producerSpot.wake()
    followerSpot.wake()
    storage.leave(end: 1 + index)
  }

  /// Elements the ring holds.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// Elements that were pushed and this consumer has not read, whether or not those it follows
  /// have.
  public var fillCount: Int {
    // SAFETY: the word lies in the storage.
    let written = unsafe positions.producer.pointee.load(ordering: .acquiring).position
    return Int(truncatingIfNeeded: written &- lane.head)
  }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether the producer, or a consumer this one follows, has closed and everything up to there
  /// was read.
  public var isDrained: Bool { positions.isDrained(lane.head, upstream: upstream) }

  /// Reads how far this consumer may go.
  @inlinable @inline(__always)
  mutating func refresh() { lane.tailCached = positions.limit(upstream: upstream).position }

  @inlinable @inline(__always)
  mutating func refresh(wanted: Int) {
    if Int(truncatingIfNeeded: lane.tailCached &- lane.head) < wanted { refresh() }
  }

  /// Gives slots up to a position to those that follow, and back to the producer.
  @inlinable @inline(__always)
  mutating func release(_ position: UInt64) {
    lane.release(position)
    followerSpot.wake()
  }

  /// Reads the next element if there is one that all this consumer follows have read.
  ///
  /// - Complexity: O(1); O(consumers followed) when what was seen is used up. No system call
  ///   unless somebody sleeps.
  @inlinable @inline(__always)
  public mutating func tryPop() -> Element? {
    if lane.tailCached == lane.head {
      lane.pauseAfterBurst()
      refresh()
      if lane.tailCached == lane.head { return lane.nothing() }
    }
    // SAFETY: the slot is inside the ring, and published; the producer waits for this consumer.
    let element = unsafe lane.slots[Int(truncatingIfNeeded: lane.head & lane.mask)]
    release(lane.head &+ 1)
    return element
  }

  /// Reads as many elements as there are, at most as many as the target takes.
  ///
  /// - Returns: How many elements of the target were written, from the first on.
  @inlinable @inline(__always)
  public mutating func tryPop(into target: inout MutableSpan<Element>) -> Int {
    // SAFETY: writes within the buffer and does not keep it.
    unsafe target.withUnsafeMutableBufferPointer { unsafe tryPop(into: $0) }
  }

  /// Reads as many elements as there are; the unsafe twin.
  @unsafe
  @inlinable @inline(__always)
  public mutating func tryPop(into target: UnsafeMutableBufferPointer<Element>) -> Int {
    refresh(wanted: target.count)
    let count = unsafe lane.tryPopCached(into: target)
    if count > 0 { followerSpot.wake() }
    return count
  }

  /// Reads the next element, waiting for it as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func pop() -> PopOutcome<Element> {
    if let element = tryPop() { return .element(element) }
    return popWaiting()
  }

  /// Waits as ``wait`` specifies until there is something to read.
  ///
  /// - Returns: `true` when there is; `false` when there was nothing until the time-out, or nothing
  ///   will come: see ``isDrained``.
  @inlinable
  public mutating func waitForElement() -> Bool { waitForElement(until: wait.deadline()) == .ready }

  @inlinable
  mutating func waitForElement(until deadline: WaitDeadline) -> RingWait {
    storage.waitForElement(
      positions, head: lane.head, upstream: upstream, wait, until: deadline)
  }

  /// Lets elements be read where they lie.
  ///
  /// - Parameters:
  ///   - countMax: Most elements to look at.
  ///   - body: Gets up to that many elements in one piece and returns how many, from the first on,
  ///     are done with. Not called when there are none.
  /// - Returns: How many are done with.
  /// - Precondition: `body` returns no more than the count of its elements.
  @inlinable @inline(__always)
  public mutating func withPeek(countMax: Int, _ body: (Span<Element>) -> Int) -> Int {
    refresh(wanted: countMax)
    let count = lane.withPeekCached(countMax: countMax, body)
    if count > 0 { followerSpot.wake() }
    return count
  }

  /// Closes this end: it no longer holds the producer back, and those that follow it see that.
  public consuming func close() {}
}
