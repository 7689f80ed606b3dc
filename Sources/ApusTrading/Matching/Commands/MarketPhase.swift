// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What an instrument does with orders at the time.
@frozen
public enum MarketPhase: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// No orders are taken.
  case closed = 0
  /// Orders gather.
  case preOpen
  /// Orders gather for the opening auction.
  case openingAuction
  /// Orders trade as they come.
  case continuous
  /// Orders gather for the closing auction.
  case closingAuction
  /// No orders are taken for now.
  case halted
  /// Orders gather after the price moved too far.
  case volatilityPause
}

/// Who trades how much at one price.
@frozen
public enum AllocationRule: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// Whoever came first.
  case priceTime = 0
  /// Everyone by quantity.
  case proRata
  /// The oldest first, then everyone by quantity.
  case proRataTopOrder
}

/// What of an instrument can be changed.
@frozen
public enum InstrumentProperty: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// Smallest quantity and step.
  case lot = 1
  /// Largest quantity of an order; 0 for none.
  case quantityMax
  /// How far from the reference a price may be. Unit: ppm; 0 for any.
  case staticBandPpm
  /// How far from the last price a trade may be. Unit: ppm; 0 for any.
  case dynamicBandPpm
  /// How far a market order goes from the best price. Unit: ppm; 0 for any.
  case collarPpm
  /// Smallest pro-rata allotment.
  case proRataMinimum
  /// An ``AllocationRule``.
  case allocation
  /// A ``SelfTradePrevention``.
  case selfTradePrevention
  /// Margin of a notional. Unit: ppm.
  case marginPpm
  /// One more row of the tick table, from `priceTicks` on.
  case tick
  /// Whether an owner is kept from it.
  case restricted
}

/// What of an owner can be limited.
@frozen
public enum OwnerLimit: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// Quantity of one order.
  case orderQuantity = 1
  /// Notional of one order.
  case orderNotional
  /// Distance of a price from the last one. Unit: ppm.
  case priceTolerancePpm
  /// Time in which an equal order is taken for a mistake. Unit: nanoseconds.
  case duplicateWindow
  /// Orders in a second.
  case messageRate
  /// Live orders.
  case openOrders
  /// Position in one instrument, long or short.
  case position
  /// All that was traded or may be.
  case grossNotional
  /// Bought less sold, or the reverse, at worst.
  case netNotional
  /// Margin and fees.
  case credit
  /// Self-trade group: owners with the same one do not trade with each other; 0 for the owner alone.
  case selfTradeGroup
  /// Fee of the incoming side. Unit: ppm of the notional.
  case takerFeePpm
  /// Fee of the resting side. Unit: ppm of the notional.
  case makerFeePpm

  /// Bits of those that an order's price is needed for, as in `Owner.limitsSet`.
  static let ofNotional: UInt16 = [OwnerLimit.orderNotional, .grossNotional, .netNotional, .credit]
    .reduce(0) { $0 | 1 << UInt16($1.rawValue) }
}

/// What is counted of an owner until it is reset.
@frozen
public enum OwnerSums: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// Notional bought and sold.
  case traded = 1
  /// Fees.
  case fees
  /// Both: what begins again with a day.
  case tradedAndFees

  /// Whether notional is among them.
  var hasTraded: Bool { self != .fees }
  /// Whether fees are among them.
  var hasFees: Bool { self != .traded }
}
