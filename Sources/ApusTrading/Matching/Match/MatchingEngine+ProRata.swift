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
      case .changed: return endOfStep(&incoming, &events)
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
  private mutating func setOwnOrdersApart(
    _ incoming: inout Incoming, _ priceTicks: UInt32, _ events: inout MatchingSink
  ) -> OwnOrders {
    var slot = firstSlot(incoming.instrument, incoming.side.opposite)
    var ended: MatchEnd?
    // One at a time: what happens to it may take others away.
    while true {
      if groups[details[slot].owner] == incoming.group {
        ended = preventSelfTrade(&incoming, slot, priceTicks, &events)
        if let ended { return .ended(ended) }
        return .changed
      }
      let next = orders[slot].next
      if next.isNone { return .none }
      slot = next.rawValue
    }
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
