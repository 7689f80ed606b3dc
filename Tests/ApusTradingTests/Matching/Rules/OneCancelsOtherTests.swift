// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rules 3.22 and 8.1.
@Suite struct MatchingOneCancelsOtherTests {
  @Test(arguments: EngineUnderTest.all)
  func linkChecks322(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.defineInstrument(2), .setPhase(2, .continuous))
    market.apply(.buy(1, 5, at: 9), .sell(2, 5, at: 20), .buy(3, 5, at: 9).on(2))
    market.expect(.buy(4, 1, at: 8).with { $0.relatedOrderId = 1 }, "rejected: link")
    market.expect(.buy(5, 1, at: 8).or(99), "rejected: link")
    market.expect(.buy(6, 1, at: 8).or(2), "rejected: link")
    market.expect(.buy(7, 1, at: 8).or(3), "rejected: link")
    market.expect(.buy(8, 1, at: 8).or(1).after(1), "rejected: link")
    market.expect(.buy(9, 1, at: 8).or(9), "rejected: link")
    market.expect(.buy(10, 1, at: 8).or(1), "accepted 10")
    market.expect(.buy(11, 1, at: 8).or(1), "rejected: link")
    market.expect(.buy(12, 1, at: 8).or(10), "rejected: link")
    market.apply(.sell(13, 5, at: 30).of(1).after(3).on(2))
    market.expect(.buy(14, 1, at: 8).on(2).or(13), "rejected: link")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelTakesTheOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 9), .sell(2, 4, at: 20).of(1).or(1))
    market.expect(
      .cancel(orderId: 1, owner: 1), "cancelled 1: 5 requested", "cancelled 2: 4 linked")
    market.expect(.cancel(orderId: 2, owner: 1), "rejected: unknownOrder")
  }

  @Test(arguments: EngineUnderTest.all)
  func fillOfTheRestingOneTakesTheOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 9), .buy(2, 4, at: 8).or(1))
    market.expect(
      .sell(3, 7, at: 8), "accepted 3", "trade 3 with 1: 5 at 9, left 2 and 0",
      "cancelled 2: 4 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func firstTradeOfTheIncomingOneTakesTheOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 2, at: 10), .sell(2, 2, at: 10), .buy(3, 5, at: 9))
    market.expect(
      .buy(4, 5, at: 10).or(3), "accepted 4", "trade 4 with 1: 2 at 10, left 3 and 0",
      "cancelled 3: 5 linked", "trade 4 with 2: 2 at 10, left 1 and 0")
    market.expectBook(.buy, "4: 1 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func replenishedComesBeforeLinks54(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 4, at: 10).showing(2), .sell(2, 5, at: 12).or(1), .buy(3, 1, at: 5))
    market.expect(
      .buy(4, 2, at: 10).or(3), "accepted 4", "trade 4 with 1: 2 at 10, left 0 and 2",
      "replenished 1: 2 of 2", "cancelled 3: 1 linked", "cancelled 2: 5 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func triggerTakesTheOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 80), .sell(2, 5, at: 120).of(1),
      .sell(3, 5, at: 0, .stop).of(1).trigger(95).or(2), .sell(4, 1, at: 95))
    market.expect(
      .buy(5, 1, at: 95).of(3), "accepted 5", "trade 5 with 4: 1 at 95, left 0 and 0",
      "triggered 3 at 95", "cancelled 2: 5 linked", "trade 3 with 1: 5 at 80, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func expiryAndReductionToNothingTakeTheOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 9, .limit, .goodTillDate).until(10), .buy(2, 4, at: 8).or(1))
    market.apply(.buy(3, 5, at: 7), .buy(4, 4, at: 6).or(3))
    market.time = 10
    market.expect(.expire, "cancelled 1: 5 expired", "cancelled 2: 4 linked", "expired 1")
    market.expect(.reduce(orderId: 3, owner: 1, by: 2), "reduced 3: by 2 to 3")
    market.expect(
      .reduce(orderId: 3, owner: 1, by: 3), "cancelled 3: 3 requested", "cancelled 4: 4 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func preventionThatCancelsTheRestingOneStopsTheIncomingOne(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 10).of(1), .sell(2, 5, at: 10))
    market.expect(
      .buy(3, 9, at: 10).mode(.cancelOldest).or(1), "accepted 3", "cancelled 1: 3 selfTrade",
      "cancelled 3: 9 linked")
    market.apply(.sell(4, 3, at: 10).of(1).with { $0.priceTicks = 9 })
    market.expect(
      .buy(5, 9, at: 10).mode(.cancelBoth).or(4), "accepted 5", "cancelled 4: 3 selfTrade",
      "cancelled 5: 9 linked")
    market.apply(.sell(6, 3, at: 9).of(1))
    market.expect(
      .buy(7, 9, at: 10).mode(.decrementAndCancel).or(6), "accepted 7",
      "prevented 7 with 6: 3 at 9, left 6 and 0", "cancelled 7: 6 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func twoThatTradeWithEachOther(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 10).of(1), .sell(2, 5, at: 11))
    market.expect(
      .buy(3, 5, at: 11).or(1), "accepted 3", "trade 3 with 1: 3 at 10, left 2 and 0",
      "trade 3 with 2: 2 at 11, left 0 and 3")
    market.apply(.sell(4, 9, at: 10).of(1))
    market.expect(
      .buy(5, 5, at: 10).or(4), "accepted 5", "trade 5 with 4: 5 at 10, left 0 and 4",
      "cancelled 4: 4 linked")
  }

  @Test(arguments: EngineUnderTest.all)
  func linkStaysWithTheReplacement133(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 9), .buy(2, 4, at: 8).or(1))
    market.expect(
      .replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 7, quantity: 5),
      "replaced 1 by 3: 5 at 7")
    market.expect(
      .cancel(orderId: 2, owner: 1), "cancelled 2: 4 requested", "cancelled 3: 5 linked")
  }
}
