// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// A checked order of the commonest form: limit or market, for the displayed book at once, with
/// nothing that only some orders have.
struct PlainOrder {
  /// Of its events: ``EventWord/head(side:flags:instrument:capacity:typeAndTime:)``.
  var head: UInt64
  var orderId: UInt64
  var clientOrderId: UInt64
  var party: UInt64
  var instrument: UInt16
  var side: Side
  /// Capacity in the low half, self-trade prevention in the high half.
  var capacityCode: UInt8
  /// Whether what does not trade at once rests; else it is cancelled.
  var mayRest: Bool
  /// Price as entered.
  var priceTicks: UInt32
  /// The worst price it may trade at.
  var limitTicks: UInt32
  var quantity: UInt32
  var marginPpm: UInt32
  var holding: UInt32

  @inline(__always)
  var owner: UInt16 { UInt16(truncatingIfNeeded: party) }

  @inline(__always)
  var typeAndTime: UInt8 { UInt8(truncatingIfNeeded: head >> 56) }

  @inline(__always)
  var isQuote: Bool { head & UInt64(EventFlags.quote.rawValue) << 24 != 0 }
}

extension PlainOrder {
  /// One side of a quote.
  @inline(__always)
  init(_ side: Side, ofQuote command: MatchingCommand, marginPpm: UInt32, holding: UInt32) {
    let isBid = side == .buy
    let priceTicks = isBid ? command.priceTicks : command.triggerTicks
    self.init(
      head: EventWord.head(
        side: side.rawValue, flags: .quote, instrument: command.instrument,
        capacity: command.capacityCode,
        typeAndTime: OrderType.limit.rawValue | TimeInForce.day.rawValue << 4),
      orderId: isBid ? command.orderId : command.relatedOrderId,
      clientOrderId: command.clientOrderId,
      party: EventWord.party(command.owner, command.session, command.account),
      instrument: command.instrument, side: side, capacityCode: command.capacityCode,
      mayRest: true, priceTicks: priceTicks, limitTicks: priceTicks,
      quantity: isBid ? command.quantity : command.displayQuantity, marginPpm: marginPpm,
      holding: holding)
  }
}
