// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Section 15: what follows a command, as far as there is room for its events; the rest follows later
/// ones.
extension ReferenceMatchingEngine {
  /// Section 4's list waits for its turn, where there is something in it.
  func queue(_ instrument: ReferenceInstrument) {
    guard instrument.phase == .continuous, instrument.unfinished.isEmpty, mayFollowUp(instrument)
    else { return }
    begin([.followUp], instrument)
  }

  func begin(_ steps: [ReferenceInstrument.Step], _ instrument: ReferenceInstrument) {
    instrument.unfinished = steps
    work.append(instrument)
  }

  private func mayFollowUp(_ instrument: ReferenceInstrument) -> Bool {
    instrument.hasActivated || !instrument[.midPeg, .buy].isEmpty
      || !instrument[.midPeg, .sell].isEmpty || triggeredStop(instrument) != nil
  }

  /// Does what is left to do, the oldest first.
  func resumeWork() {
    while let instrument = work.first {
      while let step = instrument.unfinished.first {
        guard finish(step, of: instrument) else { return }
        instrument.unfinished.removeFirst()
      }
      work.removeFirst()
    }
  }

  /// - Returns: Whether it is done; else there is no more room for events.
  private func finish(
    _ step: ReferenceInstrument.Step, of instrument: ReferenceInstrument
  ) -> Bool {
    switch step {
    case .auction: holdAuction(instrument)
    case .auctionOnly: endAuction(instrument)
    case .close: endDay(instrument)
    case .followUp: followUp(instrument)
    }
  }

  /// Section 4's list: mid pegs, then brackets, then stops, from the start until nothing happens.
  private func followUp(_ instrument: ReferenceInstrument) -> Bool {
    while instrument.phase == .continuous, instrument.hasWaiting {
      guard hasEventRoom else { return false }
      if matchMidPegs(instrument) { continue }
      if !instrument.activated.isEmpty {
        activate(instrument.activated.removeFirst())
        continue
      }
      guard let stop = triggeredStop(instrument) else { return true }
      trigger(stop)
    }
    return true
  }

  /// Cancels those that still live, as far as there is room for events.
  ///
  /// - Returns: How many were cancelled, and how many are left.
  func cancelAsFarAsPossible(
    _ list: [ReferenceOrder], _ reason: MatchingReason
  ) -> (count: UInt64, left: UInt64) {
    var count: UInt64 = 0
    for order in list where order.isLive {
      guard hasEventRoom else { return (count, UInt64(list.count(where: \.isLive))) }
      cancel(order, reason)
      count += 1
    }
    return (count, 0)
  }
}
