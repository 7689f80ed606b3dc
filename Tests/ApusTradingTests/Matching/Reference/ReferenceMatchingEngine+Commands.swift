// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Section 13.
extension ReferenceMatchingEngine {
  private func liveOrder(_ command: MatchingCommand) throws(Refusal) -> ReferenceOrder {
    guard let order = orders[command.orderId] else { throw Refusal(reason: .unknownOrder) }
    try check(order.owner.id == command.owner, .notOwner)
    return order
  }

  func cancel(_ command: MatchingCommand) throws(Refusal) {
    cancel(try liveOrder(command), .requested)
  }

  func reduce(_ command: MatchingCommand) throws(Refusal) {
    let order = try liveOrder(command)
    try check(command.quantity > 0, .quantity)
    try check(command.quantity % order.instrument.lot == 0, .lot)
    if command.quantity >= order.leaves { return cancel(order, .requested) }
    order.reduce(to: order.leaves - command.quantity)
    var event = MatchingEvent.of(order, .reduced)
    event.reasonCode = MatchingReason.requested.rawValue
    event.quantity = command.quantity
    event.leavesQuantity = order.leaves
    events.append(event)
  }

  func massCancel(_ command: MatchingCommand) throws(Refusal) {
    let isOfAll = command.flags.contains(.allInstruments)
    let isOfBoth = command.flags.contains(.bothSides)
    let isLost = command.flags.contains(.onDisconnect)
    try check(isOfBoth || Side(rawValue: command.sideCode) != nil, .malformed)
    if !isOfAll { _ = try instrument(command) }
    let list = try owner(command).ordersByInstrument.filter { order in
      (isOfAll || order.instrument.id == command.instrument)
        && (isOfBoth || order.side.rawValue == command.sideCode)
        && (!isLost
          || order.session == command.session && order.timeInForce != .goodTillCancel
            && order.timeInForce != .goodTillDate)
    }
    let (count, left) = cancelAsFarAsPossible(list, isLost ? .disconnected : .massCancel)
    events.append(.massCancelled(command, count: count, left: left))
  }

  func killSwitch(_ command: MatchingCommand) throws(Refusal) {
    let isOn = command.flags.contains(.on)
    var event = MatchingEvent(.killSwitchSet)
    event.owner = command.owner
    if isOn { event.flags.insert(.on) }
    if command.owner == 0 {
      isMarketKilled = isOn
    } else {
      let owner = try owner(command)
      owner.isKilled = isOn
      if isOn {
        (event.value, event.relatedClientOrderId) = cancelAsFarAsPossible(
          owner.ordersByInstrument, .killed)
      }
    }
    events.append(event)
  }

  func expire() {
    let due = orders.values.filter { $0.timeInForce == .goodTillDate && $0.expiry <= now }
    let list = due.sorted { ($0.expiry, $0.id) < ($1.expiry, $1.id) }
    var event = MatchingEvent(.timeExpired)
    (event.value, event.relatedClientOrderId) = cancelAsFarAsPossible(list, .expired)
    events.append(event)
  }

  // MARK: Replace

  func replace(_ command: MatchingCommand) throws(Refusal) {
    let order = try liveOrder(command)
    try checkMessage(of: order.owner)
    try checkId(command.relatedOrderId, session: command.session)
    let request = OrderRequest(replacing: order, by: command)
    let instrument = order.instrument
    try check(instrument.unfinished.isEmpty, .unfinished)
    let isKept = request.keepsPlace(of: order)
    try checkFields(request, isReplacement: true)
    try check(order.bracket?.children.isEmpty ?? true, .link)
    try check(!instrument.restrictedOwners.contains(order.owner.id), .restricted)
    try checkRisk(request, gone: [order], isReplacement: true)
    if instrument.phase == .continuous, request.isPostOnly, !isKept {
      let takes = wouldTake(request.side, request.price, instrument, without: order)
      try check(!takes, .wouldTake)
    }
    replace(order, by: request, isKept: isKept)
  }

  private func replace(_ order: ReferenceOrder, by request: OrderRequest, isKept: Bool) {
    let (originalId, originalName) = (order.id, order.clientOrderId)
    order.riskPrice = request.riskPrice
    order.marginPpm = order.instrument.marginPpm
    order.trigger = request.firstTrigger
    order.amount = order.type == .trailingStop ? request.trigger : 0
    orders[originalId] = nil
    orders[request.id] = order
    order.id = request.id
    order.clientOrderId = request.clientOrderId
    order.session = request.session
    order.traded = 0
    if isKept {
      order.reduce(to: request.quantity)
    } else {
      touch(order.instrument)
      order.instrument.remove(order)
      order.owner.orders.removeAll { $0 === order }
      order.owner.orders.append(order)
      order.leaves = request.quantity
      order.shown = 0
    }
    order.price = request.price
    order.display = request.display
    var event = MatchingEvent.of(order, .replaced)
    event.relatedOrderId = originalId
    event.relatedClientOrderId = originalName
    event.quantity = order.leaves
    event.leavesQuantity = order.leaves
    event.relatedLeavesQuantity = order.display
    event.value = UInt64(order.trigger)
    if isKept { event.flags.insert(.keptPriority) }
    events.append(event)
    if !isKept { enter(order) }
  }

  // MARK: Quotes

  func quote(_ command: MatchingCommand) throws(Refusal) {
    guard let capacity = OrderCapacity(rawValue: command.capacityCode & 15),
      let mode = SelfTradePrevention(rawValue: command.capacityCode >> 4), command.flags.isEmpty
    else { throw Refusal(reason: .malformed) }
    let instrument = try instrument(command)
    let owner = try owner(command)
    try checkMessage(of: owner)
    let previous = owner.quotes[instrument.id]?.live ?? []

    func side(_ side: Side, _ id: UInt64, _ price: UInt32, _ quantity: UInt32) -> OrderRequest? {
      if quantity == 0 { return nil }
      return OrderRequest(
        id: id, clientOrderId: command.clientOrderId, owner: owner, session: command.session,
        account: command.account, instrument: instrument, side: side, type: .limit,
        timeInForce: .day, capacity: capacity.rawValue, mode: mode, price: price,
        quantity: quantity)
    }
    let bid = side(.buy, command.orderId, command.priceTicks, command.quantity)
    let ask = side(
      .sell, command.relatedOrderId, command.triggerTicks, command.displayQuantity)
    if bid != nil || ask != nil {
      try check(instrument.unfinished.isEmpty, .unfinished)
      if let bid { try checkQuote(bid, gone: previous) }
      if let ask { try checkQuote(ask, gone: previous, beside: bid) }
      try checkRoom(for: 2, owner, instrument)
    }

    let count = cancelAll(previous, .quoteReplaced)
    var quote = ReferenceOwner.Quote()
    if let bid {
      quote.bid = accept(bid, flags: .quote)
      quote.bid.map(enter)
    }
    if let ask {
      quote.ask = accept(ask, flags: .quote)
      quote.ask.map(enter)
    }
    owner.quotes[instrument.id] = quote
    if bid == nil, ask == nil { events.append(.massCancelled(command, count: count)) }
  }

  /// 3.7 to 3.24 for one side.
  private func checkQuote(
    _ request: OrderRequest, gone: [ReferenceOrder], beside bid: OrderRequest? = nil
  ) throws(Refusal) {
    try checkId(request.id, session: request.session)
    try checkFields(request, bid: bid)
    try check(!request.instrument.restrictedOwners.contains(request.owner.id), .restricted)
    try checkRisk(request, gone: gone, beside: bid)
  }
}
