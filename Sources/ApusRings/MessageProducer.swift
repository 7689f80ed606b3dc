// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads
internal import Synchronization

/// The writing end of a message ring.
///
/// - Threading: one thread at a time; move it to hand it over. It closes when it ends.
@safe
@frozen
public struct MessageProducer: ~Copyable, @unchecked Sendable {
  // SAFETY: the only writer of its lane, since it cannot be copied; the storage is retained.
  @usableFromInline var lane: LaneProducer<UInt8>
  /// Where the claimed message begins; meaningful while `claimedByteCount` is not negative.
  @usableFromInline var claimedPosition: UInt64 = 0
  @usableFromInline var claimedByteCount = -1
  @usableFromInline let storage: RingStorage
  /// What ``push(_:type:)`` does while the ring is full.
  public var wait: WaitStrategy

  init(_ storage: RingStorage, wait: WaitStrategy) {
    lane = LaneProducer(storage)
    self.storage = storage
    self.wait = wait
  }

  deinit {
    // SAFETY: as in `LaneProducer.close`; a deinitializer cannot call what mutates.
    unsafe lane.tailWord.pointee.store(lane.tail | UInt64.closedPosition, ordering: .releasing)
    lane.consumerSpot.wake()
    storage.leave(end: 0)
  }

  /// Bytes the ring holds, headers and filler included.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: lane.mask) &+ 1 }

  /// The longest message: with it and the filler before it there is always room in the end.
  @inlinable @inline(__always)
  public var messageByteCountMax: Int {
    min(capacity >> 1, Int(Int32.max)) &- MessageHeader.byteCount
  }

  /// Bytes in the ring, headers and filler included.
  public var fillCount: Int { storage.fillCount }

  /// The level, for others.
  public var gauge: RingGauge { RingGauge(storage: storage) }

  /// Whether the consumer has closed: what is pushed from now on is lost.
  @inlinable
  public var isConsumerClosed: Bool { lane.isConsumerClosed }

