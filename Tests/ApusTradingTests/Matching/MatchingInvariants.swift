// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols

@testable import ApusTrading

/// What must hold of an engine's tables after every command: every order is in one place and counted
/// once, and nothing is lost in a table.
final class MatchingInvariants {
  private let view: MatchingView
  private let instruments: Set<UInt16>
  private var broken: String?
  /// Slots that are in a set, or dormant.
  private var placed: Set<UInt32> = []
  private var levelCount = 0

  init(_ view: MatchingView, _ instruments: Set<UInt16>) {
    self.view = view
    self.instruments = instruments
  }

  /// The first thing that does not hold.
  func check(_ engine: borrowing MatchingEngine) -> String? {
    for instrument in instruments where view.instruments[instrument].isDefined {
      for set in OrderSet.allCases where set != .dormant {
        for side in [Side.buy, .sell] { checkLadder(set, instrument, side) }
      }
    }
    checkHoldings()
    for instrument in instruments where view.instruments[instrument].isDefined {
      checkCounts(instrument)
      checkTrailing(instrument)
      checkDormant(instrument)
    }
    checkTables(engine)
    return broken
  }

  private func expect(_ holds: Bool, _ text: @autoclosure () -> String) {
    if !holds, broken == nil { broken = text() }
  }

  // MARK: Sets

  private func checkLadder(_ set: OrderSet, _ instrument: UInt16, _ side: Side) {
    let ladder = unsafe view.ladders.ladder(set, instrument, side).pointee
    expect(
      (ladder.countMin...ladder.capacity).contains(ladder.count),
      "\(ladder.count) prices of \(set) in a block of \(ladder.capacity)")
    var last: UInt32?
    for position in 0..<Int(ladder.count) {
      let entry = unsafe view.ladders.base(ladder)[position]
      expect(last.map { $0 < entry.key } ?? true, "ladder of \(set) is not sorted")
      last = entry.key
      levelCount += 1
      checkQueue(entry, set, instrument, side)
    }
  }

  private func checkQueue(
    _ entry: LadderEntry, _ set: OrderSet, _ instrument: UInt16, _ side: Side
  ) {
    let level = view.levels[entry.level]
    var quantity: UInt64 = 0
    var count: UInt32 = 0
    var previous = UInt32.max
    var slot = level.head.rawValue
    while slot != .max, broken == nil {
      let order = view.orders[slot]
      expect(
        order.level.rawValue == entry.level && order.previous.rawValue == previous
          && order.quantity > 0 && order.locate == instrument && order.side == side
          && order.tag.set == set && OrderBooks.key(order) == entry.key,
        "order \(order.reference) does not agree with its place in \(set)")
      expect(placed.insert(slot).inserted, "order \(order.reference) is in two places")
      quantity += UInt64(order.quantity)
      count += 1
      previous = slot
      slot = order.next.rawValue
    }
    expect(
      count == level.orderCount && quantity == level.quantity && previous == level.tail.rawValue,
      "level of \(set) says \(level.orderCount) orders, \(level.quantity)")
  }

  private func checkCounts(_ instrument: UInt16) {
    let record = view.instruments[instrument]
    let own = placed.filter { view.orders[$0].locate == instrument }
    func count(_ sets: OrderSet...) -> Int {
      own.count { sets.contains(view.orders[$0].tag.set) }
    }
    var activated = 0
    var next = record.firstActivated
    while next != 0, activated <= view.orderCount {
      activated += 1
      let other = view.extras[view.details[next &- 1].extra].next
      next = other == OrderExtra.none ? 0 : other &+ 1
    }
    expect(
      Int(record.followUpCount) == count(.stop, .midPeg) + activated,
      "\(record.followUpCount) to follow up, \(count(.stop, .midPeg)) and \(activated)")
    expect(Int(record.pegCount) == count(.primaryPeg, .midPeg), "\(record.pegCount) pegs")
    let icebergs = own.count {
      view.orders[$0].tag.set == .main && view.orders[$0].tag.hasExtra
        && view.extras[view.details[$0].extra].displayQuantity != 0
    }
    expect(Int(record.icebergCount) == icebergs, "\(record.icebergCount) icebergs, \(icebergs)")
    let forAuctions = own.count {
      let timeInForce = view.details[$0].timeInForce
      return timeInForce == .atOpen || timeInForce == .atClose
    }
    expect(Int(record.auctionOnlyCount) == forAuctions, "\(record.auctionOnlyCount) for auctions")
  }

