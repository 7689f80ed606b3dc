// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// The reading end of a single lane: that of a one-to-one ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct RingConsumer<Element: BitwiseCopyable>: ElementConsumer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: the only reader of its lane, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneConsumer<Element>
  @usableFromInline let storage: RingStorage
  /// What ``pop()`` does while the ring is empty.
  public var wait: WaitStrategy

  init(_ storage: RingStorage, wait: WaitStrategy) {
    lane = LaneConsumer(storage)
    self.storage = storage
    self.wait = wait
  }

  deinit {
    // SAFETY: as in `LaneConsumer.close`; a deinitializer cannot call what mutates.
    unsafe lane.headWord.pointee.store(lane.head | UInt64.closedPosition, ordering: .releasing)
    lane.producerSpot.wake()
    storage.leave(end: 1)
  }

  /// Elements the ring holds.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// Elements in the ring.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether the producer has closed and everything was read.
  @inlinable
  public var isDrained: Bool { lane.isDrained }

  /// Pops the next element if there is one.
  ///
  /// - Complexity: O(1); no system call unless the producer sleeps.
  @inlinable @inline(__always)
  public mutating func tryPop() -> Element? { lane.tryPop() }

  /// Pops as many elements as there are, at most as many as the target takes.
  ///
  /// - Returns: How many elements of the target were written, from the first on.
  @inlinable @inline(__always)
  public mutating func tryPop(into target: inout MutableSpan<Element>) -> Int {
    // SAFETY: the lane writes within the buffer and does not keep it.
    unsafe target.withUnsafeMutableBufferPointer { unsafe lane.tryPop(into: $0) }
  }

  /// Pops as many elements as there are; the unsafe twin.
  @unsafe
  @inlinable @inline(__always)
  public mutating func tryPop(into target: UnsafeMutableBufferPointer<Element>) -> Int {
    unsafe lane.tryPop(into: target)
  }

  /// Pops the next element, waiting for it as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func pop() -> PopOutcome<Element> {
    if let element = lane.tryPop() { return .element(element) }
    return popWaiting()
  }

  /// Waits as ``wait`` specifies until there is something to pop.
  ///
  /// - Returns: `true` when there is; `false` when there was nothing until the time-out, or nothing
  ///   will come: see ``isDrained``.
  @inlinable
  public mutating func waitForElement() -> Bool { waitForElement(until: wait.deadline()) == .ready }

  @inlinable
  mutating func waitForElement(until deadline: WaitDeadline) -> RingWait {
    // SAFETY: the word lies in the storage.
    unsafe storage.waitForElement(
      tail: lane.tailWord, head: lane.head, wait, until: deadline)
  }

  /// Lets elements be read where they lie.
  ///
  /// - Parameters:
  ///   - countMax: Most elements to look at.
  ///   - body: Gets up to that many elements in one piece and returns how many, from the first on,
  ///     are done with: these leave the ring. Not called when there are none.
  /// - Returns: How many left the ring.
  /// - Precondition: `body` returns no more than the count of its elements.
  @inlinable @inline(__always)
  public mutating func withPeek(countMax: Int, _ body: (Span<Element>) -> Int) -> Int {
    _ = lane.available(countMax)
    return lane.withPeekCached(countMax: countMax, body)
  }

  /// Closes this end; the producer sees it when it runs out of room.
  public consuming func close() {}
}
