// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// A day of eight instruments from pre-open to closed.
struct AuctionDayFlow: OrderFlow {
  static let instrumentCount = 8

  /// One stretch of the day: until which 1,000th of the commands, from what time on, in which phase.
  private struct Stretch {
    var endPart: Int
    var beginSeconds: UInt64
    var phase: MarketPhase
  }
  private static let stretches = [
    Stretch(endPart: 80, beginSeconds: 9 * 3_600, phase: .preOpen),
    Stretch(endPart: 120, beginSeconds: 9 * 3_600 + 28 * 60, phase: .openingAuction),
    Stretch(endPart: 850, beginSeconds: 9 * 3_600 + 30 * 60, phase: .continuous),
    Stretch(endPart: 970, beginSeconds: 16 * 3_600, phase: .closingAuction),
    Stretch(endPart: 1_000, beginSeconds: 16 * 3_600 + 5 * 60, phase: .closed),
  ]
  private static let haltedInstrument: UInt16 = 4
  private static let bandedInstrument: UInt16 = 5

  let commandCount: Int
  private var stretchIndex = 0
  private var haltStage = 0
  /// Commands until the banded instrument's pause ends.
  private var pauseLeft = 0
  var middles: [UInt32] = []
  var lots: [UInt32] = []
  var ticks: [UInt32] = []
  /// Ids of orders that stay after the close.
  var lasting: Set<UInt64> = []
  /// Orders that end at a time.
  var expiring: [(time: UInt64, orderId: UInt64)] = []
  /// Pegs, trailing stops and linked orders: those that the model does not follow.
  var loose: [UInt64] = []
  /// Ids of the last quotes, by instrument and maker.
  var quotes: [UInt32: (bid: UInt64, ask: UInt64)] = [:]

  init(commandCount: Int) { self.commandCount = commandCount }

  mutating func begin(_ desk: inout OrderDesk) {
    (middles, lots, ticks) = ([0], [1], [1])
    let allocations: [AllocationRule] = [
      .priceTime, .priceTime, .priceTime, .priceTime, .priceTime, .proRata, .proRataTopOrder,
      .priceTime,
    ]
    for instrument in 1...UInt16(Self.instrumentCount) {
      let isCoarse = instrument == 8
      let middle = 5_000 * UInt32(instrument)
      middles.append(middle)
      lots.append(isCoarse ? 100 : 1)
      ticks.append(isCoarse ? 5 : 1)
      desk.define(
        instrument, symbol: "DAY\(instrument)", reference: middle, lot: lots[Int(instrument)],
        tick: ticks[Int(instrument)], allocation: allocations[Int(instrument) - 1])
      desk.send(.changeInstrument(instrument, .staticBandPpm, to: 200_000))
      desk.send(.changeInstrument(instrument, .collarPpm, to: 50_000))
      desk.send(.changeInstrument(instrument, .quantityMax, to: 1_000_000))
      desk.setPhase(instrument, .preOpen)
    }
    desk.send(.changeInstrument(Self.bandedInstrument, .dynamicBandPpm, to: 10_000))
    desk.market.instruments[Int(Self.bandedInstrument)].dynamicBandPpm = 10_000
    desk.send(.changeInstrument(6, .proRataMinimum, to: 2))
    for (instrument, mode) in [(UInt16(2), SelfTradePrevention.cancelOldest), (3, .cancelNewest)] {
      desk.send(
        .changeInstrument(instrument, .selfTradePrevention, to: UInt64(mode.rawValue)))
    }
    for owner in 1...UInt16(6) {
      desk.send(.setOwnerLimit(owner, .selfTradeGroup, to: UInt64(1 + owner / 3)))
      desk.send(.setOwnerLimit(owner, .openOrders, to: 1_000_000))
      desk.send(.setOwnerLimit(owner, .grossNotional, to: 1 << 60))
    }
    desk.send(.restrict(7, owner: 40, isRestricted: true))
  }

  mutating func step(_ desk: inout OrderDesk, progress: Int) {
    let part = progress * 1_000 / commandCount
    if stretchIndex == 0 || part >= Self.stretches[stretchIndex - 1].endPart {
      beginStretch(&desk)
      return
    }
    if Self.stretches[stretchIndex - 1].phase == .continuous, interrupts(&desk, part) { return }
    let instrument = 1 + UInt16(desk.random.below(narrow: UInt32(Self.instrumentCount)))
    moveMiddle(&desk, instrument)
    switch desk.market.instruments[Int(instrument)].phase {
    case .continuous: continuous(&desk, instrument)
    case .closed: closed(&desk, instrument)
    case .halted: cancelAny(&desk, instrument)
    case .closingAuction: gather(&desk, instrument, isOpening: false)
    case .preOpen, .openingAuction, .volatilityPause: gather(&desk, instrument, isOpening: true)
    }
  }

  /// Moves all instruments to the next phase, and sets the pace of its commands.
  private mutating func beginStretch(_ desk: inout OrderDesk) {
    let stretch = Self.stretches[stretchIndex]
    let isLast = stretchIndex + 1 == Self.stretches.count
    let endSeconds =
      isLast ? stretch.beginSeconds + 600 : Self.stretches[stretchIndex + 1].beginSeconds
    let beginPart = stretchIndex == 0 ? 0 : Self.stretches[stretchIndex - 1].endPart
    let count = max(1, (stretch.endPart - beginPart) * commandCount / 1_000)
    let gap = (endSeconds - stretch.beginSeconds) * 1_000_000_000 / UInt64(count)
    desk.timeNanoseconds = max(desk.timeNanoseconds, stretch.beginSeconds * 1_000_000_000)
    desk.meanGapNanoseconds = UInt32(clamping: min(gap, 2_000_000_000))
    stretchIndex += 1
    for instrument in 1...UInt16(Self.instrumentCount) {
      if desk.market.instruments[Int(instrument)].phase == stretch.phase { continue }
      desk.setPhase(instrument, stretch.phase)
      if stretch.phase == .closed { desk.market.close(instrument, keeping: lasting) }
    }
    // The first stretch begins with the day; its phase was set with the instruments.
    if !desk.hasWritten { desk.send(MatchingCommand(.expire)) }
  }

  /// The halt of one instrument, and the pause of another; true where a command was written.
  private mutating func interrupts(_ desk: inout OrderDesk, _ part: Int) -> Bool {
    if haltStage < 2, part >= (haltStage == 0 ? 500 : 520) {
      var command = MatchingCommand(haltStage == 0 ? .halt : .resume)
      command.instrument = Self.haltedInstrument
      desk.send(command)
      desk.market.setPhase(Self.haltedInstrument, haltStage == 0 ? .halted : .continuous)
      haltStage += 1
      return true
    }
    guard desk.market.instruments[Int(Self.bandedInstrument)].phase == .volatilityPause else {
      return false
    }
    if pauseLeft == 0 { pauseLeft = max(20, commandCount / 500) }
    pauseLeft -= 1
    guard pauseLeft == 0 else { return false }
    desk.setPhase(Self.bandedInstrument, .continuous)
    return true
  }

  private mutating func moveMiddle(_ desk: inout OrderDesk, _ instrument: UInt16) {
    guard desk.random.oneIn(16) else { return }
    let tick = ticks[Int(instrument)]
    let start = 5_000 * UInt32(instrument)
    let moved =
      desk.random.oneIn(2)
      ? middles[Int(instrument)] + tick : middles[Int(instrument)] - tick
    middles[Int(instrument)] = min(max(moved, start - start / 20), start + start / 20)
  }
}
