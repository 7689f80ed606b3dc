// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// `new` and section 4.
extension ReferenceMatchingEngine {
  func new(_ command: MatchingCommand) throws(Refusal) {
    let request = try checked(command)
    let order = accept(
      request, flags: EventFlags(command.flags), linkedId: command.relatedOrderId)
    order.owner.lastNew = .init(
      instrument: order.instrument.id, side: order.side.rawValue, price: order.price,
      quantity: order.leaves, time: now)
    switch request.link {
    case .oneCancelsOther:
      order.partner = orders[request.linkedId]
      order.partner?.partner = order
    case .bracketChild:
      guard let parent = orders[request.linkedId] else { break }
      let bracket = parent.bracket ?? ReferenceBracket()
      parent.bracket = bracket
      bracket.children.append(order)
      order.bracket = bracket
      order.place = .dormant
      return
    case .none, .both: break
    }
    enter(order)
  }

  /// Section 3 from the first check to the last.
  private func checked(_ command: MatchingCommand) throws(Refusal) -> OrderRequest {
    let flagsOfNew: CommandFlags = [.postOnly, .oneCancelsOther, .bracketChild]
    guard let side = Side(rawValue: command.sideCode),
      let type = OrderType(rawValue: command.typeCode),
      let timeInForce = TimeInForce(rawValue: command.detailCode),
      let capacity = OrderCapacity(rawValue: command.capacityCode & 15),
      let mode = SelfTradePrevention(rawValue: command.capacityCode >> 4),
      flagsOfNew.isSuperset(of: command.flags)
    else { throw Refusal(reason: .malformed) }
    let instrument = try instrument(command)
    let owner = try owner(command)
    try checkMessage(of: owner)
    try checkId(command.orderId, session: command.session)
    let isOneCancelsOther = command.flags.contains(.oneCancelsOther)
    let isChild = command.flags.contains(.bracketChild)
    let request = OrderRequest(
      id: command.orderId, clientOrderId: command.clientOrderId, owner: owner,
      session: command.session, account: command.account, instrument: instrument, side: side,
      type: type, timeInForce: timeInForce, capacity: capacity.rawValue, mode: mode,
      isPostOnly: command.flags.contains(.postOnly), price: command.priceTicks,
      quantity: command.quantity, display: command.displayQuantity,
      trigger: command.triggerTicks, expiry: command.value,
      link: isOneCancelsOther
        ? (isChild ? .both : .oneCancelsOther) : (isChild ? .bracketChild : .none),
      linkedId: command.relatedOrderId)
    try check(instrument.unfinished.isEmpty, .unfinished)
    try checkFields(request)
    _ = try checkLink(request)
    try check(!instrument.restrictedOwners.contains(owner.id), .restricted)
    try checkRisk(request, isNew: true)
    try checkRoom(for: 1, owner, instrument)
    if instrument.phase == .continuous, !isChild {
      if request.isPostOnly {
        try check(!wouldTake(side, request.price, instrument), .wouldTake)
      }
      if timeInForce == .fillOrKill { try check(isFillable(request), .notFillable) }
    }
    return request
  }

  /// Makes the order and says so.
  func accept(_ request: OrderRequest, flags: EventFlags, linkedId: UInt64 = 0) -> ReferenceOrder {
    let order = ReferenceOrder(request, riskPrice: request.riskPrice)
    orders[order.id] = order
    noteHolding(order.owner.id, order.instrument.id)
    order.owner.orders.append(order)
    if !order.owner.instruments.contains(order.instrument.id) {
      order.owner.instruments.append(order.instrument.id)
    }
    touch(order.instrument)
    events.append(.accepted(order, flags: flags, linkedId: linkedId))
    return order
  }

  /// What follows after an order's own event.
  func enter(_ order: ReferenceOrder) {
    let instrument = order.instrument
    let set = order.set
    guard instrument.phase == .continuous, set != .stop, set != .atOpen, set != .atClose else {
      return rest(order, in: set)
    }
    match(order)
    guard order.isLive else { return }
    if order.mayRest {
      rest(order, in: set)
    } else {
      cancel(order, instrument.phase == .continuous ? .immediate : .volatility)
    }
  }
}

extension EventFlags {
  /// Flags 4, 8 and 16 as entered.
  init(_ flags: CommandFlags) {
    self = []
    if flags.contains(.postOnly) { insert(.postOnly) }
    if flags.contains(.oneCancelsOther) { insert(.oneCancelsOther) }
    if flags.contains(.bracketChild) { insert(.bracketChild) }
  }
}
