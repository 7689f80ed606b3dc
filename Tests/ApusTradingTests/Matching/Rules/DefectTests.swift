// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// The eight usual defects of matching engines, each as the example that shows it.
@Suite struct MatchingDefectTests {
  @Test(arguments: EngineUnderTest.all)
  func timePriorityIsNotLostByACancel(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    for id in UInt64(1)...6 { market.apply(.buy(id, 1, at: 10)) }
    market.apply(.cancel(orderId: 2, owner: 1), .cancel(orderId: 4, owner: 1))
    market.expectBook(.buy, "1: 1 at 10", "3: 1 at 10", "5: 1 at 10", "6: 1 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func tradeIsNotAtTheTakersPrice(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 1, at: 10))
    market.expect(.buy(2, 1, at: 15), "accepted 2", "trade 2 with 1: 1 at 10, left 0 and 0")
    market.apply(.buy(3, 1, at: 15))
    market.expect(.sell(4, 1, at: 10), "accepted 4", "trade 4 with 3: 1 at 15, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func noLevelIsLeftWithoutQuantity(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 2, at: 10), .sell(2, 1, at: 11), .sell(3, 1, at: 12))
    market.apply(
      .reduce(orderId: 1, owner: 2, by: 1), .reduce(orderId: 1, owner: 2, by: 1),
      .cancel(orderId: 2, owner: 2))
    market.expectBook(.sell, "3: 1 at 12")
    market.expect(.buy(4, 1, at: 12), "accepted 4", "trade 4 with 3: 1 at 12, left 0 and 0")
    market.expectBook(.sell)
    market.expect(.buy(5, 1, at: 99), "accepted 5")
  }

  @Test(arguments: EngineUnderTest.all)
  func modifyDoesNotDecrementTwice(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .position, to: 10), .buy(1, 10, at: 10), .sell(2, 4, at: 10))
    market.expect(
      .replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 10, quantity: 6),
      "replaced 1 by 3: 6 at 10, kept")
    market.expectBook(.buy, "3: 6 at 10")
    market.expect(.reduce(orderId: 3, owner: 1, by: 2), "reduced 3: by 2 to 4")
    // Position 4 and 4 open: exactly 2 more.
    market.expect(.buy(4, 3, at: 9), "rejected: position 11, limit 10")
    market.expect(.buy(5, 2, at: 9), "accepted 5")
  }

  @Test(arguments: EngineUnderTest.all)
  func residualOfImmediateAndMarketOrdersDoesNotRest(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 1, at: 10))
    market.apply(.buy(2, 5, at: 10, .limit, .immediateOrCancel))
    market.expectBook(.buy)
    market.apply(.sell(3, 1, at: 10), .buy(4, 5, at: 0, .market, .immediateOrCancel))
    market.expectBook(.buy)
    market.expect(.cancel(orderId: 4, owner: 1), "rejected: unknownOrder")
  }

  @Test(arguments: EngineUnderTest.all)
  func partlyFilledOrderKeepsItsPriority(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .buy(2, 5, at: 10), .sell(3, 2, at: 10))
    market.expect(
      .sell(4, 4, at: 10), "accepted 4", "trade 4 with 1: 3 at 10, left 1 and 0",
      "trade 4 with 2: 1 at 10, left 0 and 4")
  }

  @Test(arguments: EngineUnderTest.all)
  func lateCancelIsRejected(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .sell(2, 5, at: 10))
    market.expect(.cancel(orderId: 1, owner: 1), "rejected: unknownOrder")
    market.expect(.reduce(orderId: 2, owner: 2, by: 1), "rejected: unknownOrder")
    market.expect(
      .replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 9, quantity: 1),
      "rejected: unknownOrder")
  }

  @Test(arguments: EngineUnderTest.all)
  func orderIdsAreNotUsedAgain(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 10), .cancel(orderId: 1, owner: 1))
    market.expect(.buy(1, 5, at: 10), "rejected: orderIdReused")
    market.apply(.buy(2, 5, at: 10))
    market.apply(.replace(orderId: 2, newOrderId: 3, owner: 1, priceTicks: 9, quantity: 5))
    market.expect(.buy(2, 5, at: 10), "rejected: orderIdReused")
    market.expect(.buy(3, 5, at: 10), "rejected: orderIdReused")
  }
}
