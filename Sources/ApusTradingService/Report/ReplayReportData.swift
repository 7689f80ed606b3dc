// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusReport

/// Everything that one replay report shows. Plain values: whoever ran the replay fills them in, and
/// ``ReplayReportPage/render(_:)`` draws them.
///
/// Lists may be of any length; the renderer reduces every plot to at most 2,000 points.
public struct ReplayReportData: Sendable {
  /// Heading of the page.
  public var title: String
  /// Names of the files replayed.
  public var sourceFiles: [String]
  /// Format of the files, for people: "ITCH 5.0, gzip".
  public var format: String
  /// What it ran on, one line: CPU, core count, kernel.
  public var machine: String
  /// When the report was made, for people.
  public var generatedAt: String
  /// The figures of the whole run.
  public var summary: Summary
  /// Messages by type, in any order.
  public var messageMix: [MessageKind] = []
  /// Messages in each second of the day, ascending; seconds left out had none.
  public var messagesPerSecond: [SecondCount] = []
  /// Latency by percentile, ascending.
  public var latencyCurve: [LatencyPoint] = []
  /// One sentence saying what was timed and how; shown under the latency plot.
  public var latencyNote = ""
  /// Symbols chosen for plots of their own.
  public var symbols: [SymbolPlots] = []
  /// Symbols with the most messages, in the order to show.
  public var busiestSymbols: [SymbolActivity] = []
  /// Widest spreads at the end, in the order to show.
  public var widestSpreads: [SymbolSpread] = []
  /// Tightest spreads at the end, in the order to show.
  public var tightestSpreads: [SymbolSpread] = []
  /// Price units of one currency unit: 10,000 where a price has four decimals. Shape: 1 or more.
  public var priceScale = 10_000

  /// Creates a report without plots and tables; set those afterwards.
  public init(
    title: String, sourceFiles: [String], format: String, machine: String, generatedAt: String,
    summary: Summary
  ) {
    self.title = title
    self.sourceFiles = sourceFiles
    self.format = format
    self.machine = machine
    self.generatedAt = generatedAt
    self.summary = summary
  }
}

extension ReplayReportData {
  /// The figures of the whole run.
  public struct Summary: Sendable {
    /// Bytes of market data, decompressed.
    public var byteCount: UInt64 = 0
    /// Messages replayed.
    public var messageCount: UInt64 = 0
    /// Order books.
    public var bookCount: UInt64 = 0
    /// Orders resting at the end.
    public var liveOrderCount: UInt64 = 0
    /// Most orders resting at once.
    public var peakOrderCount: UInt64 = 0
    /// Anomalies by kind; kinds that did not occur may be left out.
    public var anomalies: [Anomaly] = []
    /// Unit: seconds.
    public var elapsedSeconds = 0.0
    /// Unit: nanoseconds a message, mean of the whole run.
    public var nanosecondsPerMessage = 0.0
    /// Messages a second, mean of the whole run.
    public var messagesPerSecond = 0.0
    /// Memory of the books in bytes.
    public var memoryByteCount: UInt64 = 0
    /// Digest of the final state as hexadecimal digits.
    public var digest = ""

    /// Creates figures that are all zero.
    public init() {}
  }

  /// How often one kind of anomaly was met.
  public struct Anomaly: Sendable {
    /// Name for people.
    public var kind: String
    /// Occurrences.
    public var count: UInt64

    /// Creates a pair.
    public init(kind: String, count: UInt64) {
      self.kind = kind
      self.count = count
    }
  }

  /// Messages of one type.
  public struct MessageKind: Sendable {
    /// Name for people: "Add order".
    public var name: String
    /// The letter on the wire, or a short code.
    public var typeLetter: String
    /// Messages of the type.
    public var count: UInt64

    /// Creates a row.
    public init(name: String, typeLetter: String, count: UInt64) {
      self.name = name
      self.typeLetter = typeLetter
      self.count = count
    }
  }

  /// Messages in one second.
  public typealias SecondCount = ReportSampling.SecondCount

  /// One point of the latency curve.
  public struct LatencyPoint: Sendable {
    /// Unit: per cent, 0...100.
    public var percentile: Double
    /// Unit: nanoseconds.
    public var nanoseconds: Double

    /// Creates a point.
    public init(percentile: Double, nanoseconds: Double) {
      self.percentile = percentile
      self.nanoseconds = nanoseconds
    }
  }

