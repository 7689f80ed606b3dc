// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

typealias MatchingSink = EventSink<MatchingEvent>

extension MatchingEngine {
  /// Refuses a command.
  @inline(never)
  mutating func reject(
    _ command: MatchingCommand, _ reason: MatchingReason, _ events: inout MatchingSink,
    limit: UInt64 = 0, value: UInt64 = 0
  ) {
    var event = MatchingEvent(.rejected)
    event.reasonCode = reason.rawValue
    event.detailCode = command.kindCode
    event.sideCode = command.sideCode
    event.instrument = command.instrument
    event.orderId = command.orderId
    event.clientOrderId = command.clientOrderId
    event.owner = command.owner
    event.session = command.session
    event.account = command.account
    event.priceTicks = command.priceTicks
    event.quantity = command.quantity
    event.relatedClientOrderId = limit
    event.value = value
    events.emit(event)
  }

  /// An event with a live order's fields.
  mutating func event(_ kind: MatchingEventKind, of slot: UInt32) -> MatchingEvent {
    var event = MatchingEvent(kind)
    let order = orders[slot]
    event.sideCode = order.side.rawValue
    event.instrument = order.locate
    event.orderId = order.reference
    let detail = details[slot]
    event.capacityCode = detail.capacityCode & 15
    event.detailCode = detail.typeAndTime
    event.clientOrderId = detail.clientOrderId
    event.owner = detail.owner
    event.session = detail.session
    event.account = detail.account
    event.priceTicks = priceAsEntered(slot)
    return event
  }

  /// An event with an incoming order's fields.
  @inline(__always)
  mutating func event(_ kind: MatchingEventKind, of incoming: borrowing Incoming) -> MatchingEvent {
    var event = MatchingEvent(kind)
    event.sideCode = incoming.side.rawValue
    event.instrument = incoming.instrument
    event.capacityCode = incoming.capacityCode & 15
    event.detailCode = incoming.typeAndTime
    event.orderId = incoming.orderId
    event.clientOrderId = incoming.clientOrderId
    event.owner = incoming.owner
    event.session = incoming.session
    event.account = incoming.account
    return event
  }

  /// The price field an order was entered with.
  mutating func priceAsEntered(_ slot: UInt32) -> UInt32 {
    let order = orders[slot]
    return order.tag.hasExtra ? extras[details[slot].extra].priceTicks : order.priceTicks
  }

  /// What an order shows and what it hides.
  @inline(__always)
  func leaves(_ slot: UInt32) -> UInt32 {
    let order = orders[slot]
    return order.tag.hasExtra
      ? order.quantity &+ extras[details[slot].extra].hiddenQuantity : order.quantity
  }

  /// A trade, or the quantity two orders of one group lose without one.
  @inline(__always)
  mutating func emitMatch(
    _ kind: MatchingEventKind, _ incoming: borrowing Incoming, _ slot: UInt32, priceTicks: UInt32,
    quantity: UInt32, restingLeaves: UInt32, flags: EventFlags, _ events: inout MatchingSink
  ) {
    var event = event(kind, of: incoming)
    event.flags = flags
    event.relatedOrderId = orders[slot].reference
    let related = details[slot]
    event.capacityCode |= (related.capacityCode & 15) << 4
    event.relatedClientOrderId = related.clientOrderId
    event.relatedOwner = related.owner
    event.relatedSession = related.session
    event.relatedAccount = related.account
    event.priceTicks = priceTicks
    event.quantity = quantity
    event.leavesQuantity = incoming.leaves
    event.relatedLeavesQuantity = restingLeaves
    if kind == .trade { event.value = matchNumber }
    events.emit(event)
  }
}
