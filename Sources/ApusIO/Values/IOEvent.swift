// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What happened at a loop. Events are plain values in a buffer of the loop, taken with
/// ``EventLoop/nextEvent()``.
public enum IOEvent: Sendable, BitwiseCopyable {
  /// A listener has a new connection.
  case accepted(ConnectionID, from: ListenerID)
  /// A connection could not be taken; the listener continues.
  case acceptFailed(ListenerID, AcceptFailure)
  /// A connection that was begun stands.
  case connected(ConnectionID)
  /// Bytes came. They are the loop's, and valid until the next ``EventLoop/step(now:countMax:waitNanoseconds:)``.
  case received(ConnectionID, ReceivedBytes)
  /// The other side sends nothing more; what is sent to it may still arrive. A reset that comes after it shows at
  /// the next send only.
  case ended(ConnectionID)
  /// After a ``EventLoop/send(_:on:)`` that took less than all of its bytes: there is room again.
  case writable(ConnectionID)
  /// The connection is over: always the last event of a connection.
  case closed(ConnectionID, CloseReason)
  /// A descriptor came over a Unix socket; ``EventLoop/take(_:)`` makes it the caller's.
  case descriptor(ConnectionID, PassedDescriptor)
  /// A datagram came. Its bytes are the loop's, as those of a connection.
  case datagram(DatagramSocketID, ReceivedDatagram)
  /// A datagram that was queued could not be sent, or the network refused an earlier one.
  case datagramFailed(DatagramSocketID, errno: Int32)
  /// A UDP socket or a listener has stopped; close it.
  case stopped(StoppedSocket, errno: Int32)
  /// A timer is due.
  case timer(TimerID, token: UInt64)
  /// Another thread called ``LoopWaker/wake()``, once or more often.
  case woken
  /// An operation on a file is over: bytes moved, or the kernel's errno.
  case fileDone(FileBufferID, FileOutcome)
}

/// Bytes of a connection in a buffer of the loop; see ``EventLoop/withBytes(of:_:)-(ReceivedBytes,_)``.
public struct ReceivedBytes: Sendable, BitwiseCopyable {
  package let block: UInt32
  /// How many. Shape: 1 to ``EventLoopConfiguration/receiveBufferByteCount``.
  public let byteCount: Int

  package init(block: UInt32, byteCount: Int) {
    self.block = block
    self.byteCount = byteCount
  }
}

/// A datagram in a buffer of the loop.
public struct ReceivedDatagram: Sendable, BitwiseCopyable {
  package let block: UInt32
  /// How many bytes of it are there.
  public let byteCount: UInt32
  /// Whether it was longer than a buffer, and its end is lost.
  public let isTruncated: Bool

  package init(block: UInt32, byteCount: UInt32, isTruncated: Bool) {
    self.block = block
    self.byteCount = byteCount
    self.isTruncated = isTruncated
  }
}

/// A descriptor that came and that nobody has taken yet; the loop closes it at the next step.
public struct PassedDescriptor: Sendable, BitwiseCopyable {
  package let descriptor: Int32
  package init(descriptor: Int32) { self.descriptor = descriptor }
}

/// Which socket has stopped.
public enum StoppedSocket: Sendable, BitwiseCopyable {
  /// A listener.
  case listener(ListenerID)
  /// A UDP socket.
  case datagrams(DatagramSocketID)
}

/// Why a connection was not taken.
public enum AcceptFailure: Equatable, Sendable, BitwiseCopyable {
  /// All sockets of the loop are in use: the connection was closed.
  case full
  /// The kernel's reason, such as EMFILE: the connection waits, and is tried again after
  /// ``EventLoopConfiguration/acceptPauseNanoseconds``.
  case system(errno: Int32)
}

/// Why a connection is over.
public enum CloseReason: Equatable, Sendable, BitwiseCopyable {
  /// This side closed it, and everything that was queued was sent.
  case requested
  /// This side closed it, and the other did not take what was queued, or did not end, within
  /// ``EventLoopConfiguration/lingerNanoseconds``.
  case lingered
  /// This side reset it.
  case aborted
  /// It could not be made.
  case notConnected(errno: Int32)
  /// It failed: reset by the other side (ECONNRESET), or the network.
  case failed(errno: Int32)
  /// The other side passed a descriptor, which this connection does not take.
  case unwantedDescriptor
}

/// How an operation on a file ended.
public enum FileOutcome: Equatable, Sendable, BitwiseCopyable {
  /// So many bytes were moved; fewer than asked for at the end of a file. 0 for a sync.
  case done(byteCount: Int)
  /// The kernel's errno.
  case failed(errno: Int32)
}
