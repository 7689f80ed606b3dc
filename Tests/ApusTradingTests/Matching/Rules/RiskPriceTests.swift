// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 12: the price at which an order counts before it trades.
@Suite struct MatchingRiskPriceTests {
  static let limitsOfNotional: [OwnerLimit] = [
    .orderNotional, .grossNotional, .netNotional, .credit,
  ]

  @Test(arguments: EngineUnderTest.all, limitsOfNotional)
  func marketOrderWithoutARiskPriceIsRefused126(
    _ engine: EngineUnderTest, _ limit: OwnerLimit
  ) throws {
    let market = try Market(engine)
    func order(_ id: UInt64, _ timeInForce: TimeInForce) -> MatchingCommand {
      .buy(id, 5, at: 0, .market, timeInForce)
    }
    market.apply(.sell(1, 1_000, at: 1_000_000))
    // Quantities need no price.
    market.apply(
      .setOwnerLimit(1, .orderQuantity, to: 9), .setOwnerLimit(1, .position, to: 9),
      .setOwnerLimit(1, .openOrders, to: 9))
    market.expect(order(2, .atClose), "accepted 2")
    market.apply(.cancel(orderId: 2, owner: 1), .setOwnerLimit(1, limit, to: 60))
    market.expect(order(3, .immediateOrCancel), "rejected: noRiskPrice")
    market.expect(order(4, .fillOrKill), "rejected: noRiskPrice")
    market.expect(order(5, .atClose), "rejected: noRiskPrice")
    // What gives one: a protection price, a collar, an anchor.
    market.expect(
      .buy(6, 5, at: 10, .market, .immediateOrCancel), "accepted 6", "cancelled 6: 5 immediate")
    market.apply(.changeInstrument(1, .collarPpm, to: 1))
    market.expect(
      order(7, .immediateOrCancel),
      "rejected: \(limit == .orderNotional ? "ownerOrderNotional" : "\(limit)")"
        + " 5000005, limit 60")
    market.apply(.changeInstrument(1, .collarPpm, to: 0), .setReferencePrice(1, priceTicks: 12))
    market.expect(order(8, .atClose), "accepted 8")
  }

  @Test(arguments: EngineUnderTest.all)
  func replacementWithoutARiskPriceIsRefused126(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .preOpen)
    market.expect(.buy(1, 5, at: 0, .market, .atOpen), "accepted 1")
    market.apply(.setOwnerLimit(1, .grossNotional, to: 50))
    market.expect(
      .replace(orderId: 1, newOrderId: 2, owner: 1, priceTicks: 0, quantity: 4),
      "rejected: noRiskPrice")
    market.apply(.setReferencePrice(1, priceTicks: 12))
    market.expect(
      .replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 0, quantity: 5),
      "rejected: grossNotional 60, limit 50")
    market.expect(
      .replace(orderId: 1, newOrderId: 4, owner: 1, priceTicks: 0, quantity: 4),
      "replaced 1 by 4: 4, kept")
  }

  /// A protection price far below the market bounds nothing that a sale can be worth.
  @Test(arguments: EngineUnderTest.all)
  func marketSaleCountsAtTheAnchorAtLeast127(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setReferencePrice(1, priceTicks: 60), .setOwnerLimit(2, .orderNotional, to: 100))
    func sale(_ id: UInt64, _ quantity: UInt32, at price: UInt32) -> MatchingCommand {
      .sell(id, quantity, at: price, .market, .immediateOrCancel)
    }
    market.expect(sale(1, 2, at: 1), "rejected: ownerOrderNotional 120, limit 100")
    market.expect(sale(2, 2, at: 70), "rejected: ownerOrderNotional 140, limit 100")
    market.expect(sale(3, 1, at: 1), "accepted 3", "cancelled 3: 1 immediate")
    // The same of a collar.
    market.apply(.buy(4, 9, at: 50), .changeInstrument(1, .collarPpm, to: 500_000))
    market.expect(sale(5, 2, at: 0), "rejected: ownerOrderNotional 120, limit 100")
  }

  /// A buying stop whose trigger the market has passed trades at the market, not at its trigger.
  @Test(arguments: EngineUnderTest.all)
  func buyingStopCountsAtTheAnchorAtLeast127(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setReferencePrice(1, priceTicks: 60), .setOwnerLimit(1, .orderNotional, to: 100))
    market.expect(
      .buy(1, 2, at: 0, .stop).trigger(1), "rejected: ownerOrderNotional 120, limit 100")
    market.expect(
      .buy(2, 2, at: 0, .stop).trigger(80), "rejected: ownerOrderNotional 160, limit 100")
    market.expect(.sell(3, 2, at: 0, .stop).trigger(40).of(1), "accepted 3, trigger 40")
    market.expect(
      .replace(orderId: 3, newOrderId: 4, owner: 1, priceTicks: 0, quantity: 2).trigger(51),
      "rejected: ownerOrderNotional 102, limit 100")
  }

  /// What a fill is worth beyond the risk price is seen by the next order.
  @Test(arguments: EngineUnderTest.all)
  func fillsCountAtTheirPrice128(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .setReferencePrice(1, priceTicks: 10), .setOwnerLimit(1, .grossNotional, to: 100),
      .sell(1, 5, at: 1_000))
    market.expect(
      .buy(2, 5, at: 0, .market, .immediateOrCancel), "accepted 2",
      "trade 2 with 1: 5 at 1000, left 0 and 0")
    market.expect(.buy(3, 1, at: 1), "rejected: grossNotional 5001, limit 100")
  }
}
