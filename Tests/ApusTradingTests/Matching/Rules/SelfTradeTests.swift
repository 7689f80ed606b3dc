// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 6: an owner, or a group, does not trade with itself.
@Suite struct MatchingSelfTradeTests {
  @Test(arguments: EngineUnderTest.all)
  func allowedUnlessSaid(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 5, at: 10).of(1))
    market.expect(.buy(2, 5, at: 10), "accepted 2", "trade 2 with 1: 5 at 10, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelNewest61(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 10), .sell(2, 5, at: 10).of(1), .sell(3, 5, at: 10))
    market.expect(
      .buy(4, 9, at: 10).mode(.cancelNewest), "accepted 4",
      "trade 4 with 1: 3 at 10, left 6 and 0", "cancelled 4: 6 selfTrade")
    market.expectBook(.buy)
    market.expectBook(.sell, "2: 5 at 10", "3: 5 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelOldest62(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 10).of(1), .sell(2, 5, at: 10))
    market.expect(
      .buy(4, 9, at: 10).mode(.cancelOldest), "accepted 4", "cancelled 1: 3 selfTrade",
      "trade 4 with 2: 5 at 10, left 4 and 0")
    market.expectBook(.buy, "4: 4 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func cancelBoth63(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 10).of(1), .sell(2, 5, at: 10))
    market.expect(
      .buy(4, 9, at: 10).mode(.cancelBoth), "accepted 4", "cancelled 1: 3 selfTrade",
      "cancelled 4: 9 selfTrade")
    market.expectBook(.buy)
    market.expectBook(.sell, "2: 5 at 10")
  }

  @Test(arguments: EngineUnderTest.all)
  func decrementAndCancel64(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 3, at: 10).of(1), .sell(2, 5, at: 10))
    market.expect(
      .buy(4, 4, at: 10).mode(.decrementAndCancel), "accepted 4",
      "prevented 4 with 1: 3 at 10, left 1 and 0", "trade 4 with 2: 1 at 10, left 0 and 4")
    market.apply(.sell(5, 9, at: 9).of(1).showing(4))
    market.expect(
      .buy(6, 3, at: 10).mode(.decrementAndCancel), "accepted 6",
      "prevented 6 with 5: 3 at 9, left 0 and 6")
    market.expectBook(.sell, "5: 1 at 9", "2: 4 at 10")
    // What shows goes first; then the iceberg is replenished.
    market.expect(
      .buy(7, 3, at: 10).mode(.decrementAndCancel), "accepted 7",
      "prevented 7 with 5: 3 at 9, left 0 and 3", "replenished 5: 3 of 3")
    market.expect(
      .buy(8, 3, at: 10).mode(.decrementAndCancel), "accepted 8",
      "prevented 8 with 5: 3 at 9, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func groupsAndModesOfTheInstrument(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, prevention: .cancelOldest)
    market.apply(
      .setOwnerLimit(1, .selfTradeGroup, to: 7), .setOwnerLimit(2, .selfTradeGroup, to: 7))
    market.apply(.setOwnerLimit(3, .selfTradeGroup, to: 2), .sell(1, 5, at: 10))
    market.expect(.buy(2, 5, at: 10), "accepted 2", "cancelled 1: 5 selfTrade")
    // The order's own mode goes before the instrument's; a group's number is no owner's.
    market.expect(
      .sell(3, 2, at: 10).mode(.allow), "accepted 3", "trade 3 with 2: 2 at 10, left 0 and 3")
    market.expect(
      .sell(4, 1, at: 10).of(3), "accepted 4", "trade 4 with 2: 1 at 10, left 0 and 2")
    // Without a group the owner is alone.
    market.apply(.setOwnerLimit(2, .selfTradeGroup, to: 0))
    market.expect(.sell(5, 2, at: 10), "accepted 5", "trade 5 with 2: 2 at 10, left 0 and 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func fillableLeavesOwnOrdersOut65(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.sell(1, 8, at: 10).showing(3), .sell(2, 5, at: 10).of(1), .sell(3, 5, at: 10))
    func order(_ id: UInt64, _ quantity: UInt32, _ mode: SelfTradePrevention) -> MatchingCommand {
      .buy(id, quantity, at: 10, .limit, .fillOrKill).mode(mode)
    }
    market.expect(order(4, 14, .cancelOldest), "rejected: notFillable")
    // The iceberg goes behind the own order after the 3 that it shows.
    for (id, mode) in zip(
      UInt64(5)..., [SelfTradePrevention.cancelNewest, .cancelBoth, .decrementAndCancel])
    {
      market.expect(order(id, 4, mode), "rejected: notFillable")
    }
    market.expect(
      order(10, 3, .cancelNewest), "accepted 10", "trade 10 with 1: 3 at 10, left 0 and 5",
      "replenished 1: 3 of 5")
    market.expect(
      order(11, 10, .cancelOldest), "accepted 11", "cancelled 2: 5 selfTrade",
      "trade 11 with 3: 5 at 10, left 5 and 0", "trade 11 with 1: 3 at 10, left 2 and 2",
      "replenished 1: 2 of 2", "trade 11 with 1: 2 at 10, left 0 and 0")
  }
}
