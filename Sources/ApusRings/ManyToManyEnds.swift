// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
public import Synchronization

/// A writing end of a many-to-many ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct ManyToManyProducer<Element: BitwiseCopyable>: ElementProducer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: the only writer of its lane, since it cannot be copied; the storage is retained.
  // The lane's typed slots are not used: elements are written as words.
  @usableFromInline var lane: LaneProducer<UInt64>
  @usableFromInline let slots: UnsafeMutableRawPointer
  @usableFromInline let storage: RingStorage
  /// What ``push(_:)`` does while the lane is full.
  public var wait: WaitStrategy
  /// Which of the producers this is, from 0.
  public let index: Int

  init(_ storage: RingStorage, lane: Int, wait: WaitStrategy) {
    self.lane = LaneProducer(storage, lane: lane)
    unsafe slots = storage.data(lane: lane)
    self.storage = storage
    self.wait = wait
    index = lane
  }

  deinit {
    // SAFETY: as in `LaneProducer.close`; a deinitializer cannot call what mutates.
    unsafe lane.tailWord.pointee.store(lane.tail | UInt64.closedPosition, ordering: .releasing)
    lane.consumerSpot.wake()
  }

  /// Elements this producer's lane holds.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// Elements in the lanes of all producers.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether all consumers have closed: what is pushed from now on is lost.
  @inlinable
  public var isConsumerClosed: Bool { lane.isConsumerClosed }

  @inlinable @inline(__always)
  func slot(_ position: UInt64) -> UnsafeMutableRawPointer {
    unsafe slots + Int(truncatingIfNeeded: position & lane.mask)
      &* ElementWords<Element>.slotByteCount
  }

  /// Says that the lane is full, after some 200 ns where it is a long one: consumers claim with an
  /// atomic exchange of the word that the producer looks at, and wait for it each time the producer
  /// has taken it away.
  @inlinable @inline(__always)
  func refuse() -> Bool {
    var pauses = lane.mask >= 511 ? 8 : 1
    while pauses > 0 {
      _ = lane.refuse()
      pauses &-= 1
    }
    return false
  }

  /// Pushes one element if there is room.
  ///
  /// - Returns: `false` when this producer's lane is full, or all consumers have closed and the
  ///   room they left is used up.
  /// - Complexity: O(1); no system call unless a consumer sleeps.
  @inlinable @inline(__always)
  public mutating func tryPush(_ element: Element) -> Bool {
    if lane.tail &- lane.headCached > lane.mask {
      lane.refreshHead()
      if lane.tail &- lane.headCached > lane.mask { return refuse() }
    }
    // SAFETY: the slot is inside the lane, and it was claimed by a consumer that had copied it.
    unsafe withUnsafePointer(to: element) {
      unsafe ElementWords<Element>.store($0, to: slot(lane.tail))
    }
    lane.publish(lane.tail &+ 1)
    return true
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
    let count = min(lane.room(source.count), source.count)
    guard count > 0, let from = source.baseAddress else { return 0 }
    var index = 0
    while index < count {
      // SAFETY: `count` slots from the tail on are free.
      unsafe ElementWords<Element>.store(
        from + index, to: slot(lane.tail &+ UInt64(truncatingIfNeeded: index)))
      index &+= 1
    }
    lane.publish(lane.tail &+ UInt64(truncatingIfNeeded: count))
    return count
  }

  /// Pushes one element, waiting for room as ``wait`` specifies.
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
    // SAFETY: the word lies in the storage.
    unsafe storage.waitForRoom(
      head: lane.headWord, tail: lane.tail, mask: lane.mask, wait, until: deadline
    ).pushOutcome
  }

  /// Closes this end; consumers still get what is in its lane.
  public consuming func close() {}
}

