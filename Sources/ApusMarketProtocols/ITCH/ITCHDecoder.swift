// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What decoding one message gave.
@frozen
public enum ITCHVerdict: Equatable, Sendable {
  /// A well-formed message.
  case message(ITCHMessage)
  /// Bytes that are no message.
  case rejected(ITCHRejection)
}

/// Why bytes are no message.
@frozen
public enum ITCHRejection: Equatable, Sendable {
  /// No bytes at all.
  case empty
  /// A type that the specification does not have.
  case unknownType(UInt8)
  /// A length that is not that of the type. Unit: bytes.
  case wrongLength(type: UInt8, expected: Int, actual: Int)
  /// An order whose side is neither `B` nor `S`.
  case invalidSide(UInt8)
}

/// Decodes single messages of ITCH 5.0.
public enum ITCHDecoder {
  /// The length of messages of a type, or 0 for types that do not exist. Unit: bytes.
  ///
  /// - Complexity: O(1), no memory: a switch that the compiler turns into a jump.
  @inlinable
  public static func byteCount(ofType type: UInt8) -> Int {
    switch type {
    case SystemEvent.messageType: SystemEvent.byteCount
    case MWCBDeclineLevel.messageType: MWCBDeclineLevel.byteCount
    case MWCBStatus.messageType: MWCBStatus.byteCount
    case IPOQuotingPeriodUpdate.messageType: IPOQuotingPeriodUpdate.byteCount
    case LULDAuctionCollar.messageType: LULDAuctionCollar.byteCount
    case OperationalHalt.messageType: OperationalHalt.byteCount
    case StockDirectory.messageType: StockDirectory.byteCount
    case StockTradingAction.messageType: StockTradingAction.byteCount
    case RegSHORestriction.messageType: RegSHORestriction.byteCount
    case MarketParticipantPosition.messageType: MarketParticipantPosition.byteCount
    case AddOrder.messageType: AddOrder.byteCount
    case AddOrderAttributed.messageType: AddOrderAttributed.byteCount
    case OrderExecuted.messageType: OrderExecuted.byteCount
    case OrderExecutedWithPrice.messageType: OrderExecutedWithPrice.byteCount
    case OrderCancel.messageType: OrderCancel.byteCount
    case OrderDelete.messageType: OrderDelete.byteCount
    case OrderReplace.messageType: OrderReplace.byteCount
    case Trade.messageType: Trade.byteCount
    case CrossTrade.messageType: CrossTrade.byteCount
    case BrokenTrade.messageType: BrokenTrade.byteCount
    case NetOrderImbalance.messageType: NetOrderImbalance.byteCount
    case RetailPriceImprovement.messageType: RetailPriceImprovement.byteCount
    case DirectListingCapitalRaise.messageType: DirectListingCapitalRaise.byteCount
    default: 0
    }
  }

  /// Decodes one message without its frame.
  ///
  /// - Complexity: O(1); no allocation.
  public static func decode(_ message: RawSpan) -> ITCHVerdict {
    unsafe message.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, bytes.count > 0 else { return .rejected(.empty) }
      // SAFETY: count > 0.
      let type = unsafe base.load(as: UInt8.self)
      let expected = byteCount(ofType: type)
      guard expected > 0 else { return .rejected(.unknownType(type)) }
      guard bytes.count == expected else {
        return .rejected(.wrongLength(type: type, expected: expected, actual: bytes.count))
      }
      // SAFETY: `base` has the bytes that the type needs.
      return unsafe decode(type, base)
    }
  }

  /// Decodes a message whose type and length were checked.
  @inlinable @inline(__always)
  @unsafe
  public static func decode(_ type: UInt8, _ base: UnsafeRawPointer) -> ITCHVerdict {
    // SAFETY: the caller checked that the bytes of this type are there.
    switch type {
    case SystemEvent.messageType:
      return .message(.systemEvent(unsafe SystemEvent(unsafeBytes: base)))
    case MWCBDeclineLevel.messageType:
      return .message(.mwcbDeclineLevel(unsafe MWCBDeclineLevel(unsafeBytes: base)))
    case MWCBStatus.messageType:
      return .message(.mwcbStatus(unsafe MWCBStatus(unsafeBytes: base)))
    case IPOQuotingPeriodUpdate.messageType:
      return .message(.ipoQuotingPeriodUpdate(unsafe IPOQuotingPeriodUpdate(unsafeBytes: base)))
    case LULDAuctionCollar.messageType:
      return .message(.luldAuctionCollar(unsafe LULDAuctionCollar(unsafeBytes: base)))
    case OperationalHalt.messageType:
      return .message(.operationalHalt(unsafe OperationalHalt(unsafeBytes: base)))
    case StockDirectory.messageType:
      return .message(.stockDirectory(unsafe StockDirectory(unsafeBytes: base)))
    case StockTradingAction.messageType:
      return .message(.stockTradingAction(unsafe StockTradingAction(unsafeBytes: base)))
    case RegSHORestriction.messageType:
      return .message(.regSHORestriction(unsafe RegSHORestriction(unsafeBytes: base)))
    case MarketParticipantPosition.messageType:
      return .message(
        .marketParticipantPosition(unsafe MarketParticipantPosition(unsafeBytes: base)))
    case AddOrder.messageType:
      let order = unsafe AddOrder(unsafeBytes: base)
      guard Side(rawValue: order.sideCode) != nil else {
        return .rejected(.invalidSide(order.sideCode))
      }
      return .message(.addOrder(order))
    case AddOrderAttributed.messageType:
      let order = unsafe AddOrderAttributed(unsafeBytes: base)
      guard Side(rawValue: order.sideCode) != nil else {
        return .rejected(.invalidSide(order.sideCode))
      }
      return .message(.addOrderAttributed(order))
    case OrderExecuted.messageType:
      return .message(.orderExecuted(unsafe OrderExecuted(unsafeBytes: base)))
    case OrderExecutedWithPrice.messageType:
      return .message(.orderExecutedWithPrice(unsafe OrderExecutedWithPrice(unsafeBytes: base)))
    case OrderCancel.messageType:
      return .message(.orderCancel(unsafe OrderCancel(unsafeBytes: base)))
    case OrderDelete.messageType:
      return .message(.orderDelete(unsafe OrderDelete(unsafeBytes: base)))
    case OrderReplace.messageType:
      return .message(.orderReplace(unsafe OrderReplace(unsafeBytes: base)))
    case Trade.messageType:
      return .message(.trade(unsafe Trade(unsafeBytes: base)))
    case CrossTrade.messageType:
      return .message(.crossTrade(unsafe CrossTrade(unsafeBytes: base)))
    case BrokenTrade.messageType:
      return .message(.brokenTrade(unsafe BrokenTrade(unsafeBytes: base)))
    case NetOrderImbalance.messageType:
      return .message(.netOrderImbalance(unsafe NetOrderImbalance(unsafeBytes: base)))
    case RetailPriceImprovement.messageType:
      return .message(.retailPriceImprovement(unsafe RetailPriceImprovement(unsafeBytes: base)))
    case DirectListingCapitalRaise.messageType:
      return .message(
        .directListingCapitalRaise(unsafe DirectListingCapitalRaise(unsafeBytes: base)))
    default:
      return .rejected(.unknownType(type))
    }
  }
}
