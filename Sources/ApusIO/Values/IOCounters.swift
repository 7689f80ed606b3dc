// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a loop has seen since it was made.
public struct IOCounters: Sendable, Equatable, BitwiseCopyable {
  /// Connections taken by listeners.
  public var acceptedCount: UInt64 = 0
  /// Connections closed at once because all sockets were in use.
  public var refusedCount: UInt64 = 0
  /// Times that the kernel could not give a connection (EMFILE and the like).
  public var acceptFailureCount: UInt64 = 0
  /// Connections made by this side.
  public var connectedCount: UInt64 = 0
  /// Connections that could not be made.
  public var connectFailureCount: UInt64 = 0
  /// Connections that are over.
  public var closedCount: UInt64 = 0
  /// Those that failed: reset by the other side, or by the network.
  public var failedCount: UInt64 = 0
  /// Those whose other side did not take the rest in time after this side had closed.
  public var lingeredCount: UInt64 = 0
  /// Bytes of connections that came.
  public var receivedByteCount: UInt64 = 0
  /// Bytes of connections that the kernel took.
  public var sentByteCount: UInt64 = 0
  /// Sends of which not all bytes were taken, for want of room.
  public var partialSendCount: UInt64 = 0
  /// Times that receiving stopped because all buffers were in use.
  public var bufferShortageCount: UInt64 = 0
  /// Datagrams that came.
  public var receivedDatagramCount: UInt64 = 0
  /// Those longer than a buffer.
  public var truncatedDatagramCount: UInt64 = 0
  /// Datagrams that the kernel took.
  public var sentDatagramCount: UInt64 = 0
  /// Datagrams that could not be sent.
  public var failedDatagramCount: UInt64 = 0
  /// Datagrams that were not queued for want of room.
  public var refusedDatagramCount: UInt64 = 0
  /// Descriptors that came and were closed: unwanted, or not taken.
  public var closedDescriptorCount: UInt64 = 0
  /// Operations on files that ended.
  public var fileOperationCount: UInt64 = 0
  /// File operations that failed.
  public var failedFileOperationCount: UInt64 = 0
  /// Wake-ups by other threads.
  public var wokenCount: UInt64 = 0
  /// Calls into the kernel to move data or to wait.
  public var systemCallCount: UInt64 = 0
  /// The kernel's errno where the loop itself failed to submit or to wait; 0 for none.
  public var lastLoopErrno: Int32 = 0

  package init() {}
}
