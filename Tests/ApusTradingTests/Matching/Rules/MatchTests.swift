// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Sections 4 and 5, price-time: entering and matching.
@Suite struct MatchingMatchTests {
  @Test(arguments: EngineUnderTest.all)
  func tradesAtTheRestingPrice51(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 5, at: 10), .sell(2, 5, at: 11), .sell(3, 5, at: 12))
    market.expect(
      .buy(4, 12, at: 11), "accepted 4", "trade 4 with 1: 5 at 10, left 7 and 0",
      "trade 4 with 2: 5 at 11, left 2 and 0")
    market.expectBook(.buy, "4: 2 at 11")
    market.expectBook(.sell, "3: 5 at 12")
  }

  @Test(arguments: EngineUnderTest.all)
  func matchNumbersCountOverAllInstruments53(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.defineInstrument(2), .setPhase(2, .continuous))
    var numbers: [UInt64] = []
    for instrument in [UInt16(1), 2, 1] {
      let id = UInt64(numbers.count) * 2 + 1
      let events = market.apply(
        .sell(id, 5, at: 10).on(instrument), .buy(id + 1, 5, at: 10).on(instrument))
      numbers += events.filter { $0.kind == .trade }.map(\.value)
    }
    #expect(numbers == [1, 2, 3])
  }

  @Test(arguments: EngineUnderTest.all)
  func immediateOrCancel45(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 5, at: 10))
    market.expect(
      .buy(2, 7, at: 10, .limit, .immediateOrCancel), "accepted 2",
      "trade 2 with 1: 5 at 10, left 2 and 0", "cancelled 2: 2 immediate")
    market.expect(
      .buy(3, 7, at: 10, .limit, .immediateOrCancel), "accepted 3", "cancelled 3: 7 immediate")
    market.expectBook(.buy)
  }

  @Test(arguments: EngineUnderTest.all)
  func marketOrderAndItsProtection4(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 1, at: 100), .sell(2, 1, at: 105), .sell(3, 1, at: 106))
    market.apply(.sell(4, 1, at: 107), .sell(5, 1, at: 500))
    market.expect(
      .buy(6, 9, at: 105, .market, .immediateOrCancel), "accepted 6",
      "trade 6 with 1: 1 at 100, left 8 and 0", "trade 6 with 2: 1 at 105, left 7 and 0",
      "cancelled 6: 7 immediate")
    // floor(106 × 1 %) = 1: up to 107.
    market.apply(.changeInstrument(1, .collarPpm, to: 10_000))
    market.expect(
      .buy(7, 9, at: 0, .market, .immediateOrCancel), "accepted 7",
      "trade 7 with 3: 1 at 106, left 8 and 0", "trade 7 with 4: 1 at 107, left 7 and 0",
      "cancelled 7: 7 immediate")
    market.apply(.changeInstrument(1, .collarPpm, to: 0))
    market.expect(
      .buy(8, 1, at: 0, .market, .fillOrKill), "accepted 8",
      "trade 8 with 5: 1 at 500, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func restsAtOnceOutsideTheContinuousPhase4(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.expect(.sell(1, 5, at: 10), "accepted 1")
    market.expect(.buy(2, 7, at: 11).showing(3), "accepted 2")
    market.expectBook(.buy, "2: 3 at 11")
    market.expectBook(.sell, "1: 5 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func icebergIsReplenishedBehindOthers53(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 8, at: 10).showing(3), .sell(2, 4, at: 10))
    market.expect(
      .buy(3, 9, at: 10), "accepted 3", "trade 3 with 1: 3 at 10, left 6 and 5",
      "replenished 1: 3 of 5", "trade 3 with 2: 4 at 10, left 2 and 0",
      "trade 3 with 1: 2 at 10, left 0 and 3")
    market.expectBook(.sell, "1: 1 at 10")
    market.expect(
      .buy(4, 1, at: 10), "accepted 4", "trade 4 with 1: 1 at 10, left 0 and 2",
      "replenished 1: 2 of 2")
    market.expect(.buy(5, 2, at: 10), "accepted 5", "trade 5 with 1: 2 at 10, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func incomingIcebergRestsWithItsDisplay45(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 5, at: 10))
    market.expect(
      .buy(2, 20, at: 10).showing(4), "accepted 2", "trade 2 with 1: 5 at 10, left 15 and 0")
    market.expectBook(.buy, "2: 4 at 10")
    market.apply(.sell(3, 13, at: 10))
    market.expectBook(.buy, "2: 2 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func fillOrKill327(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 8, at: 10).showing(3), .sell(2, 4, at: 11), .sell(3, 5, at: 12, .midPeg))
    market.expect(.buy(4, 13, at: 11, .limit, .fillOrKill), "rejected: notFillable")
    market.expect(.buy(5, 9, at: 10, .limit, .fillOrKill), "rejected: notFillable")
    market.expect(
      .buy(6, 12, at: 11, .limit, .fillOrKill), "accepted 6",
      "trade 6 with 1: 3 at 10, left 9 and 5", "replenished 1: 3 of 5",
      "trade 6 with 1: 3 at 10, left 6 and 2", "replenished 1: 2 of 2",
      "trade 6 with 1: 2 at 10, left 4 and 0", "trade 6 with 2: 4 at 11, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func mainBeforePrimaryBeforeMid5(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .sell(1, 1, at: 11, .midPeg), .sell(2, 1, at: 10, .primaryPeg), .buy(3, 1, at: 9),
      .sell(4, 1, at: 11))
    // Bid 9, ask 11: the mid peg's 10 is raised to its limit, the primary peg stands at the ask.
    market.expect(
      .buy(5, 9, at: 11), "accepted 5", "trade 5 with 4: 1 at 11, left 8 and 0",
      "trade 5 with 2: 1 at 11, left 7 and 0, hidden",
      "trade 5 with 1: 1 at 11, left 6 and 0, hidden")
  }
}
