// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 10.
@Suite struct MatchingPegTests {
  @Test(arguments: EngineUnderTest.all)
  func primaryPegStandsAtTheBestPrice101(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 12, .primaryPeg), .buy(2, 5, at: 9, .primaryPeg))
    // No bid, no price.
    market.expect(
      .sell(3, 1, at: 1, .limit, .immediateOrCancel), "accepted 3", "cancelled 3: 1 immediate")
    market.apply(.buy(4, 1, at: 10))
    market.expect(
      .sell(5, 8, at: 9), "accepted 5", "trade 5 with 4: 1 at 10, left 7 and 0",
      "trade 5 with 1: 5 at 10, left 2 and 0, hidden",
      "trade 5 with 2: 2 at 9, left 0 and 3, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func midPegRoundsAwayFromTheOtherSide102(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .sell(2, 5, at: 13))
    market.apply(.buy(3, 5, at: 20, .midPeg), .sell(4, 5, at: 1, .midPeg))
    // 11.5: 11 for the buy, 12 for the sell; they do not meet.
    market.expect(
      .sell(5, 1, at: 11), "accepted 5", "trade 5 with 3: 1 at 11, left 0 and 4, hidden")
    market.expect(
      .buy(6, 1, at: 12), "accepted 6", "trade 6 with 4: 1 at 12, left 0 and 4, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func betterPriceThenTimeOfEntry103(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 14))
    // With 12 in the middle: limits 13 and 20 are both 12, 11 stays 11.
    market.apply(
      .buy(3, 1, at: 11, .midPeg), .buy(4, 1, at: 13, .midPeg), .buy(5, 1, at: 20, .midPeg))
    market.expect(
      .sell(6, 3, at: 11), "accepted 6", "trade 6 with 4: 1 at 12, left 2 and 0, hidden",
      "trade 6 with 5: 1 at 12, left 1 and 0, hidden",
      "trade 6 with 3: 1 at 11, left 0 and 0, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func midPegTradesOnEntry44(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 12), .sell(3, 2, at: 1, .midPeg))
    market.expect(
      .buy(4, 5, at: 20, .midPeg), "accepted 4", "trade 4 with 3: 2 at 11, left 3 and 0, hidden")
    market.expect(.cancel(orderId: 4, owner: 1), "cancelled 4: 3 requested")
  }

  @Test(arguments: EngineUnderTest.all)
  func midPegsMeetWhenTheMiddleMoves104(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 30), .sell(3, 1, at: 20))
    market.apply(.sell(4, 3, at: 1, .midPeg), .buy(5, 2, at: 12, .midPeg))
    // The middle goes from 15 to 12.
    market.expect(
      .sell(6, 1, at: 14), "accepted 6", "trade 5 with 4: 2 at 12, left 0 and 1, hidden")
    // A cancel does it as well.
    market.apply(.cancel(orderId: 4, owner: 2), .cancel(orderId: 6, owner: 2))
    market.apply(.buy(7, 1, at: 16), .buy(8, 2, at: 15, .midPeg), .sell(9, 2, at: 1, .midPeg))
    market.expect(
      .cancel(orderId: 7, owner: 1), "cancelled 7: 1 requested",
      "trade 9 with 8: 2 at 15, left 0 and 0, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func midPegsMeetUnderPrevention104(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, prevention: .cancelNewest)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 20))
    market.apply(.sell(3, 3, at: 1, .midPeg), .buy(4, 2, at: 12, .midPeg).of(2))
    market.expect(
      .sell(5, 1, at: 14), "accepted 5", "cancelled 4: 2 selfTrade")
  }

  @Test(arguments: EngineUnderTest.all)
  func pegReferenceIsFixedForAnIncomingOrder5(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 12), .sell(3, 1, at: 20))
    market.apply(.sell(4, 5, at: 1, .primaryPeg))
    // The ask is 20 after the first trade; the peg stays at 12 until the order is done.
    market.expect(
      .buy(5, 3, at: 20), "accepted 5", "trade 5 with 2: 1 at 12, left 2 and 0",
      "trade 5 with 4: 2 at 12, left 0 and 3, hidden")
    market.expect(
      .buy(6, 2, at: 20), "accepted 6", "trade 6 with 3: 1 at 20, left 1 and 0",
      "trade 6 with 4: 1 at 20, left 0 and 2, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func ticksDoNotBindPegPrices103(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, tick: 5)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 15), .buy(3, 1, at: 50, .midPeg))
    market.expect(.buy(4, 1, at: 12, .midPeg), "rejected: tick")
    market.expect(
      .sell(5, 1, at: 10), "accepted 5", "trade 5 with 3: 1 at 12, left 0 and 0, hidden")
  }
}
