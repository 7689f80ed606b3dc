// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Fixes the dynamic band of an instrument for the rest of a command. Section 11.4.
  @inline(__always)
  mutating func prepareBand(_ instrument: UInt16) {
    if instruments[instrument].dynamicBandPpm == 0 {
      isBandSet = false
      return
    }
    if !isBandSet || bandInstrument != instrument { setBand(instrument) }
  }

  @inline(never)
  private mutating func setBand(_ instrument: UInt16) {
    bandInstrument = instrument
    isBandSet = true
    let anchor = instruments[instrument].anchorTicks
    (bandLowTicks, bandHighTicks) =
      anchor == 0 ? (0, .max) : Instrument.band(anchor, instruments[instrument].dynamicBandPpm)
  }

  @inline(__always)
  mutating func isOutsideBand(_ priceTicks: UInt32) -> Bool {
    isBandSet && (priceTicks < bandLowTicks || priceTicks > bandHighTicks)
  }

  /// Trades an incoming order against the opposite side. Section 5.
  ///
  /// - Complexity: O(orders traded with); no allocation.
  @inline(__always)
  mutating func match(_ incoming: inout Incoming, _ events: inout MatchingSink) -> MatchEnd {
    prepareBand(incoming.instrument)
    let instrument = instruments[incoming.instrument]
    if instrument.pegCount != 0 || instrument.allocation != .priceTime {
      return matchBestOfSets(&incoming, &events)
    }
    return matchByTime(&incoming, &events)
  }

  /// Only displayed orders, first come first served: what nearly every order meets.
  private mutating func matchByTime(
    _ incoming: inout Incoming, _ events: inout MatchingSink
  ) -> MatchEnd {
    let opposite = incoming.side.opposite
    let crossKey = OrderBooks.key(opposite, incoming.limitTicks)
    // SAFETY: every instrument has a ladder; entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(incoming.instrument, opposite)
    while unsafe ladder.pointee.count > 0 {
      let entry = unsafe books.ladders.base(ladder.pointee)[Int(ladder.pointee.count) &- 1]
      guard entry.key >= crossKey else { return .done }
      let priceTicks = OrderBooks.key(opposite, entry.key)
      if isOutsideBand(priceTicks) { return .volatility }
      let slot = levels[entry.level].head.rawValue
      if let end = meet(&incoming, slot, priceTicks, [], &events) { return end }
    }
    return .done
  }

  /// Lets the incoming order trade with a resting one, or keeps the two apart.
  ///
  /// - Returns: nil where matching continues.
  @inline(__always)
  mutating func meet(
    _ incoming: inout Incoming, _ slot: UInt32, _ priceTicks: UInt32, _ flags: EventFlags,
    _ events: inout MatchingSink
  ) -> MatchEnd? {
    if incoming.selfTradePrevention != .allow, groups[details[slot].owner] == incoming.group {
      if let end = preventSelfTrade(&incoming, slot, priceTicks, &events) { return end }
    } else {
      trade(
        &incoming, slot, priceTicks, min(incoming.leaves, orders[slot].quantity), flags, &events)
    }
    return endOfStep(&incoming, &events)
  }

  @inline(__always)
  mutating func endOfStep(_ incoming: inout Incoming, _ events: inout MatchingSink) -> MatchEnd? {
    if isIncomingLinkedAway { return .cancelled(.linked) }
    if incoming.leaves == 0 { return .done }
    if events.remainingCapacity < Self.eventReserve &+ eventsKept {
      return .cancelled(.eventLimit)
    }
    return nil
  }

  /// One trade of an incoming order with a resting one that shows at least `quantity`. Section 5.3.
  @inline(__always)
  mutating func trade(
    _ incoming: inout Incoming, _ slot: UInt32, _ priceTicks: UInt32, _ quantity: UInt32,
    _ flags: EventFlags, _ events: inout MatchingSink
  ) {
    matchNumber &+= 1
    incoming.leaves &-= quantity
    incoming.filledQuantity &+= quantity
    if orders[slot].tag.hasExtra {
      tradeWithExtra(&incoming, slot, priceTicks, quantity, flags, &events)
      return
    }
    let left = orders[slot].quantity &- quantity
    emitMatch(
      .trade, incoming, slot, priceTicks: priceTicks, quantity: quantity, restingLeaves: left,
      flags: flags, &events)
    settleResting(slot, priceTicks, quantity, leaves: left &+ quantity)
    settle(incoming, priceTicks, quantity)
    setLast(incoming.instrument, priceTicks)
    if left == 0 {
      leavePlain(slot)
    } else {
      details[slot].filledQuantity &+= quantity
      takeShown(quantity, from: slot)
    }
    if incoming.slot != .max { resolveLink(ofIncoming: incoming.slot, &events) }
  }

  /// The same where the resting order is an iceberg, a peg, linked, or a parent.
  @inline(never)
  private mutating func tradeWithExtra(
    _ incoming: inout Incoming, _ slot: UInt32, _ priceTicks: UInt32, _ quantity: UInt32,
    _ flags: EventFlags, _ events: inout MatchingSink
  ) {
    let before = leaves(slot)
    emitMatch(
      .trade, incoming, slot, priceTicks: priceTicks, quantity: quantity,
      restingLeaves: before &- quantity, flags: flags, &events)
    settleResting(slot, priceTicks, quantity, leaves: before)
    settle(incoming, priceTicks, quantity)
    details[slot].filledQuantity &+= quantity
    setLast(incoming.instrument, priceTicks)
    useUp(quantity, of: slot, incoming: incoming.slot, &events)
  }

  /// Takes a shown quantity off an order with an extra; replenishes it, or ends it; then links act:
  /// those of the incoming order first. Section 5.4.
  mutating func useUp(
    _ quantity: UInt32, of slot: UInt32, incoming: UInt32, _ events: inout MatchingSink
  ) {
    let hidden = extras[details[slot].extra].hiddenQuantity
    let shown = orders[slot].quantity
    if quantity < shown {
      takeShown(quantity, from: slot)
      if incoming != .max { resolveLink(ofIncoming: incoming, &events) }
      if orders[slot].level != .none { resolveLink(of: slot, &events) }
    } else if hidden > 0 {
      replenish(slot, &events)
      if incoming != .max { resolveLink(ofIncoming: incoming, &events) }
      if orders[slot].level != .none { resolveLink(of: slot, &events) }
    } else {
      takeOut(slot)
      if incoming != .max { resolveLink(ofIncoming: incoming, &events) }
      resolveLink(of: slot, &events)
      resolveChildren(of: slot, &events)
      free(slot)
    }
  }

  /// Shows an iceberg's next quantity, behind all others at its price.
  mutating func replenish(_ slot: UInt32, _ events: inout MatchingSink) {
    let extra = details[slot].extra
    let shown = min(extras[extra].displayQuantity, extras[extra].hiddenQuantity)
    unlink(slot)
    extras[extra].hiddenQuantity &-= shown
    orders[slot].quantity = shown
    // The level it left, or its own that became free with it, has room.
    let isLinked = link(slot)
    assert(isLinked, "MatchingEngine.replenish: expected the level that it left")
    var event = event(.replenished, of: slot)
    event.quantity = shown
    event.leavesQuantity = leaves(slot)
    events.emit(event)
  }

  /// Lowers what an order shows; it stays in its place.
  @inline(__always)
  mutating func takeShown(_ quantity: UInt32, from slot: UInt32) {
    orders[slot].quantity &-= quantity
    levels[orders[slot].level.rawValue].quantity &-= UInt64(quantity)
  }

  /// Sets the last price, and moves the triggers that follow it. Section 7.1.
  @inline(__always)
  mutating func setLast(_ instrument: UInt16, _ priceTicks: UInt32) {
    // At the same price nothing can move but a stop that found no room, and that waits for another (7.1).
    if instruments[instrument].firstTrailing != 0,
      instruments[instrument].lastTicks != priceTicks
    {
      moveTrailingStops(instrument, priceTicks)
    }
    instruments[instrument].lastTicks = priceTicks
  }
}
