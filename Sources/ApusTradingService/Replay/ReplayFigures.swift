// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The figures of one replay. The JSON keys are stable; `docs/replay-json.md` tells each.
public struct ReplayFigures: Encodable, Sendable {
  /// Percentiles of the time one message takes. Unit: nanoseconds.
  public struct Latency: Encodable, Sendable {
    public var p50: UInt64 = 0
    public var p90: UInt64 = 0
    public var p99: UInt64 = 0
    public var p999: UInt64 = 0
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
    public var count: UInt64
    /// Offset of the first one in the decoded stream (LOBSTER: in the file). Unit: bytes.
    public var firstOffset: UInt64
  }

  /// One price of a book at the end.
  public struct Level: Encodable, Sendable {
    public var price: UInt32
    public var quantity: UInt64
    public var orderCount: Int
  }

  /// Depth of one instrument at the end.
  public struct Depth: Encodable, Sendable {
    public var locate: UInt16
    public var symbol: String
    public var bids: [Level]
    public var asks: [Level]
  }

  /// Activity and spread of one instrument.
  public struct Instrument: Encodable, Sendable {
    public var locate: UInt16
    public var symbol: String
    public var messageCount: UInt64
    public var bidPrice: UInt32?
    public var askPrice: UInt32?
    /// Ask less bid in price units; negative where the book is crossed; nil where a side is empty.
    public var spread: Int64?
  }

  /// How the packets of a capture fared.
  public struct Transport: Encodable, Sendable {
    public var packetCount: UInt64 = 0
    public var heartbeatCount: UInt64 = 0
    public var gapCount: UInt64 = 0
    public var gapMessageCount: UInt64 = 0
    public var duplicateMessageCount: UInt64 = 0
    public var malformedPacketCount: UInt64 = 0
    public var ignoredPacketCount: UInt64 = 0
  }

  /// What a comparison with a LOBSTER order-book file found.
  public struct Verification: Encodable, Sendable {
    public var rowsCompared: Int
    public var rowsEqual: Int
    /// The first difference in words; nil where all rows are equal.
    public var firstDifference: String?
  }

  public var files: [String] = []
  public var format = ""
  /// Size of the recordings as stored.
  public var bytes: UInt64 = 0
  /// Size of the message stream after decompression and unpacking.
  public var decodedBytes: UInt64 = 0
  public var messageCount: UInt64 = 0
  /// Messages by type letter.
  public var messagesByType: [String: UInt64] = [:]
  public var bookCount = 0
  /// Orders that rest at the end.
  public var orderCount = 0
  /// The most orders that rested at the same time.
  public var orderCountMax = 0
  public var anomalies: [String: Anomaly] = [:]
  public var elapsedSeconds = 0.0
  public var nanosecondsPerMessage = 0.0
  public var messagesPerSecond = 0.0
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
  public var depth: [Depth] = []
  public var busiestSymbols: [Instrument] = []
  public var widestSpreads: [Instrument] = []
  public var tightestSpreads: [Instrument] = []
  public var transport: Transport?
  public var verification: Verification?
  /// What was wrong with the input; nil where nothing was.
  public var inputError: String?
}
