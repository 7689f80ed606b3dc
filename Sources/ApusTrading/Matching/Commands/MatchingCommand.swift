// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a command asks for.
@frozen
public enum MatchingCommandKind: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// Enters an order.
  case new = 1
  /// Takes an order off.
  case cancel
  /// Takes a quantity off an order, which keeps its place.
  case reduce
  /// Puts another order in an order's place, in one step.
  case replace
  /// Takes off all orders of an owner, an instrument or a side.
  case massCancel
  /// Puts a bid and an ask in place of the owner's last ones.
  case quote
  /// Makes an instrument known.
  case defineInstrument
  /// Changes one property of an instrument.
  case changeInstrument
  /// Moves an instrument to a phase.
  case setPhase
  /// Gives an instrument its reference price.
  case setReferencePrice
  /// Stops an instrument.
  case halt
  /// Lets a halted instrument trade again.
  case resume
  /// Sets one limit of an owner, and authorises the owner.
  case setOwnerLimit
  /// Stops an owner, or the market where the owner is 0; or lets it trade again.
  case killSwitch
  /// Ends the orders whose time has come.
  case expire
  /// Counts an owner's sums from zero again, or those of all owners where the owner is 0.
  case resetSums
}

/// How an order trades.
@frozen
public enum OrderType: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// At its price or better.
  case limit = 1
  /// At any price, or any within a protection price.
  case market
  /// As a market order once the last price reaches its trigger.
  case stop
  /// As a limit order once the last price reaches its trigger.
  case stopLimit
  /// A stop whose trigger follows the last price at a distance.
  case trailingStop
  /// At the best price of its own side.
  case primaryPeg
  /// Half-way between the best prices.
  case midPeg
}

/// How long an order lives.
@frozen
public enum TimeInForce: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// Until the instrument closes.
  case day = 1
  /// Until it is cancelled.
  case goodTillCancel
  /// Until a time.
  case goodTillDate
  /// What does not trade at once is cancelled.
  case immediateOrCancel
  /// Trades whole at once or not at all.
  case fillOrKill
  /// In the opening auction only.
  case atOpen
  /// In the closing auction only.
  case atClose
}

/// For whom a member trades.
@frozen
public enum OrderCapacity: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// For a customer.
  case agency = 0
  /// For itself.
  case principal
  /// For itself, with the customer's trade to follow.
  case risklessPrincipal
}

/// What happens where an order would trade with one of its own group.
@frozen
public enum SelfTradePrevention: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// What the instrument says; for an instrument, `allow`.
  case `default` = 0
  /// They trade.
  case allow
  /// The incoming order is cancelled.
  case cancelNewest
  /// The resting order is cancelled.
  case cancelOldest
  /// Both are cancelled.
  case cancelBoth
  /// Both lose the lesser quantity without a trade.
  case decrementAndCancel
}

/// What holds of an order, or of what a command is about.
@frozen
public struct CommandFlags: OptionSet, BitwiseCopyable, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt8

  /// Flags of these bits.
  @inlinable @inline(__always)
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `new`: refused rather than trading at once.
  public static let postOnly = CommandFlags(rawValue: 1)
  /// `new`: linked with the order in `relatedOrderId`: one cancels the other.
  public static let oneCancelsOther = CommandFlags(rawValue: 2)
  /// `new`: waits until the order in `relatedOrderId` is done.
  public static let bracketChild = CommandFlags(rawValue: 4)
  /// `massCancel`: of every instrument.
  public static let allInstruments = CommandFlags(rawValue: 8)
  /// `massCancel`: of both sides.
  public static let bothSides = CommandFlags(rawValue: 16)
  /// `massCancel`: of this session, since it was lost.
  public static let onDisconnect = CommandFlags(rawValue: 32)
  /// `killSwitch`: on rather than off; `changeInstrument` to restricted: restricted rather than not.
  public static let on = CommandFlags(rawValue: 64)
}

/// One command to the matching engine: 64 bytes without padding, little endian.
///
/// Which field means what for which kind: docs/formats/matching.md.
@frozen
public struct MatchingCommand: BitwiseCopyable, Sendable, Equatable {
  /// A ``MatchingCommandKind``.
  public var kindCode: UInt8 = 0
  /// A `Side`, or 0.
  public var sideCode: UInt8 = 0
  /// An ``OrderType``, or 0.
  public var typeCode: UInt8 = 0
  /// A ``TimeInForce``, a ``MarketPhase``, an ``InstrumentProperty``, an ``OwnerLimit`` or
  /// ``OwnerSums``, or 0.
  public var detailCode: UInt8 = 0
  /// The instrument.
  public var instrument: UInt16 = 0
  /// What holds.
  public var flags = CommandFlags()
  /// An ``OrderCapacity`` in the low half, a ``SelfTradePrevention`` in the high one.
  public var capacityCode: UInt8 = 0
  /// The order; of a quote, the bid.
  public var orderId: UInt64 = 0
  /// The owner's name for the order. Carried, not looked at.
  public var clientOrderId: UInt64 = 0
  /// Who owns the order.
  public var owner: UInt16 = 0
  /// Through which session the command came.
  public var session: UInt16 = 0
  /// For which account. Carried, not looked at.
  public var account: UInt32 = 0
  /// Limit or protection price; of a quote, the bid's. Unit: price units.
  public var priceTicks: UInt32 = 0
  /// Unit: quantity units; of a quote, the bid's.
  public var quantity: UInt32 = 0
  /// What an iceberg shows; of a quote, the ask's quantity. Unit: quantity units.
  public var displayQuantity: UInt32 = 0
  /// A stop's trigger price or a trailing stop's amount; of a quote, the ask's price. Unit: price
  /// units.
  public var triggerTicks: UInt32 = 0
  /// The linked order, the order that takes the place, or a quote's ask.
  public var relatedOrderId: UInt64 = 0
  /// When a good-till-date order ends (nanoseconds), or a limit's or a property's value, or a symbol.
  public var value: UInt64 = 0

  /// All zero: rejected as malformed.
  @inlinable @inline(__always)
  public init() {}

  /// A command of a kind.
  @inlinable @inline(__always)
  public init(_ kind: MatchingCommandKind) { kindCode = kind.rawValue }
}
