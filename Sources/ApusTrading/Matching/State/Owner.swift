// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// One owner of orders: limits and what they are held against. Zero bits are one that is not
/// authorised. Sums stop at the greatest value rather than wrap.
///
/// What every order looks at comes first, side by side.
struct Owner: BitwiseCopyable {
  var isAuthorised: Bool
  var isKilled: Bool
  /// Bit n for limit n: whether it is set, so that nothing else is looked at where none is.
  var limitsSet: UInt16
  var openOrderCount: UInt32
  var windowStart: UInt64
  var windowCount: UInt64
  var messageRateMax: UInt64
  /// Notional bought and sold: buys, then sells.
  var tradedNotional: [2 of UInt64]
  /// Notional of what is open.
  var openNotional: [2 of UInt64]
  var openMargin: UInt64
  /// Of all holdings; with `positionMarginCarry` above it, since each may be as great as a sum may be.
  var positionMargin: UInt64
  var fees: UInt64
  /// ``SumResets/count`` when traded notional and fees were last looked at.
  var resetCount: UInt64
  var takerFeePpm: UInt32
  var makerFeePpm: UInt32
  var lastOrderTime: UInt64
  var lastPriceTicks: UInt32
  var lastQuantity: UInt32
  var lastInstrument: UInt16
  var lastSideCode: UInt8
  var hasLastOrder: Bool

  var selfTradeGroup: UInt16
  /// How often 2^64 is in the sum of the position margins.
  var positionMarginCarry: UInt32
  /// Holdings in order of first use; numbers plus one, 0 for none.
  var firstHolding: UInt32
  var lastHolding: UInt32

  var orderQuantityMax: UInt64
  var orderNotionalMax: UInt64
  var priceTolerancePpm: UInt64
  var duplicateWindow: UInt64
  var openOrdersMax: UInt64
  var positionMax: UInt64
  var grossNotionalMax: UInt64
  var netNotionalMax: UInt64
  var creditMax: UInt64

  /// Puts a holding's position margin in the place of the one it had.
  @inline(__always)
  mutating func replacePositionMargin(_ before: UInt64, by after: UInt64) {
    let (sum, carry) = positionMargin.addingReportingOverflow(after)
    let (left, borrow) = sum.subtractingReportingOverflow(before)
    positionMargin = left
    positionMarginCarry = positionMarginCarry &+ (carry ? 1 : 0) &- (borrow ? 1 : 0)
  }
}

/// What an owner has in an instrument.
struct Holding: BitwiseCopyable {
  var owner: UInt16
  var instrument: UInt16
  /// The owner's orders there, in order of entry.
  var head: UInt32
  var tail: UInt32
  /// The owner's next holding, plus one.
  var next: UInt32
  /// The present quote, or none.
  var quoteBid: UInt32
  var quoteAsk: UInt32
  var isRestricted: Bool
  /// Whether the owner ever had an order accepted there.
  var isListed: Bool
  /// Bought less sold.
  var position: Int64
  /// Quantity open to buy and to sell.
  var openQuantity: [2 of UInt64]
  var positionMargin: UInt64

  static let none = UInt32.max
}

extension Side {
  /// Place in pairs of a buying and a selling value.
  @inline(__always)
  var ordinal: Int { self == .buy ? 0 : 1 }
}
