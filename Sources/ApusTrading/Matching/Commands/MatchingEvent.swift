// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What happened.
@frozen
public enum MatchingEventKind: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// An order was taken; what became of it follows.
  case accepted = 1
  /// A command was refused; nothing changed.
  case rejected
  /// Two orders traded.
  case trade
  /// An order is gone, with what was left of it.
  case cancelled
  /// An order lost quantity and kept its place.
  case reduced
  /// An order took another's place.
  case replaced
  /// An iceberg shows quantity again, behind all others at its price.
  case replenished
  /// Two orders of one group lost quantity without a trade.
  case selfTradePrevented
  /// A stop entered.
  case triggered
  /// A bracket's child entered.
  case activated
  /// A mass cancel is done.
  case massCancelled
  /// An instrument is known.
  case instrumentDefined
  /// An instrument has another property.
  case instrumentChanged
  /// An instrument is in another phase.
  case phaseChanged
  /// An instrument has another reference price.
  case referencePriceSet
  /// An owner has another limit.
  case ownerLimitSet
  /// A kill switch was set.
  case killSwitchSet
  /// An auction found its price.
  case auction
  /// Orders that end at a time were looked at.
  case timeExpired
  /// Sums of an owner, or of all owners, count from zero again.
  case sumsReset
}

/// What holds of an event.
@frozen
public struct EventFlags: OptionSet, BitwiseCopyable, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt8

  /// Flags of these bits.
  @inlinable @inline(__always)
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Trade: in an auction.
  public static let auction = EventFlags(rawValue: 1)
  /// Trade: the resting order was not displayed (a peg).
  public static let hidden = EventFlags(rawValue: 2)
  /// Accepted: post-only.
  public static let postOnly = EventFlags(rawValue: 4)
  /// Accepted: linked, one cancels the other.
  public static let oneCancelsOther = EventFlags(rawValue: 8)
  /// Accepted: waits for its parent.
  public static let bracketChild = EventFlags(rawValue: 16)
  /// Replaced: kept its place.
  public static let keptPriority = EventFlags(rawValue: 32)
  /// Kill switch: on; instrument: restricted.
  public static let on = EventFlags(rawValue: 64)
  /// Accepted: one side of a quote.
  public static let quote = EventFlags(rawValue: 128)
}

/// One event of the matching engine: 80 bytes without padding, little endian.
///
/// Which field means what for which kind: docs/formats/matching.md. `related` fields are the resting
/// order's of a trade, the replaced order's of a replacement.
@frozen
public struct MatchingEvent: BitwiseCopyable, Sendable, Equatable {
  /// A ``MatchingEventKind``.
  public var kindCode: UInt8 = 0
  /// A `Side`: of the order, of a trade's incoming order; or 0.
  public var sideCode: UInt8 = 0
  /// A ``MatchingReason``.
  public var reasonCode: UInt8 = 0
  /// What holds.
  public var flags = EventFlags()
  /// The instrument.
  public var instrument: UInt16 = 0
  /// An ``OrderCapacity`` of the order in the low half, of the related one in the high half.
  public var capacityCode: UInt8 = 0
  /// Of an order: its ``OrderType`` in the low half, its ``TimeInForce`` in the high half. Else the
  /// command's kind, phase, property or limit.
  public var detailCode: UInt8 = 0
  /// The order.
  public var orderId: UInt64 = 0
  /// The owner's name for the order.
  public var clientOrderId: UInt64 = 0
  /// The order's owner.
  public var owner: UInt16 = 0
  /// The order's session.
  public var session: UInt16 = 0
  /// The order's account.
  public var account: UInt32 = 0
  /// The other order.
  public var relatedOrderId: UInt64 = 0
  /// The name of the other order; of an accepted order its expiry; of a refusal the limit.
  public var relatedClientOrderId: UInt64 = 0
  /// The other order's owner.
  public var relatedOwner: UInt16 = 0
  /// The other order's session.
  public var relatedSession: UInt16 = 0
  /// The other order's account.
  public var relatedAccount: UInt32 = 0
  /// Price of the trade, or of the order. Unit: price units.
  public var priceTicks: UInt32 = 0
  /// Quantity of what happened.
  public var quantity: UInt32 = 0
  /// What is left of the order, hidden quantity included.
  public var leavesQuantity: UInt32 = 0
  /// What is left of the other order; of an accepted, replaced or replenished one, what it shows.
  public var relatedLeavesQuantity: UInt32 = 0
  /// Match number of a trade; trigger of an accepted order; value of a setting; what broke a limit.
  public var value: UInt64 = 0

  /// All zero: no event.
  @inlinable @inline(__always)
  public init() {}

  /// An event of a kind.
  @inlinable @inline(__always)
  public init(_ kind: MatchingEventKind) { kindCode = kind.rawValue }

  /// What happened; nil for bytes that are no event.
  @inlinable @inline(__always)
  public var kind: MatchingEventKind? { MatchingEventKind(rawValue: kindCode) }

  /// Why; nil for bytes that are no reason.
  @inlinable @inline(__always)
  public var reason: MatchingReason? { MatchingReason(rawValue: reasonCode) }
}
