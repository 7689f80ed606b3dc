// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
public import Synchronization

/// The reading end of a many-to-one ring.
///
/// Takes what it has seen of one lane, then moves on to the next lane that has something: each
/// producer gets its turn however much another one pushes.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct ManyToOneConsumer<Element: BitwiseCopyable>: ElementConsumer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: the only reader of its lanes, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneConsumer<Element>
  @usableFromInline var laneIndex = 0
  @usableFromInline let lanes: LaneTable
  @usableFromInline let storage: RingStorage
  /// What ``pop()`` does while all lanes are empty.
  public var wait: WaitStrategy

  init(_ storage: RingStorage, wait: WaitStrategy) {
    lane = LaneConsumer(storage, lane: 0)
    lanes = LaneTable(storage)
    self.storage = storage
    self.wait = wait
  }

  deinit { storage.closeHeads() }

  /// Elements the lanes hold, all together.
  @inlinable @inline(__always)
  public var capacity: Int { (Int(truncatingIfNeeded: lane.mask) &+ 1) &* lanes.count }

  /// Elements in the lanes of all producers.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether all producers have closed and everything was read.
  public var isDrained: Bool { storage.areLanesDrained }

  /// Turns to the next lane that has something, the present one last.
  ///
  /// - Returns: `false` when none has.
  @inlinable @inline(__always)
  mutating func turn() -> Bool {
    for _ in 0..<lanes.count {
      laneIndex &+= 1
      if laneIndex == lanes.count { laneIndex = 0 }
      // SAFETY: the storage outlives self. Pairs with the releasing store in `publish`.
      let tailWord = unsafe lanes.tailWord(laneIndex)
      let headWord = unsafe lanes.headWord(laneIndex)
      let tail = unsafe tailWord.pointee.load(ordering: .acquiring).position
      let head = unsafe headWord.pointee.load(ordering: .relaxed)
      if tail != head {
        unsafe lane.slots = unsafe lanes.slots(laneIndex).assumingMemoryBound(to: Element.self)
        unsafe lane.tailWord = unsafe tailWord
        unsafe lane.headWord = unsafe headWord
        lane.tailCached = tail
        lane.head = head
        return true
      }
    }
    return false
  }

  /// Pops the next element if there is one.
  ///
  /// - Complexity: O(1); O(producers) after what was seen of a lane is used up. No system call
  ///   unless a producer sleeps.
  @inlinable @inline(__always)
  public mutating func tryPop() -> Element? {
    if lane.tailCached == lane.head, !turn() { return nil }
    return lane.popCached()
  }

  /// Pops as many elements as there are, at most as many as the target takes.
  ///
  /// - Returns: How many elements of the target were written, from the first on.
  @inlinable @inline(__always)
  public mutating func tryPop(into target: inout MutableSpan<Element>) -> Int {
    // SAFETY: writes within the buffer and does not keep it.
    unsafe target.withUnsafeMutableBufferPointer { unsafe tryPop(into: $0) }
  }

  /// Pops as many elements as there are; the unsafe twin.
  @unsafe
  @inlinable @inline(__always)
  public mutating func tryPop(into target: UnsafeMutableBufferPointer<Element>) -> Int {
    var count = 0
    // One round at most: producers that push all the while must not keep the consumer here.
    var turns = 0
    while count < target.count {
      if lane.tailCached == lane.head {
        if turns > lanes.count || !turn() { break }
        turns &+= 1
      }
      // SAFETY: count <= target.count.
      let rest = unsafe UnsafeMutableBufferPointer(rebasing: target[count...])
      count &+= unsafe lane.tryPopCached(into: rest)
    }
    return count
  }

  /// Pops the next element, waiting for it as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func pop() -> PopOutcome<Element> {
    if let element = tryPop() { return .element(element) }
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
    storage.waitForLane(wait, until: deadline)
  }

  /// Lets elements of one producer be read where they lie.
  ///
  /// - Parameters:
  ///   - countMax: Most elements to look at.
  ///   - body: Gets up to that many elements in one piece and returns how many, from the first on,
  ///     are done with: these leave the ring. Not called when there are none.
  /// - Returns: How many left the ring.
  /// - Precondition: `body` returns no more than the count of its elements.
  @inlinable @inline(__always)
  public mutating func withPeek(countMax: Int, _ body: (Span<Element>) -> Int) -> Int {
    if lane.tailCached == lane.head, !turn() { return 0 }
    _ = lane.available(countMax)
    return lane.withPeekCached(countMax: countMax, body)
  }

  /// Closes this end; producers see it when they run out of room.
  public consuming func close() {}
}
