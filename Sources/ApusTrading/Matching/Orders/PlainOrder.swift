// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// A checked order of the commonest form: limit or market, for the displayed book at once, with
/// nothing that only some orders have.
struct PlainOrder {
  var orderId: UInt64
  var clientOrderId: UInt64
  var owner: UInt16
  var session: UInt16
  var account: UInt32
  var instrument: UInt16
  var side: Side
  var typeAndTime: UInt8
  var capacityCode: UInt8
  var isQuote = false
  /// Whether what does not trade at once rests; else it is cancelled.
  var mayRest: Bool
  /// Price as entered.
  var priceTicks: UInt32
  /// The worst price it may trade at.
  var limitTicks: UInt32
  var riskTicks: UInt32
  var quantity: UInt32
  var marginPpm: UInt32
  var holding: UInt32
}

extension PlainOrder {
  /// One side of a quote.
  init(quote request: OrderRequest, marginPpm: UInt32, holding: UInt32) {
    self.init(
      orderId: request.orderId, clientOrderId: request.clientOrderId, owner: request.owner,
      session: request.session, account: request.account, instrument: request.instrument,
      side: request.side, typeAndTime: request.typeAndTime, capacityCode: request.capacityCode,
      isQuote: true, mayRest: true, priceTicks: request.priceTicks,
      limitTicks: request.limitTicks, riskTicks: request.riskTicks, quantity: request.quantity,
      marginPpm: marginPpm, holding: holding)
  }
}
