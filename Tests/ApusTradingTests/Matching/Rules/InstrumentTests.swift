// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 14, and owners' settings.
@Suite struct MatchingInstrumentTests {
  @Test(arguments: EngineUnderTest.all)
  func definition14(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.defineInstrument(2, lot: 0), "rejected: property")
    market.expect(.defineInstrument(2, tick: 0), "rejected: property")
    market.expect(.defineInstrument(2), "defined 2")
    market.expect(.defineInstrument(2, lot: 0), "rejected: duplicateInstrument")
    market.expect(.buy(1, 1, at: 9).on(2), "rejected: closed")
  }

  @Test(arguments: EngineUnderTest.all)
  func valuesThatCannotBe14(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    let greatest: [(InstrumentProperty, UInt64)] = [
      (.lot, 4_294_967_295), (.quantityMax, 4_294_967_295), (.staticBandPpm, 1_000_000),
      (.dynamicBandPpm, 1_000_000), (.collarPpm, 1_000_000), (.proRataMinimum, 4_294_967_295),
      (.allocation, 2), (.selfTradePrevention, 5), (.marginPpm, 1_000_000),
    ]
    for (property, value) in greatest {
      market.expect(.changeInstrument(1, property, to: value + 1), "rejected: property")
      market.expect(.changeInstrument(1, property, to: value), "changed 1")
      market.expect(
        .changeInstrument(1, property, to: 0),
        property == .lot ? "rejected: property" : "changed 1")
    }
    market.expect(.changeInstrument(3, .lot, to: 1), "rejected: unknownInstrument")
    market.expect(.restrict(3, owner: 70, isRestricted: true), "rejected: unknownInstrument")
    market.expect(.restrict(1, owner: 70, isRestricted: true), "rejected: unknownOwner")
  }

  @Test(arguments: EngineUnderTest.all)
  func tickTable14(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.addTick(1, from: 0, tick: 5), "rejected: property")
    market.expect(.addTick(1, from: 100, tick: 0), "rejected: property")
    market.expect(.addTick(1, from: 100, tick: 5), "changed 1")
    market.expect(.addTick(1, from: 100, tick: 5), "rejected: property")
    market.expect(.addTick(1, from: 200, tick: 10), "changed 1")
    market.expect(.addTick(1, from: 300, tick: 20), "changed 1")
    market.expect(.addTick(1, from: 400, tick: 50), "rejected: property")
    market.expect(.buy(1, 1, at: 320), "accepted 1")
    market.expect(.buy(2, 1, at: 310), "rejected: tick")
  }

  @Test(arguments: EngineUnderTest.all)
  func restingOrdersStayAsTheyAre14(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(
      .buy(1, 7, at: 9), .changeInstrument(1, .lot, to: 5), .addTick(1, from: 1, tick: 5))
    market.expect(.sell(2, 5, at: 5), "accepted 2", "trade 2 with 1: 5 at 9, left 0 and 2")
    market.expect(.reduce(orderId: 1, owner: 1, by: 2), "rejected: lot")
    market.expect(.cancel(orderId: 1, owner: 1), "cancelled 1: 2 requested")
  }

  @Test(arguments: EngineUnderTest.all)
  func referenceAndOwnerLimits14(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.setReferencePrice(1, priceTicks: 0), "rejected: price")
    market.expect(.setReferencePrice(1, priceTicks: .max), "rejected: price")
    market.expect(.setReferencePrice(1, priceTicks: .max - 1), "reference \(UInt32.max - 1)")
    market.expect(.setReferencePrice(2, priceTicks: 1), "rejected: unknownInstrument")
    market.expect(.setOwnerLimit(0, .credit, to: 1), "rejected: unknownOwner")
    market.expect(.setOwnerLimit(70, .credit, to: 1 << 63), "rejected: property")
    market.expect(.setOwnerLimit(70, .selfTradeGroup, to: 65_536), "rejected: property")
    market.expect(.setOwnerLimit(70, .takerFeePpm, to: 1_000_001), "rejected: property")
    market.expect(.buy(1, 1, at: 9).of(70), "rejected: unknownOwner")
    market.expect(.setOwnerLimit(70, .credit, to: 1 << 63 - 1), "limit of 70")
    market.expect(.buy(2, 1, at: 9).of(70), "accepted 2")
  }
}
