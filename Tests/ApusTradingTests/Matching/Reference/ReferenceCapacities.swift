// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// How much of everything there may be: 3.25, and section 15.
struct ReferenceCapacities {
  var orders = Int.max
  /// Prices present, over all sets and instruments.
  var levels = Int.max
  var holdings = Int.max
  /// Of one command.
  var events = Int.max
}

/// An owner and an instrument that the owner has used.
struct ReferenceHolding: Hashable {
  var owner: UInt16
  var instrument: UInt16
}

extension ReferenceMatchingEngine {
  /// 3.25: whether so many orders more may live, and their owner may use the instrument.
  func checkRoom(
    for count: Int, _ owner: ReferenceOwner, _ instrument: ReferenceInstrument
  ) throws(Refusal) {
    try check(capacities.orders - orders.count >= count, .capacity)
    try check(hasHolding(owner.id, instrument.id), .capacity)
  }

  func hasHolding(_ owner: UInt16, _ instrument: UInt16) -> Bool {
    holdings.contains(ReferenceHolding(owner: owner, instrument: instrument))
      || holdings.count < capacities.holdings
  }

  func noteHolding(_ owner: UInt16, _ instrument: UInt16) {
    holdings.insert(ReferenceHolding(owner: owner, instrument: instrument))
  }

  /// Whether there is room for an order's price in a set.
  func hasPrice(for order: ReferenceOrder, in set: BookSet) -> Bool {
    isPresent(order.rank(in: set), of: order, in: set) || hasPrice
  }

  /// Whether there is room for one price more.
  private var hasPrice: Bool {
    capacities.levels == .max
      || instruments.values.reduce(0) { $0 + $1.priceCount } < capacities.levels
  }

  private func isPresent(_ rank: UInt32, of order: ReferenceOrder, in set: BookSet) -> Bool {
    order.instrument[set, order.side].contains { $0 !== order && $0.rank(in: set) == rank }
  }

  /// 7.1: whether a trailing stop may have another trigger. Alone at its own, it gives that up.
  func canMove(_ stop: ReferenceOrder, to trigger: UInt32) -> Bool {
    // Counted while it is where it is: with its new trigger it would count as the price it asks for.
    if hasPrice || !isPresent(stop.rank(in: .stop), of: stop, in: .stop) { return true }
    let old = stop.trigger
    stop.trigger = trigger
    defer { stop.trigger = old }
    return isPresent(stop.rank(in: .stop), of: stop, in: .stop)
  }

  // MARK: Section 15

  /// Whether there is room for the events of one step more.
  var hasEventRoom: Bool { capacities.events - events.count >= 16 + eventsKept }
}

extension ReferenceInstrument {
  /// Prices in all its sets.
  var priceCount: Int {
    var count = 0
    for set in BookSet.allCases {
      for side in [Side.buy, .sell] { count += Set(self[set, side].map { $0.rank(in: set) }).count }
    }
    return count
  }

  /// Mid pegs, stops or brackets, whether it is their turn or not.
  var hasWaiting: Bool {
    if hasActivated { return true }
    return [BookSet.midPeg, .stop].contains { !self[$0, .buy].isEmpty || !self[$0, .sell].isEmpty }
  }

  var hasActivated: Bool { activated.contains { !$0.children.isEmpty } }
}
