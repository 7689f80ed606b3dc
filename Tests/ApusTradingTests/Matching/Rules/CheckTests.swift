// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 3: the checks of `new`, each with what passes and what just does not.
@Suite struct MatchingCheckTests {
  @Test(arguments: EngineUnderTest.all)
  func codesAndFlagsAreKnown31(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(MatchingCommand(), "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.kindCode = 17 }, "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.sideCode = 0x43 }, "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.typeCode = 8 }, "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.detailCode = 0 }, "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.capacityCode = 3 }, "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.capacityCode = 0x60 }, "rejected: malformed")
    market.expect(.buy(1, 5, at: 9).with { $0.flags = .on }, "rejected: malformed")
    // Before anything else: the instrument and the owner are not looked at.
    market.expect(.buy(1, 5).on(7).of(70).with { $0.sideCode = 0 }, "rejected: malformed")
    // A malformed order has used no id.
    market.expect(.buy(1, 5, at: 9), "accepted 1")
  }

  @Test(arguments: EngineUnderTest.all)
  func codesOfOtherCommandsAreKnown13(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(
      .massCancel(owner: 1).with { $0.flags = .allInstruments }, "rejected: malformed")
    market.expect(.setPhase(1, .closed).with { $0.detailCode = 7 }, "rejected: malformed")
    market.expect(
      .changeInstrument(1, .lot, to: 1).with { $0.detailCode = 0 }, "rejected: malformed")
    market.expect(
      .setOwnerLimit(1, .credit, to: 1).with { $0.detailCode = 14 }, "rejected: malformed")
    market.expect(.defineInstrument(2).with { $0.detailCode = 3 }, "rejected: malformed")
    market.expect(.defineInstrument(2).with { $0.capacityCode = 0x60 }, "rejected: malformed")
    let quote = MatchingCommand.quote(
      bidOrderId: 1, askOrderId: 2, owner: 1, instrument: 1, bidTicks: 9, bidQuantity: 1,
      askTicks: 11, askQuantity: 1)
    market.expect(quote.with { $0.flags = .postOnly }, "rejected: malformed")
    market.expect(quote.with { $0.capacityCode = 0x0F }, "rejected: malformed")
    // What a command does not use is ignored.
    market.apply(.buy(1, 5, at: 9))
    market.expect(
      .cancel(orderId: 1, owner: 1).with {
        $0.sideCode = 1
        $0.typeCode = 99
        $0.flags = .on
        $0.capacityCode = 0xFF
      }, "cancelled 1: 5 requested")
  }

  @Test(arguments: EngineUnderTest.all)
  func instrumentOwnerAndSwitches32To35(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.buy(1, 5, at: 9).on(2).of(70), "rejected: unknownInstrument")
    market.expect(.buy(1, 5, at: 9).of(70), "rejected: unknownOwner")
    market.expect(.buy(1, 5, at: 9).of(0), "rejected: unknownOwner")
    market.apply(.killSwitch(owner: 1, isOn: true), .killSwitch(owner: 0, isOn: true))
    market.expect(.buy(1, 5, at: 9), "rejected: marketKilled")
    market.apply(.killSwitch(owner: 0, isOn: false))
    market.expect(.buy(1, 5, at: 9), "rejected: ownerKilled")
    market.expect(.sell(1, 5, at: 9), "accepted 1")
    market.apply(.killSwitch(owner: 1, isOn: false))
    market.expect(.buy(2, 1, at: 8), "accepted 2")
  }

  @Test(arguments: EngineUnderTest.all)
  func idsGrowInTheirSession37(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.buy(0, 5, at: 9), "rejected: orderIdReused")
    market.expect(.buy(7, 5, at: 9), "accepted 7")
    market.expect(.buy(7, 5, at: 9), "rejected: orderIdReused")
    market.expect(.buy(6, 5, at: 9), "rejected: orderIdReused")
    // 3.8: another session has its own ids, but no two live orders have one.
    market.expect(.buy(6, 5, at: 9).through(1), "accepted 6")
    market.expect(.buy(7, 5, at: 9).through(1), "rejected: duplicateOrderId")
    market.apply(.cancel(orderId: 7, owner: 1))
    market.expect(.buy(7, 5, at: 9).through(2), "accepted 7")
  }

  @Test(arguments: EngineUnderTest.all)
  func rejectedOrderHasUsedItsId11(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.buy(5, 0, at: 9), "rejected: quantity")
    market.expect(.buy(5, 1, at: 9), "rejected: orderIdReused")
    market.expect(.buy(9, 1, at: 9).on(2), "rejected: unknownInstrument")
    market.expect(.buy(9, 1, at: 9), "accepted 9")
  }

  @Test(arguments: EngineUnderTest.all)
  func phaseTakesOrders39And310(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, .closed)
    market.expect(.buy(1, 0), "rejected: closed")
    market.apply(.halt())
    market.expect(.buy(2, 0), "rejected: halted")
    for (id, phase) in zip(
      UInt64(1)..., [MarketPhase.preOpen, .openingAuction, .closingAuction, .volatilityPause])
    {
      market.apply(.setPhase(1, phase))
      market.expect(.buy(id * 10, 1, at: 9, .limit, .immediateOrCancel), "rejected: phase")
      market.expect(.buy(id * 10 + 1, 1, at: 9, .limit, .fillOrKill), "rejected: phase")
      market.expect(.buy(id * 10 + 2, 1, at: 0, .market, .day), "rejected: phase")
      market.expect(
        .buy(id * 10 + 3, 1, at: 9, .limit, .atOpen),
        phase == .preOpen || phase == .openingAuction
          ? "accepted \(id * 10 + 3)" : "rejected: phase")
      market.expect(.buy(id * 10 + 4, 1, at: 9, .limit, .atClose), "accepted \(id * 10 + 4)")
    }
    market.apply(.setPhase(1, .continuous))
    market.expect(.buy(50, 1, at: 0, .market, .atOpen), "rejected: phase")
    market.expect(.buy(51, 1, at: 0, .market, .atClose), "accepted 51")
  }

  @Test(arguments: EngineUnderTest.all)
  func timeInForceFitsTheType311(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    var id: UInt64 = 0
    for type in OrderType.allCases {
      for time in TimeInForce.allCases where time != .atOpen {
        id += 1
        let order = MatchingCommand.buy(id, 1, at: 50, type, time)
          .until(time == .goodTillDate ? 9 : 0)
          .with {
            if type == .stop || type == .trailingStop || type == .market { $0.priceTicks = 0 }
            if type == .stop || type == .stopLimit || type == .trailingStop {
              $0.triggerTicks = 200
            }
          }
        let lasts = [.day, .goodTillCancel, .goodTillDate].contains(time)
        let fits = type == .limit || (type == .market) != lasts
        let first = market.apply(order).first
        #expect((first?.reason == .timeInForce) == !fits, "\(type) \(time)")
        #expect(fits || first?.kind == .rejected, "\(type) \(time)")
      }
    }
  }

  @Test(arguments: EngineUnderTest.all)
  func quantity312To314(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, lot: 10)
    market.apply(.changeInstrument(1, .quantityMax, to: 100))
    market.expect(.buy(1, 0, at: 9), "rejected: quantity")
    market.expect(.buy(2, 15, at: 9), "rejected: lot")
    market.expect(.buy(3, 110, at: 9), "rejected: instrumentQuantity")
    market.expect(.buy(4, 105, at: 9), "rejected: lot")
    market.expect(.buy(5, 100, at: 9), "accepted 5")
  }

  @Test(arguments: EngineUnderTest.all)
  func price315(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.trade(at: 100)
    market.expect(.buy(1, 1), "rejected: price")
    market.expect(.buy(2, 1, at: .max), "rejected: price")
    market.expect(.buy(3, 1, at: .max - 1), "accepted 3")
    market.expect(.buy(4, 1, at: 0, .stopLimit).trigger(200), "rejected: price")
    market.expect(.buy(5, 1, at: 5, .stop).trigger(200), "rejected: price")
    market.expect(.buy(6, 1, at: 5, .trailingStop).trigger(200), "rejected: price")
    market.expect(.buy(7, 1, at: 0, .primaryPeg), "rejected: price")
    market.expect(.buy(8, 1, at: 0, .midPeg), "rejected: price")
    market.expect(.buy(9, 1, at: 5, .market, .atClose), "rejected: price")
    market.expect(
      .buy(10, 1, at: 5, .market, .immediateOrCancel), "accepted 10", "cancelled 10: 1 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func tickOfTheRow316(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, tick: 2)
    market.apply(.addTick(1, from: 100, tick: 5))
    market.expect(.buy(1, 1, at: 97), "rejected: tick")
    market.expect(.buy(2, 1, at: 98), "accepted 2")
    market.expect(.buy(3, 1, at: 102), "rejected: tick")
    market.expect(.buy(4, 1, at: 100), "accepted 4")
    market.expect(.buy(5, 1, at: 105), "accepted 5")
    market.expect(.buy(6, 1, at: 101, .market, .immediateOrCancel), "rejected: tick")
  }

  @Test(arguments: EngineUnderTest.all)
  func staticBand317(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.changeInstrument(1, .staticBandPpm, to: 100_000))
    // No reference, no band.
    market.expect(.buy(1, 1, at: 1), "accepted 1")
    // floor(1,005 × 0.1) = 100.
    market.apply(.setReferencePrice(1, priceTicks: 1_005))
    market.expect(.buy(2, 1, at: 904), "rejected: priceBand")
    market.expect(.buy(3, 1, at: 905), "accepted 3")
    market.expect(.sell(4, 1, at: 1_106), "rejected: priceBand")
    market.expect(.sell(5, 1, at: 1_105), "accepted 5")
    market.expect(.sell(6, 1, at: 2_000, .midPeg), "rejected: priceBand")
    market.expect(
      .sell(7, 1, at: 2_000, .market, .immediateOrCancel), "accepted 7", "cancelled 7: 1 immediate")
  }

  @Test(arguments: EngineUnderTest.all)
  func display318(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, lot: 10)
    market.expect(.buy(1, 30, at: 9).showing(15), "rejected: displayQuantity")
    market.expect(.buy(2, 30, at: 9).showing(30), "rejected: displayQuantity")
    market.expect(
      .buy(3, 30, at: 9, .limit, .immediateOrCancel).showing(10), "rejected: displayQuantity")
    market.expect(.buy(4, 30, at: 9, .midPeg).showing(10), "rejected: displayQuantity")
    market.expect(.buy(5, 30, at: 9, .limit, .atClose).showing(10), "accepted 5")
    market.expect(.buy(6, 30, at: 9).showing(20), "accepted 6")
    market.expectBook(.buy, "6: 20 at 9")
  }

  @Test(arguments: EngineUnderTest.all)
  func trigger319(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, tick: 5)
    market.expect(.buy(1, 1, at: 10).trigger(10), "rejected: trigger")
    market.expect(.buy(2, 1, at: 0, .stop), "rejected: trigger")
    market.expect(.buy(3, 1, at: 0, .stop).trigger(7), "rejected: trigger")
    market.expect(.buy(4, 1, at: 0, .stop).trigger(.max), "rejected: trigger")
    market.expect(.sell(5, 1, at: 0, .trailingStop).trigger(7), "rejected: trigger")
    market.trade(at: 10)
    market.expect(.sell(6, 1, at: 0, .trailingStop).trigger(10), "rejected: trigger")
    market.expect(.sell(7, 1, at: 0, .trailingStop), "rejected: trigger")
    market.expect(.sell(8, 1, at: 0, .trailingStop).trigger(9), "accepted 8, trigger 1")
    market.expect(
      .buy(9, 1, at: 0, .trailingStop).trigger(.max), "accepted 9, trigger \(UInt32.max - 1)")
  }

  @Test(arguments: EngineUnderTest.all)
  func expiry320(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.time = 100
    market.expect(.buy(1, 1, at: 9, .limit, .goodTillDate).until(100), "rejected: expiry")
    market.expect(.buy(2, 1, at: 9).until(200), "rejected: expiry")
    market.expect(.buy(3, 1, at: 9, .limit, .goodTillDate).until(101), "accepted 3")
  }

  @Test(arguments: EngineUnderTest.all)
  func postOnly321And326(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.buy(1, 1, at: 9, .midPeg).postOnly, "rejected: postOnly")
    market.expect(.buy(2, 1, at: 9, .limit, .immediateOrCancel).postOnly, "rejected: postOnly")
    market.apply(.sell(3, 5, at: 10), .sell(4, 5, at: 1, .midPeg))
    market.expect(.buy(5, 1, at: 10).postOnly, "rejected: wouldTake")
    market.expect(.buy(6, 1, at: 8).postOnly, "accepted 6")
    // With a bid of 8 the mid peg sells at 9.
    market.expect(.buy(7, 1, at: 9).postOnly, "rejected: wouldTake")
    market.apply(.setPhase(1, .preOpen))
    market.expect(.buy(8, 1, at: 10).postOnly, "accepted 8")
  }

  @Test(arguments: EngineUnderTest.all)
  func restricted323(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.restrict(1, owner: 1, isRestricted: true), "changed 1")
    market.expect(.buy(1, 1, at: 9), "rejected: restricted")
    market.expect(.sell(2, 1, at: 9), "accepted 2")
    market.apply(.restrict(1, owner: 1, isRestricted: false))
    market.expect(.buy(3, 1, at: 8), "accepted 3")
  }

  @Test(arguments: EngineUnderTest.all)
  func firstFailureIsTheReason(_ engine: EngineUnderTest) throws {
    let market = try Market(engine, lot: 10, tick: 5)
    market.apply(
      .setReferencePrice(1, priceTicks: 1_000), .changeInstrument(1, .staticBandPpm, to: 1_000),
      .restrict(1, owner: 1, isRestricted: true), .setOwnerLimit(1, .orderQuantity, to: 1))
    var order = MatchingCommand.buy(0, 0, at: 3, .market, .goodTillDate).showing(5).trigger(1)
      .postOnly.or(77)
    func refused(_ reason: String, _ repair: (inout MatchingCommand) -> Void = { _ in }) {
      repair(&order)
      order.orderId += 1
      market.expect(order, "rejected: \(reason)")
    }
    refused("timeInForce")
    refused("quantity") { $0.typeCode = OrderType.limit.rawValue }
    refused("lot") { $0.quantity = 15 }
    refused("tick") { $0.quantity = 20 }
    refused("priceBand") { $0.priceTicks = 5 }
    refused("displayQuantity") { $0.priceTicks = 1_000 }
    refused("trigger") { $0.displayQuantity = 10 }
    refused("expiry") { $0.triggerTicks = 0 }
    refused("link") { $0.value = 1 }
    refused("restricted") {
      $0.flags = .postOnly
      $0.relatedOrderId = 0
    }
    market.apply(.restrict(1, owner: 1, isRestricted: false))
    refused("ownerOrderQuantity 20, limit 1")
  }
}
