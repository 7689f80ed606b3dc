// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Pairs of rules that meet, where the suites of the rules do not have them already.
@Suite struct MatchingInteractionTests {
  @Test(arguments: EngineUnderTest.all)
  func fillOrKillUnderPreventionInAProRataLevel(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata)
    market.apply(.sell(1, 5, at: 10), .sell(2, 5, at: 11), .sell(3, 5, at: 11).of(1))
    func order(_ id: UInt64, _ quantity: UInt32, _ mode: SelfTradePrevention) -> MatchingCommand {
      .buy(id, quantity, at: 11, .limit, .fillOrKill).mode(mode)
    }
    // Nothing of the level with the own order counts.
    market.expect(order(4, 6, .cancelNewest), "rejected: notFillable")
    market.expect(
      order(5, 10, .cancelOldest), "accepted 5", "trade 5 with 1: 5 at 10, left 5 and 0",
      "cancelled 3: 5 selfTrade", "trade 5 with 2: 5 at 11, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func fillOrKillDoesNotForeseeLinks(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 5, at: 10), .sell(2, 5, at: 10).or(1))
    market.expect(
      .buy(3, 10, at: 10, .limit, .fillOrKill), "accepted 3",
      "trade 3 with 1: 5 at 10, left 5 and 0", "cancelled 2: 5 linked", "cancelled 3: 5 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func partialFillTakesTheOtherOfALink(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 9, at: 10).showing(3), .sell(2, 5, at: 12).or(1))
    market.expect(
      .buy(3, 1, at: 10), "accepted 3", "trade 3 with 1: 1 at 10, left 0 and 8",
      "cancelled 2: 5 linked")
    market.expectBook(.sell, "1: 2 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func pegUnderPreventionIsDealtWithAtItsPrice(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 10), .sell(2, 5, at: 14), .sell(3, 5, at: 1, .midPeg).of(1))
    market.expect(
      .buy(4, 3, at: 14).mode(.decrementAndCancel), "accepted 4",
      "prevented 4 with 3: 3 at 12, left 0 and 2, hidden")
    market.expect(
      .buy(5, 3, at: 14).mode(.cancelOldest), "accepted 5", "cancelled 3: 2 selfTrade",
      "trade 5 with 2: 3 at 14, left 0 and 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func trailingStopFollowsAnAuction(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(
      .sell(1, 1, at: 0, .trailingStop, .goodTillCancel).trigger(10), .setPhase(1, .preOpen),
      .buy(2, 5, at: 120), .sell(3, 5, at: 120), .buy(4, 1, at: 105))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 5 at 120, imbalance 0",
      "trade 2 with 3: 5 at 120, left 0 and 0, auction")
    // The trigger is 110 by now.
    market.apply(.sell(5, 1, at: 110))
    market.expect(
      .buy(6, 1, at: 110), "accepted 6", "trade 6 with 5: 1 at 110, left 0 and 0",
      "triggered 1 at 110", "trade 1 with 4: 1 at 105, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func massCancelTakesHiddenQuantityStopsAndChildren(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 9, at: 9).showing(2), .buy(2, 4, at: 0, .stop).trigger(50),
      .buy(3, 5, at: 7, .midPeg), .sell(4, 3, at: 20).of(1).after(1),
      .buy(5, 2, at: 6, .limit, .atClose))
    // The child goes as its parent does.
    market.expect(
      .massCancel(owner: 1, instrument: 1), "cancelled 1: 9 massCancel", "cancelled 4: 3 linked",
      "cancelled 2: 4 massCancel", "cancelled 3: 5 massCancel", "cancelled 5: 2 massCancel",
      "mass cancelled 4")
  }

  @Test(arguments: EngineUnderTest.all)
  func goodTillDateOutlivesTheClose(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10, .limit, .goodTillDate).until(100), .setPhase(1, .closed))
    market.expect(.reduce(orderId: 1, owner: 1, by: 2), "reduced 1: by 2 to 3")
    market.time = 100
    market.expect(.expire, "cancelled 1: 3 expired", "expired 1")
  }

  @Test(arguments: EngineUnderTest.all)
  func haltStopsEverythingButCancels(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(
      .buy(1, 5, at: 90), .buy(2, 5, at: 95), .sell(3, 5, at: 110), .buy(4, 5, at: 91, .midPeg),
      .sell(5, 5, at: 1, .midPeg), .buy(6, 1, at: 0, .stop).trigger(200), .halt())
    for order in [
      MatchingCommand.buy(7, 1, at: 9), .buy(8, 1, at: 9, .limit, .immediateOrCancel),
      .buy(9, 1, at: 0, .market, .atClose), .buy(10, 1, at: 0, .stop).trigger(200),
    ] { market.expect(order, "rejected: halted") }
    // With a bid of 90 and an ask of 92 the pegs would meet at 91: not now.
    market.expect(.cancel(orderId: 2, owner: 1), "cancelled 2: 5 requested")
    market.expect(.killSwitch(owner: 3, isOn: true), "kill switch on, 0")
    market.expect(.massCancel(owner: 2, side: .buy), "mass cancelled 0")
    market.expect(.resume(), "phase continuous")
    market.expect(
      .sell(11, 5, at: 92), "accepted 11", "trade 5 with 4: 5 at 91, left 0 and 0, hidden"
    )
  }

  @Test(arguments: EngineUnderTest.all)
  func replacementAcrossThePauseWaitsForTheAuction(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .sell(2, 5, at: 12), .setPhase(1, .volatilityPause))
    market.expect(
      .replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 12, quantity: 6),
      "replaced 1 by 3: 6 at 12")
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 5 at 12, imbalance 1",
      "trade 3 with 2: 5 at 12, left 1 and 0, auction")
  }

  @Test(arguments: EngineUnderTest.all)
  func bracketParentFilledInAnAuction(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.apply(
      .buy(1, 5, at: 100, .limit, .atOpen), .sell(2, 5, at: 110).of(1).after(1),
      .sell(3, 5, at: 0, .stop).of(1).trigger(99).after(1), .sell(4, 3, at: 100))
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "auction 3 at 100, imbalance 2",
      "trade 1 with 4: 3 at 100, left 2 and 0, auction", "cancelled 1: 2 auctionOnly",
      "reduced 2: by 2 to 3, linked", "reduced 3: by 2 to 3, linked", "activated 2",
      "activated 3, trigger 99")
  }

  @Test(arguments: EngineUnderTest.all)
  func activatedStopIsTriggeredAtOnce(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 100), .buy(2, 9, at: 80).of(3), .sell(3, 5, at: 110).of(1).after(1),
      .sell(4, 5, at: 0, .stop).of(1).trigger(105).after(1))
    market.expect(
      .sell(5, 5, at: 100), "accepted 5", "trade 5 with 1: 5 at 100, left 0 and 0", "activated 3",
      "activated 4, trigger 105", "triggered 4 at 105", "cancelled 3: 5 linked",
      "trade 4 with 2: 5 at 80, left 0 and 4")
  }

  @Test(arguments: EngineUnderTest.all)
  func icebergUnderDecrementInAProRataLevel(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, allocation: .proRata, prevention: .decrementAndCancel)
    market.apply(.sell(1, 9, at: 10).of(1).showing(2), .sell(2, 4, at: 10))
    market.expect(
      .buy(3, 4, at: 10), "accepted 3", "prevented 3 with 1: 4 at 10, left 0 and 5",
      "replenished 1: 2 of 5")
    market.expectBook(.sell, "2: 4 at 10", "1: 2 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopUnderPreventionNeverRests(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, prevention: .cancelNewest)
    market.trade(at: 100)
    market.apply(.buy(1, 5, at: 95).of(2))
    market.expect(
      .sell(2, 5, at: 90, .stopLimit).trigger(100), "accepted 2, trigger 100",
      "triggered 2 at 100", "cancelled 2: 5 selfTrade")
    market.expectBook(.sell)
  }

  @Test(arguments: EngineUnderTest.all)
  func killedOwnersLinksAndFollowUps(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 10), .sell(2, 2, at: 10), .sell(3, 5, at: 20).of(1).after(1),
      .sell(4, 5, at: 0, .stop).of(1).trigger(5).after(1))
    // The parent has traded 2, so its children are not linked to its end: they go on their own.
    market.expect(
      .killSwitch(owner: 1, isOn: true), "cancelled 1: 3 killed", "cancelled 3: 5 killed",
      "cancelled 4: 5 killed", "kill switch on, 3")
  }
}
