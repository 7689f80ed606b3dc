// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// The price that trades most, then leaves least, then is nearest to the reference; nil where
  /// nothing can trade. Section 11.1.
  ///
  /// - Complexity: O(prices); O(orders) where there are icebergs.
  mutating func auctionPrice(_ instrument: UInt16) -> AuctionPrice? {
    let set = instruments[instrument].auctionSet
    // In rising order of price: bids lie so, asks lie the other way round.
    var bids = LevelCursor(self, .main, instrument, .buy)
    var auctionBids = LevelCursor(self, set, instrument, .buy)
    var asks = LevelCursor(self, .main, instrument, .sell)
    var auctionAsks = LevelCursor(self, set, instrument, .sell)
    let reference = instruments[instrument].referenceTicks
    var referenceLeft =
      reference != 0 && instruments[instrument].isOnGrid(reference) ? reference : nil
    let near = reference != 0 ? reference : instruments[instrument].lastTicks
    var buying = total(bids) + total(auctionBids)
    var selling: UInt64 = 0
    var best: AuctionPrice?
    while true {
      var price = referenceLeft
      let list: InlineArray<4, UInt32?> = [
        bids.price, auctionBids.price, asks.price, auctionAsks.price,
      ]
      for index in list.indices {
        let next = list[index]

        if let next, price == nil || next < price ?? 0 { price = next }
      }
      guard let price else { break }
      if referenceLeft == price { referenceLeft = nil }
      selling += take(&asks, price) + take(&auctionAsks, price)
      // Orders at any price are at the ends, and their prices are no candidates.
      if price != 0, price != .max {
        let candidate = AuctionPrice(
          priceTicks: price, quantity: min(buying, selling),
          imbalance: Int64(buying) - Int64(selling))
        if candidate.quantity > 0, isBetter(candidate, best, near: near) { best = candidate }
      }
      buying -= take(&bids, price) + take(&auctionBids, price)
    }
    return best
  }

  private mutating func isBetter(_ one: AuctionPrice, _ other: AuctionPrice?, near: UInt32) -> Bool
  {
    guard let other else { return true }
    if one.quantity != other.quantity { return one.quantity > other.quantity }
    let (left, right) = (one.imbalance.magnitude, other.imbalance.magnitude)
    if left != right { return left < right }
    if near == 0 { return false }
    let distance = { (price: UInt32) in max(price, near) - min(price, near) }
    // Candidates come in rising order: of two equally near the later is the higher.
    return distance(one.priceTicks) <= distance(other.priceTicks)
  }

  /// The quantity of the cursor's level, if it is at this price; the cursor moves on.
  private mutating func take(_ cursor: inout LevelCursor, _ price: UInt32) -> UInt64 {
    guard cursor.price == price else { return 0 }
    let quantity = wholeQuantity(cursor.level)
    advance(&cursor)
    return quantity
  }

  private mutating func total(_ start: LevelCursor) -> UInt64 {
    var cursor = start
    var quantity: UInt64 = 0
    while cursor.price != nil {
      quantity += wholeQuantity(cursor.level)
      advance(&cursor)
    }
    return quantity
  }

  /// Shown and hidden quantity at a price.
  private mutating func wholeQuantity(_ level: UInt32) -> UInt64 {
    let head = levels[level].head
    let instrument = orders[head.rawValue].locate
    if orders[head.rawValue].tag.set == .main, instruments[instrument].icebergCount == 0 {
      return levels[level].quantity
    }
    var quantity: UInt64 = 0
    var slot = head
    while !slot.isNone {
      quantity += UInt64(leaves(slot.rawValue))
      slot = orders[slot.rawValue].next
    }
    return quantity
  }

  /// One side of one set, level by level in rising order of price.
  private struct LevelCursor {
    var set: OrderSet
    var instrument: UInt16
    var side: Side
    var position = 0
    var price: UInt32?
    var level: UInt32 = 0

    init(
      _ engine: borrowing MatchingEngine, _ set: OrderSet, _ instrument: UInt16, _ side: Side
    ) {
      self.set = set
      self.instrument = instrument
      self.side = side
      engine.place(&self)
    }
  }

  private func place(_ cursor: inout LevelCursor) {
    // SAFETY: entries below `count` name live levels.
    let ladder = unsafe books.ladder(cursor.set, cursor.instrument, cursor.side).pointee
    guard cursor.position < Int(ladder.count) else {
      cursor.price = nil
      return
    }
    let index = cursor.side == .buy ? cursor.position : Int(ladder.count) - 1 - cursor.position
    let entry = unsafe books.ladders.base(ladder)[index]
    cursor.price = OrderBooks.key(cursor.side, entry.key)
    cursor.level = entry.level
  }

  private func advance(_ cursor: inout LevelCursor) {
    cursor.position += 1
    place(&cursor)
  }
}
