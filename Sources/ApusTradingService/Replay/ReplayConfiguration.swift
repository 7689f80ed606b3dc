// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Forms of recorded market data that can be replayed.
public enum MarketDataFormat: String, Sendable, CaseIterable {
  /// Length-framed ITCH 5.0, plain or gzip.
  case itch50
  /// MoldUDP64 with ITCH 5.0 in a packet capture (pcap or pcapng).
  case pcap
  /// ITCH 5.0 in a recorded SoupBinTCP stream, plain or gzip.
  case soupbintcp
  /// A LOBSTER message file, plain or gzip.
  case lobster
}

/// How fast a recording is replayed.
public enum ReplaySpeed: Sendable, Equatable {
  /// As fast as it goes.
  case max
  /// By the recorded times, this many times as fast.
  case paced(factor: Double)

  /// The factors that a replay can keep: a day in a tenth of a second, or a second in a quarter hour.
  public static let factors = 0.001...1_000_000

  /// `max`, or a decimal number among ``factors`` followed by `x`.
  public init?(_ text: String) {
    if text == "max" {
      self = .max
      return
    }
    guard text.hasSuffix("x"), text.dropLast().allSatisfy({ "0123456789.".contains($0) }),
      let factor = Double(text.dropLast()), Self.factors.contains(factor)
    else { return nil }
    self = .paced(factor: factor)
  }
}

/// What is said of a capture that lacks messages of its feed.
public enum GapRule: String, Sendable, CaseIterable {
  /// It is told as damage: books built from it may be wrong.
  case refuse
  /// It is counted and taken as it is.
  case allow
}

/// How a caller's user asks for what an error of the input suggests: a command line has options for it.
public struct ReplayWords: Sendable {
  /// What takes a capture with gaps as it is.
  public var allowingGaps = "allowing gaps"
  /// The instruments that were asked for.
  public var chosenInstruments = "the choice"
  /// What to try where a recording has another form than the one that was asked for.
  public var anyForm = "leaving its form open"
  /// What to try where the form cannot be seen.
  public var namedForm = "naming its form"

  /// Words without options.
  public init() {}
}

/// What to replay and what to leave behind.
public struct ReplayConfiguration: Sendable {
  /// Recordings of one day, in order.
  public var paths: [String]
  /// Form of the recordings; nil to look at each.
  public var format: MarketDataFormat?
  /// Only these instruments; nil for all.
  public var symbols: [String]?
  /// What is said of a capture that lacks messages.
  public var gaps = GapRule.refuse
  /// How fast.
  public var speed = ReplaySpeed.max
  /// CPU for the book-building thread; nil leaves it to the scheduler.
  public var cpuIndex: Int?
  /// Levels a side to tell of each chosen instrument at the end.
  public var depth = 5
  /// Where every change of a best bid or offer goes.
  public var bestPricesPath: String?
  /// Where the final state of each book goes.
  public var booksPath: String?
  /// A LOBSTER order-book file to verify against.
  public var verifyPath: String?
  /// Where the HTML report goes.
  public var reportPath: String?
  /// What errors of the input call the above.
  public var words = ReplayWords()

  /// A configuration of these recordings.
  public init(paths: [String]) { self.paths = paths }
}
