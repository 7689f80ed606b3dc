// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMemory

/// One connection as frames: a socket and a bounded queue each way.
///
/// - Threading: one thread at a time.
final class FrameLink {
  private let socket: TCPSocket
  private var incoming: ByteQueue
  private var outgoing: ByteQueue
  /// The longest frame that is taken. Unit: bytes.
  private let takenByteCountMax: Int
  /// The longest frame that is sent. Unit: bytes.
  private(set) var frameByteCountMax: Int
  /// When bytes came last, and when a frame was queued last.
  private(set) var lastReceived: Nanoseconds
  private(set) var lastSent: Nanoseconds
  /// The frame that ``nextFrame()`` handed out and that was not taken out yet.
  private var held: FrameHeader?
  private var heldByteCount: Int { held?.byteCount ?? ReplicationFormat.headerByteCount }
  /// Why the connection is over; nil while it stands.
  private(set) var closure: LinkClosure?
  private(set) var receivedByteCount: UInt64 = 0
  private(set) var sentByteCount: UInt64 = 0

  /// A link that takes frames of one length and sends frames of another.
  init(
    _ socket: consuming TCPSocket, taking takenByteCountMax: Int, sending frameByteCountMax: Int,
    now: Nanoseconds
  ) throws(ReplicationError) {
    do throws(MemoryError) {
      incoming = try ByteQueue(capacity: takenByteCountMax)
      outgoing = try Self.outgoing(frameByteCountMax)
    } catch {
      throw .memory(error)
    }
    self.socket = socket
    self.takenByteCountMax = takenByteCountMax
    self.frameByteCountMax = frameByteCountMax
    lastReceived = now
    lastSent = now
  }

  private static func outgoing(_ frameByteCountMax: Int) throws(MemoryError) -> ByteQueue {
    // A frame with records and short ones behind it.
    try ByteQueue(capacity: frameByteCountMax + ReplicationFormat.frameByteCountMin)
  }

  /// Makes room for longer frames to be sent: a connection costs that memory only once it is known.
  func widen(to frameByteCountMax: Int) throws(ReplicationError) {
    guard frameByteCountMax > self.frameByteCountMax else { return }
    do throws(MemoryError) {
      var wider = try Self.outgoing(frameByteCountMax)
      let waiting = unsafe outgoing.bytes
      _ = unsafe wider.fill { target in
        // SAFETY: the wider queue has room for what waits in the old one, which stays until then.
        unsafe target.copyMemory(from: waiting)
        return waiting.count
      }
      outgoing = wider
    } catch {
      throw .memory(error)
    }
    self.frameByteCountMax = frameByteCountMax
  }

  var descriptor: Int32 { socket.descriptor }
  /// Where a connection stands that was begun.
  func connectOutcome() -> SocketOutcome { socket.connectOutcome() }
  var wantsWrite: Bool { outgoing.count > 0 }
  /// Bytes that wait for the other side to take them.
  var queuedByteCount: Int { outgoing.count }

  func close(_ reason: LinkClosure) {
    if closure == nil { closure = reason }
  }

  // MARK: Pace

  /// Since when there are bytes of a frame that is not whole.
  private var partialSince: Nanoseconds?
  /// What must have left, and by when.
  private var departure: (byteCount: UInt64, due: Nanoseconds)?

  /// Closes a connection whose other side sends a frame, or takes what waits for it, too slowly.
  ///
  /// Call it after ``flush()``.
  func endIfSlow(silenceNanoseconds: UInt64, now: Nanoseconds) {
    if held == nil, let since = partialSince {
      let limit = LinkPace.limit(
        byteCount: UInt64(takenByteCountMax), silenceNanoseconds: silenceNanoseconds)
      if now.elapsed(since: since) > limit { return close(.slow) }
    }
    guard outgoing.count > 0 else {
      departure = nil
      return
    }
    if let departure, sentByteCount < departure.byteCount {
      if now > departure.due { close(.slow) }
      return
    }
    let limit = LinkPace.limit(
      byteCount: UInt64(outgoing.count), silenceNanoseconds: silenceNanoseconds)
    departure = (sentByteCount &+ UInt64(outgoing.count), now.adding(limit))
  }

