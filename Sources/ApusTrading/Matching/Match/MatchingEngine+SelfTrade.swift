// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// What happens where an incoming order meets one of its own group. Section 6.
  ///
  /// - Returns: nil where matching continues.
  @inline(never)
  mutating func preventSelfTrade(
    _ incoming: inout Incoming, _ slot: UInt32, _ priceTicks: UInt32,
    _ events: inout MatchingSink
  ) -> MatchEnd? {
    switch incoming.selfTradePrevention {
    case .default, .allow: break
    case .cancelNewest: return .cancelled(.selfTrade)
    case .cancelOldest: remove(slot, .selfTrade, &events)
    case .cancelBoth:
      remove(slot, .selfTrade, &events)
      return .cancelled(isIncomingLinkedAway ? .linked : .selfTrade)
    case .decrementAndCancel: decrement(&incoming, slot, priceTicks, &events)
    }
    return nil
  }

  /// Takes the lesser of both quantities off both. Section 6.4.
  private mutating func decrement(
    _ incoming: inout Incoming, _ slot: UInt32, _ priceTicks: UInt32,
    _ events: inout MatchingSink
  ) {
    let before = leaves(slot)
    let quantity = min(incoming.leaves, before)
    incoming.leaves &-= quantity
    emitMatch(
      .selfTradePrevented, incoming, slot, priceTicks: priceTicks, quantity: quantity,
      restingLeaves: before &- quantity, flags: orders[slot].tag.set == .main ? [] : .hidden,
      &events)
    releaseRisk(slot, from: before, to: before &- quantity)
    let incomingLink = incoming.leaves == 0 ? incoming.slot : .max
    if quantity == before {
      takeOut(slot)
      if incomingLink != .max { resolveLink(ofIncoming: incomingLink, &events) }
      return resolveAndFree(slot, &events)
    }
    let shown = orders[slot].quantity
    if quantity < shown {
      takeShown(quantity, from: slot)
    } else {
      extras[details[slot].extra].hiddenQuantity &-= quantity &- shown
      replenish(slot, &events)
    }
    if incomingLink != .max { resolveLink(ofIncoming: incomingLink, &events) }
  }
}
