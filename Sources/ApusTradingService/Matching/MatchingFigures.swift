// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a replay through the matching engine did. The JSON keys are stable: docs/replay-json.md.
public struct MatchingFigures: Encodable, Sendable {
  /// What became of the executions of a recorded day when its orders were matched again.
  public struct Agreement: Encodable, Sendable {
    /// One instrument whose trades differ from the recording.
    public struct Instrument: Encodable, Sendable {
      /// Number of the instrument for the day.
      public var locate: UInt16
      /// Name of the instrument.
      public var symbol: String
      /// Recorded executions of displayed orders.
      public var recordedCount: UInt64
      /// Their quantity. Unit: shares.
      public var recordedQuantity: UInt64
      /// Trades of the engine.
      public var tradeCount: UInt64
      /// Their quantity. Unit: shares.
      public var tradedQuantity: UInt64
    }

    /// Recorded executions of displayed orders.
    public var recordedCount: UInt64 = 0
    /// Their quantity. Unit: shares.
    public var recordedQuantity: UInt64 = 0
    /// Trades of the engine.
    public var tradeCount: UInt64 = 0
    /// Their quantity. Unit: shares.
    public var tradedQuantity: UInt64 = 0
    /// Executions that were one trade of the engine: the same order, the same quantity.
    public var equalCount: UInt64 = 0
    /// Executions that were not, by what explains it.
    public var differences: [String: UInt64] = [:]
    /// Equal ones whose recorded price is not the order's own.
    public var otherPriceCount: UInt64 = 0
    /// Trades that no execution asked for: of orders that cross when they are entered, and of
    /// auctions.
    public var unaskedTradeCount: UInt64 = 0
    /// Recorded trades of orders that were never displayed, crosses included: not matched again.
    public var undisplayedTradeCount: UInt64 = 0
    /// Instruments with executions or trades.
    public var instrumentCount = 0
    /// Of these, those with equal counts and quantities.
    public var equalInstrumentCount = 0
    /// Up to ten of the others, those with the greatest differences first.
    public var differingInstruments: [Instrument] = []

    /// Whether every recorded execution was the same trade of the engine, and nothing else traded.
    public var isComplete: Bool {
      equalCount == recordedCount && unaskedTradeCount == 0
        && equalInstrumentCount == instrumentCount
    }
  }

  /// The recordings, in order.
  public var files: [String] = []
  /// `orders` for an order log; else the form of the recording whose orders were taken.
  public var format = ""
  /// What kind of stream the log has; nil for recordings.
  public var kind: String?
  /// Seed of the stream; nil for recordings.
  public var seed: UInt64?
  /// Size of the recordings as stored.
  public var bytes: UInt64 = 0
  /// Commands applied.
  public var commandCount: UInt64 = 0
  /// Commands by kind.
  public var commandsByKind: [String: UInt64] = [:]
  /// Events.
  public var eventCount: UInt64 = 0
  /// Events by kind.
  public var eventsByKind: [String: UInt64] = [:]
  /// Trades.
  public var tradeCount: UInt64 = 0
  /// Quantity traded.
  public var tradedQuantity: UInt64 = 0
  /// Sum of price × quantity of the trades; wraps at 2^64.
  public var tradedNotional: UInt64 = 0
  /// Refused commands by reason.
  public var rejectsByReason: [String: UInt64] = [:]
  /// Ended orders by reason; those that traded away are not among them.
  public var cancelsByReason: [String: UInt64] = [:]
  /// Hash of the engine's state at the end, 16 hexadecimal digits.
  public var digest = ""
  /// From the first read to the last command.
  public var elapsedSeconds = 0.0
  /// Commands over elapsed time.
  public var commandsPerSecond = 0.0
  /// Elapsed time over commands.
  public var nanosecondsPerCommand = 0.0
  /// CPU the engine ran on; nil where it was not pinned.
  public var cpu: Int?
  /// How the trades compare with a recorded day's; nil for order logs.
  public var agreement: Agreement?
  /// What was wrong with the input; nil where nothing was.
  public var inputError: String?
}
