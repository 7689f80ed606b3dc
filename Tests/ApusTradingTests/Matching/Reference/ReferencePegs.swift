// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// The best main bid and ask of a moment, from which pegs have their prices.
struct PegReference {
  var bid: UInt32?
  var ask: UInt32?

  /// Rules 10.1 and 10.2; nil where the peg has no price.
  func price(_ type: OrderType, _ side: Side, limit: UInt32) -> UInt32? {
    if type == .primaryPeg {
      return side == .buy ? bid.map { min(limit, $0) } : ask.map { max(limit, $0) }
    }
    guard let bid, let ask, bid < ask else { return nil }
    let sum = UInt64(bid) + UInt64(ask)
    return side == .buy
      ? min(limit, UInt32(sum / 2)) : max(limit, UInt32((sum + 1) / 2))
  }

  func price(_ order: ReferenceOrder) -> UInt32? {
    price(order.type, order.side, limit: order.price)
  }
}

extension ReferenceInstrument {
  /// The peg reference, as if an order were gone.
  func pegReference(without excluded: ReferenceOrder? = nil) -> PegReference {
    PegReference(
      bid: self[.main, .buy].first { $0 !== excluded }?.price,
      ask: self[.main, .sell].first { $0 !== excluded }?.price)
  }

  /// The first of a side's pegs of one kind: better price first, then time of entry (10.3).
  func firstPeg(
    _ set: BookSet, _ side: Side, _ reference: PegReference
  ) -> (order: ReferenceOrder, price: UInt32)? {
    var first: (order: ReferenceOrder, price: UInt32)?
    for order in self[set, side] {
      guard let price = reference.price(order) else { continue }
      if let (other, otherPrice) = first {
        if price == otherPrice ? order.arrival > other.arrival : !side.isBetter(price, otherPrice) {
          continue
        }
      }
      first = (order, price)
    }
    return first
  }
}

extension Side {
  /// Whether a price is better, seen from an order of this side that rests.
  func isBetter(_ price: UInt32, _ other: UInt32) -> Bool {
    self == .buy ? price > other : price < other
  }

  /// Whether an order of this side with a limit takes a price.
  func accepts(_ price: UInt32, limit: UInt32?) -> Bool {
    guard let limit else { return true }
    return self == .buy ? price <= limit : price >= limit
  }
}
