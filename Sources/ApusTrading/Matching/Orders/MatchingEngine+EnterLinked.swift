// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// The order a new one is linked with; nil where it cannot be. Section 8.
  @inline(never)
  mutating func findLinked(_ request: OrderRequest, _ orderId: UInt64) -> UInt32? {
    let isPair = request.flags.contains(.oneCancelsOther)
    let isChild = request.flags.contains(.bracketChild)
    guard isPair != isChild, let other = findSlot(orderId),
      details[other].owner == request.owner, orders[other].locate == request.instrument,
      orders[other].tag.set != .dormant
    else { return nil }
    let hasExtra = orders[other].tag.hasExtra
    let extra = details[other].extra
    if hasExtra, extras[extra].linked != OrderExtra.none { return nil }
    if isPair { return other }
    let parentType = details[other].type
    guard parentType == .limit || parentType == .market, orders[other].side != request.side,
      request.type == .limit || request.isStop,
      request.timeInForce.rawValue <= TimeInForce.goodTillDate.rawValue
    else { return nil }
    guard hasExtra, extras[extra].firstChild != OrderExtra.none else { return other }
    guard extras[extra].secondChild == OrderExtra.none else { return nil }
    let isLimit = details[extras[extra].firstChild].type == .limit
    return isLimit != (request.type == .limit) ? other : nil
  }

  /// Enters an order that is linked with another one.
  @inline(never)
  mutating func enterLinked(
    _ incoming: inout Incoming, _ request: OrderRequest, _ other: UInt32,
    _ events: inout MatchingSink
  ) {
    makeSlot(&incoming)
    let extra = makeExtra(incoming.slot)
    let otherExtra = makeExtra(other)
    guard request.flags.contains(.bracketChild) else {
      extras[extra].linked = other
      extras[otherExtra].linked = incoming.slot
      return enterPlain(&incoming, request, &events)
    }
    if request.timeInForce == .goodTillDate { noteExpiry(&incoming, request.expiry) }
    let slot = incoming.slot
    extras[extra].priceTicks = request.priceTicks
    extras[extra].riskTicks = request.riskTicks
    extras[extra].displayQuantity = request.displayQuantity
    extras[extra].triggerTicks = request.triggerTicks
    extras[extra].parent = other
    orders[slot].quantity = request.quantity
    orders[slot].tag.set = .dormant
    claimRisk(slot, leaves: request.quantity)
    countIn(slot)
    if extras[otherExtra].firstChild == OrderExtra.none {
      extras[otherExtra].firstChild = slot
    } else {
      extras[otherExtra].secondChild = slot
    }
  }

  /// A live order as an incoming one: out of its set, and not counted as open while it matches.
  mutating func revive(_ slot: UInt32) -> Incoming {
    releaseRisk(slot, from: leaves(slot), to: 0)
    return incoming(of: slot)
  }

  /// A live order as an incoming one.
  mutating func incoming(of slot: UInt32) -> Incoming {
    let detail = details[slot]
    let order = orders[slot]
    let left = leaves(slot)
    let extra = order.tag.hasExtra ? extras[detail.extra] : OrderExtra()
    let priceTicks = order.tag.hasExtra ? extra.priceTicks : order.priceTicks
    var incoming = Incoming(
      orderId: order.reference, clientOrderId: detail.clientOrderId, owner: detail.owner,
      session: detail.session, instrument: order.locate, side: order.side,
      typeAndTime: detail.typeAndTime, account: detail.account,
      capacityCode: detail.capacityCode, flags: detail.flags, priceTicks: priceTicks,
      limitTicks: priceTicks, leaves: left, displayQuantity: extra.displayQuantity,
      riskTicks: order.tag.hasExtra ? extra.riskTicks : order.priceTicks,
      marginPpm: detail.marginPpm, holding: detail.holding, group: groups[detail.owner],
      selfTradePrevention: mode(detail.capacityCode, order.locate))
    incoming.filledQuantity = detail.filledQuantity
    incoming.slot = slot
    return incoming
  }
}
