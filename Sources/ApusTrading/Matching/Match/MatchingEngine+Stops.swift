// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// The stop that the last price triggers first; nil where it triggers none. Section 7.
  mutating func firstTriggered(_ instrument: UInt16) -> UInt32? {
    let last = instruments[instrument].lastTicks
    guard last != 0 else { return nil }
    let sides: InlineArray<2, Side> = [Side.buy, .sell]
    for index in sides.indices {
      let side = sides[index]
      // SAFETY: entries below `count` name live levels with orders.
      let ladder = unsafe books.ladder(.stop, instrument, side).pointee
      guard ladder.count > 0 else { continue }
      let slot = levels[unsafe books.ladders.base(ladder)[Int(ladder.count) - 1].level].head
      let trigger = orders[slot.rawValue].priceTicks
      if side == .buy ? last >= trigger : last <= trigger { return slot.rawValue }
    }
    return nil
  }

  /// Enters a stop as the order it becomes.
  mutating func trigger(_ slot: UInt32, _ events: inout MatchingSink) {
    var event = event(.triggered, of: slot)
    event.leavesQuantity = leaves(slot)
    event.value = UInt64(orders[slot].priceTicks)
    events.emit(event)
    leaveSet(slot)
    let type: OrderType = details[slot].type == .stopLimit ? .limit : .market
    details[slot].typeAndTime = type.rawValue | details[slot].typeAndTime & 0xF0
    extras[details[slot].extra].triggerTicks = 0
    var incoming = revive(slot)
    // Being triggered ends the link: the other one goes first, which may move the best price that the
    // collar goes by.
    incomingSlot = slot
    resolveLink(of: slot, &events)
    incomingSlot = .max
    if type == .market {
      let collar = collarTicks(incoming.instrument, incoming.side)
      incoming.limitTicks = collar ?? Self.anyPrice(incoming.side)
    }
    matchAndRest(&incoming, &events)
  }

  // MARK: Trailing stops

  /// Where a trailing stop's trigger is for a last price; nil where it would be no price.
  mutating func trailingTrigger(_ side: Side, last: UInt32, amount: UInt32) -> UInt32? {
    if side == .sell { return last > amount ? last - amount : nil }
    return UInt32(min(UInt64(last) + UInt64(amount), UInt64(OrderRequest.priceTicksMax)))
  }

  /// Moves the triggers that follow the last price, in order of entry. Section 7.1.
  ///
  /// - Complexity: O(trailing stops of the instrument).
  @inline(never)
  mutating func moveTrailingStops(_ instrument: UInt16, _ last: UInt32) {
    var slot = instruments[instrument].firstTrailing
    while slot != 0 {
      let index = slot &- 1
      let extra = details[index].extra
      let next = extras[extra].next
      let side = orders[index].side
      let amount = extras[extra].triggerTicks
      if let trigger = trailingTrigger(side, last: last, amount: amount),
        side == .sell ? trigger > orders[index].priceTicks : trigger < orders[index].priceTicks
      {
        move(index, to: trigger)
      }
      slot = next == OrderExtra.none ? 0 : next &+ 1
    }
  }

  /// Moves a stop's trigger; without a price for it the stop keeps trigger and place. Section 7.1.
  private mutating func move(_ slot: UInt32, to trigger: UInt32) {
    var moved = orders[slot]
    moved.priceTicks = trigger
    // SAFETY: every instrument has a ladder of stops.
    let ladder = unsafe books.ladder(.stop, moved.locate, moved.side)
    // Alone at its price, it leaves the level and the entry that it needs.
    guard
      unsafe levels[moved.level.rawValue].orderCount == 1
        || books.hasRoom(ladder, OrderBooks.key(moved), givesLevelUp: false)
    else { return }
    unlink(slot)
    orders[slot].priceTicks = trigger
    let isLinked = link(slot)
    assert(isLinked, "MatchingEngine.move: expected the room there was")
  }

  mutating func appendTrailing(_ slot: UInt32) {
    let instrument = orders[slot].locate
    let extra = details[slot].extra
    let last = instruments[instrument].lastTrailing
    extras[extra].next = OrderExtra.none
    extras[extra].previous = last == 0 ? OrderExtra.none : last &- 1
    if last == 0 {
      instruments[instrument].firstTrailing = slot &+ 1
    } else {
      extras[details[last &- 1].extra].next = slot
    }
    instruments[instrument].lastTrailing = slot &+ 1
  }

  mutating func removeTrailing(_ slot: UInt32) {
    let instrument = orders[slot].locate
    let extra = details[slot].extra
    let (previous, next) = (extras[extra].previous, extras[extra].next)
    if previous == OrderExtra.none {
      instruments[instrument].firstTrailing = next == OrderExtra.none ? 0 : next &+ 1
    } else {
      extras[details[previous].extra].next = next
    }
    if next == OrderExtra.none {
      instruments[instrument].lastTrailing = previous == OrderExtra.none ? 0 : previous &+ 1
    } else {
      extras[details[next].extra].previous = previous
    }
    extras[extra].next = OrderExtra.none
    extras[extra].previous = OrderExtra.none
  }
}
