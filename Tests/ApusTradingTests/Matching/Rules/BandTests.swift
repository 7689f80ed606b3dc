// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rule 11.4: the dynamic band and the volatility pause.
@Suite struct MatchingBandTests {
  /// Last 100, so a band of 5 % is 95...105; sells at 104, 105 and 106.
  private func market(_ engine: EngineUnderTest) throws -> Market {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.changeInstrument(1, .dynamicBandPpm, to: 50_000))
    market.apply(.sell(1, 1, at: 104), .sell(2, 1, at: 105), .sell(3, 1, at: 106))
    return market
  }

  @Test(arguments: EngineUnderTest.all)
  func limitRestsInThePause114(_ engine: EngineUnderTest) throws {
    let market = try market(engine)
    // The band is that of the command's begin: 105 is inside, though last is 104 by then.
    market.expect(
      .buy(4, 5, at: 110), "accepted 4", "trade 4 with 1: 1 at 104, left 4 and 0",
      "trade 4 with 2: 1 at 105, left 3 and 0", "phase volatilityPause, volatility")
    market.expectBook(.buy, "4: 3 at 110")
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 1 at 106, imbalance 2",
      "trade 4 with 3: 1 at 106, left 2 and 0, auction")
  }

  @Test(arguments: EngineUnderTest.all)
  func othersAreCancelled114(_ engine: EngineUnderTest) throws {
    for order in [
      MatchingCommand.buy(4, 5, at: 110, .limit, .immediateOrCancel),
      .buy(4, 5, at: 0, .market, .immediateOrCancel),
    ] {
      let market = try market(engine)
      market.expect(
        order, "accepted 4", "trade 4 with 1: 1 at 104, left 4 and 0",
        "trade 4 with 2: 1 at 105, left 3 and 0", "phase volatilityPause, volatility",
        "cancelled 4: 3 volatility")
    }
  }

  @Test(arguments: EngineUnderTest.all)
  func fillOrKillLooksAtTheBand114(_ engine: EngineUnderTest) throws {
    let market = try market(engine)
    market.expect(.buy(4, 3, at: 110, .limit, .fillOrKill), "rejected: notFillable")
    market.expect(
      .buy(5, 2, at: 110, .limit, .fillOrKill), "accepted 5",
      "trade 5 with 1: 1 at 104, left 1 and 0", "trade 5 with 2: 1 at 105, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopsWaitThroughThePause114(_ engine: EngineUnderTest) throws {
    let market = try market(engine)
    market.apply(
      .buy(4, 3, at: 0, .stop).trigger(104), .buy(5, 1, at: 0, .stop).trigger(105))
    market.expect(
      .buy(6, 1, at: 104), "accepted 6", "trade 6 with 1: 1 at 104, left 0 and 0",
      "triggered 4 at 104", "trade 4 with 2: 1 at 105, left 2 and 0",
      "phase volatilityPause, volatility", "cancelled 4: 2 volatility")
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "triggered 5 at 105",
      "trade 5 with 3: 1 at 106, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func noAnchorNoBandAndReferenceAsAnchor114(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.changeInstrument(1, .dynamicBandPpm, to: 50_000))
    market.apply(.sell(1, 1, at: 200), .sell(2, 1, at: 300))
    market.expect(.buy(3, 1, at: 200), "accepted 3", "trade 3 with 1: 1 at 200, left 0 and 0")
    market.expect(.buy(4, 1, at: 300), "accepted 4", "phase volatilityPause, volatility")
    let other = try Market(engine)
    other.apply(
      .changeInstrument(1, .dynamicBandPpm, to: 50_000), .setReferencePrice(1, priceTicks: 100))
    other.apply(.sell(1, 1, at: 106))
    other.expect(.buy(2, 1, at: 106), "accepted 2", "phase volatilityPause, volatility")
  }

  @Test(arguments: EngineUnderTest.all)
  func midPegsPauseWhereTheyAre104(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.changeInstrument(1, .dynamicBandPpm, to: 50_000))
    market.apply(.buy(1, 1, at: 100), .sell(2, 1, at: 140))
    market.apply(.sell(3, 1, at: 1, .midPeg), .buy(4, 1, at: 110, .midPeg))
    // The middle goes from 120 to 110, outside 95...105.
    market.expect(.sell(5, 1, at: 120), "accepted 5", "phase volatilityPause, volatility")
    market.apply(.changeInstrument(1, .dynamicBandPpm, to: 0))
    market.expect(
      .setPhase(1, .continuous), "phase continuous",
      "trade 4 with 3: 1 at 110, left 0 and 0, hidden")
  }

  @Test(arguments: EngineUnderTest.all)
  func pegRestsInThePause114(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.buy(1, 1, at: 100), .sell(2, 1, at: 120), .sell(3, 1, at: 1, .midPeg))
    market.apply(.changeInstrument(1, .dynamicBandPpm, to: 50_000))
    market.expect(
      .buy(4, 2, at: 110, .midPeg), "accepted 4", "phase volatilityPause, volatility")
    market.expect(.cancel(orderId: 4, owner: 1), "cancelled 4: 2 requested")
  }
}
