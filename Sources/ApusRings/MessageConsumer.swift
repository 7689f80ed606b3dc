// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// The reading end of a message ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct MessageConsumer: ~Copyable, @unchecked Sendable {
  // SAFETY: the only reader of its lane, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneConsumer<UInt8>
  @usableFromInline let storage: RingStorage
  /// What ``consume(countMax:_:)`` does while the ring is empty.
  public var wait: WaitStrategy
  /// Where something lies that is no message, after it was met. Unit: bytes from the ring's first.
  public internal(set) var corruptPosition: UInt64?
  /// Nothing behind it is read; see ``seal()``. Unit: bytes from the ring's first.
  @usableFromInline var limit = UInt64.max

  init(_ storage: RingStorage, wait: WaitStrategy) {
    lane = LaneConsumer(storage)
    self.storage = storage
    self.wait = wait
    corruptPosition = nil
  }

  deinit {
    // SAFETY: as in `LaneConsumer.close`; a deinitializer cannot call what mutates.
    unsafe lane.headWord.pointee.store(lane.head | UInt64.closedPosition, ordering: .releasing)
    lane.producerSpot.wake()
    storage.leave(end: 1)
  }

  /// Bytes the ring holds, headers and filler included.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// Bytes in the ring, headers and filler included.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether the producer has closed and everything was read.
  @inlinable
  public var isDrained: Bool { lane.isDrained }

  /// Reads messages where they lie.
  ///
  /// - Parameters:
  ///   - countMax: Most messages to read. The room of all of them is given back together.
  ///   - body: Gets each message's type and payload, which is valid during the call.
  /// - Returns: How many were read: those that were seen at an earlier call if there are any left,
  ///   else all there are; 0 when there is none.
  /// - Complexity: O(messages); no system call unless the producer sleeps.
  @inlinable @inline(__always)
  public mutating func tryConsume(
    countMax: Int = .max, _ body: (_ type: UInt32, _ payload: RawSpan) -> Void
  ) -> Int {
    tryTake(countMax: countMax) { type, payload in
      body(type, payload)
      return true
    }
  }

  /// Reads messages where they lie for as long as they are taken; else as ``tryConsume(countMax:_:)``.
  ///
  /// - Parameter body: Says whether it has taken the message: the first one that it has not stays, and is
  ///   the next to be read.
  @inlinable @inline(__always)
  public mutating func tryTake(
    countMax: Int = .max, _ body: (_ type: UInt32, _ payload: RawSpan) -> Bool
  ) -> Int {
    if lane.tailCached == lane.head {
      lookAgain()
      if lane.tailCached == lane.head {
        _ = lane.nothing()
        return 0
      }
    }
    // Also where ``hasMessage()`` has looked. A producer's position behind this one is far ahead of it here.
    if _slowPath(lane.tailCached &- lane.head > lane.mask &+ 1) {
      corrupt(at: lane.head)
      return 0
    }
    let end = lane.tailCached
    var position = lane.head
    var count = 0
    while position < end, count < countMax {
      let offset = Int(truncatingIfNeeded: position & lane.mask)
      // SAFETY: offset is below the capacity, a multiple of 8 because all records are.
      let start = unsafe UnsafeRawPointer(lane.slots + offset)
      let word = unsafe start.load(as: UInt64.self)
      let byteCount = Int(UInt32(truncatingIfNeeded: word))
      let record = MessageHeader.recordByteCount(byteCount)
      // The producer may be another process: nothing outside what it published is read.
      let limit = min(
        Int(truncatingIfNeeded: end &- position), Int(truncatingIfNeeded: lane.mask) &+ 1 &- offset)
      if _slowPath(record > limit) {
        corrupt(at: position)
        break
      }
      let type = UInt32(truncatingIfNeeded: word >> 32)
      if type != MessageHeader.padding {
        // SAFETY: the record lies within what was published, in one piece.
        let payload = unsafe UnsafeRawBufferPointer(
          start: start + MessageHeader.byteCount, count: byteCount)
        guard body(type, unsafe payload.bytes) else { break }
        count &+= 1
      }
      position &+= UInt64(truncatingIfNeeded: record)
    }
    if position != lane.head { lane.release(position) }
    return count
  }

  /// Reads the writer's position when what was seen is used up.
  @inlinable @inline(__always)
  mutating func lookAgain() {
    lane.pauseAfterBurst(pauseCount: 8)
    lane.refreshTail()
    if _slowPath(lane.tailCached > limit) { lane.tailCached = limit }
  }

  /// Reads what is in the ring now and nothing that is pushed later, so that a producer that never
  /// pauses does not keep a reader that has to end.
  public mutating func seal() {
    lane.refreshTail()
    limit = lane.tailCached
  }

  /// Whether nothing is left to read. Unlike ``fillCount`` it does not depend on what another process may
  /// have written in the place of this end's position.
  public var isEmpty: Bool {
    // SAFETY: the storage is retained.
    let written = unsafe lane.tailWord.pointee.load(ordering: .acquiring).position
    return min(written, limit) == lane.head
  }

  /// Gives the ring up before this value ends: its producer sees it closed, and the next one nobody
  /// at this end.
  public mutating func abandon() {
    lane.close()
    storage.leave(end: 1)
  }

  @usableFromInline @inline(never)
  mutating func corrupt(at position: UInt64) {
    corruptPosition = position
    // Nothing of what was seen behind it can be trusted.
    lane.tailCached = position
  }

  /// Reads messages where they lie, waiting for the first one as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func consume(
    countMax: Int = .max, _ body: (_ type: UInt32, _ payload: RawSpan) -> Void
  ) -> ConsumeOutcome {
    var count = tryConsume(countMax: countMax, body)
    if count > 0 || countMax <= 0 { return .consumed(count) }
    let deadline = wait.deadline()
    while true {
      if let outcome = waitForMessage(until: deadline) { return outcome }
      count = tryConsume(countMax: countMax, body)
      if count > 0 { return .consumed(count) }
    }
  }

  /// Whether a message, or what is none, is there now; takes none.
  @inlinable @inline(__always)
  public mutating func hasMessage() -> Bool {
    if lane.tailCached != lane.head { return true }
    lookAgain()
    if lane.tailCached != lane.head { return true }
    _ = lane.nothing()
    return false
  }

  /// Waits for a message as ``wait`` specifies; takes none.
  ///
  /// - Returns: Whether there is one.
  public mutating func waitForMessage() -> Bool { waitForMessage(until: wait.deadline()) == nil }

  /// Waits for a message; nil when there is one.
  @usableFromInline @inline(never)
  mutating func waitForMessage(until deadline: WaitDeadline) -> ConsumeOutcome? {
    if let corruptPosition { return .corrupt(position: corruptPosition) }
    // SAFETY: the word lies in the storage.
    switch unsafe storage.waitForElement(
      tail: lane.tailWord, head: lane.head, wait, until: deadline)
    {
    case .ready: return nil
    case .refused: return .empty
    case .timedOut: return .timedOut
    case .closed: return .closed
    case .peerDied: return .peerDied
    }
  }

  /// Closes this end; the producer sees it when it runs out of room.
  public consuming func close() {}
}
