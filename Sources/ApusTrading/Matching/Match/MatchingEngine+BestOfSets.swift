// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

/// Best bid and ask of the displayed orders at one moment: what pegs go by.
struct PegReference {
  var bidTicks: UInt32?
  var askTicks: UInt32?

  /// What a peg's price would be without its limit; nil where it has none.
  func priceTicks(_ set: OrderSet, _ side: Side) -> UInt32? {
    switch set {
    case .primaryPeg: return side == .buy ? bidTicks : askTicks
    case .midPeg:
      guard let bidTicks, let askTicks, bidTicks < askTicks else { return nil }
      let sum = UInt64(bidTicks) + UInt64(askTicks)
      return UInt32(truncatingIfNeeded: side == .buy ? sum / 2 : (sum + 1) / 2)
    default: return nil
    }
  }
}

extension MatchingEngine {
  /// The best price of a displayed side.
  @inline(__always)
  mutating func bestTicks(_ instrument: UInt16, _ side: Side) -> UInt32? {
    // SAFETY: every instrument has a ladder.
    let ladder = unsafe books.ladder(instrument, side).pointee
    guard ladder.count > 0 else { return nil }
    return OrderBooks.key(side, unsafe books.ladders.base(ladder)[Int(ladder.count) &- 1].key)
  }

  mutating func pegReference(_ instrument: UInt16) -> PegReference {
    PegReference(bidTicks: bestTicks(instrument, .buy), askTicks: bestTicks(instrument, .sell))
  }

  /// The first peg of a set and side: best price, then time of entry. Section 10.3.
  mutating func bestPeg(
    _ set: OrderSet, _ instrument: UInt16, _ side: Side, _ reference: PegReference
  ) -> (slot: UInt32, priceTicks: UInt32)? {
    guard let cap = reference.priceTicks(set, side) else { return nil }
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    let capKey = OrderBooks.key(side, cap)
    var best: UInt32?
    var position = Int(ladder.count)
    while position > 0 {
      position &-= 1
      let entry = unsafe books.ladders.base(ladder)[position]
      let head = levels[entry.level].head.rawValue
      if entry.key < capKey {
        if let best { return (best, cap) }
        return (head, OrderBooks.key(side, entry.key))
      }
      if best == nil || entryNumber(head) < entryNumber(best ?? head) { best = head }
    }
    return best.map { ($0, cap) }
  }

  /// What pegs would go by if an order were gone.
  mutating func pegReference(_ instrument: UInt16, without slot: UInt32) -> PegReference {
    var reference = pegReference(instrument)
    guard slot != .max, orders[slot].tag.set == .main, !orders[slot].level.isNone else {
      return reference
    }
    let side = orders[slot].side
    let best = side == .buy ? reference.bidTicks : reference.askTicks
    guard levels[orders[slot].level.rawValue].orderCount == 1, best == orders[slot].priceTicks
    else { return reference }
    // SAFETY: the ladder has at least the entry of the order's level.
    let ladder = unsafe books.ladder(instrument, side).pointee
    let second =
      ladder.count > 1
      ? OrderBooks.key(side, unsafe books.ladders.base(ladder)[Int(ladder.count) - 2].key) : nil
    if side == .buy { reference.bidTicks = second } else { reference.askTicks = second }
    return reference
  }

  mutating func entryNumber(_ slot: UInt32) -> UInt64 { extras[details[slot].extra].entry }

  /// Displayed orders and pegs, at the best price of them all; at equal prices displayed orders
  /// first, then primary pegs. Section 5.
  @inline(never)
  mutating func matchBestOfSets(
    _ incoming: inout Incoming, _ events: inout MatchingSink
  ) -> MatchEnd {
    let instrument = incoming.instrument
    let opposite = incoming.side.opposite
    let crossKey = OrderBooks.key(opposite, incoming.limitTicks)
    let reference = pegReference(instrument)
    while true {
      var set = OrderSet.main
      var key: UInt32?
      var slot = UInt32.max
      if let best = bestTicks(instrument, opposite) { key = OrderBooks.key(opposite, best) }
      if instruments[instrument].pegCount != 0 {
        let sets: InlineArray<2, OrderSet> = [OrderSet.primaryPeg, .midPeg]
        for index in sets.indices {
          let pegs = sets[index]

          guard let peg = bestPeg(pegs, instrument, opposite, reference) else { continue }
          let pegKey = OrderBooks.key(opposite, peg.priceTicks)
          if let best = key, best >= pegKey { continue }
          (set, key, slot) = (pegs, pegKey, peg.slot)
        }
      }
      guard let key, key >= crossKey else { return .done }
      let priceTicks = OrderBooks.key(opposite, key)
      if isOutsideBand(priceTicks) { return .volatility }
      let end: MatchEnd?
      if set != .main {
        end = meet(&incoming, slot, priceTicks, .hidden, &events)
      } else if instruments[instrument].allocation == .priceTime {
        end = meet(&incoming, firstSlot(instrument, opposite), priceTicks, [], &events)
      } else {
        end = matchProRata(&incoming, priceTicks, &events)
      }
      if let end { return end }
    }
  }

  /// The first order of the best level of a displayed side that has one.
  mutating func firstSlot(_ instrument: UInt16, _ side: Side) -> UInt32 {
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(instrument, side).pointee
    let level = unsafe books.ladders.base(ladder)[Int(ladder.count) &- 1].level
    return levels[level].head.rawValue
  }
}
