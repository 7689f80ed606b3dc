// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// The six sets of orders of section 2.
enum BookSet: Int, CaseIterable {
  case main, stop, primaryPeg, midPeg, atOpen, atClose
}

/// A live order: in a set, dormant, or incoming.
final class ReferenceOrder {
  enum Place: Equatable {
    case incoming
    case dormant
    case resting(BookSet)
    case gone
  }

  var id: UInt64
  var clientOrderId: UInt64
  var session: UInt16
  let owner: ReferenceOwner
  let instrument: ReferenceInstrument
  let account: UInt32
  let side: Side
  var type: OrderType
  let timeInForce: TimeInForce
  let capacity: UInt8
  let mode: SelfTradePrevention
  let isPostOnly: Bool
  let expiry: UInt64
  var price: UInt32
  var display: UInt32
  var trigger: UInt32
  /// A trailing stop's distance.
  var amount: UInt32
  var leaves: UInt32
  var shown: UInt32 = 0
  /// What it has traded since its `new` or its last replacement.
  var traded: UInt64 = 0
  var riskPrice: UInt32
  var marginPpm: UInt64
  var place = Place.incoming
  /// When it came to its place: compares the pegs of a side whose limits differ.
  var arrival: UInt64 = 0
  /// When it came to rest, which a trigger that moves does not change.
  var rested: UInt64 = 0
  /// The other one of a one-cancels-other.
  var partner: ReferenceOrder?
  /// A parent's children, or the bracket that a dormant child is in.
  var bracket: ReferenceBracket?

  init(_ request: OrderRequest, riskPrice: UInt32) {
    id = request.id
    clientOrderId = request.clientOrderId
    session = request.session
    owner = request.owner
    instrument = request.instrument
    account = request.account
    side = request.side
    type = request.type
    timeInForce = request.timeInForce
    capacity = request.capacity
    mode = request.mode
    isPostOnly = request.isPostOnly
    expiry = request.expiry
    price = request.price
    display = request.display
    amount = request.type == .trailingStop ? request.trigger : 0
    trigger = request.firstTrigger
    leaves = request.quantity
    self.riskPrice = riskPrice
    marginPpm = request.instrument.marginPpm
  }

  var isLive: Bool { place != .gone }
  var isDormant: Bool { place == .dormant }
  var notional: Int128 { Int128(riskPrice) * Int128(leaves) }
  var margin: Int128 { ApusTradingTests.margin(notional, ppm: marginPpm) }

  /// The set in which it rests.
  var set: BookSet {
    switch (type, timeInForce) {
    case (_, .atOpen): .atOpen
    case (_, .atClose): .atClose
    case (.stop, _), (.stopLimit, _), (.trailingStop, _): .stop
    case (.primaryPeg, _): .primaryPeg
    case (.midPeg, _): .midPeg
    case (.limit, _), (.market, _): .main
    }
  }

  /// Whether what an entry leaves may rest.
  var mayRest: Bool {
    type != .market && timeInForce != .immediateOrCancel && timeInForce != .fillOrKill
  }

  /// What its set is sorted by: less comes first.
  func rank(in set: BookSet) -> UInt32 {
    switch (set, side) {
    case (.stop, .buy): trigger
    case (.stop, .sell): .max - trigger
    // A market order of an auction stands at the best price there is.
    case (_, .buy): type == .market ? 0 : .max - price
    case (_, .sell): type == .market ? 0 : price
    }
  }

  /// Shows what an order that comes to its place shows.
  func show() { shown = display == 0 ? leaves : min(display, leaves) }

  /// Loses quantity, what is hidden first.
  func reduce(to leaves: UInt32) {
    self.leaves = leaves
    shown = min(shown, leaves)
  }
}

/// A parent's children, in the order of their entry; after the parent, the bracket itself.
final class ReferenceBracket {
  var children: [ReferenceOrder] = []
  /// What the parent had traded when it left.
  var traded: UInt64 = 0
}

/// floor(notional × ppm / 1,000,000).
func margin(_ notional: Int128, ppm: UInt64) -> Int128 {
  if ppm == 1_000_000 { return notional }
  if notional < 1 << 43 { return Int128(Int(notional) * Int(ppm) / 1_000_000) }
  return notional * Int128(ppm) / 1_000_000
}
