// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The figures of one replay. The JSON keys are stable; `docs/replay-json.md` tells each.
public struct ReplayFigures: Encodable, Sendable {
  /// Percentiles of the time one message takes. Unit: nanoseconds.
  public struct Latency: Encodable, Sendable {
    /// Half of the messages took no longer.
    public var p50: UInt64 = 0
    /// 90 % took no longer.
    public var p90: UInt64 = 0
    /// 99 % took no longer.
    public var p99: UInt64 = 0
    /// 99.9 % took no longer.
    public var p999: UInt64 = 0
    /// The slowest one.
    public var max: UInt64 = 0
    /// Messages that were timed.
    public var sampleCount: UInt64 = 0
    /// What reading the clock twice adds to each.
    public var timerOverheadNanoseconds: Double = 0
    /// `service` (time to frame, decode and apply one message alone) or `openLoop` (from the planned
    /// time of a paced replay).
    public var kind = "service"
  }

  /// One kind of anomaly.
  public struct Anomaly: Encodable, Sendable {
    /// How often it occurred.
    public var count: UInt64
    /// Offset of the first one in the decoded stream (LOBSTER: in the file). Unit: bytes.
    public var firstOffset: UInt64
  }

  /// One price of a book at the end.
  public struct Level: Encodable, Sendable {
    /// Unit: the feed's price unit (ITCH: 1/10,000 dollar).
    public var price: UInt32
    /// Sum of what rests at the price. Unit: shares.
    public var quantity: UInt64
    /// Orders at the price.
    public var orderCount: Int
  }

  /// Depth of one instrument at the end.
  public struct Depth: Encodable, Sendable {
    /// Number of the instrument for the day.
    public var locate: UInt16
    /// Name of the instrument.
    public var symbol: String
    /// Best first.
    public var bids: [Level]
    /// Best first.
    public var asks: [Level]
  }

  /// Activity and spread of one instrument.
  public struct Instrument: Encodable, Sendable {
    /// Number of the instrument for the day.
    public var locate: UInt16
    /// Name of the instrument.
    public var symbol: String
    /// Messages that carried its locate.
    public var messageCount: UInt64
    /// Best bid; nil where the side is empty.
    public var bidPrice: UInt32?
    /// Best offer; nil where the side is empty.
    public var askPrice: UInt32?
    /// Ask less bid in price units; negative where the book is crossed; nil where a side is empty.
    public var spread: Int64?
  }

  /// Messages of a session that no packet of a capture brought in time.
  public struct Gap: Encodable, Sendable {
    /// The capture whose packet showed it.
    public var file: String
    /// Whose messages.
    public var session: String
    /// The first one missing.
    public var firstSequence: UInt64
    /// The last one missing.
    public var lastSequence: UInt64
    /// Which packet of the capture showed it, from 1.
    public var packet: UInt64
    /// Where that packet begins in the capture. Unit: bytes.
    public var offset: UInt64
  }

  /// How the packets of a capture fared.
  public struct Transport: Encodable, Sendable {
    /// Packets with messages.
    public var packetCount: UInt64 = 0
    /// Packets without messages.
    public var heartbeatCount: UInt64 = 0
    /// Places where sequence numbers were missing.
    public var gapCount: UInt64 = 0
    /// Messages missing there.
    public var gapMessageCount: UInt64 = 0
    /// The first such places, at most `MoldUDP64Statistics.gapsListedMax`.
    public var gaps: [Gap] = []
    /// Messages that had come before; not applied again.
    public var duplicateMessageCount: UInt64 = 0
    /// Messages that came when later ones had been applied; not applied.
    public var lateMessageCount: UInt64 = 0
    /// Packets that came before their turn and waited for it.
    public var reorderedPacketCount: UInt64 = 0
    /// Packets far ahead of a feed that continued without them; not applied.
    public var strayPacketCount: UInt64 = 0
    /// Packets of more than 64 sessions; those of the later sessions are not applied.
    public var unfollowedPacketCount: UInt64 = 0
    /// Packets that are none of the feed.
    public var malformedPacketCount: UInt64 = 0
    /// Packets of other protocols.
    public var ignoredPacketCount: UInt64 = 0
  }

  /// What a comparison with a LOBSTER order-book file found.
  public struct Verification: Encodable, Sendable {
    /// Rows that an event and the row before determine.
    public var rowsCompared: Int
    /// Rows that were as determined.
    public var rowsEqual: Int
    /// The first difference in words; nil where all rows are equal.
    public var firstDifference: String?
  }

  /// The recordings, in order.
  public var files: [String] = []
  /// `itch50`, `pcap`, `soupbintcp` or `lobster`.
  public var format = ""
  /// Size of the recordings as stored.
  public var bytes: UInt64 = 0
  /// Size of the message stream after decompression and unpacking.
  public var decodedBytes: UInt64 = 0
  /// Messages taken, malformed ones included.
  public var messageCount: UInt64 = 0
  /// Messages by type letter.
  public var messagesByType: [String: UInt64] = [:]
  /// Instruments that were named.
  public var bookCount = 0
  /// Orders that rest at the end.
  public var orderCount = 0
  /// The most orders that rested at the same time.
  public var orderCountMax = 0
  /// What a correct feed does not have, by kind.
  public var anomalies: [String: Anomaly] = [:]
  /// From the first read to the last message.
  public var elapsedSeconds = 0.0
  /// Elapsed time over messages.
  public var nanosecondsPerMessage = 0.0
  /// Messages over elapsed time.
  public var messagesPerSecond = 0.0
  /// How long single messages took.
  public var latencyNanoseconds = Latency()
  /// Hash of all books at the end, 16 hexadecimal digits.
  public var digest = ""
  /// Bytes of orders, levels, ladders and index that were ever in use.
  public var memoryBytes: UInt64 = 0
  /// Largest resident size of the whole process so far.
  public var processMemoryBytes: UInt64 = 0
  /// Bytes of book memory for each order of `orderCountMax`.
  public var memoryBytesPerOrder = 0.0
  /// CPU the books were built on; nil where it was not pinned.
  public var cpu: Int?
  /// The best levels of the chosen instruments at the end.
  public var depth: [Depth] = []
  /// Ten instruments with the most messages.
  public var busiestSymbols: [Instrument] = []
  /// Five instruments whose best prices are furthest apart.
  public var widestSpreads: [Instrument] = []
  /// Five instruments whose best prices are closest.
  public var tightestSpreads: [Instrument] = []
  /// Instruments that were asked for and that the recording does not name.
  public var missingSymbols: [String] = []
  /// How the packets fared; nil for files without packets.
  public var transport: Transport?
  /// What a comparison found; nil where none was asked for.
  public var verification: Verification?
  /// What was wrong with the input; nil where nothing was.
  public var inputError: String?
}
