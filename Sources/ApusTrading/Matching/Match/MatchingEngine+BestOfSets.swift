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

  /// The key of the best price of a set and side of pegs: its best limit, or what pegs go by where that
  /// is worse. Section 10.
  ///
  /// - Complexity: O(1): prices are looked at often, who is first there only when it trades.
  mutating func bestPegKey(
    _ set: OrderSet, _ instrument: UInt16, _ side: Side, _ reference: PegReference
  ) -> UInt32? {
    guard let cap = reference.priceTicks(set, side) else { return nil }
    // SAFETY: entries below `count` are there.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    guard ladder.count > 0 else { return nil }
    let best = unsafe books.ladders.base(ladder)[Int(ladder.count) &- 1].key
    return min(best, OrderBooks.key(side, cap))
  }

  /// The first peg of a set and side at its best price: of all limits that are as good or better, the
  /// one that came first. Section 10.3.
  ///
  /// - Precondition: The set has a peg on this side, and `key` is its ``bestPegKey``.
  /// - Complexity: O(limits as good as the price).
  mutating func firstPeg(
    _ set: OrderSet, _ instrument: UInt16, _ side: Side, at key: UInt32
  ) -> UInt32 {
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    let entries = unsafe books.ladders.base(ladder)
    var position = Int(ladder.count) &- 1
    var first = levels[unsafe entries[position].level].head.rawValue
    while position > 0, unsafe entries[position &- 1].key >= key {
      position &-= 1
      let head = levels[unsafe entries[position].level].head.rawValue
      if entryNumber(head) < entryNumber(first) { first = head }
    }
    return first
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
      if let best = bestTicks(instrument, opposite) { key = OrderBooks.key(opposite, best) }
      if instruments[instrument].pegCount != 0 {
        let sets: InlineArray<2, OrderSet> = [OrderSet.primaryPeg, .midPeg]
        for index in sets.indices {
          let pegs = sets[index]

          guard let pegKey = bestPegKey(pegs, instrument, opposite, reference) else { continue }
          if let best = key, best >= pegKey { continue }
          (set, key) = (pegs, pegKey)
        }
      }
      guard let key, key >= crossKey else { return .done }
      let priceTicks = OrderBooks.key(opposite, key)
      if isOutsideBand(priceTicks) { return .volatility }
      let end: MatchEnd?
      if set != .main {
        let slot = firstPeg(set, instrument, opposite, at: key)
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
