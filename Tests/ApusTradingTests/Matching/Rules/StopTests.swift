// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 7: stops and trailing stops.
@Suite struct MatchingStopTests {
  @Test(arguments: EngineUnderTest.all)
  func triggersAndEntersAsMarketOrder7(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 100), .sell(2, 9, at: 105))
    market.apply(.buy(3, 5, at: 0, .stop).trigger(100))
    market.expect(
      .buy(4, 1, at: 100), "accepted 4", "trade 4 with 1: 1 at 100, left 0 and 2",
      "triggered 3 at 100", "trade 3 with 1: 2 at 100, left 3 and 0",
      "trade 3 with 2: 3 at 105, left 0 and 6")
  }

  @Test(arguments: EngineUnderTest.all)
  func residualOfMarketIsCancelled7(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.expect(
      .sell(1, 5, at: 0, .stop, .goodTillCancel).trigger(100), "accepted 1, trigger 100",
      "triggered 1 at 100", "cancelled 1: 5 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopLimitRestsAsLimit7(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 95, .stopLimit).trigger(100))
    market.apply(.buy(2, 1, at: 100), .buy(3, 1, at: 97))
    market.expect(
      .sell(4, 1, at: 100), "accepted 4", "trade 4 with 2: 1 at 100, left 0 and 0",
      "triggered 1 at 100", "trade 1 with 3: 1 at 97, left 2 and 0")
    market.expectBook(.sell, "1: 2 at 95")
    // From then on it is a limit order: it takes no trigger.
    market.expect(
      MatchingCommand.replace(
        orderId: 1, newOrderId: 5, owner: 2, priceTicks: 96, quantity: 2
      ).trigger(90), "rejected: trigger")
    market.expect(
      .replace(orderId: 1, newOrderId: 6, owner: 2, priceTicks: 96, quantity: 2),
      "replaced 1 by 6: 2 at 96")
  }

  @Test(arguments: EngineUnderTest.all)
  func buysFirstByTriggerThenTime7(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 1, at: 0, .stop).trigger(90), .buy(2, 1, at: 0, .stop).trigger(80),
      .buy(3, 1, at: 0, .stop).trigger(80), .sell(4, 1, at: 0, .stop).trigger(110),
      .sell(5, 1, at: 0, .stop).trigger(120), .sell(6, 1, at: 0, .stop).trigger(99),
      .sell(7, 1, at: 100))
    market.expect(
      .buy(8, 1, at: 100), "accepted 8", "trade 8 with 7: 1 at 100, left 0 and 0",
      "triggered 2 at 80", "cancelled 2: 1 immediate", "triggered 3 at 80",
      "cancelled 3: 1 immediate", "triggered 1 at 90", "cancelled 1: 1 immediate",
      "triggered 5 at 120", "cancelled 5: 1 immediate", "triggered 4 at 110",
      "cancelled 4: 1 immediate")
    market.expect(.cancel(orderId: 6, owner: 2), "cancelled 6: 1 requested")
  }

  @Test(arguments: EngineUnderTest.all)
  func oneIsDoneBeforeTheNextCascade(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 1, at: 100), .buy(2, 1, at: 98), .buy(3, 1, at: 96), .buy(4, 1, at: 94),
      .sell(5, 1, at: 0, .stop).trigger(96), .sell(6, 1, at: 0, .stop).trigger(98),
      .sell(7, 1, at: 0, .stop).trigger(100))
    market.expect(
      .sell(8, 1, at: 100), "accepted 8", "trade 8 with 1: 1 at 100, left 0 and 0",
      "triggered 7 at 100", "trade 7 with 2: 1 at 98, left 0 and 0", "triggered 6 at 98",
      "trade 6 with 3: 1 at 96, left 0 and 0", "triggered 5 at 96",
      "trade 5 with 4: 1 at 94, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopsWaitForTheContinuousPhase7(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.setPhase(1, .preOpen))
    market.expect(
      .buy(1, 1, at: 0, .stop).trigger(90), "accepted 1, trigger 90")
    market.expect(
      .setPhase(1, .continuous), "phase continuous", "triggered 1 at 90",
      "cancelled 1: 1 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopCollarIsThatOfItsEntry4(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.changeInstrument(1, .collarPpm, to: 10_000))
    market.apply(
      .sell(1, 1, at: 100), .sell(2, 1, at: 200), .sell(3, 1, at: 202), .sell(4, 1, at: 203))
    market.apply(.buy(5, 9, at: 0, .stop).trigger(100))
    market.expect(
      .buy(6, 1, at: 100), "accepted 6", "trade 6 with 1: 1 at 100, left 0 and 0",
      "triggered 5 at 100", "trade 5 with 2: 1 at 200, left 8 and 0",
      "trade 5 with 3: 1 at 202, left 7 and 0", "cancelled 5: 7 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func trailingStopFollows71(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.expect(.sell(1, 1, at: 0, .trailingStop).trigger(5), "accepted 1, trigger 95")
    market.expect(.buy(2, 1, at: 0, .trailingStop).trigger(50), "accepted 2, trigger 150")
    market.trade(at: 110)
    market.trade(at: 106)
    market.apply(.buy(3, 1, at: 50))
    // The sell's trigger is 110 − 5; the buy's 100 + 50 still.
    market.apply(.sell(4, 1, at: 105))
    market.expect(
      .buy(5, 1, at: 105), "accepted 5", "trade 5 with 4: 1 at 105, left 0 and 0",
      "triggered 1 at 105", "trade 1 with 3: 1 at 50, left 0 and 0")
    // Last 50 took the buy's trigger to 100.
    market.apply(.sell(6, 2, at: 100))
    market.expect(
      .buy(7, 1, at: 100), "accepted 7", "trade 7 with 6: 1 at 100, left 0 and 1",
      "triggered 2 at 100", "trade 2 with 6: 1 at 100, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func movedTrailingStopGoesBehind71(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.sell(1, 1, at: 0, .trailingStop).trigger(5))
    market.apply(.sell(2, 1, at: 0, .stop).trigger(97))
    market.trade(at: 102)
    // Both at 97 now: the stop was there first.
    market.apply(.sell(3, 1, at: 97))
    market.expect(
      .buy(4, 1, at: 97), "accepted 4", "trade 4 with 3: 1 at 97, left 0 and 0",
      "triggered 2 at 97", "cancelled 2: 1 immediate", "triggered 1 at 97",
      "cancelled 1: 1 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func replacedTrailingStopStartsFromLast133(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.sell(1, 2, at: 0, .trailingStop).trigger(5))
    market.trade(at: 120)
    market.trade(at: 116)
    market.expect(
      MatchingCommand.replace(orderId: 1, newOrderId: 2, owner: 2, priceTicks: 0, quantity: 2)
        .trigger(5), "replaced 1 by 2: 2, trigger 111")
  }
}
