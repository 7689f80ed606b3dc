// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// The byte table of docs/formats/matching.md.
extension MatchingEvent {
  /// An event with an order's fields and its price.
  static func of(_ order: ReferenceOrder, _ kind: MatchingEventKind) -> MatchingEvent {
    var event = MatchingEvent(kind)
    event.sideCode = order.side.rawValue
    event.instrument = order.instrument.id
    event.capacityCode = order.capacity
    event.detailCode = order.type.rawValue | order.timeInForce.rawValue << 4
    event.orderId = order.id
    event.clientOrderId = order.clientOrderId
    event.owner = order.owner.id
    event.session = order.session
    event.account = order.account
    event.priceTicks = order.price
    return event
  }

  /// An event of two orders that have lost a quantity already.
  static func of(
    _ incoming: ReferenceOrder, _ resting: ReferenceOrder, _ kind: MatchingEventKind,
    quantity: UInt32, price: UInt32
  ) -> MatchingEvent {
    var event = of(incoming, kind)
    event.capacityCode |= resting.capacity << 4
    event.relatedOrderId = resting.id
    event.relatedClientOrderId = resting.clientOrderId
    event.relatedOwner = resting.owner.id
    event.relatedSession = resting.session
    event.relatedAccount = resting.account
    event.priceTicks = price
    event.quantity = quantity
    event.leavesQuantity = incoming.leaves
    event.relatedLeavesQuantity = resting.leaves
    if resting.type == .primaryPeg || resting.type == .midPeg { event.flags.insert(.hidden) }
    return event
  }

  static func accepted(
    _ order: ReferenceOrder, flags: EventFlags, linkedId: UInt64
  ) -> MatchingEvent {
    var event = of(order, .accepted)
    event.flags = flags
    event.quantity = order.leaves
    event.leavesQuantity = order.leaves
    event.relatedLeavesQuantity = order.display
    event.relatedOrderId = linkedId
    event.relatedClientOrderId = order.expiry
    event.value = UInt64(order.trigger)
    return event
  }

  static func rejected(_ command: MatchingCommand, _ refusal: Refusal) -> MatchingEvent {
    var event = MatchingEvent(.rejected)
    event.reasonCode = refusal.reason.rawValue
    event.sideCode = command.sideCode
    event.instrument = command.instrument
    event.detailCode = command.kindCode
    event.orderId = command.orderId
    event.clientOrderId = command.clientOrderId
    event.owner = command.owner
    event.session = command.session
    event.account = command.account
    event.priceTicks = command.priceTicks
    event.quantity = command.quantity
    event.relatedClientOrderId = refusal.limit
    event.value = refusal.value
    return event
  }

  static func massCancelled(
    _ command: MatchingCommand, count: UInt64, left: UInt64 = 0
  ) -> MatchingEvent {
    var event = MatchingEvent(.massCancelled)
    event.owner = command.owner
    event.instrument = command.instrument
    event.sideCode = command.sideCode
    event.session = command.session
    event.detailCode = command.kindCode
    event.value = count
    event.relatedClientOrderId = left
    return event
  }

  static func phaseChanged(
    _ instrument: ReferenceInstrument, to phase: MarketPhase, _ reason: MatchingReason
  ) -> MatchingEvent {
    var event = MatchingEvent(.phaseChanged)
    event.instrument = instrument.id
    event.detailCode = phase.rawValue | instrument.phase.rawValue << 4
    event.reasonCode = reason.rawValue
    return event
  }
}
