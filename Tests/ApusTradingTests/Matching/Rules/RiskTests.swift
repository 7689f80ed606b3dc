// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 12: owners' limits, in their order, and what their refusals carry.
@Suite struct MatchingRiskTests {
  @Test(arguments: EngineUnderTest.all)
  func orderQuantityAndNotional12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .setOwnerLimit(1, .orderQuantity, to: 10), .setOwnerLimit(1, .orderNotional, to: 50))
    market.expect(.buy(1, 11, at: 9), "rejected: ownerOrderQuantity 11, limit 10")
    market.expect(.buy(2, 6, at: 9), "rejected: ownerOrderNotional 54, limit 50")
    market.expect(.buy(3, 5, at: 10), "accepted 3")
  }

  @Test(arguments: EngineUnderTest.all)
  func notionalOverflow12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.buy(1, .max, at: .max - 1), "rejected: notionalOverflow")
    market.expect(.buy(2, 1 << 31, at: .max - 1), "accepted 2")
    // The sum of both is 2^63 and more.
    market.expect(.buy(3, 1 << 31, at: .max - 1), "rejected: notionalOverflow")
    market.expect(.buy(4, 2, at: .max - 1), "rejected: notionalOverflow")
    market.expect(.buy(5, 1, at: .max - 1), "accepted 5")
  }

  @Test(arguments: EngineUnderTest.all)
  func priceTolerance12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .priceTolerancePpm, to: 100_000))
    market.expect(.buy(1, 1, at: 1), "accepted 1")
    market.apply(.setReferencePrice(1, priceTicks: 300))
    market.expect(.buy(2, 1, at: 270), "accepted 2")
    market.expect(.buy(3, 1, at: 269), "rejected: priceTolerance 103334, limit 100000")
    // Last goes before the reference.
    market.trade(at: 400)
    market.expect(.buy(4, 1, at: 270), "rejected: priceTolerance 325000, limit 100000")
    market.expect(
      .buy(5, 1, at: 270, .market, .immediateOrCancel), "accepted 5", "cancelled 5: 1 immediate")
    market.expect(.buy(6, 1, at: 0, .stop).trigger(900), "accepted 6, trigger 900")
  }

  @Test(arguments: EngineUnderTest.all)
  func duplicateOrder12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .duplicateWindow, to: 100))
    market.time = 50
    market.expect(.buy(1, 5, at: 9), "accepted 1")
    market.time = 150
    market.expect(.buy(2, 5, at: 9), "rejected: duplicateOrder 100, limit 100")
    market.expect(.buy(3, 5, at: 8), "accepted 3")
    market.expect(.buy(4, 5, at: 9), "accepted 4")
    market.time = 251
    market.expect(.buy(5, 5, at: 9), "accepted 5")
    // A replace is neither checked nor remembered.
    market.expect(
      .replace(orderId: 5, newOrderId: 6, owner: 1, priceTicks: 7, quantity: 5),
      "replaced 5 by 6: 5 at 7")
    market.expect(.buy(7, 5, at: 7), "accepted 7")
  }

  @Test(arguments: EngineUnderTest.all)
  func openOrders12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .openOrders, to: 2))
    market.apply(.buy(1, 1, at: 9), .sell(2, 1, at: 20).of(1).after(1))
    market.expect(.buy(3, 1, at: 9), "rejected: openOrders 3, limit 2")
    market.apply(.cancel(orderId: 1, owner: 1))
    market.expect(.buy(4, 1, at: 9), "accepted 4")
  }

  @Test(arguments: EngineUnderTest.all)
  func position12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .position, to: 10))
    market.apply(.buy(1, 6, at: 9), .sell(2, 4, at: 9))
    // 4 bought, 2 open.
    market.expect(.buy(3, 5, at: 8), "rejected: position 11, limit 10")
    market.expect(.buy(4, 4, at: 8), "accepted 4")
    market.expect(.sell(5, 15, at: 20).of(1), "rejected: position 11, limit 10")
    market.expect(.sell(6, 14, at: 20).of(1), "accepted 6")
    // A replacement stands in the original's place.
    market.expect(
      .replace(orderId: 4, newOrderId: 7, owner: 1, priceTicks: 8, quantity: 5),
      "rejected: position 11, limit 10")
    market.expect(
      .replace(orderId: 4, newOrderId: 8, owner: 1, priceTicks: 7, quantity: 4),
      "replaced 4 by 8: 4 at 7")
  }

  @Test(arguments: EngineUnderTest.all)
  func grossAndNetNotional12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 10, at: 10), .sell(2, 4, at: 10))
    // Bought 40, open 60.
    market.apply(.setOwnerLimit(1, .grossNotional, to: 150))
    market.expect(.sell(3, 3, at: 20).of(1), "rejected: grossNotional 160, limit 150")
    market.apply(.setOwnerLimit(1, .grossNotional, to: 0), .setOwnerLimit(1, .netNotional, to: 100))
    market.expect(.buy(4, 1, at: 5), "rejected: netNotional 105, limit 100")
    market.expect(.sell(5, 8, at: 20).of(1), "rejected: netNotional 120, limit 100")
    market.expect(.sell(6, 7, at: 20).of(1), "accepted 6")
  }

  @Test(arguments: EngineUnderTest.all)
  func creditIsMarginAndFees12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .changeInstrument(1, .marginPpm, to: 100_000), .setOwnerLimit(1, .takerFeePpm, to: 10_000),
      .setOwnerLimit(1, .makerFeePpm, to: 5_000), .sell(1, 10, at: 100))
    // Margin 100, fee 10 as taker; then open margin 45.
    market.apply(.buy(2, 10, at: 100), .buy(3, 5, at: 90))
    market.apply(.setOwnerLimit(1, .credit, to: 160))
    market.expect(.buy(4, 1, at: 60), "rejected: credit 161, limit 160")
    market.expect(.buy(5, 1, at: 50), "accepted 5")
    market.apply(.cancel(orderId: 5, owner: 1))
    // As maker 5 at 90: position 15 at 90 has margin 135, fee 2 more, nothing open.
    market.apply(.sell(6, 5, at: 90))
    market.expect(.buy(7, 1, at: 140), "rejected: credit 161, limit 160")
    market.expect(.buy(8, 1, at: 130), "accepted 8")
  }

  @Test(arguments: EngineUnderTest.all)
  func riskPriceOfMarketOrdersAndStops12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .orderNotional, to: 100))
    func order(_ id: UInt64, _ price: UInt32 = 0) -> MatchingCommand {
      .buy(id, 2, at: price, .market, .immediateOrCancel)
    }
    market.expect(order(1), "rejected: noRiskPrice")
    market.expect(order(2, 51), "rejected: ownerOrderNotional 102, limit 100")
    market.apply(.setReferencePrice(1, priceTicks: 60))
    market.expect(order(3), "rejected: ownerOrderNotional 120, limit 100")
    market.apply(.sell(4, 5, at: 70), .changeInstrument(1, .collarPpm, to: 100_000))
    market.expect(order(5), "rejected: ownerOrderNotional 154, limit 100")
    market.expect(
      .buy(6, 2, at: 0, .stop).trigger(80), "rejected: ownerOrderNotional 160, limit 100")
    market.expect(
      .buy(7, 2, at: 0, .market, .atClose), "rejected: ownerOrderNotional 120, limit 100")
  }

  @Test(arguments: EngineUnderTest.all)
  func messageRate121(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(1, .messageRate, to: 2))
    market.time = 5
    market.expect(.buy(1, 1, at: 9), "accepted 1")
    market.expect(.buy(2, 0, at: 9), "rejected: quantity")
    market.expect(.buy(3, 1, at: 9), "rejected: messageRate 3, limit 2")
    market.expect(
      .replace(orderId: 1, newOrderId: 4, owner: 1, priceTicks: 8, quantity: 1),
      "rejected: messageRate 3, limit 2")
    market.expect(.reduce(orderId: 1, owner: 1, by: 1), "cancelled 1: 1 requested")
    market.time = 4 + Market.second
    market.expect(.buy(5, 1, at: 9), "rejected: messageRate 3, limit 2")
    market.time = 5 + Market.second
    // A refused message has used no id; what is refused before the rate does not count.
    market.expect(.buy(2, 1, at: 9), "rejected: orderIdReused")
    market.expect(.buy(7, 1, at: 9).on(9), "rejected: unknownInstrument")
    market.expect(.buy(3, 1, at: 9), "accepted 3")
    market.expect(.buy(4, 1, at: 9), "rejected: messageRate 3, limit 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func killSwitches12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 9), .sell(2, 1, at: 20), .buy(3, 1, at: 8))
    market.expect(
      .killSwitch(owner: 1, isOn: true), "cancelled 1: 1 killed", "cancelled 3: 1 killed",
      "kill switch on, 2")
    market.expect(.killSwitch(owner: 1, isOn: true), "kill switch on, 0")
    market.expect(.killSwitch(owner: 1, isOn: false), "kill switch off, 0")
    market.expect(.killSwitch(owner: 77, isOn: true), "rejected: unknownOwner")
    market.expect(.killSwitch(owner: 0, isOn: true), "kill switch on, 0")
    market.expect(
      .replace(orderId: 2, newOrderId: 5, owner: 2, priceTicks: 21, quantity: 1),
      "rejected: marketKilled")
    market.expect(.cancel(orderId: 2, owner: 2), "cancelled 2: 1 requested")
  }
}
