// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusIO
internal import ApusMemory
internal import ApusTLS

/// One connection as frames: a bounded queue each way, and TLS between the queues and the loop where there
/// is a context.
///
/// - Threading: one thread at a time.
final class FrameLink {
  let loop: EventLoop
  let connection: ConnectionID
  var tls: TLSSession?
  /// Whether frames may go: the connection stands, and both sides have proved who they are.
  var isOpen: Bool
  var isConnected: Bool
  var incoming: StreamBuffer
  var outgoing: StreamBuffer
  /// Bytes that came and are not in the queue yet; they are the loop's until its next step.
  private var offered: (bytes: ReceivedBytes, taken: Int)?
  /// The longest frame that is taken. Unit: bytes.
  let takenByteCountMax: Int
  /// The longest frame that is sent. Unit: bytes.
  private(set) var frameByteCountMax: Int
  /// When it was begun.
  let opened: Nanoseconds
  /// When bytes came last, and when a frame was queued last.
  private(set) var lastReceived: Nanoseconds
  private(set) var lastSent: Nanoseconds
  /// The frame that ``nextFrame()`` handed out and that was not taken out yet.
  var held: FrameHeader?
  private var heldByteCount: Int { held?.byteCount ?? ReplicationFormat.headerByteCount }
  /// Why the connection is over; nil while it stands.
  private(set) var closure: LinkClosure?
  /// How the connection has ended, while what came before is still taken.
  var endReason: LinkClosure?
  /// Since when there are bytes of a frame that is not whole.
  var partialSince: Nanoseconds?
  /// What must have left, and by when.
  var departure: (byteCount: UInt64, due: Nanoseconds)?
  private var isReleased = false
  private(set) var receivedByteCount: UInt64 = 0
  var handedByteCount: UInt64 = 0

  /// A link that takes frames of one length and sends frames of another.
  ///
  /// - Parameters:
  ///   - isConnected: Whether the connection stands; else ``take(_:now:)`` is told when it does.
  ///   - context: For TLS; nil for a link without.
  ///   - slackByteCount: Room behind the longest frame, for what comes before that frame is taken.
  init(
    _ loop: EventLoop, _ connection: ConnectionID, isConnected: Bool, context: TLSContext?,
    taking takenByteCountMax: Int, slackByteCount: Int, sending frameByteCountMax: Int,
    now: Nanoseconds
  ) throws(ReplicationError) {
    do throws(MemoryError) {
      incoming = try StreamBuffer(capacity: takenByteCountMax + slackByteCount)
      outgoing = try Self.outgoing(frameByteCountMax)
    } catch {
      loop.abort(connection)
      throw .memory(error)
    }
    do throws(TLSError) {
      if let context { tls = try TLSSession(context) }
    } catch {
      loop.abort(connection)
      throw .security(error)
    }
    self.loop = loop
    self.connection = connection
    self.isConnected = isConnected
    isOpen = isConnected && context == nil
    self.takenByteCountMax = takenByteCountMax
    self.frameByteCountMax = frameByteCountMax
    opened = now
    lastReceived = now
    lastSent = now
    if isConnected { continueHandshake() }
  }

  deinit { release() }

