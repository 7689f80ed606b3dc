// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols

/// Messages of a session that no packet brought in time.
public struct MoldUDP64Gap: Sendable, Equatable {
  /// Whose messages.
  public var session: MoldUDP64.Session
  /// The first one missing.
  public var firstSequence: UInt64
  /// The last one missing.
  public var lastSequence: UInt64
  /// The capture whose packet showed it.
  public var path: String
  /// Which packet of the capture showed it, from 1.
  public var packetNumber: UInt64
  /// Where that packet begins in the capture. Unit: bytes.
  public var captureOffset: UInt64
}

/// How the packets of a feed fared.
public struct MoldUDP64Statistics: Sendable, Equatable {
  /// Packets of the feed.
  public var packetCount: UInt64 = 0
  /// Packets without messages.
  public var heartbeatCount: UInt64 = 0
  /// Packets that end a session.
  public var endOfSessionCount: UInt64 = 0
  /// Places where messages are missing.
  public var gapCount: UInt64 = 0
  /// Messages that are missing.
  public var gapMessageCount: UInt64 = 0
  /// The first gaps, at most ``gapsListedMax``.
  public var gaps: [MoldUDP64Gap] = []
  /// Messages that had been taken: the other line of a redundant feed, or a retransmission.
  public var duplicateMessageCount: UInt64 = 0
  /// Messages that came when later ones had been taken already; not taken.
  public var lateMessageCount: UInt64 = 0
  /// Packets that came before their turn and waited for it.
  public var reorderedPacketCount: UInt64 = 0
  /// Packets far ahead of a feed that continued without them; not taken.
  public var strayPacketCount: UInt64 = 0
  /// Packets of more sessions than are followed; not taken.
  public var unfollowedPacketCount: UInt64 = 0
  /// Datagrams that are no packets of the feed.
  public var malformedPacketCount: UInt64 = 0
  /// Packet of the capture that was malformed first, from 1.
  public var firstMalformedPacket: UInt64?
  /// Packets of the capture that are no UDP datagrams.
  public var ignoredPacketCount: UInt64 = 0
  /// Sessions seen.
  public var sessionCount: UInt64 = 0

  /// As many gaps are told one by one.
  public static let gapsListedMax = 16

  /// Nothing yet.
  public init() {}
}