  // MARK: Receiving

  /// Takes what the socket has, as far as there is room.
  ///
  /// - Returns: Bytes taken.
  func receive(now: Nanoseconds) -> Int {
    guard closure == nil, incoming.room > 0 else { return 0 }
    var outcome = SocketOutcome.none
    let count = unsafe incoming.fill { target in
      outcome = unsafe socket.receive(into: target)
      if case .moved(let count) = outcome { return count }
      return 0
    }
    switch outcome {
    case .moved:
      if partialSince == nil { partialSince = now }
      lastReceived = now
      receivedByteCount &+= UInt64(count)
    case .none: break
    // What has arrived before is still taken.
    case .ended: hasEnded = .ended
    case .failed(let errno): hasEnded = .failed(errno: errno)
    }
    return count
  }

  private var hasEnded: LinkClosure?

  /// The next whole frame; nil where there is none yet, or nothing behind it can be one.
  ///
  /// It stays until ``takeFrame()``.
  func nextFrame() -> FrameHeader? {
    guard closure == nil else { return nil }
    if let held { return held }
    // SAFETY: the queue does not change while it is looked at.
    let verdict = FrameVerdict.of(
      unsafe RawSpan(_unsafeBytes: incoming.bytes), byteCountMax: takenByteCountMax)
    switch verdict {
    case .frame(let header):
      held = header
      return header
    case .incomplete:
      if let hasEnded { close(hasEnded) }
      return nil
    case .refused(let fault):
      close(.fault(fault))
      return nil
    }
  }

  /// Lets `body` read the body of the frame that ``nextFrame()`` found.
  func withBody<T>(_ body: (RawSpan) -> T) -> T {
    // SAFETY: the frame stays in the queue during the call.
    let frame = unsafe RawSpan(_unsafeBytes: incoming.bytes)
    return body(frame.extracting(ReplicationFormat.headerByteCount..<heldByteCount))
  }

  /// As ``withBody(_:)``, for what cannot hold a span; valid until ``takeFrame()``.
  @unsafe var heldBody: UnsafeRawBufferPointer {
    // SAFETY: the frame stays in the queue.
    unsafe UnsafeRawBufferPointer(
      rebasing: incoming.bytes[ReplicationFormat.headerByteCount..<heldByteCount])
  }

  /// Takes the frame out that ``nextFrame()`` found.
  func takeFrame() {
    if let held { incoming.remove(held.byteCount) }
    held = nil
    partialSince = incoming.count > 0 ? lastReceived : nil
  }

  // MARK: Sending

  /// Hands queued bytes to the socket.
  ///
  /// - Returns: Bytes taken by it.
  @discardableResult
  func flush() -> Int {
    guard closure == nil, outgoing.count > 0 else { return 0 }
    switch unsafe socket.send(outgoing.bytes) {
    case .moved(let count):
      outgoing.remove(count)
      sentByteCount &+= UInt64(count)
      return count
    case .none: return 0
    case .ended: close(.ended)
    case .failed(let errno): close(.failed(errno: errno))
    }
    return 0
  }

  /// Queues a message; false where there is no room.
  @discardableResult
  func send<M: ReplicationMessage>(
    _ message: M, epoch: UInt64, sequence: UInt64, now: Nanoseconds
  ) -> Bool {
    // SAFETY: the body is as long as the message.
    unsafe send(M.kind, bodyByteCount: M.byteCount, epoch: epoch, sequence: sequence, now: now) {
      if let base = $0.baseAddress { unsafe message.encode(base) }
    }
  }

  /// Queues a frame without a body; false where there is no room.
  @discardableResult
  func send(_ kind: FrameKind, epoch: UInt64, sequence: UInt64, now: Nanoseconds) -> Bool {
    unsafe send(kind, bodyByteCount: 0, epoch: epoch, sequence: sequence, now: now) { _ in }
  }