  /// Claims room for one message, to be written in place and then committed or aborted.
  ///
  /// A claim that was not committed is given up by the next one.
  ///
  /// - Returns: The payload's bytes, at a multiple of 8, with what was there before; nil when there
  ///   is no room or the message is too long. Valid until the claim is committed or aborted.
  /// - Complexity: O(1).
  @unsafe
  @inlinable @inline(__always)
  public mutating func claim(byteCount: Int) -> UnsafeMutableRawBufferPointer? {
    claimedByteCount = -1
    guard byteCount >= 0, byteCount <= messageByteCountMax else { return nil }
    let record = MessageHeader.recordByteCount(byteCount)
    let offset = Int(truncatingIfNeeded: lane.tail & lane.mask)
    let straight = capacity &- offset
    var position = lane.tail
    if record > straight {
      if lane.room(straight &+ record) < straight &+ record { return nil }
      // SAFETY: positions are multiples of 8, so that a header fits; the consumer has left it. It
      // is published together with the message that follows.
      unsafe header(offset).pointee = MessageHeader.word(
        byteCount: straight &- MessageHeader.byteCount, type: MessageHeader.padding)
      position &+= UInt64(truncatingIfNeeded: straight)
    } else if lane.room(record) < record {
      return nil
    }
    claimedPosition = position
    claimedByteCount = byteCount
    // SAFETY: the record lies in one piece inside the ring, and the consumer has left it.
    let start = unsafe UnsafeMutableRawPointer(
      lane.slots + (Int(truncatingIfNeeded: position & lane.mask) &+ MessageHeader.byteCount))
    return unsafe UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  @inlinable @inline(__always)
  func header(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
    // SAFETY: offset is a multiple of 8 below the capacity; only this file and the consumer's look
    // at headers, both as words.
    unsafe UnsafeMutableRawPointer(lane.slots + offset).assumingMemoryBound(to: UInt64.self)
  }

  /// Makes the claimed message readable.
  ///
  /// - Parameters:
  ///   - byteCount: Bytes written, from the first on: what was claimed, or less.
  ///   - type: Anything but `UInt32.max`.
  /// - Precondition: There is a claim of at least this length.
  @inlinable @inline(__always)
  public mutating func commitClaim(byteCount: Int, type: UInt32) {
    precondition(
      byteCount >= 0 && byteCount <= claimedByteCount,
      "MessageProducer.commitClaim: expected a claim of at least this many bytes")
    precondition(
      type != MessageHeader.padding, "MessageProducer.commitClaim: expected a type below UInt32.max"
    )
    // SAFETY: the record was claimed.
    unsafe header(Int(truncatingIfNeeded: claimedPosition & lane.mask)).pointee =
      MessageHeader.word(byteCount: byteCount, type: type)
    claimedByteCount = -1
    lane.publish(
      claimedPosition
        &+ UInt64(truncatingIfNeeded: MessageHeader.recordByteCount(byteCount)))
  }

  /// Gives the claim back: nothing of it is seen by the consumer.
  @inlinable @inline(__always)
  public mutating func abortClaim() { claimedByteCount = -1 }

  /// Lets one message be written where it will be read.
  ///
  /// - Parameters:
  ///   - byteCount: Most bytes the message may have.
  ///   - type: Anything but `UInt32.max`.
  ///   - body: Writes the payload, over what was there before, and returns its length; nil aborts.
  ///     Not called when there is no room.
  /// - Returns: `.pushed`, `.aborted`, `.full`, `.closed` or `.tooLong`.
  /// - Precondition: `body` returns at most `byteCount`.
  @inlinable @inline(__always)
  public mutating func withClaim(
    byteCount: Int, type: UInt32 = 0, _ body: (inout MutableRawSpan) -> Int?
  ) -> PushOutcome {
    guard let payload = unsafe claim(byteCount: byteCount) else { return refusal(byteCount) }
    // SAFETY: the claimed bytes; any bytes are valid.
    var span = unsafe payload.mutableBytes
    guard let written = body(&span) else {
      abortClaim()
      return .aborted
    }
    commitClaim(byteCount: written, type: type)
    return .pushed
  }

  /// Why a claim of this length failed; after a pause, as in ``LaneProducer/refuse()``.
  @usableFromInline
  func refusal(_ byteCount: Int) -> PushOutcome {
    if byteCount < 0 || byteCount > messageByteCountMax { return .tooLong }
    _ = lane.refuse()
    return lane.isConsumerClosed ? .closed : .full
  }

  /// Pushes a copy of one message if there is room.
  ///
  /// - Returns: `.pushed`, `.full`, `.closed` or `.tooLong`.
  @inlinable @inline(__always)
  public mutating func tryPush(_ payload: RawSpan, type: UInt32 = 0) -> PushOutcome {
    // SAFETY: the bytes are copied and not kept.
    unsafe payload.withUnsafeBytes { bytes in
      guard let target = unsafe claim(byteCount: bytes.count) else { return refusal(bytes.count) }
      if let from = bytes.baseAddress, bytes.count > 0 {
        unsafe target.baseAddress?.copyMemory(from: from, byteCount: bytes.count)
      }
      commitClaim(byteCount: bytes.count, type: type)
      return .pushed
    }
  }

  /// Pushes a copy of one message if there is room.
  ///
  /// - Returns: `.pushed`, `.full`, `.closed` or `.tooLong`.
  @inlinable @inline(__always)
  public mutating func tryPush(_ payload: Span<UInt8>, type: UInt32 = 0) -> PushOutcome {
    // SAFETY: bytes as bytes.
    tryPush(unsafe payload.bytes, type: type)
  }

  /// Pushes a copy of one message, waiting for room as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func push(_ payload: Span<UInt8>, type: UInt32 = 0) -> PushOutcome {
    // SAFETY: bytes as bytes.
    push(unsafe payload.bytes, type: type)
  }

  /// Pushes a copy of one message, waiting for room as ``wait`` specifies.
  @inlinable @inline(__always)
  public mutating func push(_ payload: RawSpan, type: UInt32 = 0) -> PushOutcome {
    let outcome = tryPush(payload, type: type)
    if outcome == .pushed || outcome == .tooLong || outcome == .closed { return outcome }
    return pushWaiting(payload, type: type)
  }

  @usableFromInline @inline(never)
  mutating func pushWaiting(_ payload: RawSpan, type: UInt32) -> PushOutcome {
    let deadline = wait.deadline()
    while true {
      let outcome = waitForRoom(byteCount: payload.byteCount, until: deadline)
      guard outcome == .pushed else { return outcome }
      let pushed = tryPush(payload, type: type)
      if pushed != .full { return pushed }
    }
  }

  /// Waits as ``wait`` specifies until a message of this length can be claimed.
  ///
  /// - Returns: `.pushed` when there is room; nothing was pushed.
  public mutating func waitForRoom(byteCount: Int) -> PushOutcome {
    waitForRoom(byteCount: byteCount, until: wait.deadline())
  }

  private mutating func waitForRoom(byteCount: Int, until deadline: WaitDeadline) -> PushOutcome {
    guard byteCount >= 0, byteCount <= messageByteCountMax else { return .tooLong }
    let record = MessageHeader.recordByteCount(byteCount)
    let straight = capacity - Int(truncatingIfNeeded: lane.tail & lane.mask)
    let needed = record > straight ? straight + record : record
    // Room for n bytes: the last byte's position is within the ring as seen from the reader.
    // SAFETY: the word lies in the storage.
    return unsafe storage.waitForRoom(
      head: lane.headWord, tail: lane.tail &+ UInt64(needed - 1), mask: lane.mask, wait,
      until: deadline
    ).pushOutcome
  }

  /// Closes this end; the consumer still gets what is in the ring.
  public consuming func close() {}
}
