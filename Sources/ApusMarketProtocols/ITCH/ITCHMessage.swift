// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One message of ITCH 5.0, of any type.
///
/// - Source: docs/formats/itch50.md
@frozen
public enum ITCHMessage: BitwiseCopyable, Equatable, Sendable {
  /// Type `S`.
  case systemEvent(SystemEvent)
  /// Type `V`.
  case mwcbDeclineLevel(MWCBDeclineLevel)
  /// Type `W`.
  case mwcbStatus(MWCBStatus)
  /// Type `K`.
  case ipoQuotingPeriodUpdate(IPOQuotingPeriodUpdate)
  /// Type `J`.
  case luldAuctionCollar(LULDAuctionCollar)
  /// Type `h`.
  case operationalHalt(OperationalHalt)
  /// Type `R`.
  case stockDirectory(StockDirectory)
  /// Type `H`.
  case stockTradingAction(StockTradingAction)
  /// Type `Y`.
  case regSHORestriction(RegSHORestriction)
  /// Type `L`.
  case marketParticipantPosition(MarketParticipantPosition)
  /// Type `A`.
  case addOrder(AddOrder)
  /// Type `F`.
  case addOrderAttributed(AddOrderAttributed)
  /// Type `E`.
  case orderExecuted(OrderExecuted)
  /// Type `C`.
  case orderExecutedWithPrice(OrderExecutedWithPrice)
  /// Type `X`.
  case orderCancel(OrderCancel)
  /// Type `D`.
  case orderDelete(OrderDelete)
  /// Type `U`.
  case orderReplace(OrderReplace)
  /// Type `P`.
  case trade(Trade)
  /// Type `Q`.
  case crossTrade(CrossTrade)
  /// Type `B`.
  case brokenTrade(BrokenTrade)
  /// Type `I`.
  case netOrderImbalance(NetOrderImbalance)
  /// Type `N`.
  case retailPriceImprovement(RetailPriceImprovement)
  /// Type `O`.
  case directListingCapitalRaise(DirectListingCapitalRaise)

  /// Locate, tracking number and time.
  public var header: ITCHHeader {
    switch self {
    case .systemEvent(let body): body.header
    case .mwcbDeclineLevel(let body): body.header
    case .mwcbStatus(let body): body.header
    case .ipoQuotingPeriodUpdate(let body): body.header
    case .luldAuctionCollar(let body): body.header
    case .operationalHalt(let body): body.header
    case .stockDirectory(let body): body.header
    case .stockTradingAction(let body): body.header
    case .regSHORestriction(let body): body.header
    case .marketParticipantPosition(let body): body.header
    case .addOrder(let body): body.header
    case .addOrderAttributed(let body): body.header
    case .orderExecuted(let body): body.header
    case .orderExecutedWithPrice(let body): body.header
    case .orderCancel(let body): body.header
    case .orderDelete(let body): body.header
    case .orderReplace(let body): body.header
    case .trade(let body): body.header
    case .crossTrade(let body): body.header
    case .brokenTrade(let body): body.header
    case .netOrderImbalance(let body): body.header
    case .retailPriceImprovement(let body): body.header
    case .directListingCapitalRaise(let body): body.header
    }
  }

  /// The type letter.
  public var messageType: UInt8 {
    switch self {
    case .systemEvent: SystemEvent.messageType
    case .mwcbDeclineLevel: MWCBDeclineLevel.messageType
    case .mwcbStatus: MWCBStatus.messageType
    case .ipoQuotingPeriodUpdate: IPOQuotingPeriodUpdate.messageType
    case .luldAuctionCollar: LULDAuctionCollar.messageType
    case .operationalHalt: OperationalHalt.messageType
    case .stockDirectory: StockDirectory.messageType
    case .stockTradingAction: StockTradingAction.messageType
    case .regSHORestriction: RegSHORestriction.messageType
    case .marketParticipantPosition: MarketParticipantPosition.messageType
    case .addOrder: AddOrder.messageType
    case .addOrderAttributed: AddOrderAttributed.messageType
    case .orderExecuted: OrderExecuted.messageType
    case .orderExecutedWithPrice: OrderExecutedWithPrice.messageType
    case .orderCancel: OrderCancel.messageType
    case .orderDelete: OrderDelete.messageType
    case .orderReplace: OrderReplace.messageType
    case .trade: Trade.messageType
    case .crossTrade: CrossTrade.messageType
    case .brokenTrade: BrokenTrade.messageType
    case .netOrderImbalance: NetOrderImbalance.messageType
    case .retailPriceImprovement: RetailPriceImprovement.messageType
    case .directListingCapitalRaise: DirectListingCapitalRaise.messageType
    }
  }

  /// The length of the message without its frame. Unit: bytes.
  public var byteCount: Int { ITCHDecoder.byteCount(ofType: messageType) }

  /// Writes the message.
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    switch self {
    case .systemEvent(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .mwcbDeclineLevel(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .mwcbStatus(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .ipoQuotingPeriodUpdate(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .luldAuctionCollar(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .operationalHalt(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .stockDirectory(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .stockTradingAction(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .regSHORestriction(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .marketParticipantPosition(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .addOrder(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .addOrderAttributed(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .orderExecuted(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .orderExecutedWithPrice(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .orderCancel(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .orderDelete(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .orderReplace(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .trade(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .crossTrade(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .brokenTrade(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .netOrderImbalance(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .retailPriceImprovement(let body): unsafe body.encode(toUnsafeBytes: bytes)
    case .directListingCapitalRaise(let body): unsafe body.encode(toUnsafeBytes: bytes)
    }
  }
}
