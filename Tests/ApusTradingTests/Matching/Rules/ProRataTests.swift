// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rule 5.2: everyone by quantity.
@Suite struct MatchingProRataTests {
  @Test(arguments: EngineUnderTest.all)
  func floorsThenTheRestByTime(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(.sell(1, 10, at: 10), .sell(2, 20, at: 10), .sell(3, 30, at: 10))
    // 25 of 60: floors 4, 8, 12; the one left goes to the first.
    market.expect(
      .buy(4, 25, at: 10), "accepted 4", "trade 4 with 1: 5 at 10, left 20 and 5",
      "trade 4 with 2: 8 at 10, left 12 and 12", "trade 4 with 3: 12 at 10, left 0 and 18")
    market.expectBook(.sell, "1: 5 at 10", "2: 12 at 10", "3: 18 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func minimumGivesSmallPartsBack(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(.changeInstrument(1, .proRataMinimum, to: 5))
    market.apply(.sell(1, 10, at: 10), .sell(2, 20, at: 10), .sell(3, 30, at: 10))
    // Floors 4 (below 5: none), 8, 12; the five left go to the first.
    market.expect(
      .buy(4, 25, at: 10), "accepted 4", "trade 4 with 1: 5 at 10, left 20 and 5",
      "trade 4 with 2: 8 at 10, left 12 and 12", "trade 4 with 3: 12 at 10, left 0 and 18")
    // 3 of 35: floors 0, 1, 1, all below the minimum: all to the first.
    market.expect(.buy(5, 3, at: 10), "accepted 5", "trade 5 with 1: 3 at 10, left 0 and 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func topOrderFirst(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRataTopOrder)
    market.apply(.sell(1, 10, at: 10), .sell(2, 20, at: 10), .sell(3, 30, at: 10))
    // 10 to the first; 15 of 50: floors 6 and 9.
    market.expect(
      .buy(4, 25, at: 10), "accepted 4", "trade 4 with 1: 10 at 10, left 15 and 0",
      "trade 4 with 2: 6 at 10, left 9 and 14", "trade 4 with 3: 9 at 10, left 0 and 21")
    market.expect(.buy(5, 9, at: 10), "accepted 5", "trade 5 with 2: 9 at 10, left 0 and 5")
  }

  @Test(arguments: EngineUnderTest.all)
  func wholeLevelThenTheNext(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(.sell(1, 3, at: 10), .sell(2, 4, at: 10), .sell(3, 6, at: 11))
    market.expect(
      .buy(4, 10, at: 11), "accepted 4", "trade 4 with 1: 3 at 10, left 7 and 0",
      "trade 4 with 2: 4 at 10, left 3 and 0", "trade 4 with 3: 3 at 11, left 0 and 3")
  }

  @Test(arguments: EngineUnderTest.all)
  func roundsRepeatWhileIcebergsShowMore(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(.sell(1, 9, at: 10).showing(4), .sell(2, 2, at: 10))
    // 8 ≥ 6: a whole round; then 2 of 4 that the iceberg shows.
    market.expect(
      .buy(3, 8, at: 10), "accepted 3", "trade 3 with 1: 4 at 10, left 4 and 5",
      "replenished 1: 4 of 5", "trade 3 with 2: 2 at 10, left 2 and 0",
      "trade 3 with 1: 2 at 10, left 0 and 3")
    market.expectBook(.sell, "1: 2 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func ownOrdersAreDealtWithFirst(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata, prevention: .cancelOldest)
    market.apply(.sell(1, 10, at: 10), .sell(2, 10, at: 10).of(1), .sell(3, 10, at: 10))
    market.expect(
      .buy(4, 10, at: 10), "accepted 4", "cancelled 2: 10 selfTrade",
      "trade 4 with 1: 5 at 10, left 5 and 5", "trade 4 with 3: 5 at 10, left 0 and 5")
    market.apply(.sell(5, 10, at: 10).of(1))
    market.expect(
      .buy(6, 8, at: 10).mode(.cancelNewest), "accepted 6", "cancelled 6: 8 selfTrade")
    market.expect(
      .buy(7, 12, at: 10).mode(.decrementAndCancel), "accepted 7",
      "prevented 7 with 5: 10 at 10, left 2 and 0", "trade 7 with 1: 1 at 10, left 1 and 4",
      "trade 7 with 3: 1 at 10, left 0 and 4")
  }

  @Test(arguments: EngineUnderTest.all)
  func pegsTradeByTime(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(
      .buy(1, 1, at: 8), .sell(2, 1, at: 12), .sell(3, 10, at: 1, .midPeg),
      .sell(4, 10, at: 1, .midPeg))
    market.expect(
      .buy(5, 12, at: 10), "accepted 5", "trade 5 with 3: 10 at 10, left 2 and 0, hidden",
      "trade 5 with 4: 2 at 10, left 0 and 8, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func linkTakesAnAllotmentAway(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(.sell(1, 10, at: 10), .sell(2, 10, at: 10).or(1), .sell(3, 10, at: 10))
    // 4 each; what the cancelled one was allotted comes back in a second round.
    market.expect(
      .buy(4, 12, at: 10), "accepted 4", "trade 4 with 1: 4 at 10, left 8 and 6",
      "cancelled 2: 10 linked", "trade 4 with 3: 4 at 10, left 4 and 6",
      "trade 4 with 1: 2 at 10, left 2 and 4", "trade 4 with 3: 2 at 10, left 0 and 4")
  }
}
