// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusMemory

/// Cancelling what does not outlive an auction or a close: each queue of an instrument once, order by
/// order. Section 9.
///
/// How far it has come stands in the instrument: the number of the queue, and the order that is next
/// there. Whatever takes that order away meanwhile moves the place on (``passSweep(_:)``), so that a
/// sweep which goes on at a later command looks at nothing again. No order comes to the instrument before
/// it is done: `new`, `replace` and `quote` are refused.
extension MatchingEngine {
  /// The last queue of a close: the dormant orders.
  private static let dormantStep: UInt8 = 12
  /// A sweep that is through has this, for as long as nobody has gone on with it.
  static let sweepStepMax: UInt8 = 13

  /// Cancels the orders that end now, as far as there is room for events.
  ///
  /// - Returns: Whether it is done.
  /// - Complexity: O(orders of the instrument) over all commands that it takes; O(n log n) for the
  ///   dormant ones.
  mutating func sweep(
    _ instrument: UInt16, _ reason: MatchingReason, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    while let queue = sweepQueue(instrument) {
      if instruments[instrument].sweepSlot == 0 {
        guard let first = firstInSweep(instrument, queue) else {
          instruments[instrument].sweepStep += 1
          continue
        }
        instruments[instrument].sweepSlot = first &+ 1
      }
      let slot = instruments[instrument].sweepSlot &- 1
      if ends(slot, reason) {
        guard events.remainingCapacity >= reserve else { return false }
        // Moves the place on.
        remove(slot, reason, &events)
      } else {
        moveSweep(past: slot)
      }
    }
    instruments[instrument].sweepStep = 0
    instruments[instrument].sweepSlot = 0
    return true
  }

  /// Moves the place of a sweep on before an order leaves that it would look at next.
  @inline(never)
  mutating func passSweep(_ slot: UInt32) {
    if instruments[orders[slot].locate].sweepSlot == slot &+ 1 { moveSweep(past: slot) }
  }

  struct SweepQueue: Equatable {
    var set: OrderSet
    var side: Side
  }

  /// The queue that a sweep is at; nil where it is through. Dormant orders are one queue of both sides.
  func sweepQueue(_ instrument: UInt16) -> SweepQueue? {
    let step = instruments[instrument].sweepStep
    if instruments[instrument].unfinished.contains(.auctionOnly) {
      guard step < 4, instruments[instrument].auctionOnlyCount != 0 else { return nil }
      let set = step & 1 == 0 ? OrderSet.main : instruments[instrument].auctionSet
      return SweepQueue(set: set, side: step < 2 ? .buy : .sell)
    }
    if step < Self.dormantStep, let set = OrderSet(rawValue: step >> 1) {
      return SweepQueue(set: set, side: step & 1 == 0 ? .buy : .sell)
    }
    return step == Self.dormantStep ? SweepQueue(set: .dormant, side: .buy) : nil
  }

  private mutating func firstInSweep(_ instrument: UInt16, _ queue: SweepQueue) -> UInt32? {
    guard queue.set == .dormant else { return firstOf(queue.set, instrument, queue.side) }
    sortDormant(instrument)
    let first = instruments[instrument].firstDormant
    return first == 0 ? nil : first &- 1
  }

  private mutating func ends(_ slot: UInt32, _ reason: MatchingReason) -> Bool {
    let timeInForce = details[slot].timeInForce
    guard reason == .auctionOnly else {
      return timeInForce != .goodTillCancel && timeInForce != .goodTillDate
    }
    let set = instruments[orders[slot].locate].auctionSet
    return timeInForce == (set == .atOpen ? .atOpen : .atClose)
  }

  private mutating func moveSweep(past slot: UInt32) {
    let instrument = orders[slot].locate
    let next = orders[slot].next.isNone ? firstBelow(slot) : orders[slot].next
    instruments[instrument].sweepSlot = next.rawValue &+ 1
    if next.isNone { instruments[instrument].sweepStep += 1 }
  }

  /// The first order at the next worse price of an order's queue, or none.
  private mutating func firstBelow(_ slot: UInt32) -> SlabIndex<BookOrder> {
    let order = orders[slot]
    guard order.tag.set != .dormant else { return .none }
    // SAFETY: entries below `count` name live levels; the order's own is among them.
    let ladder = unsafe books.ladder(order.tag.set, order.locate, order.side).pointee
    let entries = unsafe books.ladders.base(ladder)
    let above = unsafe entries.upperBound(OrderBooks.key(order), count: Int(ladder.count))
    return above > 1 ? levels[unsafe entries[above - 2].level].head : .none
  }

  // MARK: Dormant orders

  /// Puts an order behind the dormant ones of its instrument; they are in no ladder.
  mutating func appendDormant(_ slot: UInt32) {
    let instrument = orders[slot].locate
    let last = instruments[instrument].lastDormant
    orders[slot].next = .none
    orders[slot].previous = SlabIndex(rawValue: last &- 1)
    if last == 0 {
      instruments[instrument].firstDormant = slot &+ 1
    } else {
      orders[last &- 1].next = SlabIndex(rawValue: slot)
    }
    instruments[instrument].lastDormant = slot &+ 1
  }

  mutating func removeDormant(_ slot: UInt32) {
    let instrument = orders[slot].locate
    let (next, previous) = (orders[slot].next, orders[slot].previous)
    if previous.isNone {
      instruments[instrument].firstDormant = next.rawValue &+ 1
    } else {
      orders[previous.rawValue].next = next
    }
    if next.isNone {
      instruments[instrument].lastDormant = previous.rawValue &+ 1
    } else {
      orders[next.rawValue].previous = previous
    }
    orders[slot].next = .none
    orders[slot].previous = .none
  }

  /// Sorts the dormant orders of an instrument by order id: a merge sort whose runs of 2^n orders wait in
  /// bin n, since nothing here may allocate.
  private mutating func sortDormant(_ instrument: UInt16) {
    let none = SlabIndex<BookOrder>.none
    var bins = InlineArray<33, SlabIndex<BookOrder>>(repeating: none)
    var slot = SlabIndex<BookOrder>(rawValue: instruments[instrument].firstDormant &- 1)
    while !slot.isNone {
      let next = orders[slot.rawValue].next
      orders[slot.rawValue].next = none
      var run = slot
      var bin = 0
      while !bins[bin].isNone {
        run = merge(bins[bin], run)
        bins[bin] = none
        bin += 1
      }
      bins[bin] = run
      slot = next
    }
    var all = none
    for bin in bins.indices { all = merge(bins[bin], all) }
    instruments[instrument].firstDormant = all.rawValue &+ 1
    var previous = none
    while !all.isNone {
      orders[all.rawValue].previous = previous
      previous = all
      all = orders[all.rawValue].next
    }
    instruments[instrument].lastDormant = previous.rawValue &+ 1
  }

  /// Two chains that are sorted as one.
  private mutating func merge(
    _ one: SlabIndex<BookOrder>, _ other: SlabIndex<BookOrder>
  ) -> SlabIndex<BookOrder> {
    var (left, right) = (one, other)
    var first = SlabIndex<BookOrder>.none
    var last = SlabIndex<BookOrder>.none
    while !left.isNone || !right.isNone {
      let isLeft =
        right.isNone
        || !left.isNone && orders[left.rawValue].reference < orders[right.rawValue].reference
      let taken = isLeft ? left : right
      if isLeft { left = orders[left.rawValue].next } else { right = orders[right.rawValue].next }
      if last.isNone { first = taken } else { orders[last.rawValue].next = taken }
      last = taken
    }
    return first
  }
}
