// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 13 without quotes.
@Suite struct MatchingCommandTests {
  @Test(arguments: EngineUnderTest.all)
  func cancel131(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 9))
    market.expect(.cancel(orderId: 2, owner: 1), "rejected: unknownOrder")
    market.expect(.cancel(orderId: 1, owner: 2), "rejected: notOwner")
    market.expect(.cancel(orderId: 1, owner: 1), "cancelled 1: 5 requested")
    market.expect(.cancel(orderId: 1, owner: 1), "rejected: unknownOrder")
  }

  @Test(arguments: EngineUnderTest.all)
  func reduce132(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, lot: 5)
    market.apply(.buy(1, 50, at: 9).showing(20))
    market.expect(.reduce(orderId: 2, owner: 1, by: 5), "rejected: unknownOrder")
    market.expect(.reduce(orderId: 1, owner: 2, by: 0), "rejected: notOwner")
    market.expect(.reduce(orderId: 1, owner: 1, by: 0), "rejected: quantity")
    market.expect(.reduce(orderId: 1, owner: 1, by: 7), "rejected: lot")
    market.expect(.reduce(orderId: 1, owner: 1, by: 25), "reduced 1: by 25 to 25")
    market.expectBook(.buy, "1: 20 at 9")
    market.expect(.reduce(orderId: 1, owner: 1, by: 10), "reduced 1: by 10 to 15")
    market.expectBook(.buy, "1: 15 at 9")
    market.expect(.reduce(orderId: 1, owner: 1, by: 100), "cancelled 1: 15 requested")
  }

  @Test(arguments: EngineUnderTest.all)
  func replaceChecks133(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, lot: 5, tick: 5)
    market.apply(.buy(1, 50, at: 10).postOnly, .sell(2, 50, at: 20), .buy(3, 5, at: 5).through(1))
    func replace(
      _ id: UInt64, by new: UInt64, at price: UInt32 = 10, _ quantity: UInt32 = 50
    ) -> MatchingCommand {
      .replace(orderId: id, newOrderId: new, owner: 1, priceTicks: price, quantity: quantity)
    }
    market.expect(replace(9, by: 10), "rejected: unknownOrder")
    market.expect(replace(2, by: 10), "rejected: notOwner")
    market.expect(replace(1, by: 2), "rejected: orderIdReused")
    market.expect(replace(1, by: 3), "rejected: duplicateOrderId")
    market.expect(replace(1, by: 10, at: 10, 0), "rejected: quantity")
    market.expect(replace(1, by: 11, at: 10, 7), "rejected: lot")
    market.expect(replace(1, by: 12, at: 0), "rejected: price")
    market.expect(replace(1, by: 13, at: 12), "rejected: tick")
    market.expect(replace(1, by: 14).showing(50), "rejected: displayQuantity")
    market.expect(replace(1, by: 15).trigger(5), "rejected: trigger")
    market.expect(replace(1, by: 16, at: 20), "rejected: wouldTake")
    market.expect(replace(1, by: 17, at: 15, 60), "replaced 1 by 17: 60 at 15")
    // The command's session and the name of the new order are carried from here on.
    let event = market.apply(
      replace(17, by: 4, at: 15, 5).through(1).with { $0.clientOrderId = 77 })[0]
    #expect(event.session == 1 && event.clientOrderId == 77 && event.relatedClientOrderId == 17)
  }

  @Test(arguments: EngineUnderTest.all)
  func replacementTradesAtOnce133(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 9), .sell(2, 3, at: 10))
    market.expect(
      .replace(orderId: 1, newOrderId: 3, owner: 1, priceTicks: 10, quantity: 7),
      "replaced 1 by 3: 7 at 10", "trade 3 with 2: 3 at 10, left 4 and 0")
    market.expectBook(.buy, "3: 4 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func postOnlyLooksAtTheBookWithoutTheOriginal133(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 90), .buy(2, 5, at: 100).postOnly, .sell(3, 5, at: 110))
    market.apply(.sell(4, 5, at: 1, .midPeg))
    // The peg sells at 105; without order 2 it would at 100.
    market.expect(
      .replace(orderId: 2, newOrderId: 5, owner: 1, priceTicks: 101, quantity: 5),
      "rejected: wouldTake")
    market.expect(
      .replace(orderId: 2, newOrderId: 6, owner: 1, priceTicks: 100, quantity: 4),
      "replaced 2 by 6: 4 at 100, kept")
    market.expect(
      .replace(orderId: 6, newOrderId: 7, owner: 1, priceTicks: 99, quantity: 4),
      "replaced 6 by 7: 4 at 99")
  }

  @Test(arguments: EngineUnderTest.all)
  func massCancel134(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.defineInstrument(2), .setPhase(2, .continuous))
    market.apply(
      .buy(1, 1, at: 9).on(2), .buy(2, 1, at: 9), .sell(3, 1, at: 20).of(1),
      .buy(4, 1, at: 8).on(2),
      .buy(5, 1, at: 8), .buy(6, 1, at: 7).of(2))
    market.expect(.massCancel(owner: 70), "rejected: unknownOwner")
    market.expect(.massCancel(owner: 1, instrument: 3), "rejected: unknownInstrument")
    market.expect(
      .massCancel(owner: 1, instrument: 1, side: .sell), "cancelled 3: 1 massCancel",
      "mass cancelled 1")
    market.apply(.sell(7, 1, at: 20).of(1))
    // Instrument 2 first: the owner used it first.
    market.expect(
      .massCancel(owner: 1), "cancelled 1: 1 massCancel", "cancelled 4: 1 massCancel",
      "cancelled 2: 1 massCancel", "cancelled 5: 1 massCancel", "cancelled 7: 1 massCancel",
      "mass cancelled 5")
    market.expect(.massCancel(owner: 1), "mass cancelled 0")
    market.expectBook(.buy, "6: 1 at 7")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelOnDisconnect134(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 1, at: 9), .buy(2, 1, at: 9).through(5),
      .buy(3, 1, at: 9, .limit, .goodTillCancel)
        .through(5),
      .buy(4, 1, at: 9, .limit, .goodTillDate).until(9).through(5),
      .buy(5, 1, at: 9, .limit, .atClose).through(5))
    let lost = MatchingCommand.massCancel(owner: 1).through(5).with {
      $0.flags.insert(.onDisconnect)
    }
    market.expect(
      lost, "cancelled 2: 1 disconnected", "cancelled 5: 1 disconnected", "mass cancelled 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func replacedOrderEntersTheRowAnew136(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 2, at: 9), .buy(2, 2, at: 9), .buy(3, 2, at: 9))
    market.apply(
      .replace(orderId: 1, newOrderId: 4, owner: 1, priceTicks: 8, quantity: 2),
      .replace(orderId: 2, newOrderId: 5, owner: 1, priceTicks: 9, quantity: 1))
    market.expect(
      .massCancel(owner: 1), "cancelled 5: 1 massCancel", "cancelled 3: 2 massCancel",
      "cancelled 4: 2 massCancel", "mass cancelled 3")
  }

  @Test(arguments: EngineUnderTest.all)
  func linkedOnesAreNotCounted134(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 1, at: 9), .buy(2, 1, at: 8).or(1), .buy(3, 1, at: 7),
      .sell(4, 1, at: 20).of(1).after(3))
    market.expect(
      .massCancel(owner: 1), "cancelled 1: 1 massCancel", "cancelled 2: 1 linked",
      "cancelled 3: 1 massCancel", "cancelled 4: 1 linked", "mass cancelled 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func expire137(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    func order(_ id: UInt64, _ expiry: UInt64) -> MatchingCommand {
      .buy(id, 1, at: 9, .limit, .goodTillDate).until(expiry)
    }
    market.apply(order(1, 30), order(2, 20), order(3, 30), order(4, 31), order(5, 20).through(1))
    market.time = 30
    // They are live until they are told.
    market.expect(
      .sell(10, 1, at: 9), "accepted 10", "trade 10 with 1: 1 at 9, left 0 and 0")
    market.expect(
      .expire, "cancelled 2: 1 expired", "cancelled 5: 1 expired", "cancelled 3: 1 expired",
      "expired 3")
    market.expect(.expire, "expired 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func followUpComesAfterTheAnswer4(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 1, at: 10), .sell(2, 1, at: 20), .buy(3, 1, at: 16).of(3))
    market.apply(.buy(4, 2, at: 15, .midPeg), .sell(5, 2, at: 1, .midPeg))
    market.expect(
      .massCancel(owner: 3), "cancelled 3: 1 massCancel", "mass cancelled 1",
      "trade 5 with 4: 2 at 15, left 0 and 0, hidden")
  }
}
