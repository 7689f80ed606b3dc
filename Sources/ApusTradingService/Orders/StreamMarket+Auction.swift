// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// Phases and auctions of the generator's model (docs/matching-rules.md, sections 9 and 11).
extension StreamMarket {
  /// Prices that market orders have in an auction's book: better than any other.
  private static func bestPrice(_ side: UInt8) -> UInt32 { side == buy ? UInt32(Int32.max) : 0 }

  /// Moves an instrument to a phase, with the auction that belongs to the change.
  mutating func setPhase(_ instrument: UInt16, _ phase: MarketPhase) {
    let old = instruments[Int(instrument)].phase
    instruments[Int(instrument)].phase = phase
    if phase == .continuous {
      let band = instruments[Int(instrument)].band
      holdAuction(instrument, isOpening: true)
      triggerStops(instrument, band: band)
    } else if old == .closingAuction, phase == .closed {
      holdAuction(instrument, isOpening: false)
    }
  }

  private mutating func holdAuction(_ instrument: UInt16, isOpening: Bool) {
    let taking = instruments[Int(instrument)].auctionOrders.filter { $0.isAtOpen == isOpening }
    instruments[Int(instrument)].auctionOrders.removeAll { $0.isAtOpen == isOpening }
    for order in taking {
      rest(
        order.orderId, instrument, order.side, price: order.price ?? Self.bestPrice(order.side),
        quantity: order.quantity)
    }
    if let auction = auctionPrice(instrument) {
      uncross(instrument, price: auction.price, quantity: auction.quantity)
    }
    for order in taking {
      if let resting = self.order(order.orderId) { remove(slot: resting.slot) }
    }
  }

  private mutating func uncross(_ instrument: UInt16, price: UInt32, quantity: UInt64) {
    var left = quantity
    while left > 0, let bid = books.bestOrder(locate: instrument, side: Self.buy),
      let ask = books.bestOrder(locate: instrument, side: Self.sell)
    {
      let shown = min(books.orders[Int(bid)].quantity, books.orders[Int(ask)].quantity)
      let traded = UInt32(min(UInt64(shown), left))
      fill(slot: bid, by: traded)
      fill(slot: ask, by: traded)
      left -= UInt64(traded)
      totals.trade(price: price, quantity: traded)
      instruments[Int(instrument)].last = price
    }
  }

  /// Prices of a side and what they hold, hidden quantity included, lowest first.
  private func depth(_ instrument: UInt16, _ side: UInt8) -> [(price: UInt32, quantity: UInt64)] {
    let levels = books.sides[GeneratorBooks.sideIndex(locate: instrument, side: side)]
    let sums = levels.map { level -> (price: UInt32, quantity: UInt64) in
      var sum: UInt64 = 0
      var slot = level.head
      while slot != GeneratorBooks.noSlot {
        let order = books.orders[Int(slot)]
        sum += UInt64(order.quantity) + UInt64(hidden[order.reference]?.quantity ?? 0)
        slot = order.next
      }
      return (level.key.magnitude, sum)
    }
    return side == Self.buy ? sums : sums.reversed()
  }

  /// The price at which an auction trades, and how much; nil where nothing would trade.
  private func auctionPrice(_ instrument: UInt16) -> (price: UInt32, quantity: UInt64)? {
    let state = instruments[Int(instrument)]
    let (bids, asks) = (depth(instrument, Self.buy), depth(instrument, Self.sell))
    var candidates = Set((bids + asks).map(\.price))
    candidates.subtract([Self.bestPrice(Self.buy), Self.bestPrice(Self.sell)])
    if state.reference > 0 { candidates.insert(state.reference) }
    let near = state.reference > 0 ? state.reference : state.last
    var best: (price: UInt32, quantity: UInt64, imbalance: UInt64, distance: UInt32)?
    var buying = bids.reduce(0) { $0 + $1.quantity }
    var selling: UInt64 = 0
    var (nextBid, nextAsk) = (0, 0)
    for price in candidates.sorted() {
      while nextBid < bids.count, bids[nextBid].price < price {
        buying -= bids[nextBid].quantity
        nextBid += 1
      }
      while nextAsk < asks.count, asks[nextAsk].price <= price {
        selling += asks[nextAsk].quantity
        nextAsk += 1
      }
      let quantity = min(buying, selling)
      let imbalance = max(buying, selling) - quantity
      let distance = near == 0 ? price : max(price, near) - min(price, near)
      // The higher price wins where all is equal, and candidates rise.
      if let best, (best.quantity, imbalance, distance) > (quantity, best.imbalance, best.distance)
      {
        continue
      }
      best = (price, quantity, imbalance, distance)
    }
    guard let best, best.quantity > 0 else { return nil }
    return (best.price, best.quantity)
  }
}
