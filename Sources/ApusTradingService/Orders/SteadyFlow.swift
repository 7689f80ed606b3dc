// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// Limit orders, cancels and market orders in fixed shares on one instrument, as benchmarks of order
/// books have them. How many limit orders reach the other side is steered by how many orders live.
struct SteadyFlow: OrderFlow {
  static let instrument: UInt16 = 1
  private static let startPrice: UInt32 = 100_000

  /// Of 100 commands.
  let limitShare: UInt32
  let cancelShare: UInt32
  let livePeak: Int
  /// Chance in 1,024 that a limit order reaches the other side where as many live as should.
  let crossingChance: Int
  /// How much 1,024ths of the live orders too many add to that chance.
  let steepness: Int
  /// How far behind the middle prices lie: up to so many ticks, all alike, or by powers of two.
  let distanceMax: UInt32
  let isDistanceUniform: Bool
  private var middle = startPrice

  static let mixed = SteadyFlow(
    limitShare: 61, cancelShare: 34, livePeak: 5_000, crossingChance: 160, steepness: 2,
    distanceMax: 256, isDistanceUniform: false)
  static let trades = SteadyFlow(
    limitShare: 95, cancelShare: 0, livePeak: 298_000, crossingChance: 520, steepness: 64,
    distanceMax: 2_000, isDistanceUniform: true)

  private init(
    limitShare: UInt32, cancelShare: UInt32, livePeak: Int, crossingChance: Int, steepness: Int,
    distanceMax: UInt32, isDistanceUniform: Bool
  ) {
    self.limitShare = limitShare
    self.cancelShare = cancelShare
    self.livePeak = livePeak
    self.crossingChance = crossingChance
    self.steepness = steepness
    self.distanceMax = distanceMax
    self.isDistanceUniform = isDistanceUniform
  }

  mutating func begin(_ desk: inout OrderDesk) {
    desk.define(Self.instrument, symbol: "STEADY", reference: Self.startPrice)
    desk.setPhase(Self.instrument, .continuous)
  }

  mutating func step(_ desk: inout OrderDesk, progress: Int) {
    if desk.random.oneIn(64) {
      middle = desk.random.oneIn(2) ? middle + 1 : middle - 1
      middle = min(max(middle, Self.startPrice / 2), 2 * Self.startPrice)
    }
    let side = UInt8(truncatingIfNeeded: desk.random.below(narrow: 2))
    let draw = desk.random.below(narrow: 100)
    if draw >= limitShare, draw < limitShare + cancelShare, let slot = desk.anyResting() {
      desk.cancel(slot: slot)
    } else if draw < limitShare + cancelShare {
      limit(&desk, side, progress: progress)
    } else {
      desk.marketOrder(Self.instrument, side, quantity: 1 + desk.random.below(narrow: 200))
    }
  }

  private mutating func limit(_ desk: inout OrderDesk, _ side: UInt8, progress: Int) {
    // The book fills with every second order.
    let target = max(16, min(livePeak, progress / 2))
    let excess = (desk.market.liveCount - target) * 1_024 / target
    let chance = min(max(crossingChance + excess * steepness, 0), 1_000)
    let isCrossing = Int(desk.random.below(narrow: 1_024)) < chance
    let quantity = 1 + desk.random.below(narrow: 100)
    let distance =
      isDistanceUniform
      ? 1 + desk.random.below(narrow: distanceMax)
      : min(desk.random.logUniform(octaveCount: 9), distanceMax)
    let through = desk.random.below(narrow: 4)
    let other = desk.market.best(Self.instrument, side ^ 1)
    var price = side == StreamMarket.buy ? middle - distance : middle + distance
    if let other {
      if side == StreamMarket.buy {
        price = isCrossing ? other + through : min(price, other - 1)
      } else {
        price = isCrossing ? other - through : max(price, other + 1)
      }
    }
    desk.limit(Self.instrument, side, price: price, quantity: quantity)
  }
}
