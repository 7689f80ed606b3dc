// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// An order that somebody wants to enter, with its codes understood.
struct OrderRequest: BitwiseCopyable {
  var orderId: UInt64
  var clientOrderId: UInt64
  var owner: UInt16
  var session: UInt16
  var instrument: UInt16
  var account: UInt32
  var side: Side
  var type: OrderType
  var timeInForce: TimeInForce
  var capacityCode: UInt8
  var flags: CommandFlags
  var priceTicks: UInt32
  var quantity: UInt32
  var displayQuantity: UInt32
  /// A stop's trigger, or a trailing stop's amount.
  var triggerTicks: UInt32
  var expiry: UInt64
  /// The trigger it begins with; set by the checks.
  var firstTriggerTicks: UInt32 = 0
  /// The worst price it may trade at; set by the checks.
  var limitTicks: UInt32 = 0
  var riskTicks: UInt32 = 0
  /// A price that its own has to be above: a quote's bid, for its ask.
  var aboveTicks: UInt32 = 0

  static let newFlags: CommandFlags = [.postOnly, .oneCancelsOther, .bracketChild]
  static let priceTicksMax = UInt32.max - 1

  var typeAndTime: UInt8 { type.rawValue | timeInForce.rawValue << 4 }

  /// nil where a code is not known: `malformed`.
  @inline(__always)
  init?(_ command: MatchingCommand) {
    guard let side = Side(rawValue: command.sideCode),
      let type = OrderType(rawValue: command.typeCode),
      let timeInForce = TimeInForce(rawValue: command.detailCode),
      Self.isCapacityKnown(command.capacityCode),
      command.flags.isSubset(of: Self.newFlags)
    else { return nil }
    orderId = command.orderId
    clientOrderId = command.clientOrderId
    owner = command.owner
    session = command.session
    instrument = command.instrument
    account = command.account
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    capacityCode = command.capacityCode
    flags = command.flags
    priceTicks = command.priceTicks
    quantity = command.quantity
    displayQuantity = command.displayQuantity
    triggerTicks = command.triggerTicks
    expiry = command.value
  }

  /// One side of a quote.
  init(quote command: MatchingCommand, _ side: Side) {
    let isBid = side == .buy
    orderId = isBid ? command.orderId : command.relatedOrderId
    clientOrderId = command.clientOrderId
    owner = command.owner
    session = command.session
    instrument = command.instrument
    account = command.account
    self.side = side
    type = .limit
    timeInForce = .day
    capacityCode = command.capacityCode
    flags = []
    priceTicks = isBid ? command.priceTicks : command.triggerTicks
    quantity = isBid ? command.quantity : command.displayQuantity
    displayQuantity = 0
    triggerTicks = 0
    expiry = 0
    if !isBid, command.quantity != 0 { aboveTicks = command.priceTicks }
  }

  /// What takes a live order's place.
  init(replacing order: BookOrder, _ detail: OrderDetail, with command: MatchingCommand) {
    orderId = command.relatedOrderId
    clientOrderId = command.clientOrderId
    owner = detail.owner
    session = command.session
    instrument = order.locate
    account = detail.account
    side = order.side
    type = detail.type
    timeInForce = detail.timeInForce
    capacityCode = detail.capacityCode
    flags = detail.flags
    priceTicks = command.priceTicks
    quantity = command.quantity
    displayQuantity = command.displayQuantity
    triggerTicks = command.triggerTicks
    expiry = 0
  }

  /// Whether capacity and self-trade prevention are known values.
  @inline(__always)
  static func isCapacityKnown(_ code: UInt8) -> Bool { code & 15 <= 2 && code >> 4 <= 5 }

  var isStop: Bool { type == .stop || type == .stopLimit || type == .trailingStop }
  /// Section 3.10, outside the continuous phase.
  func fits(_ phase: MarketPhase) -> Bool {
    switch timeInForce {
    case .immediateOrCancel, .fillOrKill: return phase == .continuous
    case .atOpen: return phase == .preOpen || phase == .openingAuction
    case .atClose: return true
    case .day, .goodTillCancel, .goodTillDate: return type != .market || phase == .continuous
    }
  }

  /// Section 3.11.
  var isTimeInForceAllowed: Bool {
    switch type {
    case .limit: return true
    case .market: return timeInForce.rawValue >= TimeInForce.immediateOrCancel.rawValue
    default: return timeInForce.rawValue <= TimeInForce.goodTillDate.rawValue
    }
  }
}
