// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 9.
@Suite struct MatchingPhaseTests {
  @Test(arguments: EngineUnderTest.all)
  func haltAndResume9(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .buy(2, 5, at: 9))
    market.expect(.resume(), "rejected: phase")
    market.expect(.halt(), "phase halted")
    market.expect(.halt(), "rejected: phase")
    market.expect(.setPhase(1, .halted), "rejected: phase")
    market.expect(.sell(3, 5, at: 10), "rejected: halted")
    market.expect(
      .replace(orderId: 1, newOrderId: 4, owner: 1, priceTicks: 8, quantity: 5), "rejected: halted")
    market.expect(.reduce(orderId: 1, owner: 1, by: 1), "reduced 1: by 1 to 4")
    market.expect(.cancel(orderId: 2, owner: 1), "cancelled 2: 5 requested")
    market.expect(.resume(), "phase continuous")
    market.expect(.sell(5, 4, at: 10), "accepted 5", "trade 5 with 1: 4 at 10, left 0 and 0")
    market.expect(.setPhase(1, .continuous), "rejected: phase")
    market.expect(.setPhase(2, .continuous), "rejected: unknownInstrument")
  }

  @Test(arguments: EngineUnderTest.all)
  func endOfDayOrder9(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(
      .sell(1, 1, at: 120), .sell(2, 1, at: 110), .buy(3, 1, at: 80), .buy(4, 1, at: 90),
      .buy(5, 1, at: 70, .limit, .goodTillCancel),
      .buy(6, 1, at: 60, .limit, .goodTillDate).until(99),
      .sell(7, 1, at: 0, .stop).trigger(50), .sell(8, 1, at: 0, .stop).trigger(60),
      .buy(9, 1, at: 0, .stop).trigger(150), .buy(10, 1, at: 0, .stop).trigger(140),
      .buy(11, 1, at: 20, .midPeg), .sell(12, 1, at: 130, .primaryPeg))
    market.apply(
      .buy(13, 1, at: 50, .limit, .atClose), .buy(14, 1, at: 0, .market, .atClose),
      .sell(15, 1, at: 130).of(1).after(3), .sell(16, 1, at: 130).of(1).after(5))
    // A dormant child goes with its parent, before its turn.
    market.expect(
      .setPhase(1, .closed), "phase closed", "cancelled 4: 1 endOfDay", "cancelled 3: 1 endOfDay",
      "cancelled 15: 1 linked", "cancelled 2: 1 endOfDay", "cancelled 1: 1 endOfDay",
      "cancelled 10: 1 endOfDay", "cancelled 9: 1 endOfDay", "cancelled 8: 1 endOfDay",
      "cancelled 7: 1 endOfDay", "cancelled 12: 1 endOfDay", "cancelled 11: 1 endOfDay",
      "cancelled 14: 1 endOfDay", "cancelled 13: 1 endOfDay", "cancelled 16: 1 endOfDay")
    market.expectBook(.buy, "5: 1 at 70", "6: 1 at 60")
  }

  /// Rule 9.8: dormant orders end by order id, not by when they came.
  @Test(arguments: EngineUnderTest.all)
  func dormantOrdersEndById98(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    for parent in UInt64(1)...3 {
      market.apply(.buy(parent, 1, at: 70, .limit, .goodTillCancel))
    }
    // From three sessions, so that a lower id may come later.
    market.apply(
      .sell(30, 1, at: 130).of(1).after(1).through(1),
      .sell(10, 1, at: 130).of(1).after(2).through(2),
      .sell(20, 1, at: 130).of(1).after(3).through(3))
    market.expect(
      .setPhase(1, .closed), "phase closed", "cancelled 10: 1 endOfDay", "cancelled 20: 1 endOfDay",
      "cancelled 30: 1 endOfDay")
  }

  @Test(arguments: EngineUnderTest.all)
  func crossedBookIsUncrossedBeforeItTrades9(_ engine: EngineUnderTest) throws {
    // By whatever way an instrument becomes continuous.
    for way in [MarketPhase.halted, .closed, .closingAuction] {
      let market = try Market(engine, .preOpen)
      market.apply(
        .buy(1, 5, at: 11, .limit, .goodTillCancel), .sell(2, 5, at: 10, .limit, .goodTillCancel),
        .setPhase(1, way))
      market.expect(
        .setPhase(1, .continuous), "phase continuous", "auction 5 at 10, imbalance 0",
        "trade 1 with 2: 5 at 10, left 0 and 0, auction")
    }
  }

  @Test(arguments: EngineUnderTest.all)
  func otherTransitionsHoldNoAuction9(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(.buy(1, 5, at: 11), .sell(2, 5, at: 10), .buy(3, 5, at: 11, .limit, .atOpen))
    market.expect(.setPhase(1, .openingAuction), "phase openingAuction")
    market.expect(.setPhase(1, .closingAuction), "phase closingAuction")
    market.expect(.setPhase(1, .volatilityPause), "phase volatilityPause")
    market.expect(
      .setPhase(1, .closed), "phase closed", "cancelled 1: 5 endOfDay", "cancelled 2: 5 endOfDay",
      "cancelled 3: 5 endOfDay")
  }
}
