// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a simulated network has done, and which faults it injected: a test that wants a fault sees here whether
/// there was one.
public struct SimulatedNetworkCounts: Sendable, Equatable {
  /// Pieces of streams that were sent, with those sent again.
  public var segmentCount: UInt64 = 0
  /// Packets of streams lost by chance: each is a delay.
  public var lostSegmentCount: UInt64 = 0
  /// Times that a sender heard nothing and sent again.
  public var timeoutCount: UInt64 = 0
  /// Packets of streams that a partition swallowed.
  public var cutSegmentCount: UInt64 = 0
  /// Connections that stood.
  public var connectedCount: UInt64 = 0
  /// Attempts to connect where nobody listened.
  public var refusedCount: UInt64 = 0
  /// Attempts to connect that found a full backlog, and are repeated.
  public var fullBacklogCount: UInt64 = 0
  /// Connections that the network reset: by chance, or because it was told to.
  public var resetCount: UInt64 = 0
  /// Connections given up for want of an answer.
  public var timedOutCount: UInt64 = 0
  /// Reads that gave a part of what was there.
  public var shortReadCount: UInt64 = 0
  /// Writes that took less than there was room for.
  public var shortWriteCount: UInt64 = 0
  /// Writes that found no room at all.
  public var fullSendCount: UInt64 = 0
  /// Times that a sender stopped because the receiver's buffer was full.
  public var closedWindowCount: UInt64 = 0
  /// Datagrams that were sent.
  public var datagramCount: UInt64 = 0
  /// Datagrams that reached a socket, with duplicates.
  public var deliveredDatagramCount: UInt64 = 0
  /// Datagrams lost by chance.
  public var lostDatagramCount: UInt64 = 0
  /// Datagrams sent twice.
  public var duplicatedDatagramCount: UInt64 = 0
  /// Datagrams that were held up.
  public var delayedDatagramCount: UInt64 = 0
  /// Datagrams that a partition swallowed.
  public var cutDatagramCount: UInt64 = 0
  /// Datagrams for which a buffer had no room: the receiver's, or that in front of a slow path.
  public var overflownDatagramCount: UInt64 = 0
  /// Datagrams for which there was no socket.
  public var unreachableDatagramCount: UInt64 = 0
  /// Hosts that crashed.
  public var crashCount: UInt64 = 0

  init() {}
}
