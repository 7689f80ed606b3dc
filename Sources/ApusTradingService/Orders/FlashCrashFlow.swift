// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// A calm market, a crash in waves, a recovery.
///
/// A wave takes the bids away, then sells through what is left; stops follow. Where a trade would lie
/// outside the dynamic band the market pauses: orders gather, and an auction ends the pause.
struct FlashCrashFlow: OrderFlow {
  static let instrument: UInt16 = 1
  private static let startPrice: UInt32 = 10_000
  private static let stopCountMax = 1_500

  let commandCount: Int
  private var middle = startPrice
  /// Commands until the pause ends; nil while there is none.
  private var pauseLeft: Int?

  init(commandCount: Int) { self.commandCount = commandCount }

  private enum Stage: Equatable {
    case calm, recovery
    /// The price to which a wave of selling goes.
    case wave(floor: UInt32)
  }

  private func stage(_ progress: Int) -> Stage {
    let part = progress * 1_000 / commandCount
    switch part {
    case ..<500: return .calm
    case ..<700:
      let wave = UInt32((part - 500) / 50)
      return .wave(floor: Self.startPrice - 600 * (wave + 1))
    default: return .recovery
    }
  }

  mutating func begin(_ desk: inout OrderDesk) {
    let instrument = Self.instrument
    desk.define(instrument, symbol: "CRASH", reference: Self.startPrice)
    desk.send(.changeInstrument(instrument, .dynamicBandPpm, to: 20_000))
    desk.market.instruments[Int(instrument)].dynamicBandPpm = 20_000
    desk.send(.changeInstrument(instrument, .staticBandPpm, to: 500_000))
    desk.setPhase(instrument, .continuous)
  }

  mutating func step(_ desk: inout OrderDesk, progress: Int) {
    let state = desk.market.instruments[Int(Self.instrument)]
    if state.phase == .volatilityPause {
      pause(&desk, last: state.anchor)
      return
    }
    let stage = stage(progress)
    moveMiddle(&desk, stage: stage, last: state.anchor)
    switch stage {
    case .wave(let floor) where state.anchor > floor: wave(&desk)
    case .wave, .calm: calm(&desk, buyChance: 512)
    case .recovery: calm(&desk, buyChance: 560)
    }
  }

  private mutating func moveMiddle(_ desk: inout OrderDesk, stage: Stage, last: UInt32) {
    switch stage {
    case .calm:
      guard desk.random.oneIn(32) else { return }
      middle = desk.random.oneIn(2) ? middle + 1 : middle - 1
      middle = min(max(middle, Self.startPrice - 50), Self.startPrice + 50)
    case .wave:
      middle = last
    case .recovery:
      // Back to three percent below, about a tick every 64 commands.
      if middle < Self.startPrice - 300, desk.random.oneIn(64) { middle += 1 }
    }
  }

  // MARK: Commands

  private func calm(_ desk: inout OrderDesk, buyChance: UInt32) {
    let side = desk.random.below(narrow: 1_024) < buyChance ? StreamMarket.buy : StreamMarket.sell
    let cancelShare: UInt32 = desk.market.liveCount > 4_000 ? 40 : 30
    switch desk.random.below(narrow: 100) {
    case ..<cancelShare:
      guard let slot = desk.anyResting() else { return passive(&desk, side) }
      desk.cancel(slot: slot)
    case ..<(cancelShare + 4):
      desk.marketOrder(Self.instrument, side, quantity: 1 + desk.random.below(narrow: 150))
    case ..<(cancelShare + 9):
      crossing(&desk, side, through: 3)
    case ..<(cancelShare + 13):
      stop(&desk)
    default:
      passive(&desk, side)
    }
  }

  private func passive(_ desk: inout OrderDesk, _ side: UInt8) {
    let distance = desk.random.logUniform(octaveCount: 9)
    var price = side == StreamMarket.buy ? middle - distance : middle + distance
    if let other = desk.market.best(Self.instrument, side ^ 1) {
      price = side == StreamMarket.buy ? min(price, other - 1) : max(price, other + 1)
    }
    desk.limit(Self.instrument, side, price: price, quantity: 1 + desk.random.below(narrow: 100))
  }

  private func crossing(_ desk: inout OrderDesk, _ side: UInt8, through: UInt32) {
    guard let other = desk.market.best(Self.instrument, side ^ 1) else {
      return passive(&desk, side)
    }
    let step = desk.random.below(narrow: through + 1)
    desk.limit(
      Self.instrument, side, price: side == StreamMarket.buy ? other + step : other - step,
      quantity: 1 + desk.random.below(narrow: 150))
  }

  /// Mostly protection of those who hold: sell stops below the market.
  private func stop(_ desk: inout OrderDesk) {
    let side = desk.random.oneIn(5) ? StreamMarket.buy : StreamMarket.sell
    let stops = desk.market.instruments[Int(Self.instrument)].stops[Int(side)]
    if stops.count > Self.stopCountMax {
      let stop = stops[Int(desk.random.below(narrow: UInt32(stops.count)))]
      _ = desk.market.removeStop(stop.orderId, Self.instrument, side)
      desk.cancel(stop.orderId)
      return
    }
    let anchor = desk.market.instruments[Int(Self.instrument)].anchor
    let distance = 20 + desk.random.logUniform(octaveCount: 10)
    let trigger = side == StreamMarket.buy ? anchor + distance : anchor - distance
    let limit: UInt32? = desk.random.oneIn(4) ? trigger - 40 : nil
    _ = desk.stop(
      Self.instrument, side, trigger: trigger, quantity: 10 + desk.random.below(narrow: 190),
      limit: side == StreamMarket.sell ? limit : nil)
  }

  private func wave(_ desk: inout OrderDesk) {
    switch desk.random.below(narrow: 100) {
    case ..<40:
      // Bids nearest to the market go first.
      guard let slot = desk.market.books.bestOrder(locate: Self.instrument, side: StreamMarket.buy)
      else { return passive(&desk, StreamMarket.buy) }
      desk.cancel(slot: slot)
    case ..<65:
      crossing(&desk, StreamMarket.sell, through: 8)
    case ..<72:
      desk.marketOrder(
        Self.instrument, StreamMarket.sell, quantity: 100 + desk.random.below(narrow: 1_900))
    case ..<73:
      desk.marketOrder(
        Self.instrument, StreamMarket.sell, quantity: 10_000 + desk.random.below(narrow: 20_000))
    case ..<88:
      passive(&desk, StreamMarket.sell)
    default:
      passive(&desk, StreamMarket.buy)
    }
  }

  /// Orders gather on both sides of a price below the last one; then the auction.
  private mutating func pause(_ desk: inout OrderDesk, last: UInt32) {
    let left = pauseLeft ?? max(20, commandCount / 400)
    guard left > 0 else {
      pauseLeft = nil
      desk.setPhase(Self.instrument, .continuous)
      return
    }
    pauseLeft = left - 1
    if desk.random.oneIn(8), let slot = desk.anyResting() {
      desk.cancel(slot: slot)
      return
    }
    let side = UInt8(truncatingIfNeeded: desk.random.below(narrow: 2))
    let centre = last - last / 100
    let spread = desk.random.below(narrow: 120)
    desk.limit(
      Self.instrument, side,
      price: side == StreamMarket.buy ? centre + 30 - spread : centre - 30 + spread,
      quantity: 1 + desk.random.below(narrow: 300))
  }
}