  private func checkTrailing(_ instrument: UInt16) {
    var listed: Set<UInt32> = []
    var next = view.instruments[instrument].firstTrailing
    while next != 0, listed.insert(next &- 1).inserted {
      let other = view.extras[view.details[next &- 1].extra].next
      next = other == OrderExtra.none ? 0 : other &+ 1
    }
    let resting = placed.filter {
      view.orders[$0].locate == instrument && view.orders[$0].tag.set == .stop
        && view.details[$0].type == .trailingStop
    }
    expect(listed == resting, "\(listed.count) trailing stops listed, \(resting.count) rest")
    let count = view.instruments[instrument].trailingCount
    expect(Int(count) == resting.count, "\(count) trailing stops, \(resting.count) rest")
  }

  private func checkDormant(_ instrument: UInt16) {
    var listed: Set<UInt32> = []
    var previous = UInt32.max
    var slot = view.instruments[instrument].firstDormant &- 1
    while slot != .max, listed.insert(slot).inserted {
      expect(view.orders[slot].previous.rawValue == previous, "dormant orders are not linked back")
      previous = slot
      slot = view.orders[slot].next.rawValue
    }
    expect(
      view.instruments[instrument].lastDormant &- 1 == previous,
      "the last dormant order is not last")
    let dormant = placed.filter {
      view.orders[$0].locate == instrument && view.orders[$0].tag.set == .dormant
    }
    expect(listed == dormant, "\(listed.count) dormant orders listed, \(dormant.count) there are")
  }

  // MARK: Owners

  private func checkHoldings() {
    var orderCounts: [UInt16: UInt32] = [:]
    var notional: [UInt16: UInt64] = [:]
    var listed = 0
    for number in 0..<view.holdings.count {
      let holding = view.holdings.records[number]
      var open = [UInt64(0), 0]
      var previous = UInt32.max
      var slot = holding.head
      while slot != .max, broken == nil {
        let (order, detail) = (view.orders[slot], view.details[slot])
        expect(
          detail.holding == number && detail.previous == previous
            && detail.owner == holding.owner && order.locate == holding.instrument,
          "order \(order.reference) does not agree with its holding")
        if order.tag.set == .dormant {
          expect(placed.insert(slot).inserted, "dormant order \(order.reference) twice")
        }
        expect(placed.contains(slot), "order \(order.reference) is in no set")
        let ticks =
          order.tag.hasExtra ? view.extras[detail.extra].riskTicks : order.priceTicks
        open[order.side.ordinal] += UInt64(view.leaves(slot))
        notional[holding.owner, default: 0] &+= UInt64(ticks) &* UInt64(view.leaves(slot))
        orderCounts[holding.owner, default: 0] += 1
        listed += 1
        previous = slot
        slot = detail.next
      }
      expect(previous == holding.tail, "tail of a holding of \(holding.owner)")
      expect(
        holding.openQuantity[0] == open[0] && holding.openQuantity[1] == open[1],
        "open quantity of \(holding.owner) in \(holding.instrument)")
    }
    for (owner, count) in orderCounts {
      expect(view.owners[owner].openOrderCount == count, "open orders of \(owner)")
      let sum = view.owners[owner].openNotional[0] &+ view.owners[owner].openNotional[1]
      expect(sum == notional[owner], "open notional of \(owner)")
    }
    expect(listed == view.orderCount, "\(view.orderCount) orders live, \(listed) of owners")
  }

  // MARK: Tables

  private func checkTables(_ engine: borrowing MatchingEngine) {
    expect(
      placed.count == view.orderCount, "\(view.orderCount) orders live, \(placed.count) placed")
    let levels = engine.books.levelCount
    expect(levelCount == levels, "\(levels) levels live, \(levelCount) in ladders")
    let found = placed.allSatisfy { engine.findSlot(view.orders[$0].reference) == $0 }
    expect(found, "an order is not found by its id")
    let indexed = engine.books.index.liveCount
    expect(indexed == placed.count, "\(indexed) in the index")
    let extras = engine.extraSlab.count
    expect(extras == placed.count { view.orders[$0].tag.hasExtra }, "\(extras) extras")
    let expiring = placed.filter { view.details[$0].timeInForce == .goodTillDate }
    let noted = engine.expiries.count
    expect(Int(noted) == expiring.count, "\(noted) expiries, \(expiring.count) orders")
    let areNoted = expiring.allSatisfy { engine.expiries.contains($0) }
    expect(areNoted, "an expiry is not noted")
    let entries = engine.expiries.entries
    let isHeap = (1..<max(noted, 1)).allSatisfy { !(entries[$0] < entries[($0 - 1) / 2]) }
    expect(isHeap, "an expiry is before the one above it")
  }
}