  private func send(
    _ kind: FrameKind, bodyByteCount: Int, epoch: UInt64, sequence: UInt64, now: Nanoseconds,
    _ encode: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Bool {
    let header = FrameHeader(
      kind: kind, bodyByteCount: bodyByteCount, epoch: epoch, sequence: sequence)
    guard closure == nil, outgoing.room >= header.byteCount else { return false }
    _ = unsafe outgoing.fill { target in
      // SAFETY: there is room for the whole frame.
      let body = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[ReplicationFormat.headerByteCount..<header.byteCount])
      unsafe body.initializeMemory(as: UInt8.self, repeating: 0)
      unsafe encode(body)
      if let base = target.baseAddress { unsafe header.encode(base) }
      return header.byteCount
    }
    lastSent = now
    return true
  }

  /// Whether a frame of records, or of a snapshot, may be begun: nothing of the one before is left.
  var hasRoomForRecords: Bool { closure == nil && outgoing.room >= frameByteCountMax }

  /// Queues a frame of a long message that `body` fills; it says with how many bytes.
  ///
  /// - Returns: That count; nothing is queued for 0.
  func send(
    _ kind: FrameKind, filling byteCountMax: Int, epoch: UInt64, sequence: UInt64,
    now: Nanoseconds, _ body: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    precondition(hasRoomForRecords, "FrameLink.send: expected room for the longest frame")
    var count = 0
    _ = unsafe outgoing.fill { target in
      let limit = min(byteCountMax, frameByteCountMax)
      // SAFETY: there is room for the longest frame.
      count = unsafe body(
        UnsafeMutableRawBufferPointer(
          rebasing: target[ReplicationFormat.headerByteCount..<limit]))
      guard count > 0, let base = target.baseAddress else { return 0 }
      let header = FrameHeader(
        kind: kind, bodyByteCount: count, epoch: epoch, sequence: sequence)
      unsafe header.encode(base)
      return header.byteCount
    }
    if count > 0 { lastSent = now }
    return count
  }

  /// Queues a frame that `body` fills with records.
  ///
  /// - Returns: Its last sequence; nil where there was no record.
  func sendRecords(
    epoch: UInt64, byteCountMax: Int, now: Nanoseconds,
    _ body: (inout RecordBatchEncoder, UnsafeMutableRawBufferPointer) -> Void
  ) -> UInt64? {
    precondition(
      hasRoomForRecords, "FrameLink.sendRecords: expected room for the longest frame")
    var last: UInt64?
    _ = unsafe outgoing.fill { target in
      let limit = min(byteCountMax, frameByteCountMax)
      // SAFETY: there is room for the longest frame.
      let area = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[ReplicationFormat.headerByteCount..<limit])
      var encoder = RecordBatchEncoder()
      unsafe body(&encoder, area)
      guard encoder.recordCount > 0, let base = target.baseAddress else { return 0 }
      unsafe encoder.finish(area)
      last = encoder.lastSequence
      let header = FrameHeader(
        kind: .records, bodyByteCount: encoder.byteCount, epoch: epoch,
        sequence: encoder.firstSequence)
      unsafe header.encode(base)
      return header.byteCount
    }
    if last != nil { lastSent = now }
    return last
  }
}

/// Why a connection is over.
enum LinkClosure: Equatable {
  /// The other side has closed.
  case ended
  /// The network says so.
  case failed(errno: Int32)
  /// Nothing came for too long.
  case silent
  /// A frame took too long to come, or to be taken.
  case slow
  /// It had not said who it is when too many later ones came.
  case crowdedOut
  /// The other side sent bytes that are no frame, or a frame that must not come.
  case fault(FrameFault)
  /// The other side does not want this one, or this one that side.
  case refused(RefusalReason)
  /// A later connection of the same standby took its place.
  case replaced
}
