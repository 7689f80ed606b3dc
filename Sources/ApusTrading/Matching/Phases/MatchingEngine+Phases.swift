// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// `setPhase`. Section 9.
  mutating func setPhase(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let phase = MarketPhase(rawValue: command.detailCode) else {
      return reject(command, .malformed, &events)
    }
    change(command, to: phase, from: nil, &events)
  }

  /// `halt`.
  mutating func halt(_ command: MatchingCommand, _ events: inout MatchingSink) {
    change(command, to: .halted, from: nil, &events)
  }

  /// `resume`.
  mutating func resume(_ command: MatchingCommand, _ events: inout MatchingSink) {
    change(command, to: .continuous, from: .halted, &events)
  }

  private mutating func change(
    _ command: MatchingCommand, to phase: MarketPhase, from required: MarketPhase?,
    _ events: inout MatchingSink
  ) {
    let instrument = command.instrument
    guard instruments[instrument].isDefined else {
      return reject(command, .unknownInstrument, &events)
    }
    let old = instruments[instrument].phase
    guard old != phase, required == nil || old == required else {
      return reject(command, .phase, &events)
    }
    if instruments[instrument].unfinished != [] {
      return reject(command, .unfinished, &events)
    }
    emitPhase(instrument, phase, .requested, &events)
    prepareBand(instrument)
    var unfinished: UnfinishedWork = []
    if phase == .continuous {
      unfinished = [.auction, .auctionOnly, .followUp]
      instruments[instrument].auctionSet = .atOpen
    } else if phase == .closed {
      unfinished = .close
      if old == .closingAuction {
        unfinished = [.auction, .auctionOnly, .close]
        instruments[instrument].auctionSet = .atClose
      }
    }
    guard unfinished != [] else { return }
    instruments[instrument].auctionLeft = 0
    instruments[instrument].auctionTicks = 0
    instruments[instrument].unfinished = unfinished.union(.queued)
    work.append(instrument)
  }

  private mutating func emitPhase(
    _ instrument: UInt16, _ phase: MarketPhase, _ reason: MatchingReason,
    _ events: inout MatchingSink
  ) {
    var event = MatchingEvent(.phaseChanged)
    event.instrument = instrument
    event.reasonCode = reason.rawValue
    event.detailCode = phase.rawValue | instruments[instrument].phase.rawValue << 4
    instruments[instrument].phase = phase
    events.emit(event)
  }

  /// A volatility pause. Section 11.4.
  @inline(never)
  mutating func pause(_ instrument: UInt16, _ events: inout MatchingSink) {
    emitPhase(instrument, .volatilityPause, .volatility, &events)
  }

  // MARK: What is left to do

  /// Notes that orders of an instrument came or went: pegs, brackets and stops may follow.
  @inline(__always)
  mutating func touch(_ instrument: UInt16) {
    if instruments[instrument].followUpCount != 0 { queueFollowUp(instrument) }
  }

  @inline(never)
  private mutating func queueFollowUp(_ instrument: UInt16) {
    guard instruments[instrument].phase == .continuous,
      !instruments[instrument].unfinished.contains(.queued), mayFollowUp(instrument)
    else { return }
    instruments[instrument].unfinished = [.queued, .followUp]
    work.append(instrument)
  }

  /// Whether anything waits whose turn may have come: mid pegs, activated brackets, a stop that the
  /// last price triggers. Stops that it does not trigger are nearly all.
  private mutating func mayFollowUp(_ instrument: UInt16) -> Bool {
    // SAFETY: every instrument has a ladder.
    unsafe instruments[instrument].firstActivated != 0
      || books.ladder(.midPeg, instrument, .buy).pointee.count != 0
      || books.ladder(.midPeg, instrument, .sell).pointee.count != 0
      || firstTriggered(instrument) != nil
  }

  /// Does what is left to do, in the order in which it came up, while there is room for more than
  /// `leaving` events. Section 15.
  @inline(never)
  mutating func resumeWork(_ events: inout MatchingSink, leaving: Int) {
    while let instrument = work.first {
      prepareBand(instrument)
      guard finishWork(instrument, &events, leaving + Self.eventReserve) else { return }
      instruments[instrument].unfinished = []
      work.removeFirst()
    }
  }

  private mutating func finishWork(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    if instruments[instrument].unfinished.contains(.auction) {
      guard holdAuction(instrument, &events, reserve) else { return false }
      instruments[instrument].unfinished.remove(.auction)
    }
    if instruments[instrument].unfinished.contains(.auctionOnly) {
      guard cancelAuctionOnly(instrument, &events, reserve) else { return false }
      instruments[instrument].unfinished.remove(.auctionOnly)
    }
    if instruments[instrument].unfinished.contains(.close) {
      guard endDay(instrument, &events, reserve) else { return false }
      instruments[instrument].unfinished.remove(.close)
    }
    if instruments[instrument].unfinished.contains(.followUp) {
      return followUp(instrument, &events, reserve)
    }
    return true
  }

  /// Mid pegs, activated brackets and stops, until nothing happens. Section 4.
  private mutating func followUp(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    while instruments[instrument].phase == .continuous,
      instruments[instrument].followUpCount != 0
    {
      guard events.remainingCapacity >= reserve else { return false }
      if matchMidPegs(instrument, &events) { continue }
      if instruments[instrument].firstActivated != 0 {
        activateFirst(instrument, &events)
      } else if let slot = firstTriggered(instrument) {
        trigger(slot, &events)
      } else {
        break
      }
    }
    return true
  }

  /// One trade of the first mid pegs of both sides, if their prices meet. Section 10.4.
  private mutating func matchMidPegs(
    _ instrument: UInt16, _ events: inout MatchingSink
  ) -> Bool {
    guard instruments[instrument].pegCount > 1 else { return false }
    let reference = pegReference(instrument)
    guard let buy = bestPeg(.midPeg, instrument, .buy, reference),
      let sell = bestPeg(.midPeg, instrument, .sell, reference),
      buy.priceTicks >= sell.priceTicks
    else { return false }
    let isBuyLater = entryNumber(buy.slot) > entryNumber(sell.slot)
    let (later, earlier) = isBuyLater ? (buy, sell) : (sell, buy)
    if isOutsideBand(earlier.priceTicks) {
      pause(instrument, &events)
      return true
    }
    meetMidPegs(later.slot, earlier.slot, earlier.priceTicks, &events)
    return true
  }

  /// The later peg stays in its place while it trades: what is left of it keeps its time.
  private mutating func meetMidPegs(
    _ later: UInt32, _ earlier: UInt32, _ priceTicks: UInt32, _ events: inout MatchingSink
  ) {
    var incoming = self.incoming(of: later)
    let before = incoming.leaves
    incomingSlot = later
    let end = meet(&incoming, earlier, priceTicks, .hidden, &events)
    incomingSlot = .max
    let wasLinkedAway = isIncomingLinkedAway
    isIncomingLinkedAway = false
    releaseRisk(later, from: before, to: incoming.leaves)
    details[later].filledQuantity = incoming.filledQuantity
    if incoming.leaves == 0 {
      takeOut(later)
      resolveLink(of: later, &events)
      resolveChildren(of: later, &events)
      free(later)
      return
    }
    takeShown(before &- incoming.leaves, from: later)
    if wasLinkedAway {
      remove(later, .linked, &events)
    } else if case .cancelled(let reason)? = end, reason != .eventLimit {
      remove(later, reason, &events)
    }
  }

  // MARK: End of day

  /// Cancels what does not outlive a close. Section 9.
  private mutating func endDay(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    for code in OrderSet.main.rawValue...OrderSet.atClose.rawValue {
      let set = OrderSet(rawValue: code) ?? .main
      let sides: InlineArray<2, Side> = [Side.buy, .sell]
      for index in sides.indices {
        let side = sides[index]

        guard endDay(instrument, set, side, &events, reserve) else { return false }
      }
    }
    return endDayOfDormant(instrument, &events, reserve)
  }

  private mutating func endDay(
    _ instrument: UInt16, _ set: OrderSet, _ side: Side, _ events: inout MatchingSink,
    _ reserve: Int
  ) -> Bool {
    // Best first. Links may take others away meanwhile, so that the place is looked for anew.
    var belowKey: UInt32?
    while let level = firstLevel(instrument, set, side, notAbove: belowKey) {
      while let slot = firstDayOrder(level.index) {
        guard events.remainingCapacity >= reserve else { return false }
        remove(slot, .endOfDay, &events)
        guard isLevel(level, instrument, set, side) else { break }
      }
      if level.key == 0 { break }
      belowKey = level.key - 1
    }
    return true
  }

  private struct LevelPlace {
    var index: UInt32
    var key: UInt32
  }

  /// The best level of a set with a key of at most this.
  private mutating func firstLevel(
    _ instrument: UInt16, _ set: OrderSet, _ side: Side, notAbove key: UInt32?
  ) -> LevelPlace? {
    // SAFETY: entries below `count` name live levels.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    let entries = unsafe books.ladders.base(ladder)
    var position = Int(ladder.count)
    if let key { position = unsafe entries.upperBound(key, count: position) }
    guard position > 0 else { return nil }
    let entry = unsafe entries[position - 1]
    return LevelPlace(index: entry.level, key: entry.key)
  }

  private mutating func isLevel(
    _ level: LevelPlace, _ instrument: UInt16, _ set: OrderSet, _ side: Side
  ) -> Bool {
    let found = firstLevel(instrument, set, side, notAbove: level.key)
    return found?.key == level.key && found?.index == level.index
  }

  private mutating func firstDayOrder(_ level: UInt32) -> UInt32? {
    var slot = levels[level].head
    while !slot.isNone {
      let timeInForce = details[slot.rawValue].timeInForce
      if timeInForce != .goodTillCancel, timeInForce != .goodTillDate { return slot.rawValue }
      slot = orders[slot.rawValue].next
    }
    return nil
  }

  /// Dormant orders by order id: looked for among all orders, since there are hardly ever any.
  private mutating func endDayOfDormant(
    _ instrument: UInt16, _ events: inout MatchingSink, _ reserve: Int
  ) -> Bool {
    while instruments[instrument].dormantCount != 0, let slot = firstDormantDayOrder(instrument) {
      guard events.remainingCapacity >= reserve else { return false }
      remove(slot, .endOfDay, &events)
    }
    return true
  }

  private mutating func firstDormantDayOrder(_ instrument: UInt16) -> UInt32? {
    var best: UInt32?
    for slot in 0..<books.orders.watermark
    where orders[slot].tag.set == .dormant && orders[slot].locate == instrument {
      let timeInForce = details[slot].timeInForce
      if timeInForce == .goodTillCancel || timeInForce == .goodTillDate { continue }
      if best == nil || orders[slot].reference < orders[best ?? slot].reference { best = slot }
    }
    return best
  }
}
