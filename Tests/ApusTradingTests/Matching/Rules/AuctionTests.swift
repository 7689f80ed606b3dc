// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rules 11.1 and 11.2.
@Suite struct MatchingAuctionTests {
  @Test(arguments: EngineUnderTest.all)
  func mostQuantityThenLeastImbalance111(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    // At 102: buys 10, sells 30. At 101: buys 20, sells 20. At 100: buys 30, sells 10.
    market.apply(
      .buy(1, 10, at: 102), .buy(2, 10, at: 101), .buy(3, 10, at: 100), .sell(4, 10, at: 100),
      .sell(5, 10, at: 101), .sell(6, 10, at: 102))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 20 at 101, imbalance 0",
      "trade 1 with 4: 10 at 101, left 0 and 0, auction",
      "trade 2 with 5: 10 at 101, left 0 and 0, auction")
    market.expectBook(.buy, "3: 10 at 100")
    market.expectBook(.sell, "6: 10 at 102")
  }

  @Test(arguments: EngineUnderTest.all)
  func leastImbalanceAmongEqualQuantities111(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    // 10 at 100, 101 and 102; imbalance 5, 5, 0.
    market.apply(.buy(1, 10, at: 102), .buy(2, 5, at: 101), .sell(3, 10, at: 100))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 10 at 102, imbalance 0",
      "trade 1 with 3: 10 at 102, left 0 and 0, auction")
  }

  @Test(arguments: EngineUnderTest.all)
  func nearestToTheReferenceThenTheHigher111(_ engine: EngineUnderTest) throws {
    let cases: [(reference: UInt32?, price: UInt32)] = [
      (nil, 100), (104, 104), (90, 100), (200, 110), (105, 105),
    ]
    for (reference, price) in cases {
      let market = try Market(engine, .preOpen)
      if let reference { market.apply(.setReferencePrice(1, priceTicks: reference)) }
      market.apply(.buy(1, 5, at: 110), .sell(2, 5, at: 100))
      market.expect(
        .setPhase(1, .continuous), "phase continuous", "auction 5 at \(price), imbalance 0",
        "trade 1 with 2: 5 at \(price), left 0 and 0, auction")
    }
    // A reference off the grid is no candidate, and equally near to 100 and 110: the higher.
    let market = try Market(engine, .preOpen, tick: 10)
    market.apply(.setReferencePrice(1, priceTicks: 105))
    market.apply(.buy(1, 5, at: 110), .sell(2, 5, at: 100))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 5 at 110, imbalance 0",
      "trade 1 with 2: 5 at 110, left 0 and 0, auction")
    // Without a reference: nearest to last.
    market.apply(.defineInstrument(2), .setPhase(2, .continuous))
    market.apply(.buy(3, 1, at: 108).on(2), .sell(4, 1, at: 108).on(2), .setPhase(2, .preOpen))
    market.apply(.buy(5, 5, at: 110).on(2), .sell(6, 5, at: 100).on(2))
    market.expect(
      .setPhase(2, .continuous), "phase continuous", "auction 5 at 110, imbalance 0",
      "trade 5 with 6: 5 at 110, left 0 and 0, auction")
  }

  @Test(arguments: EngineUnderTest.all)
  func atOpenOrdersTakePartAndEnd112(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(
      .buy(1, 5, at: 100), .buy(2, 5, at: 100, .limit, .atOpen),
      .buy(3, 4, at: 0, .market, .atOpen),
      .sell(4, 12, at: 99), .sell(5, 1, at: 120, .limit, .atOpen),
      .sell(6, 1, at: 110, .limit, .atOpen), .buy(7, 3, at: 100, .limit, .atClose))
    // Buys at 99 and 100: 14; the market order first, at-open orders behind others at their price.
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 12 at 99, imbalance 2",
      "trade 3 with 4: 4 at 99, left 0 and 8, auction",
      "trade 1 with 4: 5 at 99, left 0 and 3, auction",
      "trade 2 with 4: 3 at 99, left 2 and 0, auction", "cancelled 2: 2 auctionOnly",
      "cancelled 6: 1 auctionOnly", "cancelled 5: 1 auctionOnly")
    market.expectBook(.buy)
    market.expect(.cancel(orderId: 7, owner: 1), "cancelled 7: 3 requested")
  }

  @Test(arguments: EngineUnderTest.all)
  func noAuctionStillEndsAtOpenOrders9(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(.buy(1, 5, at: 100, .limit, .atOpen), .sell(2, 5, at: 101, .limit, .atOpen))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "cancelled 1: 5 auctionOnly",
      "cancelled 2: 5 auctionOnly")
  }

  @Test(arguments: EngineUnderTest.all)
  func marketOrdersNeedAPrice111(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(.buy(1, 5, at: 0, .market, .atOpen), .sell(2, 5, at: 0, .market, .atOpen))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "cancelled 1: 5 auctionOnly",
      "cancelled 2: 5 auctionOnly")
    market.apply(.setPhase(1, .preOpen), .setReferencePrice(1, priceTicks: 50))
    market.apply(.buy(3, 5, at: 0, .market, .atOpen), .sell(4, 5, at: 0, .market, .atOpen))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 5 at 50, imbalance 0",
      "trade 3 with 4: 5 at 50, left 0 and 0, auction")
  }

  @Test(arguments: EngineUnderTest.all)
  func closingAuctionThenEndOfDay9(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 100), .sell(2, 3, at: 0, .market, .atClose))
    market.apply(.setPhase(1, .closingAuction))
    market.apply(.sell(3, 4, at: 90, .limit, .atClose), .buy(4, 1, at: 80, .limit, .atClose))
    market.expect(
      .setPhase(1, .closed), "phase closed", "auction 5 at 90, imbalance -2",
      "trade 1 with 2: 3 at 90, left 2 and 0, auction",
      "trade 1 with 3: 2 at 90, left 0 and 2, auction", "cancelled 4: 1 auctionOnly",
      "cancelled 3: 2 auctionOnly")
  }

  @Test(arguments: EngineUnderTest.all)
  func auctionTakesNoHeedOfSelfTradesAndProRata112(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen, allocation: .proRata, prevention: .cancelBoth)
    market.apply(.buy(1, 6, at: 100), .buy(2, 6, at: 100), .sell(3, 6, at: 100).of(1))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 6 at 100, imbalance 6",
      "trade 1 with 3: 6 at 100, left 0 and 0, auction")
  }

  @Test(arguments: EngineUnderTest.all)
  func hiddenQuantityCountsAndIcebergsReplenish112(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(.buy(1, 9, at: 100).showing(4), .buy(2, 4, at: 100), .sell(3, 11, at: 100))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 11 at 100, imbalance 2",
      "trade 1 with 3: 4 at 100, left 5 and 7, auction", "replenished 1: 4 of 5",
      "trade 2 with 3: 4 at 100, left 0 and 3, auction",
      "trade 1 with 3: 3 at 100, left 2 and 0, auction")
    market.expectBook(.buy, "1: 1 at 100")
  }

  @Test(arguments: EngineUnderTest.all)
  func linkTakesExecutableQuantityAway112(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(
      .buy(1, 10, at: 105), .buy(2, 50, at: 105).or(1), .buy(3, 10, at: 100), .sell(4, 40, at: 99))
    // 40 at 99, 100 and 105, imbalance 30, 30, 20. What is left crosses at 99 and 100.
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 40 at 105, imbalance 20",
      "trade 1 with 4: 10 at 105, left 0 and 30, auction", "cancelled 2: 50 linked",
      "auction 10 at 100, imbalance -20", "trade 3 with 4: 10 at 100, left 0 and 20, auction")
    market.expectBook(.sell, "4: 20 at 99")
  }

  @Test(arguments: EngineUnderTest.all)
  func pegsTakeNoPartAndStopsFollow(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(
      .buy(1, 5, at: 100), .sell(2, 5, at: 100), .buy(3, 5, at: 100, .primaryPeg),
      .sell(4, 2, at: 0, .stop).trigger(100), .buy(5, 5, at: 90))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 5 at 100, imbalance 0",
      "trade 1 with 2: 5 at 100, left 0 and 0, auction", "triggered 4 at 100",
      "trade 4 with 5: 2 at 90, left 0 and 3")
  }
}
