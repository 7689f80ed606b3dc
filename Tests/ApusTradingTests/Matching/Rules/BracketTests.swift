// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rule 8.2: a parent, a target and a stop.
@Suite struct MatchingBracketTests {
  @Test(arguments: EngineUnderTest.all)
  func childChecks322(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 90), .buy(2, 5, at: 90, .midPeg), .sell(3, 5, at: 200))
    func child(_ id: UInt64, _ type: OrderType = .limit, _ time: TimeInForce = .day)
      -> MatchingCommand
    {
      let needsPrice = type != .stop && type != .market && type != .trailingStop
      return .sell(id, 5, at: needsPrice ? 110 : 0, type, time).of(1)
        .trigger(type == .stop || type == .stopLimit ? 80 : 0)
    }
    market.expect(child(4).after(2), "rejected: link")
    market.expect(child(5).after(3), "rejected: link")
    market.expect(.buy(6, 5, at: 80).after(1), "rejected: link")
    market.expect(child(7, .midPeg).after(1), "rejected: link")
    market.expect(child(8, .market, .immediateOrCancel).after(1), "rejected: link")
    market.expect(child(9, .limit, .immediateOrCancel).after(1), "rejected: link")
    market.expect(child(10).after(1), "accepted 10")
    market.expect(child(11).after(1), "rejected: link")
    market.expect(child(12).after(10), "rejected: link")
    market.expect(child(13, .stop).after(1), "accepted 13, trigger 80")
    market.expect(child(14, .stop).after(1), "rejected: link")
    // A cancelled child makes room.
    market.apply(.cancel(orderId: 13, owner: 1))
    market.expect(child(15, .stopLimit).after(1), "accepted 15, trigger 80")
    // Dormant ones are in no book.
    market.expectBook(.sell, "3: 5 at 200")
  }

  @Test(arguments: EngineUnderTest.all)
  func filledParentActivatesBothAsOneCancelsOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .sell(2, 5, at: 110).of(1).after(1),
      .sell(3, 5, at: 0, .stop).of(1).trigger(90).after(1))
    market.expect(
      .sell(4, 5, at: 100), "accepted 4", "trade 4 with 1: 5 at 100, left 0 and 0", "activated 2",
      "activated 3, trigger 90")
    market.expectBook(.sell, "2: 5 at 110")
    market.expect(
      .buy(5, 2, at: 110).of(3), "accepted 5", "trade 5 with 2: 2 at 110, left 0 and 3",
      "cancelled 3: 5 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func childrenAreCutToWhatTheParentTraded(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .sell(2, 5, at: 110).of(1).showing(4).after(1),
      .sell(3, 2, at: 0, .stop).of(1).trigger(90).after(1))
    market.expect(.sell(4, 3, at: 100), "accepted 4", "trade 4 with 1: 3 at 100, left 0 and 2")
    market.expect(
      .cancel(orderId: 1, owner: 1), "cancelled 1: 2 requested", "reduced 2: by 2 to 3, linked",
      "activated 2", "activated 3, trigger 90")
    market.expectBook(.sell, "2: 3 at 110")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelledParentTakesItsChildren(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .sell(2, 5, at: 110).of(1).after(1),
      .sell(3, 5, at: 0, .stop).of(1).trigger(90).after(1))
    market.expect(
      .cancel(orderId: 1, owner: 1), "cancelled 1: 5 requested", "cancelled 2: 5 linked",
      "cancelled 3: 5 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelledChildLeavesTheOtherAlone(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .sell(2, 5, at: 110).of(1).after(1),
      .sell(3, 5, at: 0, .stop).of(1).trigger(90).after(1))
    market.expect(.cancel(orderId: 2, owner: 1), "cancelled 2: 5 requested")
    market.expect(.reduce(orderId: 3, owner: 1, by: 1), "reduced 3: by 1 to 4")
    market.expect(
      .sell(4, 5, at: 100), "accepted 4", "trade 4 with 1: 5 at 100, left 0 and 0",
      "activated 3, trigger 90")
  }

  @Test(arguments: EngineUnderTest.all)
  func childTradesOnActivationAndTakesTheOtherFirst(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .buy(2, 2, at: 95).of(3), .sell(3, 5, at: 95).of(1).after(1),
      .sell(4, 5, at: 0, .stop).of(1).trigger(90).after(1))
    market.expect(
      .sell(5, 5, at: 100), "accepted 5", "trade 5 with 1: 5 at 100, left 0 and 0", "activated 3",
      "trade 3 with 2: 2 at 95, left 3 and 0", "cancelled 4: 5 linked")
    market.expectBook(.sell, "3: 3 at 95")
  }

  @Test(arguments: EngineUnderTest.all)
  func postOnlyChildThatWouldTake(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .buy(2, 2, at: 95).of(3), .sell(3, 5, at: 95).of(1).postOnly.after(1),
      .sell(4, 5, at: 0, .stop).of(1).trigger(90).after(1))
    market.expect(
      .sell(5, 5, at: 100), "accepted 5", "trade 5 with 1: 5 at 100, left 0 and 0", "activated 3",
      "cancelled 3: 5 wouldTake", "cancelled 4: 5 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func waitsForTheContinuousPhase(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100, .limit, .goodTillCancel),
      .sell(2, 5, at: 110, .limit, .goodTillCancel).of(1).after(1), .sell(3, 2, at: 100),
      .setPhase(1, .preOpen))
    market.expect(.cancel(orderId: 1, owner: 1), "cancelled 1: 3 requested")
    market.expect(
      .replace(orderId: 2, newOrderId: 4, owner: 1, priceTicks: 111, quantity: 5),
      "rejected: link")
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "reduced 2: by 3 to 2, linked", "activated 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func endOfDayAndDormantChildren(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .sell(2, 5, at: 110).of(1).after(1),
      .sell(3, 5, at: 0, .stop, .goodTillCancel).of(1).trigger(90).after(1), .sell(4, 1, at: 100))
    market.expect(
      .setPhase(1, .closed), "phase closed", "cancelled 1: 4 endOfDay", "cancelled 2: 5 endOfDay")
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "reduced 3: by 4 to 1, linked",
      "activated 3, trigger 90")
  }

  @Test(arguments: EngineUnderTest.all)
  func trailingChildStartsFromLast(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 120)
    market.apply(.buy(1, 5, at: 100))
    market.expect(
      .sell(2, 5, at: 0, .trailingStop).of(1).trigger(10).after(1), "accepted 2, trigger 110")
    market.expect(
      .sell(3, 5, at: 100), "accepted 3", "trade 3 with 1: 5 at 100, left 0 and 0",
      "activated 2, trigger 90")
  }

  @Test(arguments: EngineUnderTest.all)
  func replacementHasTradedNothing(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 100), .sell(2, 2, at: 100))
    market.apply(.replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 99, quantity: 3))
    market.apply(.sell(4, 5, at: 110).of(1).after(3))
    market.expect(
      .replace(orderId: 3, newOrderId: 5, owner: 1, priceTicks: 98, quantity: 3), "rejected: link")
    market.expect(
      .cancel(orderId: 3, owner: 1), "cancelled 3: 3 requested", "cancelled 4: 5 linked")
  }
}
