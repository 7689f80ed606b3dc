// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Streams of commands that can be generated. What each is: docs/formats/order-log.md.
public enum OrderStreamKind: String, Sendable, CaseIterable {
  /// Limit orders, cancels and few market orders on about 5,000 live orders.
  case mixed
  /// Limit and market orders, up to 300,000 of them live.
  case trades
  /// A wave of selling that the volatility pause stops.
  case flashCrash = "flash-crash"
  /// Instruments from pre-open to closed, with all there is to orders.
  case auctionDay = "auction-day"
  /// Market makers that requote many instruments.
  case quoteStorm = "quote-storm"
}

/// Why an ``OrderStreamConfiguration`` cannot be; its description is one line.
public enum OrderStreamConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The command count is outside ``OrderStreamConfiguration/commandCounts``.
  case commandCount(Int)

  /// One line: what was asked for, what is wrong, what to ask for instead.
  public var description: String {
    switch self {
    case .commandCount(let count):
      let allowed = OrderStreamConfiguration.commandCounts
      return "command count \(count): a stream has \(allowed.lowerBound) to "
        + "\(allowed.upperBound) commands; choose one in that range"
    }
  }
}

/// Which stream to generate. Equal configurations give equal commands on every machine.
public struct OrderStreamConfiguration: Sendable, Hashable {
  /// Command counts a stream can have: at the least room for what makes instruments and owners.
  public static let commandCounts = 4_000...1_000_000_000

  /// What stream.
  public let kind: OrderStreamKind
  /// Seed of everything random in it.
  public let seed: UInt64
  /// Commands in all.
  public let commandCount: Int
  /// Whether every owner has every limit, each too high to refuse an order. Then there are more
  /// commands before the first order, and `commandCount` does not count those.
  public let limitsEveryOwner: Bool

  /// Checks and stores which stream to generate.
  ///
  /// - Throws: ``OrderStreamConfigurationError`` naming the value out of range and the range.
  public init(
    kind: OrderStreamKind, seed: UInt64, commandCount: Int, limitsEveryOwner: Bool = false
  ) throws(OrderStreamConfigurationError) {
    guard Self.commandCounts.contains(commandCount) else { throw .commandCount(commandCount) }
    self.kind = kind
    self.seed = seed
    self.commandCount = commandCount
    self.limitsEveryOwner = limitsEveryOwner
  }
}

/// What a stream holds, and what its model of the market makes of it.
public struct OrderStreamTotals: Sendable, Equatable {
  /// Commands by ``MatchingCommandKind``'s raw value.
  public internal(set) var commandsByKind = [Int](repeating: 0, count: 256)
  /// New orders by ``OrderType``'s raw value.
  public internal(set) var ordersByType = [Int](repeating: 0, count: 8)
  /// Trades.
  public internal(set) var tradeCount: UInt64 = 0
  /// Quantity traded.
  public internal(set) var tradedQuantity: UInt64 = 0
  /// Sum of price × quantity of the trades.
  public internal(set) var tradedNotional: UInt64 = 0
  /// Most orders that lived at the same time.
  public internal(set) var liveOrderPeak = 0
  /// Orders that live at the end.
  public internal(set) var liveOrderCount = 0

  mutating func trade(price: UInt32, quantity: UInt32) {
    tradeCount += 1
    tradedQuantity += UInt64(quantity)
    tradedNotional &+= UInt64(price) * UInt64(quantity)
  }
}
