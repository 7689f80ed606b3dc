// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rule 13.5.
@Suite struct MatchingQuoteTests {
  private func quote(
    _ bidId: UInt64, _ bid: UInt32, _ bidQuantity: UInt32, _ ask: UInt32, _ askQuantity: UInt32
  ) -> MatchingCommand {
    .quote(
      bidOrderId: bidId, askOrderId: bidId + 1, owner: 1, instrument: 1, bidTicks: bid,
      bidQuantity: bidQuantity, askTicks: ask, askQuantity: askQuantity)
  }

  @Test(arguments: EngineUnderTest.all)
  func takesThePlaceOfThePreviousOne135(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(quote(1, 9, 5, 11, 6), "accepted 1", "accepted 2")
    market.expectBook(.buy, "1: 5 at 9")
    market.expectBook(.sell, "2: 6 at 11")
    market.expect(
      quote(3, 9, 5, 12, 6), "cancelled 1: 5 quoteReplaced", "cancelled 2: 6 quoteReplaced",
      "accepted 3", "accepted 4")
    market.expect(
      .sell(5, 5, at: 9), "accepted 5", "trade 5 with 3: 5 at 9, left 0 and 0")
    // Only what is still live is cancelled; a quantity of 0 leaves a side out.
    market.expect(quote(6, 8, 5, 0, 0), "cancelled 4: 6 quoteReplaced", "accepted 6")
    market.expect(quote(8, 0, 0, 13, 1), "cancelled 6: 5 quoteReplaced", "accepted 9")
    market.expect(quote(10, 0, 0, 0, 0), "cancelled 9: 1 quoteReplaced", "mass cancelled 1")
    market.expect(quote(10, 0, 0, 0, 0), "mass cancelled 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func matchesBidThenAsk135(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 2, at: 10), .buy(2, 2, at: 9).of(3))
    market.expect(
      .quote(
        bidOrderId: 3, askOrderId: 4, owner: 1, instrument: 1, bidTicks: 10, bidQuantity: 3,
        askTicks: 11, askQuantity: 3), "accepted 3", "trade 3 with 1: 2 at 10, left 1 and 0",
      "accepted 4")
    market.expectBook(.buy, "3: 1 at 10", "2: 2 at 9")
    market.expectBook(.sell, "4: 3 at 11")
  }

  @Test(arguments: EngineUnderTest.all)
  func refusedQuoteLeavesThePreviousOne135(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, tick: 5)
    market.apply(quote(1, 10, 5, 20, 5))
    market.expect(quote(3, 12, 5, 20, 5), "rejected: tick")
    market.expect(quote(5, 10, 5, 22, 5), "rejected: tick")
    market.expect(quote(7, 20, 5, 20, 5), "rejected: price")
    market.expect(quote(9, 10, 5, 0, 5), "rejected: price")
    market.expect(
      .quote(
        bidOrderId: 12, askOrderId: 11, owner: 1, instrument: 1, bidTicks: 10, bidQuantity: 5,
        askTicks: 15, askQuantity: 5), "rejected: orderIdReused")
    // The previous quote's ids are live still.
    market.expect(quote(2, 10, 5, 15, 5).through(1), "rejected: duplicateOrderId")
    market.apply(.setPhase(1, .halted))
    market.expect(quote(13, 10, 5, 15, 5), "rejected: halted")
    market.expectBook(.buy, "1: 5 at 10")
    market.expectBook(.sell, "2: 5 at 20")
    // Taking a quote away works in any phase.
    market.expect(
      quote(15, 0, 0, 0, 0), "cancelled 1: 5 quoteReplaced", "cancelled 2: 5 quoteReplaced",
      "mass cancelled 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func riskSeesThePreviousQuoteGoneAndTheBidBeside135(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .openOrders, to: 2), .setOwnerLimit(1, .grossNotional, to: 100))
    market.expect(quote(1, 9, 5, 11, 5), "accepted 1", "accepted 2")
    market.expect(
      quote(3, 9, 5, 11, 5), "cancelled 1: 5 quoteReplaced", "cancelled 2: 5 quoteReplaced",
      "accepted 3", "accepted 4")
    market.expect(quote(5, 9, 5, 12, 5), "rejected: grossNotional 105, limit 100")
    market.apply(.setOwnerLimit(1, .openOrders, to: 1), quote(7, 0, 0, 0, 0))
    market.expect(quote(9, 9, 5, 11, 5), "rejected: openOrders 2, limit 1")
    market.expect(quote(11, 9, 5, 0, 0), "accepted 11")
  }

  @Test(arguments: EngineUnderTest.all)
  func replacedQuoteOrderStaysInTheQuote133(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(quote(1, 9, 5, 11, 5))
    market.apply(.replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 8, quantity: 5))
    market.expect(
      quote(4, 9, 1, 12, 1), "cancelled 3: 5 quoteReplaced", "cancelled 2: 5 quoteReplaced",
      "accepted 4", "accepted 5")
  }

  @Test(arguments: EngineUnderTest.all)
  func quoteUnderPrevention(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, prevention: .cancelOldest)
    market.apply(.sell(1, 2, at: 10).of(1), .sell(2, 2, at: 10))
    market.expect(
      quote(3, 10, 3, 12, 3), "accepted 3", "cancelled 1: 2 selfTrade",
      "trade 3 with 2: 2 at 10, left 1 and 0", "accepted 4")
    // The previous bid is gone before the new ask comes to it.
    market.expect(
      quote(5, 8, 1, 9, 1), "cancelled 3: 1 quoteReplaced", "cancelled 4: 3 quoteReplaced",
      "accepted 5", "accepted 6")
  }

  @Test(arguments: EngineUnderTest.all)
  func bidThatPausesLetsTheAskRest(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.apply(.changeInstrument(1, .dynamicBandPpm, to: 10_000), .sell(1, 1, at: 105))
    market.apply(.buy(2, 1, at: 100).of(3))
    market.expect(
      quote(3, 110, 1, 111, 1), "accepted 3", "phase volatilityPause, volatility", "accepted 4")
    market.expectBook(.buy, "3: 1 at 110", "2: 1 at 100")
    market.expectBook(.sell, "1: 1 at 105", "4: 1 at 111")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopsComeAfterBothSides(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 1, at: 100), .buy(2, 1, at: 0, .stop).of(3).trigger(100))
    market.expect(
      quote(3, 100, 1, 101, 5), "accepted 3", "trade 3 with 1: 1 at 100, left 0 and 0",
      "accepted 4", "triggered 2 at 100", "trade 2 with 4: 1 at 101, left 0 and 4")
  }
}
