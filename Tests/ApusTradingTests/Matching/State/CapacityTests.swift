// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import Testing

@testable import ApusTrading

/// What happens where a table of a few places is full in the middle of a command.
@Suite struct CapacityTests {
  /// An id that another session uses again, with the same expiry, is another order: what was noted of
  /// the first one must not count as live.
  @Test func anIdUsedAgainWithItsExpiryTakesNoPlace() throws {
    let engine = try LimitTests.engine(orders: 2)
    LimitTests.open(engine)
    for session in UInt16(1)...50 {
      let order = MatchingCommand.buy(7, 5, at: 10, .limit, .goodTillDate).until(900)
      #expect(engine.apply(order.through(session), at: 2).map(\.kind) == [.accepted])
      #expect(engine.brokenInvariant == nil)
      #expect(engine.apply(.cancel(orderId: 7, owner: 1), at: 2).map(\.kind) == [.cancelled])
    }
    for id in UInt64(8)...9 {
      let order = MatchingCommand.buy(id, 5, at: 10, .limit, .goodTillDate).until(900 + id)
      #expect(engine.apply(order, at: 3).map(\.kind) == [.accepted])
    }
    #expect(engine.brokenInvariant == nil)
    #expect(engine.apply(.expire, at: 908).map(\.text) == ["cancelled 8: 5 expired", "expired 1"])
    #expect(engine.apply(.expire, at: 909).map(\.text) == ["cancelled 9: 5 expired", "expired 1"])
  }

  /// With every place taken by an order with an expiry, a cancel and a new one cost no more than with few.
  @Test func aFullTableOfExpiriesIsNotLookedThrough() throws {
    let count: UInt64 = 6_000
    let engine = try LimitTests.engine(orders: Int(count))
    LimitTests.open(engine)
    for id in 1...count {
      let order = MatchingCommand.buy(id, 1, at: 10, .limit, .goodTillDate).until(1_000 + id)
      _ = engine.apply(order, at: 2)
    }
    let pairs = WorkBoundTests.seconds {
      for id in 1...count {
        _ = engine.apply(.cancel(orderId: id, owner: 1), at: 3)
        let order = MatchingCommand.buy(count + id, 1, at: 10, .limit, .goodTillDate)
        _ = engine.apply(order.until(1_000 + id), at: 3)
      }
    }
    #expect(engine.orderCount == Int(count))
    // Looking through the table at each took a hundred times as long.
    #expect(pairs < 3, "\(pairs)")
    #expect(engine.apply(.expire, at: 1_001).map(\.text).last == "expired 1")
  }

  /// 13.7: those that are due and left are counted wherever they are in the heap.
  @Test func anExpiryThatStopsReportsWhatIsLeft137() throws {
    let engine = try LimitTests.engine(orders: 200)
    LimitTests.open(engine)
    // In an order that is neither of times nor of ids; every third is due later.
    for id in UInt64(1)...150 {
      let time = 100 + id &* 7_919 % 151 + (id % 3 == 0 ? 10_000 : 0)
      _ = engine.apply(.buy(id, 1, at: 10, .limit, .goodTillDate).until(time), at: 2)
    }
    var left: UInt64 = 100
    while left > 0 {
      let events = engine.apply(.expire, at: 1_000)
      let ended = UInt64(events.count { $0.reason == .expired })
      #expect(ended > 0 && ended <= left)
      left -= ended
      #expect(events.last?.value == ended && events.last?.relatedClientOrderId == left)
      if ended == 0 { break }
    }
    #expect(engine.orderCount == 50)
  }

  /// 7.1 and 16.1: a stop that found no price is not tried again at the same last price, and is at another,
  /// for which one price is enough. The reference agrees.
  @Test func aTrailingStopIsTriedAgainAtAnotherPrice71() throws {
    let engine = try LimitTests.engine(levels: 4)
    let reference = ReferenceMatchingEngine(
      ReferenceCapacities(orders: 1 << 10, levels: 4, holdings: 1 << 8, events: 64))
    func take(_ id: UInt64, at price: UInt32) -> MatchingCommand {
      .buy(id, 1, at: price, .limit, .immediateOrCancel)
    }
    let commands: [MatchingCommand] = [
      .defineInstrument(1), .setOwnerLimit(1, .openOrders, to: 0),
      .setOwnerLimit(2, .openOrders, to: 0), .setPhase(1, .continuous),
      .sell(1, 1, at: 100).of(2), take(2, at: 100),
      .sell(11, 1, at: 0, .trailingStop).trigger(5), .sell(12, 1, at: 0, .trailingStop).trigger(5),
      .buy(13, 1, at: 50), .buy(14, 1, at: 51), .sell(15, 4, at: 110).of(2), take(16, at: 110),
      .cancel(orderId: 13, owner: 1), take(17, at: 110), .sell(18, 1, at: 111).of(2),
      .cancel(orderId: 15, owner: 2), take(19, at: 111), .cancel(orderId: 14, owner: 1),
      .sell(30, 1, at: 104).of(2), take(31, at: 104),
    ]
    var triggered = 0
    for (index, command) in commands.enumerated() {
      let events = engine.apply(command, at: UInt64(index) + 2)
      let expected = reference.apply(command, at: UInt64(index) + 2)
      #expect(events == expected, "\(index): \(events.map(\.text)), \(expected.map(\.text))")
      triggered += events.count { $0.kind == .triggered }
      #expect(engine.brokenInvariant == nil)
    }
    #expect(triggered == 2)
  }

