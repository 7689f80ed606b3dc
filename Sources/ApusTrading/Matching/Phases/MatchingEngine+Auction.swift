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
        guard var price = auctionPrice(instrument) else { return true }
        let room = events.remainingCapacity
        guard joinMain(instrument, &events, reserve) else { return false }
        if events.remainingCapacity != room {
          guard let left = auctionPrice(instrument) else { return true }
          price = left
        }
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
  ///
  /// All orders of a price go together, so that they need no level but their own. Only where the side has
  /// as many prices as it may are they cancelled, one by one: links may do more than that.
  ///
  /// - Returns: Whether it is done; false where there is no more room for events.
  private mutating func joinMain(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    let set = instruments[instrument].auctionSet
    let sides: InlineArray<2, Side> = [Side.buy, .sell]
    for index in sides.indices {
      let side = sides[index]
      while let head = firstOf(set, instrument, side) {
        // SAFETY: every instrument has a ladder.
        let ladder = unsafe books.ladder(instrument, side)
        if unsafe books.hasRoom(ladder, OrderBooks.key(orders[head]), givesLevelUp: true) {
          joinMain(head)
          continue
        }
        guard events.remainingCapacity >= reserve else { return false }
        remove(head, .capacity, &events)
      }
    }
    return true
  }

  /// Moves all orders of an auction's price, of which this is the first. There is room for it.
  private mutating func joinMain(_ head: UInt32) {
    var count: UInt32 = 0
    var next = SlabIndex<BookOrder>(rawValue: head)
    while !next.isNone {
      allotments[count] = Allotment(slot: next.rawValue, quantity: 0)
      count &+= 1
      next = orders[next.rawValue].next
    }
    for index in 0..<count { unlink(allotments[index].slot) }
    for index in 0..<count {
      let slot = allotments[index].slot
      countOut(slot)
      orders[slot].tag.set = .main
      countIn(slot)
      let isLinked = link(slot)
      assert(isLinked, "MatchingEngine.joinMain: expected the room there was")
    }
  }

  /// The first order of one side of a set.
  mutating func firstOf(_ set: OrderSet, _ instrument: UInt16, _ side: Side) -> UInt32? {
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    guard ladder.count > 0 else { return nil }
    return levels[unsafe books.ladders.base(ladder)[Int(ladder.count) - 1].level].head.rawValue
  }
}
