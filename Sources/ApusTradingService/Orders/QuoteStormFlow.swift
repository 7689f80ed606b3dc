// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// Market makers that keep two-sided quotes in many instruments: when a price moves, many of them
/// requote it one after the other. Now and then somebody takes a quote.
struct QuoteStormFlow: OrderFlow {
  static let instrumentCount = 500
  static let makerCount: UInt16 = 12
  static let takerCount: UInt16 = 20

  private var middles: [UInt32] = []
  /// Ids of the last quotes, by instrument and maker.
  private var quotes: [(bid: UInt64, ask: UInt64)?] = Array(
    repeating: nil, count: (instrumentCount + 1) * Int(makerCount))

  mutating func begin(_ desk: inout OrderDesk) {
    middles = [0]
    for instrument in 1...UInt16(Self.instrumentCount) {
      let middle = 1_000 + desk.random.below(narrow: 40_000)
      middles.append(middle)
      desk.define(instrument, symbol: "Q\(instrument)", reference: middle)
      desk.setPhase(instrument, .continuous)
    }
  }

  mutating func step(_ desk: inout OrderDesk, progress: Int) {
    // The lesser of two draws: the first instruments move more often.
    let count = UInt32(Self.instrumentCount)
    let instrument =
      1 + UInt16(min(desk.random.below(narrow: count), desk.random.below(narrow: count)))
    switch desk.random.below(narrow: 200) {
    case 0: massCancel(&desk, instrument)
    case ..<30: take(&desk, instrument)
    default: burst(&desk, instrument)
    }
  }

  private func index(_ instrument: UInt16, _ maker: UInt16) -> Int {
    Int(instrument) * Int(Self.makerCount) + Int(maker) - 1
  }

  /// The price moves, and makers follow.
  private mutating func burst(_ desk: inout OrderDesk, _ instrument: UInt16) {
    let step = desk.random.below(narrow: 3)
    let old = middles[Int(instrument)]
    middles[Int(instrument)] = desk.random.oneIn(2) ? old + step : max(old - step, 100)
    let first = desk.random.below(narrow: UInt32(Self.makerCount))
    for offset in 0..<1 + desk.random.below(narrow: UInt32(Self.makerCount)) {
      let maker = 1 + UInt16((first + offset) % UInt32(Self.makerCount))
      let middle = middles[Int(instrument)]
      let place = index(instrument, maker)
      quotes[place] = desk.quote(
        instrument, owner: maker, previous: quotes[place],
        bid: (middle - 2 - desk.random.below(narrow: 4), 10 * (1 + desk.random.below(narrow: 50))),
        ask: (middle + 2 + desk.random.below(narrow: 4), 10 * (1 + desk.random.below(narrow: 50))))
    }
  }

  private func take(_ desk: inout OrderDesk, _ instrument: UInt16) {
    let side = UInt8(truncatingIfNeeded: desk.random.below(narrow: 2))
    guard let price = desk.market.best(instrument, side ^ 1) else { return cancelNothing(&desk) }
    let owner = 1 + Self.makerCount + UInt16(desk.random.below(narrow: UInt32(Self.takerCount)))
    let quantity = 1 + desk.random.below(narrow: 200)
    let orderId = desk.new(
      instrument, side, timeInForce: .immediateOrCancel, price: price, quantity: quantity,
      owner: owner)
    desk.market.enter(
      orderId, instrument, side, limit: price, quantity: quantity, rests: false)
  }

  /// A taker that finds nobody waits for its next turn: asks that nothing of it rests.
  private func cancelNothing(_ desk: inout OrderDesk) {
    let owner = 1 + Self.makerCount + UInt16(desk.random.below(narrow: UInt32(Self.takerCount)))
    desk.send(.massCancel(owner: owner))
  }

  /// A maker leaves one instrument, or once in a while all.
  private mutating func massCancel(_ desk: inout OrderDesk, _ instrument: UInt16) {
    let maker = 1 + UInt16(desk.random.below(narrow: UInt32(Self.makerCount)))
    let isAll = desk.random.oneIn(16)
    let left = isAll ? 1...UInt16(Self.instrumentCount) : instrument...instrument
    desk.send(.massCancel(owner: maker, instrument: isAll ? nil : instrument))
    for instrument in left {
      let place = index(instrument, maker)
      guard let ids = quotes[place] else { continue }
      for orderId in [ids.bid, ids.ask] {
        if let order = desk.market.order(orderId) { desk.market.remove(slot: order.slot) }
      }
      quotes[place] = nil
    }
  }
}
