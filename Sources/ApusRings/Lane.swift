// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
public import CApusPlatform
public import Synchronization

/// The writing end of one lane: a ring's worth of slots with one writer and one reader.
///
/// Positions count elements from the ring's first and never wrap (2^63 elements take centuries);
/// `position & mask` is the slot. The writer keeps its own position and the last one it saw of the
/// reader, so that the reader's cache line is fetched once per round and not once per element.
@safe
@frozen
@usableFromInline
struct LaneProducer<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline let slots: UnsafeMutablePointer<Element>
  @usableFromInline let tailWord: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let headWord: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let consumerSpot: ParkingSpot
  @usableFromInline let mask: UInt64
  @usableFromInline var tail: UInt64
  @usableFromInline var headCached: UInt64

  init(_ storage: RingStorage, lane: Int = 0) {
    // SAFETY: the lane holds `capacity` elements at their alignment; the storage outlives self.
    unsafe slots = storage.data(lane: lane).assumingMemoryBound(to: Element.self)
    unsafe tailWord = storage.position(2 * lane)
    unsafe headWord = storage.position(2 * lane + 1)
    consumerSpot = storage.consumerSpot
    mask = UInt64(storage.layout.capacity - 1)
    // Both are zero in a new ring; in a file they are where the last producer left them.
    tail = unsafe tailWord.pointee.load(ordering: .relaxed).position
    headCached = unsafe headWord.pointee.load(ordering: .acquiring).position
  }

  /// Reads the reader's position. A closed reader makes the lane look full permanently.
  @inlinable @inline(__always)
  mutating func refreshHead() {
    // SAFETY: the storage outlives self. Pairs with the releasing store in `release`.
    let raw = unsafe headWord.pointee.load(ordering: .acquiring)
    headCached = raw.isClosedPosition ? tail &- mask &- 1 : raw
  }

  /// Reports that the lane is full, after a pause: a producer that looks again and again takes the
  /// reader's line away each time, and the reader, which has work to do, waits for it.
  @inlinable @inline(__always)
  func refuse() -> Bool {
    capus_cpu_relax()
    return false
  }

  @inlinable @inline(__always)
  var isConsumerClosed: Bool {
    // SAFETY: the storage outlives self.
    unsafe headWord.pointee.load(ordering: .relaxed).isClosedPosition
  }

  /// Free slots, at most `wanted` for certain.
  @inlinable @inline(__always)
  mutating func room(_ wanted: Int) -> Int {
    var free = mask &+ 1 &- (tail &- headCached)
    if Int(truncatingIfNeeded: free) < wanted {
      refreshHead()
      free = mask &+ 1 &- (tail &- headCached)
    }
    return Int(truncatingIfNeeded: free)
  }

  /// Makes everything up to a position readable.
  @inlinable @inline(__always)
  mutating func publish(_ position: UInt64) {
    tail = position
    // SAFETY: the storage outlives self. Pairs with the acquiring load in `refreshTail`.
    unsafe tailWord.pointee.store(position, ordering: .releasing)
    consumerSpot.wake()
  }

  @inlinable @inline(__always)
  mutating func tryPush(_ element: Element) -> Bool {
    if tail &- headCached > mask {
      refreshHead()
      if tail &- headCached > mask { return refuse() }
    }
    // SAFETY: the slot is inside the lane, and the reader has released it.
    unsafe slots[Int(truncatingIfNeeded: tail & mask)] = element
    publish(tail &+ 1)
    return true
  }

  /// Copies as many as there is room for.
  @inlinable @inline(__always)
  mutating func tryPush(contentsOf source: UnsafeBufferPointer<Element>) -> Int {
    _ = room(source.count)
    return unsafe tryPushCached(contentsOf: source)
  }

  /// Copies as many as there is known to be room for.
  @inlinable @inline(__always)
  mutating func tryPushCached(contentsOf source: UnsafeBufferPointer<Element>) -> Int {
    // Never more than the lane, whatever another process may have written into its position.
    let free = min(mask &+ 1, mask &+ 1 &- (tail &- headCached))
    let count = min(Int(truncatingIfNeeded: free), source.count)
    guard count > 0, let from = source.baseAddress else { return 0 }
    let slot = Int(truncatingIfNeeded: tail & mask)
    let first = min(count, Int(truncatingIfNeeded: mask) &+ 1 &- slot)
    // SAFETY: first slots up to the lane's end, then the rest from its start: all free.
    unsafe (slots + slot).update(from: from, count: first)
    if first < count { unsafe slots.update(from: from + first, count: count &- first) }
    publish(tail &+ UInt64(truncatingIfNeeded: count))
    return count
  }

  /// Slots known to be free that lie in one piece.
  @inlinable @inline(__always)
  func claimCached(countMax: Int) -> UnsafeMutableBufferPointer<Element> {
    let slot = Int(truncatingIfNeeded: tail & mask)
    let straight = Int(truncatingIfNeeded: mask) &+ 1 &- slot
    let free = Int(truncatingIfNeeded: mask &+ 1 &- (tail &- headCached))
    let count = min(max(countMax, 0), min(straight, free))
    // SAFETY: slot + count <= capacity, and the reader has released these.
    return unsafe UnsafeMutableBufferPointer(start: slots + slot, count: count)
  }

  /// Lets slots known to be free be written in place, and publishes what `body` says it has written.
  @inlinable @inline(__always)
  mutating func withClaimCached(
    countMax: Int, _ body: (inout MutableSpan<Element>) -> Int
  ) -> Int {
    let slots = unsafe claimCached(countMax: countMax)
    if slots.isEmpty { return 0 }
    // SAFETY: free slots of the lane; any bytes that a producer wrote before, or zero.
    var span = unsafe slots.mutableSpan
    let count = body(&span)
    precondition(
      count >= 0 && count <= slots.count,
      "Producer.withClaim: expected a count within the claim")
    if count > 0 { publish(tail &+ UInt64(truncatingIfNeeded: count)) }
    return count
  }

  /// Tells the reader that nothing will follow.
  mutating func close() {
    // SAFETY: the storage outlives self. Pairs with the acquiring load in `refreshTail`.
    unsafe tailWord.pointee.store(tail | UInt64.closedPosition, ordering: .releasing)
    consumerSpot.wake()
  }
}

