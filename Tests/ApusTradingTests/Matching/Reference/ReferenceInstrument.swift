// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// An instrument: its properties and its sets of orders.
final class ReferenceInstrument {
  let id: UInt16
  var phase = MarketPhase.closed
  var lot: UInt32
  var ticks: [(start: UInt32, tick: UInt32)]
  var allocation: AllocationRule
  var selfTradePrevention: SelfTradePrevention
  var quantityMax: UInt64 = 0
  var staticBandPpm: UInt64 = 0
  var dynamicBandPpm: UInt64 = 0
  var collarPpm: UInt64 = 0
  var proRataMinimum: UInt64 = 0
  var marginPpm: UInt64 = 1_000_000
  var restrictedOwners: Set<UInt16> = []
  var last: UInt32?
  var reference: UInt32?
  /// Brackets whose parent has left, in that order.
  var activated: [ReferenceBracket] = []
  /// What is left to do, in this order. Section 15.
  enum Step { case auction, auctionOnly, close, followUp }
  var unfinished: [Step] = []
  /// The set of the auction that is held, and its price while it trades.
  var auctionSet = BookSet.atOpen
  var auctionPrice: UInt32?
  /// The anchor as it was before the first trade of a command, and that command.
  private var anchorBefore: (command: UInt64, price: UInt32?) = (0, nil)
  /// Two of each set, buys first; each best first, then in time order.
  private var queues = [[ReferenceOrder]](repeating: [], count: 12)

  init(
    id: UInt16, lot: UInt32, tick: UInt32, allocation: AllocationRule,
    selfTradePrevention: SelfTradePrevention
  ) {
    self.id = id
    self.lot = lot
    ticks = [(0, tick)]
    self.allocation = allocation
    self.selfTradePrevention = selfTradePrevention
  }

  var anchor: UInt32? { last ?? reference }

  /// The orders of one side of a set.
  subscript(_ set: BookSet, _ side: Side) -> [ReferenceOrder] {
    queues[set.rawValue * 2 + (side == .buy ? 0 : 1)]
  }

  /// Puts an order behind all others at its price.
  func insert(_ order: ReferenceOrder, into set: BookSet) {
    let queue = set.rawValue * 2 + (order.side == .buy ? 0 : 1)
    let rank = order.rank(in: set)
    var (low, high) = (0, queues[queue].count)
    while low < high {
      let middle = (low + high) / 2
      if queues[queue][middle].rank(in: set) <= rank { low = middle + 1 } else { high = middle }
    }
    queues[queue].insert(order, at: low)
    order.place = .resting(set)
  }

  /// Takes an order out of its set.
  func remove(_ order: ReferenceOrder) {
    guard case .resting(let set) = order.place else { return }
    let queue = set.rawValue * 2 + (order.side == .buy ? 0 : 1)
    queues[queue].removeAll { $0 === order }
    order.place = .incoming
  }

  // MARK: Prices

  func isOnGrid(_ price: UInt32) -> Bool {
    let row = ticks.last { $0.start <= price } ?? ticks[0]
    return price % row.tick == 0
  }

  /// Bounds so many ppm about a price, both allowed.
  static func band(_ ppm: UInt64, about price: UInt32) -> ClosedRange<Int> {
    let width = Int(price) * Int(ppm) / 1_000_000
    return Int(price) - width...Int(price) + width
  }

  /// Keeps the anchor for the rest of a command; called before its trades.
  func keepAnchor(of command: UInt64) {
    if anchorBefore.command != command { anchorBefore = (command, anchor) }
  }

  func isOutsideDynamicBand(_ price: UInt32, command: UInt64) -> Bool {
    let anchor = anchorBefore.command == command ? anchorBefore.price : anchor
    guard dynamicBandPpm != 0, let anchor else { return false }
    return !Self.band(dynamicBandPpm, about: anchor).contains(Int(price))
  }

  /// A market order's protection where it names none.
  func collar(for side: Side) -> UInt32? {
    guard collarPpm != 0, let best = self[.main, side.opposite].first?.price else { return nil }
    let range = Self.band(collarPpm, about: best)
    return side == .buy
      ? UInt32(min(range.upperBound, Int(UInt32.max - 1))) : UInt32(max(range.lowerBound, 1))
  }

  /// Where a trailing stop's trigger is for the last price.
  func trailingTrigger(_ side: Side, amount: UInt32) -> Int? {
    guard let last else { return nil }
    return side == .buy
      ? min(Int(last) + Int(amount), Int(UInt32.max - 1)) : Int(last) - Int(amount)
  }
}