  private static func outgoing(_ frameByteCountMax: Int) throws(MemoryError) -> StreamBuffer {
    // A frame with records and short ones behind it.
    try StreamBuffer(capacity: frameByteCountMax + ReplicationFormat.frameByteCountMin)
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

  /// Bytes that wait for the other side to take them.
  var queuedByteCount: Int { outgoing.count + loop.queuedByteCount(of: connection) }
  /// Bytes that the kernel has taken.
  var sentByteCount: UInt64 {
    handedByteCount &- UInt64(loop.queuedByteCount(of: connection))
  }

  /// As if bytes had come: of a side that does not want any now.
  func isHeard(at now: Nanoseconds) { lastReceived = now }

  func close(_ reason: LinkClosure) {
    if closure == nil { closure = reason }
  }

  /// Gives the connection back to the loop. What was queued of a refusal still leaves.
  func release() {
    guard !isReleased else { return }
    isReleased = true
    switch closure {
    case .refused, nil:
      guard isOpen else { return loop.abort(connection) }
      unsafe seal { unsafe tls?.close(into: $0) }
      loop.close(connection)
    case .security:
      // An honest peer reads the alert and leaves; another one does not keep a place with that.
      loop.close(connection, lingerNanoseconds: ReplicationLoop.alertNanoseconds)
    default: loop.abort(connection)
    }
  }

  // MARK: Events

  /// Takes an event of the connection. Bytes are only offered: ``absorb()`` takes them.
  func take(_ event: IOEvent, now: Nanoseconds) {
    switch event {
    case .connected:
      isConnected = true
      lastReceived = now
      isOpen = tls == nil
      continueHandshake()
    case .received(_, let bytes):
      lastReceived = now
      receivedByteCount &+= UInt64(bytes.byteCount)
      offered = (bytes, 0)
    // What has arrived before is still taken.
    case .ended: endReason = .ended
    case .closed(_, let reason):
      isReleased = true
      switch reason {
      case .failed(let errno), .notConnected(let errno): endReason = .failed(errno: errno)
      default: endReason = .ended
      }
      if !isConnected { close(endReason ?? .ended) }
    default: break
    }
  }

  /// Takes what was offered, as far as there is room.
  ///
  /// - Returns: Whether anything was: frames may be whole now.
  func absorb(now: Nanoseconds) -> Bool {
    guard closure == nil, let current = offered else { return false }
    // SAFETY: the bytes are the loop's until its next step, before which they are taken or the link ends.
    let all = unsafe loop.bytes(of: current.bytes)
    let rest = unsafe UnsafeRawBufferPointer(rebasing: all[current.taken...])
    let taken =
      if isOpen {
        tls == nil ? unsafe copy(rest) : unsafe open(rest)
      } else {
        unsafe shakeHands(rest)
      }
    if partialSince == nil, incoming.count > 0 { partialSince = now }
    offered = taken.isDone ? nil : (current.bytes, current.taken + taken.byteCount)
    return taken.byteCount > 0 || taken.isDone
  }

  /// Whether bytes were offered that found no room.
  var hasOffered: Bool { offered != nil && closure == nil }

  /// What became of bytes: how many were taken, and whether nothing of them is left anywhere.
  typealias Taken = (byteCount: Int, isDone: Bool)

  private func copy(_ bytes: UnsafeRawBufferPointer) -> Taken {
    let count = unsafe incoming.fill { target in
      let count = min(target.count, bytes.count)
      // SAFETY: both have `count` bytes.
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
      return count
    }
    return (count, count == bytes.count)
  }

  // MARK: Receiving

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
      if let endReason, offered == nil { close(endReason) }
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

  /// Free room for what comes.
  var incomingRoom: Int { incoming.room }

  // MARK: Sending

  /// Hands queued bytes to the loop, which sends them with its next step.
  ///
  /// - Returns: Bytes taken by it.
  @discardableResult
  func flush() -> Int {
    guard closure == nil, isOpen else { return 0 }
    var moved = 0
    if tls == nil {
      guard outgoing.count > 0 else { return 0 }
      moved = unsafe loop.send(outgoing.bytes, on: connection)
      outgoing.remove(moved)
      handedByteCount &+= UInt64(moved)
      return moved
    }
    while outgoing.count > 0 || tls?.hasPendingOutput == true {
      let progress = unsafe seal { unsafe tls?.send(outgoing.bytes, into: $0) }
      guard let progress else { break }
      if case .failed(let failure) = progress.outcome {
        fail(failure)
        break
      }
      outgoing.remove(progress.consumedByteCount)
      moved += progress.producedByteCount
      if progress.producedByteCount == 0 { break }
    }
    return moved
  }

  /// Room behind what is queued.
  var outgoingRoom: Int { outgoing.room }

  /// Lets `body` write behind what is queued; it says how many bytes.
  @unsafe
  func enqueue(now: Nanoseconds, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    if unsafe outgoing.fill(body) > 0 { lastSent = now }
  }
}
