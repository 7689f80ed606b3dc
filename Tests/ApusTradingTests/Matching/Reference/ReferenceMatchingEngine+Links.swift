// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTrading

/// Section 8.
extension ReferenceMatchingEngine {
  /// After an event that ends a link: a trade, a trigger, an end.
  func followLinks(of order: ReferenceOrder) {
    if let partner = order.partner {
      order.partner = nil
      partner.partner = nil
      if partner.isLive { cancel(partner, .linked) }
    }
    guard !order.isLive, let bracket = order.bracket else { return }
    order.bracket = nil
    if order.traded == 0 {
      _ = cancelAll(bracket.children, .linked)
    } else {
      bracket.traded = order.traded
      order.instrument.activated.append(bracket)
      touch(order.instrument)
    }
  }

  /// The turn of a bracket whose parent has left.
  func activate(_ bracket: ReferenceBracket) {
    let children = bracket.children
    for child in children where UInt64(child.leaves) > bracket.traded {
      cut(child, to: UInt32(bracket.traded))
    }
    if children.count == 2 {
      children[0].partner = children[1]
      children[1].partner = children[0]
    }
    for child in children where child.isLive { activate(child) }
  }

  private func cut(_ child: ReferenceOrder, to quantity: UInt32) {
    var event = MatchingEvent.of(child, .reduced)
    event.reasonCode = MatchingReason.linked.rawValue
    event.quantity = child.leaves - quantity
    event.leavesQuantity = quantity
    events.append(event)
    child.reduce(to: quantity)
  }

  private func activate(_ child: ReferenceOrder) {
    child.bracket?.children.removeAll { $0 === child }
    child.bracket = nil
    child.place = .incoming
    if child.type == .trailingStop {
      let trigger = child.instrument.trailingTrigger(child.side, amount: child.amount) ?? 1
      child.trigger = UInt32(max(trigger, 1))
    }
    var event = MatchingEvent.of(child, .activated)
    event.leavesQuantity = child.leaves
    event.value = UInt64(child.trigger)
    events.append(event)
    if child.isPostOnly, child.instrument.phase == .continuous,
      wouldTake(child.side, child.price, child.instrument)
    {
      cancel(child, .wouldTake)
    } else {
      enter(child)
    }
  }
}
