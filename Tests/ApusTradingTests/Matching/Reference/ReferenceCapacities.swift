// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// How much of everything there may be: 3.25, and section 15.
struct ReferenceCapacities {
  var orders = Int.max
  /// Prices present, over all sets and instruments.
  var levels = Int.max
  /// Of one side of a set of an instrument.
  var prices = Int.max
  /// Of an instrument.
  var trailingStops = Int.max
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

  /// Whether an order that comes to rest in a set finds room: 15.2, 15.3 and 16.3.
  func hasPlace(for order: ReferenceOrder, in set: BookSet) -> Bool {
    if order.type == .trailingStop, set == .stop,
      order.instrument.trailingStops.count >= capacities.trailingStops
    {
      return false
    }
    return isPresent(order.rank(in: set), of: order, in: set)
      || hasLevel && hasPrice(order, in: set)
  }

  /// 15.2: whether an order of an auction, whose level goes with it, finds room in main.
  func mayJoinMain(_ order: ReferenceOrder) -> Bool {
    isPresent(order.rank(in: .main), of: order, in: .main) || hasPrice(order, in: .main)
  }

  /// Whether the side of an order may have one price more in a set.
  private func hasPrice(_ order: ReferenceOrder, in set: BookSet) -> Bool {
    capacities.prices == .max
      || order.instrument.priceCount(set, order.side) < capacities.prices
  }

  /// Whether there is room for one price more among all.
  private var hasLevel: Bool {
    capacities.levels == .max
      || instruments.values.reduce(0) { $0 + $1.priceCount } < capacities.levels
  }

  private func isPresent(_ rank: UInt32, of order: ReferenceOrder, in set: BookSet) -> Bool {
    order.instrument[set, order.side].contains { $0 !== order && $0.rank(in: set) == rank }
  }

  /// 7.1: whether a trailing stop may have another trigger. Alone at its own, it gives that up.
  func canMove(_ stop: ReferenceOrder, to trigger: UInt32) -> Bool {
    // Counted while it is where it is: with its new trigger it would count as the price it asks for.
    if hasLevel && hasPrice(stop, in: .stop)
      || !isPresent(stop.rank(in: .stop), of: stop, in: .stop)
    {
      return true
    }
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
      for side in [Side.buy, .sell] { count += priceCount(set, side) }
    }
    return count
  }

  func priceCount(_ set: BookSet, _ side: Side) -> Int {
    Set(self[set, side].map { $0.rank(in: set) }).count
  }

  /// Those of both sides, in the order in which they came to rest.
  var trailingStops: [ReferenceOrder] {
    (self[.stop, .buy] + self[.stop, .sell]).filter { $0.type == .trailingStop }
      .sorted { $0.rested < $1.rested }
  }

  /// Mid pegs, stops or brackets, whether it is their turn or not.
  var hasWaiting: Bool {
    if hasActivated { return true }
    return [BookSet.midPeg, .stop].contains { !self[$0, .buy].isEmpty || !self[$0, .sell].isEmpty }
  }

  var hasActivated: Bool { activated.contains { !$0.children.isEmpty } }
}
