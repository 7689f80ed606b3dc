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
    instruments[instrument].sweepStep = 0
    instruments[instrument].sweepSlot = 0
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

  /// A volatility pause. Section 11.5.
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
  /// the events that are kept. Section 15.
  @inline(never)
  mutating func resumeWork(_ events: inout MatchingSink) {
    while let instrument = work.first {
      prepareBand(instrument)
      guard finishWork(instrument, &events, Self.eventReserve + eventsKept) else { return }
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
      guard sweep(instrument, .auctionOnly, &events, reserve) else { return false }
      instruments[instrument].unfinished.remove(.auctionOnly)
    }
    if instruments[instrument].unfinished.contains(.close) {
      guard sweep(instrument, .endOfDay, &events, reserve) else { return false }
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
    guard let buyKey = bestPegKey(.midPeg, instrument, .buy, reference),
      let sellKey = bestPegKey(.midPeg, instrument, .sell, reference)
    else { return false }
    let (bid, ask) = (OrderBooks.key(.buy, buyKey), OrderBooks.key(.sell, sellKey))
    guard bid >= ask else { return false }
    let buy = firstPeg(.midPeg, instrument, .buy, at: buyKey)
    let sell = firstPeg(.midPeg, instrument, .sell, at: sellKey)
    let isBuyLater = entryNumber(buy) > entryNumber(sell)
    let (later, earlier, priceTicks) = isBuyLater ? (buy, sell, ask) : (sell, buy, bid)
    if isOutsideBand(priceTicks) {
      pause(instrument, &events)
      return true
    }
    meetMidPegs(later, earlier, priceTicks, &events)
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
}
