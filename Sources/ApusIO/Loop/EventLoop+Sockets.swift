// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// How a listener is made.
public struct ListenOptions: Sendable {
  /// Lets several listeners of one port share its connections (`SO_REUSEPORT`).
  public var sharesPort = false
  /// Sizes of the kernel's buffers of its connections; 0 leaves the kernel's choice. Unit: bytes.
  public var kernelReceiveByteCount = 0
  /// As ``kernelReceiveByteCount``, for sending.
  public var kernelSendByteCount = 0

  /// The kernel's choice everywhere.
  public init() {}
}

extension EventLoop {
  // MARK: Making

  /// Listens for TCP connections.
  ///
  /// - Returns: The listener, and its address with the port that the kernel chose for port 0.
  /// - Throws: ``IOError`` with the kernel's errno, or where all sockets are in use.
  public final func listen(
    at address: SocketAddress, options: ListenOptions = .init()
  ) throws(IOError) -> (listener: ListenerID, address: SocketAddress) {
    let (handle, bound) = try makeListener(address, options)
    return (ListenerID(handle), bound)
  }

  /// Begins a TCP connection: ``IOEvent/connected(_:)`` or ``IOEvent/closed(_:_:)`` says how it went. The
  /// kernel's patience is minutes: set a timer, and ``abort(_:)``.
  ///
  /// - Throws: ``IOError`` where no socket could be had.
  public final func connect(to address: SocketAddress) throws(IOError) -> ConnectionID {
    ConnectionID(try makeConnection(address))
  }

  /// Where the other side of a connection is; nil for Unix sockets, and where it is gone.
  public final func peer(of connection: ConnectionID) -> SocketAddress? {
    slots.index(connection.handle).flatMap(peerAddress)
  }

  /// A word of the caller's at a connection.
  public final func token(of connection: ConnectionID) -> UInt64 {
    slots.index(connection.handle).map { slots[$0].token } ?? 0
  }

  /// Sets the caller's word at a connection.
  public final func setToken(_ token: UInt64, of connection: ConnectionID) {
    if let index = slots.index(connection.handle) { slots[index].token = token }
  }

  // MARK: Receiving

  /// Lets `body` read bytes that came. They are valid until the next step.
  @inline(__always)
  public final func withBytes<T>(of received: ReceivedBytes, _ body: (RawSpan) -> T) -> T {
    // SAFETY: the buffer is the caller's until the next step, and has at least so many bytes.
    body(unsafe RawSpan(_unsafeBytes: bytes(of: received)))
  }

  /// As ``withBytes(of:_:)``, for what cannot hold a span; valid until the next step.
  @unsafe
  public final func bytes(of received: ReceivedBytes) -> UnsafeRawBufferPointer {
    precondition(
      received.byteCount <= receiveBlocks.blockByteCount, "EventLoop: expected bytes of this loop")
    // SAFETY: the pool checks the index.
    return unsafe UnsafeRawBufferPointer(
      start: receiveBlocks.bytes(received.block), count: received.byteCount)
  }

  /// Takes no bytes of a connection until ``resumeReceiving(_:)``: the other side will notice, as the kernel's
  /// buffers fill. What has come is kept.
  public final func pauseReceiving(_ connection: ConnectionID) {
    guard let index = slots.index(connection.handle), !slots[index].flags.contains(.paused)
    else { return }
    slots[index].flags.insert(.paused)
    receivingChanged(index)
  }

  /// Takes bytes again.
  public final func resumeReceiving(_ connection: ConnectionID) {
    guard let index = slots.index(connection.handle), slots[index].flags.contains(.paused)
    else { return }
    slots[index].flags.remove(.paused)
    ready.append(index)
    receivingChanged(index)
  }

  // MARK: Ending

  /// Sends what is queued, tells the other side that nothing follows, and continues to receive.
  public final func finishSending(_ connection: ConnectionID) {
    guard let index = slots.index(connection.handle),
      slots[index].flags.isDisjoint(with: [.finishing, .closing, .tearing])
    else { return }
    slots[index].flags.insert(.finishing)
    endSendingIfDrained(index)
  }

  /// Closes a connection in order: what is queued is sent, the other side is told, and bytes that still come are
  /// dropped until it has ended too, or ``EventLoopConfiguration/lingerNanoseconds`` are over.
  /// ``IOEvent/closed(_:_:)`` follows.
  ///
  /// - Parameter lingerNanoseconds: Instead of the configuration's, at most that.
  public final func close(_ connection: ConnectionID, lingerNanoseconds: UInt64 = .max) {
    guard let index = slots.index(connection.handle),
      slots[index].flags.isDisjoint(with: [.closing, .tearing])
    else { return }
    if slots[index].flags.contains(.connecting) { return abort(connection) }
    slots[index].flags.formUnion([.closing, .finishing])
    slots[index].reason = .requested
    dropHeld(index)
    if slots[index].flags.contains(.paused) {
      slots[index].flags.remove(.paused)
      ready.append(index)
      receivingChanged(index)
    }
    if slots[index].flags.isSuperset(of: [.finished, .ended]) {
      // Both sides have said their last before.
      return end(index, .requested, resets: false)
    }
    slots[index].lingerNanoseconds = min(lingerNanoseconds, configuration.lingerNanoseconds)
    lingering.append(index)
    endSendingIfDrained(index)
  }

  /// Resets a connection: what is queued is dropped, and the other side sees a failure.
  public final func abort(_ connection: ConnectionID) {
    guard let index = slots.index(connection.handle), !slots[index].flags.contains(.tearing)
    else { return }
    end(index, .aborted, resets: true)
  }

  /// Closes a listener; connections that wait are reset by the kernel.
  public final func close(_ listener: ListenerID) {
    if let index = slots.index(listener.handle) { end(index, .requested, resets: false) }
  }

  /// Closes a UDP socket; datagrams that are queued are dropped.
  public final func close(_ socket: DatagramSocketID) {
    if let index = slots.index(socket.handle) { end(index, .requested, resets: false) }
  }

  /// Listeners, connections, UDP sockets and files that are open, with those that are closing.
  public final var socketCount: Int { slots.usedCount }
}
