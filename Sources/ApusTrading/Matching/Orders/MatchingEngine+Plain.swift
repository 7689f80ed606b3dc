// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

/// The short way for plain orders, which nearly all are: no copies of what a special order might have,
/// and every record's place computed once. Where anything is special, and where anything is to be
/// refused, `enter` does the whole again. Figures: docs/decisions/0005-plain-orders.md.
extension MatchingEngine {
  /// Enters a plain order.
  ///
  /// - Returns: False where it is not plain or not acceptable; then nothing has changed.
  @inline(__always)
  mutating func enterPlain(_ command: MatchingCommand, _ events: inout MatchingSink) -> Bool {
    let (sell, buy) = (Side.sell.rawValue, Side.buy.rawValue)
    // One test of both, and the side without one: which it is, nobody can predict.
    guard UInt32(command.sideCode ^ sell) &* UInt32(command.sideCode ^ buy) == 0,
      isPlain(command)
    else { return false }
    let side = command.sideCode == sell ? Side.sell : .buy
    // SAFETY: every instrument and owner has a record; no record moves.
    let instrument = unsafe instruments.base + Int(command.instrument)
    let owner = unsafe owners.base + Int(command.owner)
    guard unsafe instrument.pointee.isPlain, unsafe isFree(owner.pointee),
      unsafe instrument.pointee.refusal(ofQuantity: command.quantity) == nil
    else { return false }

    let isLimit = command.typeCode == OrderType.limit.rawValue
    var limitTicks = command.priceTicks
    var riskTicks = command.priceTicks
    if isLimit {
      guard unsafe instrument.pointee.refusal(ofPrice: command.priceTicks) == nil else {
        return false
      }
    } else {
      guard command.priceTicks == 0, unsafe instrument.pointee.collarPpm == 0 else {
        return false
      }
      limitTicks = Self.anyPrice(side)
      riskTicks = unsafe instrument.pointee.anchorTicks
    }
    guard refusal(ofId: command.orderId, session: command.session) == nil,
      let holding = holdings.find(owner: command.owner, instrument: command.instrument),
      !holdings.records[holding].isRestricted, holdings.records[holding].isListed,
      hasRoom(1)
    else { return false }

    let marginPpm = unsafe instrument.pointee.marginPpm
    let sums = riskSums(command.owner, Self.notional(riskTicks, command.quantity), marginPpm)
    if sums.isOverflow { return false }
    if unsafe owner.pointee.limitsSet != 0 {
      let request = RiskRequest(
        owner: command.owner, instrument: command.instrument, side: side,
        quantity: command.quantity, priceTicks: command.priceTicks,
        checkedTicks: command.priceTicks, riskTicks: riskTicks, marginPpm: marginPpm,
        holding: holding)
      if checkLimits(request, sums) != nil { return false }
    }
    guard unsafe countMessage(owner) else { return false }

    sessions[command.session] = command.orderId
    unsafe remember(owner, command)
    let order = PlainOrder(
      head: EventWord.head(
        side: command.sideCode, instrument: command.instrument, capacity: command.capacityCode,
        typeAndTime: command.typeCode | command.detailCode << 4),
      orderId: command.orderId, clientOrderId: command.clientOrderId,
      party: EventWord.party(command.owner, command.session, command.account),
      instrument: command.instrument, side: side, capacityCode: command.capacityCode,
      mayRest: isLimit && command.detailCode != TimeInForce.immediateOrCancel.rawValue,
      priceTicks: command.priceTicks, limitTicks: limitTicks, quantity: command.quantity,
      marginPpm: marginPpm, holding: holding)
    _ = enter(order, &events)
    touch(command.instrument)
    return true
  }

  /// Limit for the day or until cancelled, or limit or market at once; and nothing else to it.
  @inline(__always)
  private func isPlain(_ command: MatchingCommand) -> Bool {
    let isLimit = command.typeCode == OrderType.limit.rawValue
    let isMarket = command.typeCode == OrderType.market.rawValue
    let isAtOnce = command.detailCode == TimeInForce.immediateOrCancel.rawValue
    let isResting =
      command.detailCode == TimeInForce.day.rawValue
      || command.detailCode == TimeInForce.goodTillCancel.rawValue
    let special =
      command.relatedOrderId | command.value | UInt64(command.displayQuantity)
      | UInt64(command.triggerTicks) | UInt64(command.flags.rawValue)
    return special == 0 && OrderRequest.isCapacityKnown(command.capacityCode)
      && (isLimit && (isResting || isAtOnce) || isMarket && isAtOnce)
  }

