// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Own orders, then one round over the best displayed level. Section 5.2.
  ///
  /// - Returns: nil where matching continues, with the next round or price.
  mutating func matchProRata(
    _ incoming: inout Incoming, _ priceTicks: UInt32, _ events: inout MatchingSink
  ) -> MatchEnd? {
    if incoming.selfTradePrevention != .allow {
      switch setOwnOrdersApart(&incoming, priceTicks, &events) {
      case .ended(let end): return end
      case .changed: return nil
      case .none: break
      }
    }
    let head = firstSlot(incoming.instrument, incoming.side.opposite)
    let level = orders[head].level.rawValue
    let count = allot(incoming.leaves, head, incoming.instrument)
    for index in 0..<count {
      let allotment = allotments[index]
      let slot = allotment.slot
      // A link may have taken it away, or an iceberg may have gone behind: each is met once.
      guard orders[slot].level.rawValue == level, allotment.quantity > 0 else { continue }
      trade(&incoming, slot, priceTicks, allotment.quantity, [], &events)
      if let end = endOfStep(&incoming, &events) { return end }
    }
    return nil
  }

  private enum OwnOrders {
    case none
    case changed
    case ended(MatchEnd)
  }

  /// Deals with the own-group orders of the best level, in time order.
  ///
  /// - Complexity: O(orders of the level).
  private mutating func setOwnOrdersApart(
    _ incoming: inout Incoming, _ priceTicks: UInt32, _ events: inout MatchingSink
  ) -> OwnOrders {
    var result = OwnOrders.none
    var place = SlabIndex<BookOrder>(
      rawValue: firstSlot(incoming.instrument, incoming.side.opposite))
    while !place.isNone {
      let slot = place.rawValue
      place = orders[slot].next
      guard groups[details[slot].owner] == incoming.group else { continue }
      // What happens to it may take one other order of the level with it: the one it is linked with.
      let afterNext = place.isNone ? place : orders[place.rawValue].next
      let end = preventSelfTrade(&incoming, slot, priceTicks, &events)
      if let end = end ?? endOfStep(&incoming, &events) { return .ended(end) }
      if !place.isNone, isOut(place.rawValue) { place = afterNext }
      result = .changed
    }
    return result
  }

  /// Writes down what every order of a level is allotted, in time order.
  ///
  /// - Returns: How many orders there are.
  private mutating func allot(_ quantity: UInt32, _ head: UInt32, _ instrument: UInt16) -> UInt32 {
    let minimum = instruments[instrument].proRataMinimum
    var wanted = UInt64(quantity)
    var total = levels[orders[head].level.rawValue].quantity
    let isWhole = wanted >= total
    var isTop = !isWhole && instruments[instrument].allocation == .proRataTopOrder
    var count: UInt32 = 0
    var left = wanted
    var slot = SlabIndex<BookOrder>(rawValue: head)
    let hasTop = isTop
    while !slot.isNone {
      let shown = orders[slot.rawValue].quantity
      var share = shown
      if isTop {
        share = UInt32(truncatingIfNeeded: min(wanted, UInt64(shown)))
        wanted &-= UInt64(share)
        total &-= UInt64(shown)
        isTop = false
      } else if !isWhole {
        share = Self.share(of: wanted, shown, total)
        if share < minimum { share = 0 }
      }
      allotments[count] = Allotment(slot: slot.rawValue, quantity: share)
      left &-= UInt64(share)
      count &+= 1
      slot = orders[slot.rawValue].next
    }
    if isWhole { return count }
    var index: UInt32 = hasTop ? 1 : 0
    while index < count, left > 0 {
      let room = orders[allotments[index].slot].quantity &- allotments[index].quantity
      let more = UInt32(truncatingIfNeeded: min(UInt64(room), left))
      allotments[index].quantity &+= more
      left &-= UInt64(more)
      index &+= 1
    }
    return count
  }

  private static func share(of wanted: UInt64, _ shown: UInt32, _ total: UInt64) -> UInt32 {
    // wanted is below 2^32, so the product fits.
    total == 0 ? 0 : UInt32(truncatingIfNeeded: wanted &* UInt64(shown) / total)
  }
}
