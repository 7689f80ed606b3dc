// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
public import Synchronization

/// The writing end of a broadcast ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct BroadcastProducer<Element: BitwiseCopyable>: ElementProducer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: the only writer, since it cannot be copied; the storage is retained. The lane's head
  // word is the first consumer's and not used: `refreshHead` looks at all of them.
  @usableFromInline var lane: LaneProducer<Element>
  @usableFromInline let positions: PositionTable
  @usableFromInline let storage: RingStorage
  /// What ``push(_:)`` does while the ring is full.
  public var wait: WaitStrategy

  init(_ storage: RingStorage, wait: WaitStrategy) {
    lane = LaneProducer(storage)
    positions = PositionTable(storage)
    self.storage = storage
    self.wait = wait
    // As if the ring were full: the first push looks at the consumers.
    lane.headCached = lane.tail &- lane.mask &- 1
  }

  deinit {
    // SAFETY: as in `LaneProducer.close`; a deinitializer cannot call what mutates.
    unsafe lane.tailWord.pointee.store(lane.tail | UInt64.closedPosition, ordering: .releasing)
    lane.consumerSpot.wake()
    storage.leave(end: 0)
  }

  /// Elements the ring holds.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// Elements in the ring that the slowest consumer has not read.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether all consumers have closed: what is pushed from now on is lost.
  public var areConsumersClosed: Bool { positions.slowestConsumer == nil }

  /// Reads the consumers' positions. Without any open one the ring looks full permanently.
  @inlinable @inline(__always)
  mutating func refreshHead() {
    lane.headCached = positions.slowestConsumer ?? lane.tail &- lane.mask &- 1
  }

  /// Pushes one element if the slowest consumer has left room.
  ///
  /// - Returns: `false` when the ring is full, or all consumers have closed.
  /// - Complexity: O(1); O(consumers) when what room was seen is used up. No system call unless a
  ///   consumer sleeps.
  @inlinable @inline(__always)
  public mutating func tryPush(_ element: Element) -> Bool {
    if lane.tail &- lane.headCached > lane.mask {
      refreshHead()
      if lane.tail &- lane.headCached > lane.mask { return lane.refuse() }
    }
    // SAFETY: the slot is inside the ring, and all consumers have released it.
    unsafe lane.slots[Int(truncatingIfNeeded: lane.tail & lane.mask)] = element
    lane.publish(lane.tail &+ 1)
    return true
  }

  /// Refreshes what is known of the consumers if there is less room than wanted.
  @inlinable @inline(__always)
  mutating func makeRoom(_ wanted: Int) {
    let free = lane.mask &+ 1 &- (lane.tail &- lane.headCached)
    if Int(truncatingIfNeeded: free) < wanted { refreshHead() }
  }

  /// Pushes as many elements as there is room for, in order.
  ///
  /// - Returns: How many were pushed, from the first on.
  @inlinable @inline(__always)
  public mutating func tryPush(contentsOf source: Span<Element>) -> Int {
    // SAFETY: copies from the buffer and does not keep it.
    unsafe source.withUnsafeBufferPointer { unsafe tryPush(contentsOf: $0) }
  }

  /// Pushes as many elements as there is room for; the unsafe twin.
  @unsafe
  @inlinable @inline(__always)
  public mutating func tryPush(contentsOf source: UnsafeBufferPointer<Element>) -> Int {
    makeRoom(source.count)
    return unsafe lane.tryPushCached(contentsOf: source)
  }

  /// Pushes one element, waiting for room as ``wait`` specifies.
  ///
  /// Where a consumer's process has died while the ring is full the outcome is `.peerDied`, until
  /// it is restarted or ``evictDeadConsumers()`` closes its end.
  @inlinable @inline(__always)
  public mutating func push(_ element: Element) -> PushOutcome {
    if tryPush(element) { return .pushed }
    return pushWaiting(element)
  }

  /// Waits as ``wait`` specifies until at least one element can be pushed.
  ///
  /// - Returns: `.pushed` when there is room; nothing was pushed.
  @inlinable
  public mutating func waitForRoom() -> PushOutcome { waitForRoom(until: wait.deadline()) }

  @inlinable
  mutating func waitForRoom(until deadline: WaitDeadline) -> PushOutcome {
    storage.waitForConsumers(
      positions, tail: lane.tail, mask: lane.mask, wait, until: deadline
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
    makeRoom(countMax)
    return lane.withClaimCached(countMax: countMax, body)
  }

  /// Closes the ends of consumers whose processes have died, so that they no longer hold the
  /// producer back. One that is restarted later begins with what is pushed then.
  ///
  /// - Returns: How many were closed.
  public func evictDeadConsumers() -> Int { storage.evictDeadConsumers() }

  /// Closes this end; consumers still get what is in the ring.
  public consuming func close() {}
}

/// Where the positions of a broadcast ring's ends lie.
@safe
@frozen
@usableFromInline
struct PositionTable {
  // SAFETY: addresses inside a storage that whoever has the table retains.
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let consumerCount: Int

  init(_ storage: RingStorage) {
    unsafe base = UnsafeMutableRawPointer(storage.position(0))
    consumerCount = storage.layout.consumerCount
  }

  @inlinable @inline(__always)
  var producer: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe base.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Precondition: index < consumerCount.
  @inlinable @inline(__always)
  func consumer(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + (index &+ 1) &* LaneTable.lineByteCount).assumingMemoryBound(
      to: Atomic<UInt64>.self)
  }

  /// The position of the open consumer that has read least; nil when all have closed.
  @inlinable @inline(__always)
  var slowestConsumer: UInt64? {
    var slowest = UInt64.max
    var index = 0
    while index < consumerCount {
      // A closed one's position has the top bit set: greater than any open one's.
      // SAFETY: index < consumerCount. Pairs with the releasing store in `LaneConsumer.release`.
      slowest = min(slowest, unsafe consumer(index).pointee.load(ordering: .acquiring))
      index &+= 1
    }
    return slowest.isClosedPosition ? nil : slowest
  }

  /// What a consumer may read up to, closed when nothing will follow: the least of the consumers
  /// it follows, or the producer's position when it follows none.
  @inlinable @inline(__always)
  func limit(upstream: UInt8) -> UInt64 {
    // SAFETY: bits name consumers. Pairs with the releasing stores of those ends.
    if upstream == 0 { return unsafe producer.pointee.load(ordering: .acquiring) }
    var rest = upstream
    var limit = UInt64.max
    while rest != 0 {
      let raw = unsafe consumer(rest.trailingZeroBitCount).pointee.load(ordering: .acquiring)
      // The lowest position counts; of two equal ones a closed one does.
      if raw.position < limit.position || (raw.position == limit.position && raw > limit) {
        limit = raw
      }
      rest &= rest &- 1
    }
    return limit
  }
}