  /// The plots of one symbol.
  public struct SymbolPlots: Sendable {
    /// The symbol.
    public var symbol: String
    /// Best bid and offer after each of their changes, ascending in time.
    public var quotes: [QuotePoint]
    /// Resting quantity near the touch over time, ascending in time.
    public var depth: [DepthPoint]
    /// Levels of the final book, each side from its best price outwards.
    public var profile: [ProfileLevel]
    /// Levels that `depth` sums on each side.
    public var depthLevelCount: Int

    /// Creates the plots of a symbol.
    public init(
      symbol: String, quotes: [QuotePoint], depth: [DepthPoint], profile: [ProfileLevel],
      depthLevelCount: Int = 10
    ) {
      self.symbol = symbol
      self.quotes = quotes
      self.depth = depth
      self.profile = profile
      self.depthLevelCount = depthLevelCount
    }
  }

  /// Best bid and offer from one moment on.
  public struct QuotePoint: Sendable {
    /// Nanoseconds since midnight.
    public var timestampNanoseconds: UInt64
    /// Unit: price units; nil while there is no bid.
    public var bidPrice: Int64?
    /// Quantity at the best bid.
    public var bidQuantity: UInt64
    /// Unit: price units; nil while there is no offer.
    public var askPrice: Int64?
    /// Quantity at the best offer.
    public var askQuantity: UInt64

    /// Creates a point.
    public init(
      timestampNanoseconds: UInt64, bidPrice: Int64?, bidQuantity: UInt64, askPrice: Int64?,
      askQuantity: UInt64
    ) {
      self.timestampNanoseconds = timestampNanoseconds
      self.bidPrice = bidPrice
      self.bidQuantity = bidQuantity
      self.askPrice = askPrice
      self.askQuantity = askQuantity
    }
  }

  /// Quantity near the touch from one moment on.
  public struct DepthPoint: Sendable {
    /// Nanoseconds since midnight.
    public var timestampNanoseconds: UInt64
    /// Quantity of the best levels of the bid side.
    public var bidQuantity: UInt64
    /// Quantity of the best levels of the ask side.
    public var askQuantity: UInt64

    /// Creates a point.
    public init(timestampNanoseconds: UInt64, bidQuantity: UInt64, askQuantity: UInt64) {
      self.timestampNanoseconds = timestampNanoseconds
      self.bidQuantity = bidQuantity
      self.askQuantity = askQuantity
    }
  }

  /// A side of a book.
  public enum Side: Sendable {
    /// Buyers.
    case bid
    /// Sellers.
    case ask
  }

  /// One level of the final book.
  public struct ProfileLevel: Sendable {
    /// The level's side.
    public var side: Side
    /// Unit: price units.
    public var price: Int64
    /// Quantity from the best price up to and including this level.
    public var cumulativeQuantity: UInt64

    /// Creates a level.
    public init(side: Side, price: Int64, cumulativeQuantity: UInt64) {
      self.side = side
      self.price = price
      self.cumulativeQuantity = cumulativeQuantity
    }
  }

  /// A row of the table of busiest symbols.
  public struct SymbolActivity: Sendable {
    /// The symbol.
    public var symbol: String
    /// Messages of the symbol.
    public var messageCount: UInt64
    /// Its orders resting at the end.
    public var liveOrderCount: UInt64
    /// Best bid at the end in price units, if any.
    public var bidPrice: Int64?
    /// Best offer at the end in price units, if any.
    public var askPrice: Int64?

    /// Creates a row.
    public init(
      symbol: String, messageCount: UInt64, liveOrderCount: UInt64, bidPrice: Int64?,
      askPrice: Int64?
    ) {
      self.symbol = symbol
      self.messageCount = messageCount
      self.liveOrderCount = liveOrderCount
      self.bidPrice = bidPrice
      self.askPrice = askPrice
    }
  }

  /// A row of the tables of spreads.
  public struct SymbolSpread: Sendable {
    /// The symbol.
    public var symbol: String
    /// Best bid at the end. Unit: price units.
    public var bidPrice: Int64
    /// Best offer at the end. Unit: price units.
    public var askPrice: Int64

    /// Creates a row; spread and basis points follow from the prices.
    public init(symbol: String, bidPrice: Int64, askPrice: Int64) {
      self.symbol = symbol
      self.bidPrice = bidPrice
      self.askPrice = askPrice
    }
  }
}