/// A reading end of a many-to-many ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct ManyToManyConsumer<Element: BitwiseCopyable>: ElementConsumer, ~Copyable,
  @unchecked Sendable
{
  // SAFETY: consumers meet only in the lanes' head words; the storage is retained.
  @usableFromInline let lanes: LaneTable
  @usableFromInline let mask: UInt64
  @usableFromInline let producerSpot: ParkingSpot
  @usableFromInline var laneIndex: Int
  @usableFromInline var tailCached: UInt64 = 0
  /// The lane's head when this consumer came to it.
  @usableFromInline var arrivalHead: UInt64 = 0
  @usableFromInline let storage: RingStorage
  /// What ``pop()`` does while all lanes are empty.
  public var wait: WaitStrategy
  /// Which of the consumers this is, from 0.
  public let index: Int

  init(_ storage: RingStorage, index: Int, wait: WaitStrategy) {
    lanes = LaneTable(storage)
    mask = UInt64(storage.layout.capacity - 1)
    producerSpot = storage.producerSpot
    laneIndex = index % storage.layout.laneCount
    self.storage = storage
    self.wait = wait
    self.index = index
  }

  deinit { storage.closeConsumer() }

  /// Elements the lanes hold, all together.
  @inlinable @inline(__always)
  public var capacity: Int { (Int(truncatingIfNeeded: mask) &+ 1) &* lanes.count }

  /// Elements in the lanes of all producers.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether all producers have closed and everything was read.
  public var isDrained: Bool { storage.areLanesDrained }

  /// Elements after which the other lanes come first.
  @inlinable @inline(__always)
  static var stayCount: UInt64 { 256 }

  /// Finds a lane that has something, the present one first.
  ///
  /// Stays with a lane that still has something until `stayCount` elements are gone from it,
  /// and then until what was seen is used up: a consumer that went on after each element would meet
  /// the other consumers all the time.
  ///
  /// - Returns: The head of the lane at `laneIndex`, or nil when no lane has anything.
  @inlinable @inline(__always)
  mutating func findLane() -> UInt64? {
    // SAFETY: the storage outlives self. Acquiring, so that the tail read below is not older than
    // what the consumer that moved the head had seen.
    let head = unsafe lanes.headWord(laneIndex).pointee.load(ordering: .acquiring)
    if Int64(bitPattern: tailCached &- head) > 0 { return head }
    if head &- arrivalHead < Self.stayCount {
      // Pairs with the releasing store in `publish`.
      tailCached = unsafe lanes.tailWord(laneIndex).pointee.load(ordering: .acquiring).position
      if tailCached != head { return head }
    }
    for _ in 0..<lanes.count {
      laneIndex &+= 1
      if laneIndex == lanes.count { laneIndex = 0 }
      let head = unsafe lanes.headWord(laneIndex).pointee.load(ordering: .acquiring)
      // Pairs with the releasing store in `publish`.
      tailCached = unsafe lanes.tailWord(laneIndex).pointee.load(ordering: .acquiring).position
      if tailCached != head {
        arrivalHead = head
        return head
      }
    }
    return nil
  }

  @inlinable @inline(__always)
  func slot(_ position: UInt64) -> UnsafeMutableRawPointer {
    unsafe lanes.slots(laneIndex) + Int(truncatingIfNeeded: position & mask)
      &* ElementWords<Element>.slotByteCount
  }

  /// Takes `count` elements that were copied; `false` when another consumer was faster.
  @inlinable @inline(__always)
  func claim(_ head: UInt64, count: Int) -> Bool {
    // Releasing: the copies come before. Pairs with the acquiring load in `refreshHead`.
    // SAFETY: the storage outlives self. Heads only grow, so an equal one did not move meanwhile.
    unsafe lanes.headWord(laneIndex).pointee.compareExchange(
      expected: head, desired: head &+ UInt64(truncatingIfNeeded: count),
      successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed
    ).exchanged
  }

  /// Pops the next element if there is one.
  ///
  /// - Complexity: O(1) without other consumers in the same lane; O(producers) after what was seen
  ///   of a lane is used up. No system call unless a producer sleeps.
  @inlinable @inline(__always)
  public mutating func tryPop() -> Element? {
    unsafe withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) { copy -> Element? in
      guard let target = copy.baseAddress else { return nil }
      while let head = findLane() {
        // SAFETY: room for one. The bytes are an element only if the claim succeeds.
        unsafe ElementWords<Element>.load(slot(head), into: target)
        if claim(head, count: 1) {
          producerSpot.wake()
          return unsafe target.pointee
        }
      }
      return nil
    }
  }

  /// Pops as many elements as one lane has, at most as many as the target takes.
  ///
  /// - Returns: How many elements of the target were written, from the first on. Those after them
  ///   may have been written as well, with anything.
  @inlinable @inline(__always)
  public mutating func tryPop(into target: inout MutableSpan<Element>) -> Int {
    // SAFETY: writes within the buffer and does not keep it.
    unsafe target.withUnsafeMutableBufferPointer { unsafe tryPop(into: $0) }
  }

  /// Pops as many elements as one lane has; the unsafe twin.
  @unsafe
  @inlinable @inline(__always)
  public mutating func tryPop(into target: UnsafeMutableBufferPointer<Element>) -> Int {
    guard target.count > 0, let to = target.baseAddress else { return 0 }
    while let head = findLane() {
      let count = min(Int(truncatingIfNeeded: tailCached &- head), target.count)
      var index = 0
      while index < count {
        // SAFETY: index < target.count; what is copied counts only if the claim succeeds.
        unsafe ElementWords<Element>.load(
          slot(head &+ UInt64(truncatingIfNeeded: index)), into: to + index)
        index &+= 1
      }
      if claim(head, count: count) {
        producerSpot.wake()
        return count
      }
    }
    return 0
  }

  /// Pops the next element, waiting for it as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func pop() -> PopOutcome<Element> {
    if let element = tryPop() { return .element(element) }
    return popWaiting()
  }

  /// Waits as ``wait`` specifies until there is something to pop, which another consumer may take.
  ///
  /// - Returns: `true` when there is; `false` when there was nothing until the time-out, or nothing
  ///   will come: see ``isDrained``.
  @inlinable
  public mutating func waitForElement() -> Bool { waitForElement(until: wait.deadline()) == .ready }

  @inlinable
  mutating func waitForElement(until deadline: WaitDeadline) -> RingWait {
    storage.waitForLane(wait, until: deadline)
  }

  /// Closes this end; producers see it when all consumers have closed and they run out of room.
  public consuming func close() {}
}
