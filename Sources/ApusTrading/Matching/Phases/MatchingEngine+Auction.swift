// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

/// What an auction at a price would do.
struct AuctionPrice {
  var priceTicks: UInt32
  var quantity: UInt64
  /// Buying less selling.
  var imbalance: Int64
}

extension MatchingEngine {
  /// Finds an auction's price and trades at it; resumes where it had to stop. Section 11.
  ///
  /// - Returns: Whether it is done.
  mutating func holdAuction(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    while true {
      if instruments[instrument].auctionLeft == 0 {
        guard events.remainingCapacity >= reserve else { return false }
        guard let price = auctionPrice(instrument) else { return true }
        joinMain(instrument, &events)
        instruments[instrument].auctionTicks = price.priceTicks
        instruments[instrument].auctionLeft = price.quantity
        var event = MatchingEvent(.auction)
        event.instrument = instrument
        event.priceTicks = price.priceTicks
        event.value = price.quantity
        event.relatedClientOrderId = UInt64(bitPattern: price.imbalance)
        event.detailCode = instruments[instrument].phase.rawValue
        events.emit(event)
      }
      while instruments[instrument].auctionLeft > 0 {
        guard events.remainingCapacity >= reserve else { return false }
        guard tradeInAuction(instrument, &events) else {
          // Links took away what was counted on: look again.
          instruments[instrument].auctionLeft = 0
          break
        }
      }
      // What still crosses, crosses because of links; else this finds nothing.
    }
  }

  /// One trade at the auction's price; false where there is no pair for it.
  private mutating func tradeInAuction(
    _ instrument: UInt16, _ events: inout MatchingSink
  ) -> Bool {
    let priceTicks = instruments[instrument].auctionTicks
    guard let bid = bestTicks(instrument, .buy), let ask = bestTicks(instrument, .sell),
      bid >= priceTicks, ask <= priceTicks
    else { return false }
    let buy = firstSlot(instrument, .buy)
    let sell = firstSlot(instrument, .sell)
    let most = UInt32(clamping: instruments[instrument].auctionLeft)
    let quantity = min(orders[buy].quantity, orders[sell].quantity, most)
    instruments[instrument].auctionLeft -= UInt64(quantity)
    matchNumber &+= 1
    let (buyLeaves, sellLeaves) = (leaves(buy), leaves(sell))
    emitAuctionTrade(
      buy, sell, priceTicks, quantity, buyLeaves &- quantity, sellLeaves &- quantity, &events)
    settleResting(buy, priceTicks, quantity, leaves: buyLeaves)
    settleResting(sell, priceTicks, quantity, leaves: sellLeaves)
    details[buy].filledQuantity &+= quantity
    details[sell].filledQuantity &+= quantity
    setLast(instrument, priceTicks)
    useUpInAuction(quantity, buy, sell, &events)
    return true
  }

  /// Both sides lose what they traded; what is used up is replenished or leaves; then links act, the
  /// buy's first.
  private mutating func useUpInAuction(
    _ quantity: UInt32, _ buy: UInt32, _ sell: UInt32, _ events: inout MatchingSink
  ) {
    let sides = [buy, sell] as InlineArray<2, UInt32>
    for index in sides.indices {
      let slot = sides[index]
      if quantity < orders[slot].quantity {
        takeShown(quantity, from: slot)
      } else if leaves(slot) > quantity {
        replenish(slot, &events)
      } else {
        takeOut(slot)
      }
    }
    var isGone = [isOut(buy), isOut(sell)] as InlineArray<2, Bool>
    for index in sides.indices {
      let slot = sides[index]
      // The other one's link may have taken this one.
      if !isGone[index], isOut(slot) { continue }
      resolveLink(of: slot, &events)
      if isGone[index] { resolveChildren(of: slot, &events) }
    }
    for index in sides.indices where isGone[index] {
      free(sides[index])
      isGone[index] = false
    }
  }

  private mutating func emitAuctionTrade(
    _ buy: UInt32, _ sell: UInt32, _ priceTicks: UInt32, _ quantity: UInt32,
    _ buyLeaves: UInt32, _ sellLeaves: UInt32, _ events: inout MatchingSink
  ) {
    var event = event(.trade, of: buy)
    event.flags = .auction
    let related = details[sell]
    event.relatedOrderId = orders[sell].reference
    event.capacityCode |= (related.capacityCode & 15) << 4
    event.relatedClientOrderId = related.clientOrderId
    event.relatedOwner = related.owner
    event.relatedSession = related.session
    event.relatedAccount = related.account
    event.priceTicks = priceTicks
    event.quantity = quantity
    event.leavesQuantity = buyLeaves
    event.relatedLeavesQuantity = sellLeaves
    event.value = matchNumber
    events.emit(event)
  }

  /// Puts the auction's orders into the displayed book, behind those at their price. Section 11.2.
  private mutating func joinMain(_ instrument: UInt16, _ events: inout MatchingSink) {
    let set = instruments[instrument].auctionSet
    let sides: InlineArray<2, Side> = [Side.buy, .sell]
    for index in sides.indices {
      let side = sides[index]

      while let slot = firstOf(set, instrument, side) {
        unlink(slot)
        orders[slot].tag.set = .main
        if extras[details[slot].extra].displayQuantity != 0 {
          instruments[instrument].icebergCount &+= 1
        }
        if !link(slot) {
          orders[slot].level = .none
          remove(slot, .capacity, &events)
        }
      }
    }
  }

  private mutating func firstOf(_ set: OrderSet, _ instrument: UInt16, _ side: Side) -> UInt32? {
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    guard ladder.count > 0 else { return nil }
    return levels[unsafe books.ladders.base(ladder)[Int(ladder.count) - 1].level].head.rawValue
  }

  /// Cancels what is left of the orders that lived for the auction. Section 9.
  mutating func cancelAuctionOnly(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    let set = instruments[instrument].auctionSet
    let timeInForce: TimeInForce = set == .atOpen ? .atOpen : .atClose
    let sides: InlineArray<2, Side> = [Side.buy, .sell]
    for index in sides.indices {
      let side = sides[index]

      while let slot = firstAuctionOnly(instrument, side, timeInForce)
        ?? firstOf(set, instrument, side)
      {
        guard events.remainingCapacity >= reserve else { return false }
        remove(slot, .auctionOnly, &events)
      }
    }
    return true
  }

  /// The first order of the displayed book that lives for an auction.
  private mutating func firstAuctionOnly(
    _ instrument: UInt16, _ side: Side, _ timeInForce: TimeInForce
  ) -> UInt32? {
    guard instruments[instrument].auctionOnlyCount != 0 else { return nil }
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(instrument, side).pointee
    var position = Int(ladder.count)
    while position > 0 {
      position -= 1
      var slot = levels[unsafe books.ladders.base(ladder)[position].level].head
      while !slot.isNone {
        if details[slot.rawValue].timeInForce == timeInForce { return slot.rawValue }
        slot = orders[slot.rawValue].next
      }
    }
    return nil
  }
}
