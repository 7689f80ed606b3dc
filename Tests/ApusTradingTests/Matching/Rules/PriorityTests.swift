// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Rule 2.1: who keeps a place in the queue, and who loses it.
@Suite struct MatchingPriorityTests {
  @Test(arguments: EngineUnderTest.all)
  func betterPriceThenTime(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 9), .buy(2, 1, at: 10), .buy(3, 1, at: 9), .buy(4, 1, at: 10))
    market.expectBook(.buy, "2: 1 at 10", "4: 1 at 10", "1: 1 at 9", "3: 1 at 9")
    market.apply(.sell(5, 1, at: 20), .sell(6, 1, at: 19), .sell(7, 1, at: 20))
    market.expectBook(.sell, "6: 1 at 19", "5: 1 at 20", "7: 1 at 20")
  }

  @Test(arguments: EngineUnderTest.all)
  func partialFillAndReductionKeepThePlace(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .buy(2, 5, at: 10))
    market.expect(.sell(3, 2, at: 10), "accepted 3", "trade 3 with 1: 2 at 10, left 0 and 3")
    market.expect(.reduce(orderId: 1, owner: 1, by: 1), "reduced 1: by 1 to 2")
    market.expectBook(.buy, "1: 2 at 10", "2: 5 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func replacementKeepsThePlaceOnlyWithLess(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .buy(2, 5, at: 10), .buy(3, 5, at: 10))
    func replace(_ id: UInt64, _ new: UInt64, _ price: UInt32, _ quantity: UInt32)
      -> MatchingCommand
    {
      .replace(orderId: id, newOrderId: new, owner: 1, priceTicks: price, quantity: quantity)
    }
    market.expect(replace(1, 11, 10, 5), "replaced 1 by 11: 5 at 10, kept")
    market.expect(replace(11, 12, 10, 4), "replaced 11 by 12: 4 at 10, kept")
    market.expectBook(.buy, "12: 4 at 10", "2: 5 at 10", "3: 5 at 10")
    market.expect(replace(12, 13, 10, 5), "replaced 12 by 13: 5 at 10")
    market.expectBook(.buy, "2: 5 at 10", "3: 5 at 10", "13: 5 at 10")
    market.expect(replace(2, 14, 9, 5), "replaced 2 by 14: 5 at 9")
    market.expect(replace(14, 15, 10, 5), "replaced 14 by 15: 5 at 10")
    market.expectBook(.buy, "3: 5 at 10", "13: 5 at 10", "15: 5 at 10")
    market.expect(replace(3, 16, 10, 5).showing(2), "replaced 3 by 16: 5 at 10")
    market.expectBook(.buy, "13: 5 at 10", "15: 5 at 10", "16: 2 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func hiddenQuantityShrinksFirst(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 9, at: 10).showing(3), .buy(2, 5, at: 10))
    market.expect(.reduce(orderId: 1, owner: 1, by: 5), "reduced 1: by 5 to 4")
    market.expectBook(.buy, "1: 3 at 10", "2: 5 at 10")
    market.expect(
      MatchingCommand.replace(
        orderId: 1, newOrderId: 3, owner: 1, priceTicks: 10, quantity: 2
      ).showing(1), "replaced 1 by 3: 2 at 10")
    market.expectBook(.buy, "2: 5 at 10", "3: 1 at 10")
    market.apply(.buy(4, 9, at: 11).showing(3))
    market.expect(
      MatchingCommand.replace(
        orderId: 4, newOrderId: 5, owner: 1, priceTicks: 11, quantity: 4
      ).showing(3), "replaced 4 by 5: 4 at 11, kept")
    market.expectBook(.buy, "5: 3 at 11", "2: 5 at 10", "3: 1 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func stopAndPegKeepTheirPlaceToo(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 5, at: 0, .stop).trigger(20), .buy(2, 5, at: 0, .stop).trigger(20),
      .buy(3, 5, at: 15, .midPeg), .buy(4, 5, at: 15, .midPeg))
    market.expect(
      MatchingCommand.replace(orderId: 1, newOrderId: 5, owner: 1, priceTicks: 0, quantity: 3)
        .trigger(20), "replaced 1 by 5: 3, trigger 20, kept")
    market.expect(
      .replace(orderId: 3, newOrderId: 6, owner: 1, priceTicks: 15, quantity: 6),
      "replaced 3 by 6: 6 at 15")
    market.apply(.buy(7, 1, at: 10), .sell(8, 1, at: 12))
    // Bid 10, ask 12: both mid pegs buy at 11, the one that was raised last.
    market.expect(
      .sell(9, 6, at: 11), "accepted 9", "trade 9 with 4: 5 at 11, left 1 and 0, hidden",
      "trade 9 with 6: 1 at 11, left 0 and 5, hidden")
    // Stops at one trigger: the one that kept its place first.
    market.apply(.cancel(orderId: 6, owner: 1))
    market.apply(.sell(10, 9, at: 20))
    market.apply(.cancel(orderId: 8, owner: 2))
    market.expect(
      .buy(11, 1, at: 20), "accepted 11", "trade 11 with 10: 1 at 20, left 0 and 8",
      "triggered 5 at 20", "trade 5 with 10: 3 at 20, left 0 and 5", "triggered 2 at 20",
      "trade 2 with 10: 5 at 20, left 0 and 0")
  }
}