  /// Rule 7.1: where no other price can be had, a trigger stays.
  @Test func aTrailingStopWithoutAPriceKeepsItsTrigger71() throws {
    let engine = try LimitTests.engine(levels: 4)
    LimitTests.open(engine)
    func trade(at price: UInt32, _ id: UInt64) -> [MatchingEvent] {
      engine.apply(.sell(id, 1, at: price).of(2), at: 2)
        + engine.apply(.buy(id + 1, 1, at: price, .limit, .immediateOrCancel), at: 2)
    }
    _ = trade(at: 100, 1)
    _ = engine.apply(.sell(11, 1, at: 0, .trailingStop).trigger(5), at: 3)
    _ = engine.apply(.sell(12, 1, at: 0, .trailingStop).trigger(5), at: 3)
    _ = engine.apply(.buy(13, 1, at: 50), at: 3)
    _ = engine.apply(.buy(14, 1, at: 51), at: 3)
    // One price for both stops, two bids, and the offer that trades: all four. It is there while the
    // stops move.
    _ = engine.apply(.sell(15, 2, at: 110).of(2), at: 4)
    #expect(engine.apply(.buy(16, 1, at: 110, .limit, .immediateOrCancel), at: 4).count == 2)
    #expect(engine.brokenInvariant == nil)
    // Both triggers are 95 still: a last price of 100 triggers neither.
    _ = engine.apply(.cancel(orderId: 15, owner: 2), at: 5)
    _ = engine.apply(.massCancel(owner: 1), at: 6)
    _ = engine.apply(.massCancel(owner: 2), at: 6)
    #expect(engine.orderCount == 0)
    #expect(engine.brokenInvariant == nil)
  }

  /// 11.2: the orders of a price go to main together, so that they need no other level.
  @Test func anAuctionNeedsNoPriceMore112() throws {
    let engine = try LimitTests.engine(levels: 3)
    LimitTests.open(engine)
    _ = engine.apply(.setPhase(1, .preOpen), at: 2)
    for id in UInt64(1)...100 {
      _ = engine.apply(.buy(id, 1, at: 10, .limit, .atOpen), at: 2)
    }
    _ = engine.apply(.buy(101, 1, at: 9), at: 3)
    _ = engine.apply(.sell(102, 5, at: 10).of(2), at: 3)
    // All three prices are taken, and each of the hundred would have needed a fourth.
    let events = engine.apply(.setPhase(1, .continuous), at: 4)
    #expect(events.count <= 64)
    #expect(events.filter { $0.kind == .trade }.map(\.orderId) == [1, 2, 3, 4, 5])
    #expect(!events.contains { $0.reason == .capacity })
    for _ in 0..<10 { _ = engine.apply(.expire, at: 5) }
    #expect(engine.orderCount == 1)
    #expect(engine.brokenInvariant == nil)
  }

  /// 1: a command that is refused changes nothing, not even who may use an instrument.
  @Test func aRefusedOrderTakesNoHolding() throws {
    let engine = try LimitTests.engine(holdings: 1)
    LimitTests.open(engine)
    let refused = engine.apply(.buy(1, 5, at: 10, .limit, .fillOrKill), at: 2)
    #expect(refused.last?.reason == .notFillable)
    #expect(
      engine.apply(.restrict(1, owner: 1, isRestricted: false), at: 2).map(\.kind)
        == [.instrumentChanged])
    #expect(engine.apply(.sell(2, 5, at: 10).of(2), at: 3).map(\.kind) == [.accepted])
    let restriction = engine.apply(.restrict(1, owner: 1, isRestricted: true), at: 4)
    #expect(restriction.last?.reason == .capacity)
  }

  /// 15: what goes on before a command leaves it half of its events.
  @Test func whatGoesOnLeavesHalfOfTheEvents15() throws {
    let engine = try LimitTests.engine()
    LimitTests.open(engine)
    // Two stops that take as much as they get, of an iceberg that is replenished for every lot.
    for id in UInt64(1)...4 {
      _ = engine.apply(.buy(id, 1_000, at: 0, .stop).trigger(50), at: 2)
    }
    _ = engine.apply(.sell(10, 4_000_000, at: 60).of(2).showing(1), at: 3)
    _ = engine.apply(.sell(11, 1, at: 50).of(2), at: 4)
    _ = engine.apply(.buy(12, 1, at: 50), at: 5)
    var own = 0
    for id in UInt64(20)...30 {
      let events = engine.apply(.buy(id, 1, at: 1).through(9), at: 6)
      let place = events.firstIndex { $0.orderId == id } ?? 0
      #expect(place <= 32, "\(place) events before")
      own += events.contains { $0.orderId == id } ? 1 : 0
    }
    #expect(own == 11)
    #expect(engine.brokenInvariant == nil)
  }
}