  /// Whether an owner may send, and its sums need no look at what was reset.
  @inline(__always)
  func isFree(_ owner: Owner) -> Bool {
    refusal(of: owner) == nil && owner.resetCount == sumResets.count
  }

  /// As ``enter(_:_:)`` of a plain order, not inlined.
  @inline(never)
  mutating func enterOne(_ order: PlainOrder, _ events: inout MatchingSink) -> UInt32 {
    enter(order, &events)
  }

  /// Trades a plain order, and rests or cancels what is left.
  ///
  /// - Returns: The slot in which it rests, or none.
  @inline(__always)
  mutating func enter(_ order: PlainOrder, _ events: inout MatchingSink) -> UInt32 {
    emitAccepted(order, &events)
    let opposite = order.side.opposite
    if let best = bestTicks(order.instrument, opposite),
      OrderBooks.key(opposite, best) >= OrderBooks.key(opposite, order.limitTicks)
    {
      return matchPlain(order, &events)
    }
    if order.mayRest { return rest(order, order.quantity, filled: 0, &events) }
    endPlain(order, order.quantity, &events)
    return .max
  }

  @inline(__always)
  func emitAccepted(_ order: PlainOrder, _ events: inout MatchingSink) {
    events.emit(
      .accepted, head: order.head, orderId: order.orderId, clientOrderId: order.clientOrderId,
      party: order.party, priceAndQuantity: EventWord.pair(order.priceTicks, order.quantity),
      leaves: UInt64(order.quantity))
  }

  /// Cancels what is left of an order that does not rest.
  @inline(never)
  func endPlain(_ order: PlainOrder, _ left: UInt32, _ events: inout MatchingSink) {
    events.emit(
      .cancelled, head: order.head | UInt64(MatchingReason.immediate.rawValue) << 16,
      orderId: order.orderId, clientOrderId: order.clientOrderId, party: order.party,
      priceAndQuantity: EventWord.pair(order.priceTicks, left))
  }

  /// Puts what is left of a plain order behind all others at its price.
  ///
  /// - Precondition: There is room for an order.
  @inline(__always)
  mutating func rest(
    _ order: PlainOrder, _ left: UInt32, filled: UInt32, _ events: inout MatchingSink
  ) -> UInt32 {
    guard let index = books.orders.allocate() else { return .max }
    let slot = index.rawValue
    // SAFETY: the slot was just allocated; there is a detail for every slot.
    let resting = unsafe orders.base + Int(slot)
    let detail = unsafe details.base + Int(slot)
    unsafe resting.pointee.reference = order.orderId
    unsafe resting.pointee.quantity = left
    unsafe resting.pointee.priceTicks = order.priceTicks
    unsafe resting.pointee.locate = order.instrument
    unsafe resting.pointee.side = order.side
    unsafe resting.pointee.tag = OrderTag(isQuote: order.isQuote)
    unsafe detail.pointee.clientOrderId = order.clientOrderId
    unsafe detail.pointee.party = order.party
    unsafe detail.pointee.holding = order.holding
    unsafe detail.pointee.extra = .max
    unsafe detail.pointee.filledQuantity = filled
    unsafe detail.pointee.marginPpm = order.marginPpm
    unsafe detail.pointee.typeAndTime = order.typeAndTime
    unsafe detail.pointee.capacityCode = order.capacityCode
    unsafe detail.pointee.flags = []
    self.index(order.orderId, slot)
    appendToHolding(slot)
    owners[order.owner].openOrderCount &+= 1
    unsafe account(order.owner, order.holding).claim(
      order.side, order.priceTicks, left, marginPpm: order.marginPpm)
    let key = OrderBooks.key(order.side, order.priceTicks)
    guard unsafe books.link(index, books.ladder(order.instrument, order.side), key) else {
      unsafe resting.pointee.level = .none
      remove(slot, .capacity, &events)
      return .max
    }
    return slot
  }
}
