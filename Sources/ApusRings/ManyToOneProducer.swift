// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads

/// Many producers, one consumer.
///
/// Every producer has its own lane, which the consumer reads in turn: no producer ever waits
/// for, or retries because of, another one, and pushing costs what it costs in a one-to-one ring.
/// What one producer pushes stays in order. Between producers there is no order beyond fairness:
/// where the order of all pushes matters, the consumer is what makes it (a sequencer).
public enum ManyToOneRing<Element: BitwiseCopyable> {
  /// Makes a ring and its ends.
  ///
  /// - Parameters:
  ///   - configuration: The capacity is each producer's.
  ///   - producerCount: Shape: 1...256.
  /// - Throws: ``RingError`` for a capacity that is no power of two, a count outside its limits, an
  ///   element without bytes, or memory that is not available.
  public static func makeEnds(
    _ configuration: RingConfiguration, producerCount: Int
  ) throws(RingError) -> ManyToOneEnds<Element> {
    guard (1...RingLayout.laneCountMax).contains(producerCount) else {
      throw .endCount(name: "producers", value: producerCount, max: RingLayout.laneCountMax)
    }
    let storage = try RingStorage(
      layout: .elements(
        .manyToOne, of: Element.self, capacity: configuration.capacity, width: producerCount),
      options: configuration.memory)
    return ManyToOneEnds(
      producers: ManyToOneProducers(storage, wait: configuration.producerWait),
      consumer: ManyToOneConsumer(storage, wait: configuration.consumerWait))
  }
}

/// The ends of a many-to-one ring.
@frozen
public struct ManyToOneEnds<Element: BitwiseCopyable>: ~Copyable, Sendable {
  /// Gives out the writing ends.
  public var producers: ManyToOneProducers<Element>
  /// Pops.
  public var consumer: ManyToOneConsumer<Element>
}

/// The writing ends of a many-to-one ring that nobody has taken yet; those left when it ends are
/// closed, so that the consumer does not wait for them.
public struct ManyToOneProducers<Element: BitwiseCopyable>: ~Copyable, Sendable {
  private let storage: RingStorage
  private let wait: WaitStrategy
  private var taken = 0

  init(_ storage: RingStorage, wait: WaitStrategy) {
    self.storage = storage
    self.wait = wait
  }

  deinit {
    for lane in taken..<storage.layout.laneCount {
      var unused = LaneProducer<Element>(storage, lane: lane)
      unused.close()
    }
  }

  /// Ends that are left.
  public var count: Int { storage.layout.laneCount - taken }

  /// The next writing end; nil when all were taken.
  public mutating func take() -> ManyToOneProducer<Element>? {
    guard count > 0 else { return nil }
    taken += 1
    return ManyToOneProducer(storage, lane: taken - 1, wait: wait)
  }
}

/// A writing end of a many-to-one ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct ManyToOneProducer<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  // SAFETY: the only writer of its lane, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneProducer<Element>
  @usableFromInline let storage: RingStorage
  /// What ``push(_:)`` does while the lane is full.
  public var wait: WaitStrategy
  /// Which of the producers this is, from 0.
  public let index: Int

  init(_ storage: RingStorage, lane: Int, wait: WaitStrategy) {
    self.lane = LaneProducer(storage, lane: lane)
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

  @inlinable @inline(never)
  mutating func pushWaiting(_ element: Element) -> PushOutcome {
    let deadline = wait.deadline()
    while true {
      // SAFETY: the word lies in the storage.
      let outcome = unsafe storage.waitForRoom(
        head: lane.headWord, tail: lane.tail, mask: lane.mask, wait, until: deadline)
      guard outcome == .ready else { return outcome.pushOutcome }
      if lane.tryPush(element) { return .pushed }
    }
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
    let slots = unsafe lane.claim(countMax: countMax)
    if slots.isEmpty { return 0 }
    // SAFETY: free slots of the lane; any bytes that a producer wrote before, or zero.
    var span = unsafe slots.mutableSpan
    let count = body(&span)
    precondition(
      count >= 0 && count <= slots.count,
      "ManyToOneProducer.withClaim: expected a count within the claim")
    if count > 0 { lane.publish(lane.tail &+ UInt64(truncatingIfNeeded: count)) }
    return count
  }

  /// Closes this end; the consumer still gets what is in its lane.
  public consuming func close() {}
}
