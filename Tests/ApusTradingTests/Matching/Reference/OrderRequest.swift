// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Why a command is refused, and what a limit says about it.
struct Refusal: Error {
  var reason: MatchingReason
  var limit: UInt64 = 0
  var value: UInt64 = 0
}

/// Refuses unless a check holds.
func check(_ holds: Bool, _ reason: MatchingReason) throws(Refusal) {
  if !holds { throw Refusal(reason: reason) }
}

/// An order that is asked for: by `new`, by `replace`, or as one side of a quote.
struct OrderRequest {
  enum Link { case none, oneCancelsOther, bracketChild, both }

  var id: UInt64
  var clientOrderId: UInt64
  var owner: ReferenceOwner
  var session: UInt16
  var account: UInt32
  var instrument: ReferenceInstrument
  var side: Side
  var type: OrderType
  var timeInForce: TimeInForce
  var capacity: UInt8
  var mode: SelfTradePrevention
  var isPostOnly = false
  var price: UInt32
  var quantity: UInt32
  var display: UInt32 = 0
  /// As in the command: a trailing stop's amount.
  var trigger: UInt32 = 0
  var expiry: UInt64 = 0
  var link = Link.none
  var linkedId: UInt64 = 0

  /// The trigger as a price. Checked before it is asked for.
  var firstTrigger: UInt32 {
    guard type == .trailingStop else { return trigger }
    return UInt32(max(instrument.trailingTrigger(side, amount: trigger) ?? 1, 1))
  }

  /// The price up to which a market order that enters now goes.
  var protection: UInt32? {
    if timeInForce == .atOpen || timeInForce == .atClose { return nil }
    return price != 0 ? price : instrument.collar(for: side)
  }

  /// The risk price of section 12.
  var riskPrice: UInt32 {
    switch type {
    case .limit, .stopLimit, .primaryPeg, .midPeg: price
    case .market:
      side == .buy
        ? protection ?? instrument.anchor ?? 0
        : max(protection ?? 0, instrument.anchor ?? 0)
    case .stop, .trailingStop:
      side == .buy ? max(firstTrigger, instrument.anchor ?? 0) : firstTrigger
    }
  }

  /// How far it goes when it enters now; nil for any price.
  var limit: UInt32? {
    switch type {
    case .market: protection
    case .primaryPeg, .midPeg: instrument.pegReference().price(type, side, limit: price)
    default: price
    }
  }
}

extension OrderRequest {
  /// What a `replace` asks for: the rest is the original's.
  init(replacing order: ReferenceOrder, by command: MatchingCommand) {
    self.init(
      id: command.relatedOrderId, clientOrderId: command.clientOrderId, owner: order.owner,
      session: command.session, account: order.account, instrument: order.instrument,
      side: order.side, type: order.type, timeInForce: order.timeInForce,
      capacity: order.capacity, mode: order.mode, isPostOnly: order.isPostOnly,
      price: command.priceTicks, quantity: command.quantity, display: command.displayQuantity,
      trigger: command.triggerTicks, expiry: order.expiry)
  }

  /// Whether a replacement keeps the original's place.
  func keepsPlace(of order: ReferenceOrder) -> Bool {
    type != .trailingStop && price == order.price && display == order.display
      && trigger == order.trigger && quantity <= order.leaves
  }
}
