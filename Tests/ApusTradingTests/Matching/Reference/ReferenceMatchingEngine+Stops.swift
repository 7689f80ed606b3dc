// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Sections 7 and 10.4: what happens by itself.
extension ReferenceMatchingEngine {
  /// The stop whose turn it is.
  func triggeredStop(_ instrument: ReferenceInstrument) -> ReferenceOrder? {
    guard let last = instrument.last else { return nil }
    if let buy = instrument[.stop, .buy].first, last >= buy.trigger { return buy }
    if let sell = instrument[.stop, .sell].first, last <= sell.trigger { return sell }
    return nil
  }

  func trigger(_ stop: ReferenceOrder) {
    stop.instrument.remove(stop)
    var event = MatchingEvent.of(stop, .triggered)
    event.leavesQuantity = stop.leaves
    event.value = UInt64(stop.trigger)
    events.append(event)
    stop.type = stop.type == .stopLimit ? .limit : .market
    stop.trigger = 0
    followLinks(of: stop)
    enter(stop)
  }

  /// 7.1: after a trade.
  func moveTrailingStops(_ instrument: ReferenceInstrument) {
    for stop in instrument.trailingStops {
      guard let moved = instrument.trailingTrigger(stop.side, amount: stop.amount) else { continue }
      if stop.side == .buy ? moved >= Int(stop.trigger) : moved <= Int(stop.trigger) { continue }
      guard canMove(stop, to: UInt32(moved)) else { continue }
      instrument.remove(stop)
      stop.trigger = UInt32(moved)
      place(stop, in: .stop)
    }
  }

  /// 10.4: one trade of two mid pegs that meet.
  ///
  /// - Returns: Whether there was one, or something in its place.
  func matchMidPegs(_ instrument: ReferenceInstrument) -> Bool {
    let reference = instrument.pegReference()
    guard let (buy, bid) = instrument.firstPeg(.midPeg, .buy, reference),
      let (sell, ask) = instrument.firstPeg(.midPeg, .sell, reference), bid >= ask
    else { return false }
    let (earlier, later, price) =
      buy.arrival < sell.arrival ? (buy, sell, bid) : (sell, buy, ask)
    if instrument.isOutsideDynamicBand(price, command: commandCount) {
      pause(instrument)
    } else {
      meet(later, earlier, at: price)
    }
    return true
  }
}