/// The reading end of one lane.
@safe
@frozen
@usableFromInline
struct LaneConsumer<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var slots: UnsafeMutablePointer<Element>
  @usableFromInline var tailWord: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline var headWord: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let producerSpot: ParkingSpot
  @usableFromInline let mask: UInt64
  @usableFromInline var head: UInt64
  @usableFromInline var tailCached: UInt64
  /// What `head` was at the last look at the writer's position.
  @usableFromInline var headAtLook: UInt64

  /// The reader of a lane, or one of a broadcast ring's consumers.
  init(_ storage: RingStorage, lane: Int = 0, consumer: Int = 0) {
    // SAFETY: the lane holds `capacity` elements at their alignment; the storage outlives self.
    unsafe slots = storage.data(lane: lane).assumingMemoryBound(to: Element.self)
    unsafe tailWord = storage.position(2 * lane)
    unsafe headWord = storage.position(2 * lane + 1 + consumer)
    producerSpot = storage.producerSpot
    mask = UInt64(storage.layout.capacity - 1)
    head = unsafe headWord.pointee.load(ordering: .relaxed).position
    // As if nothing were there: the first read fetches the writer's position.
    tailCached = head
    headAtLook = head
  }

  /// Reads the writer's position, closed or not.
  @inlinable @inline(__always)
  mutating func refreshTail() {
    // SAFETY: the storage outlives self. Pairs with the releasing store in `publish`.
    tailCached = unsafe tailWord.pointee.load(ordering: .acquiring).position
  }

  /// More than this since the last look is a burst, so that the writer is at work right now: more than
  /// a message of one cache line, or two such elements. Unit: elements.
  @inlinable @inline(__always)
  static var burstCount: UInt64 { UInt64(truncatingIfNeeded: 128 / MemoryLayout<Element>.stride) }

  /// Lets the writer move on for a moment after a burst. Call it before a look at the writer's position,
  /// when what was seen is used up.
  ///
  /// A reader that keeps up would otherwise find a few elements at each look, and take the line of the
  /// position and the one that is being written away from the writer each time: both ends then do
  /// little but wait for lines. A reader that found nothing, or an element or two, looks again at once.
  ///
  /// - Parameter pauseCount: Of 10 to 50 ns each, depending on the processor. Four are enough for
  ///   elements; messages share lines with those beside them, and took eight to come free of each other.
  @inlinable @inline(__always)
  mutating func pauseAfterBurst(pauseCount: Int = 4) {
    if head &- headAtLook > Self.burstCount {
      var left = pauseCount
      while left > 0 {
        capus_cpu_relax()
        left &-= 1
      }
    }
    headAtLook = head
  }

  /// Whether the writer has closed and everything was read.
  @inlinable @inline(__always)
  var isDrained: Bool {
    // SAFETY: the storage outlives self.
    unsafe tailWord.pointee.load(ordering: .acquiring) == head | UInt64.closedPosition
  }

  /// Reports that there is nothing. A caller that looks again at once would have the CPU run ahead
  /// with many looks, all of which it has to take back when the writer's line arrives.
  @inlinable @inline(__always)
  func nothing() -> Element? {
    capus_loads_settle()
    return nil
  }

  /// Elements to read, at most `wanted` for certain.
  @inlinable @inline(__always)
  mutating func available(_ wanted: Int) -> Int {
    if Int(truncatingIfNeeded: tailCached &- head) < wanted { refreshTail() }
    return Int(truncatingIfNeeded: tailCached &- head)
  }

  /// Gives slots up to a position back to the writer.
  @inlinable @inline(__always)
  mutating func release(_ position: UInt64) {
    head = position
    // SAFETY: the storage outlives self. Pairs with the acquiring load in `refreshHead`.
    unsafe headWord.pointee.store(position, ordering: .releasing)
    producerSpot.wake()
  }

  @inlinable @inline(__always)
  mutating func tryPop() -> Element? {
    if tailCached == head {
      pauseAfterBurst()
      refreshTail()
      if tailCached == head { return nothing() }
    }
    return popCached()
  }

  /// Takes the next of the elements that were seen.
  ///
  /// Precondition: there is one.
  @inlinable @inline(__always)
  mutating func popCached() -> Element {
    // SAFETY: the slot is inside the lane, and the writer has published it.
    let element = unsafe slots[Int(truncatingIfNeeded: head & mask)]
    release(head &+ 1)
    return element
  }

  /// Copies as many as there are, at most what the target takes.
  @inlinable @inline(__always)
  mutating func tryPop(into target: UnsafeMutableBufferPointer<Element>) -> Int {
    _ = available(target.count)
    return unsafe tryPopCached(into: target)
  }

  /// Copies as many as were seen, at most what the target takes.
  @inlinable @inline(__always)
  mutating func tryPopCached(into target: UnsafeMutableBufferPointer<Element>) -> Int {
    // Never more than the lane, whatever another process may have written into its position.
    let seen = min(mask &+ 1, tailCached &- head)
    let count = min(Int(truncatingIfNeeded: seen), target.count)
    guard count > 0, let to = target.baseAddress else { return 0 }
    let slot = Int(truncatingIfNeeded: head & mask)
    let first = min(count, Int(truncatingIfNeeded: mask) &+ 1 &- slot)
    // SAFETY: first slots up to the lane's end, then the rest from its start: all published.
    unsafe to.update(from: slots + slot, count: first)
    if first < count { unsafe (to + first).update(from: slots, count: count &- first) }
    release(head &+ UInt64(truncatingIfNeeded: count))
    return count
  }

  /// Elements that were seen and lie in one piece.
  @inlinable @inline(__always)
  func peekCached(countMax: Int) -> UnsafeBufferPointer<Element> {
    let slot = Int(truncatingIfNeeded: head & mask)
    let straight = Int(truncatingIfNeeded: mask) &+ 1 &- slot
    let seen = Int(truncatingIfNeeded: tailCached &- head)
    let count = min(max(countMax, 0), min(straight, seen))
    // SAFETY: slot + count <= capacity, and the writer has published these.
    return unsafe UnsafeBufferPointer(start: slots + slot, count: count)
  }

  /// Lets elements that were seen be read in place, and releases those `body` says it is done with.
  @inlinable @inline(__always)
  mutating func withPeekCached(countMax: Int, _ body: (Span<Element>) -> Int) -> Int {
    let elements = unsafe peekCached(countMax: countMax)
    if elements.isEmpty { return 0 }
    // SAFETY: published elements, which the producer does not touch before they are released.
    let count = body(unsafe elements.span)
    precondition(
      count >= 0 && count <= elements.count,
      "Consumer.withPeek: expected a count within what was peeked at")
    if count > 0 { release(head &+ UInt64(truncatingIfNeeded: count)) }
    return count
  }

  /// Tells the writer that nobody reads any more.
  mutating func close() {
    // SAFETY: the storage outlives self. Pairs with the acquiring load in `refreshHead`.
    unsafe headWord.pointee.store(head | UInt64.closedPosition, ordering: .releasing)
    producerSpot.wake()
  }
}
