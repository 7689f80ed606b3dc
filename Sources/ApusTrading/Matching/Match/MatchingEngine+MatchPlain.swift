// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Trades a plain order against the displayed orders, first come first served, and rests or cancels
  /// what is left. Whatever is not plain is met by ``matchAndRest(_:_:)``.
  ///
  /// - Returns: The slot in which it rests, or none.
  /// - Complexity: O(orders traded with); no allocation.
  @inline(never)
  mutating func matchPlain(_ order: PlainOrder, _ events: inout MatchingSink) -> UInt32 {
    prepareBand(order.instrument)
    let opposite = order.side.opposite
    let crossKey = OrderBooks.key(opposite, order.limitTicks)
    let mode = mode(order.capacityCode, order.instrument)
    let group = mode == .allow ? UInt32.max : groups[order.owner]
    // SAFETY: every instrument has a ladder; entries below `count` name live levels with orders; no
    // record moves. An owner's group is never UInt32.max.
    let ladder = unsafe books.ladder(order.instrument, opposite)
    let account = unsafe account(order.owner, order.holding)
    var left = order.quantity
    while unsafe ladder.pointee.count > 0 {
      let entry = unsafe books.places.base(ladder.pointee)[Int(ladder.pointee.count) &- 1]
      guard entry.key >= crossKey else { break }
      let priceTicks = OrderBooks.key(opposite, entry.key)
      let slot = levels[entry.level].head.rawValue
      let resting = unsafe orders.base + Int(slot)
      let detail = unsafe details.base + Int(slot)
      let maker = unsafe self.account(detail.pointee.owner, detail.pointee.holding)
      if unsafe isOutsideBand(priceTicks) || resting.pointee.tag.hasExtra
        || groups[detail.pointee.owner] == group
        || maker.owner.pointee.resetCount != sumResets.count
      {
        return matchRest(order, left, end: nil, &events)
      }
      let before = unsafe resting.pointee.quantity
      let quantity = min(left, before)
      left &-= quantity
      matchNumber &+= 1
      unsafe emitTrade(
        order, resting, detail, priceTicks, quantity, left, before &- quantity, &events)
      unsafe maker.settleResting(
        resting.pointee.side, resting.pointee.priceTicks, before, detail.pointee.marginPpm,
        priceTicks, quantity, marginPpm: order.marginPpm)
      unsafe account.settle(
        order.side, priceTicks, quantity, feePpm: account.owner.pointee.takerFeePpm,
        marginPpm: order.marginPpm)
      instruments[order.instrument].lastTicks = priceTicks
      if quantity == before {
        leavePlain(slot)
      } else {
        unsafe detail.pointee.filledQuantity &+= quantity
        takeShown(quantity, from: slot)
      }
      if left == 0 { return .max }
      if events.remainingCapacity < Self.eventReserve {
        return matchRest(order, left, end: .cancelled(.eventLimit), &events)
      }
    }
    if order.mayRest { return rest(order, left, filled: order.quantity &- left, &events) }
    endPlain(order, left, &events)
    return .max
  }

  /// Enters a plain order into an instrument that is not: in another phase, with pegs, pro rata.
  @inline(never)
  mutating func enterAmongSpecial(
    _ order: PlainOrder, _ events: inout MatchingSink
  ) -> UInt32 {
    emitAccepted(order, &events)
    return matchRest(order, order.quantity, end: nil, &events)
  }

  /// Continues with what is left of a plain order where something is special.
  @inline(never)
  private mutating func matchRest(
    _ order: PlainOrder, _ left: UInt32, end: MatchEnd?, _ events: inout MatchingSink
  ) -> UInt32 {
    var incoming = Incoming(
      orderId: order.orderId, clientOrderId: order.clientOrderId, owner: order.owner,
      session: UInt16(truncatingIfNeeded: order.party >> 16), instrument: order.instrument,
      side: order.side,
      typeAndTime: order.typeAndTime, account: UInt32(truncatingIfNeeded: order.party >> 32),
      capacityCode: order.capacityCode,
      flags: [], priceTicks: order.priceTicks, limitTicks: order.limitTicks, leaves: left,
      displayQuantity: 0, filledQuantity: order.quantity &- left, riskTicks: order.priceTicks,
      marginPpm: order.marginPpm, holding: order.holding, group: groups[order.owner],
      selfTradePrevention: mode(order.capacityCode, order.instrument))
    if let end {
      finish(&incoming, end, in: .main, &events)
    } else {
      matchAndRest(&incoming, &events)
    }
    guard incoming.leaves > 0 else { return .max }
    if order.isQuote { orders[incoming.slot].tag.isQuote = true }
    return incoming.slot
  }

  @inline(__always)
  @unsafe
  private func emitTrade(
    _ order: PlainOrder, _ resting: UnsafeMutablePointer<BookOrder>,
    _ detail: UnsafeMutablePointer<OrderDetail>, _ priceTicks: UInt32, _ quantity: UInt32,
    _ left: UInt32, _ restingLeft: UInt32, _ events: inout MatchingSink
  ) {
    let capacity = unsafe UInt64(detail.pointee.capacityCode & 15) << 52
    unsafe events.emit(
      .trade, head: (order.head | capacity) & ~(0xFF << 24), orderId: order.orderId,
      clientOrderId: order.clientOrderId, party: order.party,
      relatedOrderId: resting.pointee.reference,
      relatedClientOrderId: detail.pointee.clientOrderId, relatedParty: detail.pointee.party,
      priceAndQuantity: EventWord.pair(priceTicks, quantity),
      leaves: EventWord.pair(left, restingLeft), value: matchNumber)
  }
}
