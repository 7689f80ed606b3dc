// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// The event table of docs/formats/matching.md: each kind with every field.
@Suite struct MatchingEventBytesTests {
  private func event(
    _ kind: MatchingEventKind, _ change: (inout MatchingEvent) -> Void
  ) -> MatchingEvent {
    var event = MatchingEvent(kind)
    change(&event)
    return event
  }

  /// An order with all fields, which a market takes.
  private func order(_ id: UInt64, _ side: Side, _ owner: UInt16) -> MatchingCommand {
    var order = MatchingCommand.new(
      orderId: id, owner: owner, instrument: 1, side: side, timeInForce: .goodTillDate,
      priceTicks: 100, quantity: 10, session: 30 + owner)
    order.clientOrderId = 1_000 + id
    order.account = 50 + UInt32(owner)
    order.capacityCode = UInt8(owner) | 1 << 4
    order.value = 99
    return order
  }

  /// What `order` is in events.
  private func fill(_ event: inout MatchingEvent, _ id: UInt64, _ side: Side, _ owner: UInt16) {
    event.sideCode = side.rawValue
    event.instrument = 1
    event.capacityCode = UInt8(owner)
    event.detailCode = 1 | 3 << 4
    event.orderId = id
    event.clientOrderId = 1_000 + id
    event.owner = owner
    event.session = 30 + owner
    event.account = 50 + UInt32(owner)
    event.priceTicks = 100
  }

  @Test(arguments: EngineUnderTest.all)
  func ordersAndTrades(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    let entered = market.apply(order(5, .sell, 2).showing(4).postOnly)
    #expect(
      entered == [
        event(.accepted) {
          fill(&$0, 5, .sell, 2)
          $0.flags = .postOnly
          ($0.quantity, $0.leavesQuantity, $0.relatedLeavesQuantity) = (10, 10, 4)
          $0.relatedClientOrderId = 99
        }
      ])
    let traded = market.apply(order(6, .buy, 1).or(5).with { $0.quantity = 4 })
    #expect(traded.map(\.text) == ["rejected: link"])
    let events = market.apply(order(7, .buy, 1).with { $0.quantity = 4 })
    #expect(
      events == [
        event(.accepted) {
          fill(&$0, 7, .buy, 1)
          ($0.quantity, $0.leavesQuantity, $0.relatedClientOrderId) = (4, 4, 99)
        },
        event(.trade) {
          fill(&$0, 7, .buy, 1)
          $0.capacityCode = 1 | 2 << 4
          ($0.relatedOrderId, $0.relatedClientOrderId) = (5, 1_005)
          ($0.relatedOwner, $0.relatedSession, $0.relatedAccount) = (2, 32, 52)
          ($0.quantity, $0.leavesQuantity, $0.relatedLeavesQuantity, $0.value) = (4, 0, 6, 1)
        },
        event(.replenished) {
          fill(&$0, 5, .sell, 2)
          ($0.quantity, $0.leavesQuantity) = (4, 6)
        },
      ])
  }

  @Test(arguments: EngineUnderTest.all)
  func reducedReplacedCancelled(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(order(5, .sell, 2))
    #expect(
      market.apply(.reduce(orderId: 5, owner: 2, by: 3)) == [
        event(.reduced) {
          fill(&$0, 5, .sell, 2)
          $0.reasonCode = MatchingReason.requested.rawValue
          ($0.quantity, $0.leavesQuantity) = (3, 7)
        }
      ])
    let replace = MatchingCommand.replace(
      orderId: 5, newOrderId: 8, owner: 2, priceTicks: 100, quantity: 6, session: 77)
    #expect(
      market.apply(replace.showing(2)) == [
        event(.replaced) {
          fill(&$0, 8, .sell, 2)
          ($0.clientOrderId, $0.session) = (8, 77)
          ($0.relatedOrderId, $0.relatedClientOrderId) = (5, 1_005)
          ($0.quantity, $0.leavesQuantity, $0.relatedLeavesQuantity) = (6, 6, 2)
        }
      ])
    #expect(
      market.apply(.cancel(orderId: 8, owner: 2)) == [
        event(.cancelled) {
          fill(&$0, 8, .sell, 2)
          ($0.clientOrderId, $0.session) = (8, 77)
          $0.reasonCode = MatchingReason.requested.rawValue
          $0.quantity = 6
        }
      ])
  }

  @Test(arguments: EngineUnderTest.all)
  func stopsLinksAndPrevention(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    let stop = order(5, .buy, 1).trigger(90).with { $0.typeCode = OrderType.stopLimit.rawValue }
    let accepted = market.apply(stop)[0]
    #expect(accepted.value == 90 && accepted.detailCode == 4 | 3 << 4)
    market.apply(.buy(6, 1, at: 50), .sell(7, 5, at: 200).of(1).after(6))
    market.apply(.sell(8, 1, at: 95).of(3))
    let events = market.apply(.buy(9, 1, at: 95).of(4))
    #expect(
      events.last
        == event(.triggered) {
          fill(&$0, 5, .buy, 1)
          $0.detailCode = 4 | 3 << 4
          ($0.leavesQuantity, $0.value) = (10, 90)
        })
    // What follows has the type it entered with.
    let prevented = market.apply(
      order(10, .sell, 1).mode(.decrementAndCancel).with { $0.quantity = 4 })
    #expect(
      prevented.last
        == event(.selfTradePrevented) {
          fill(&$0, 10, .sell, 1)
          $0.capacityCode = 1 | 1 << 4
          ($0.relatedOrderId, $0.relatedClientOrderId) = (5, 1_005)
          ($0.relatedOwner, $0.relatedSession, $0.relatedAccount) = (1, 31, 51)
          ($0.quantity, $0.leavesQuantity, $0.relatedLeavesQuantity) = (4, 0, 6)
        })
    #expect(market.apply(.cancel(orderId: 5, owner: 1))[0].detailCode == 1 | 3 << 4)
    let activated = market.apply(.sell(11, 1, at: 50)).last
    #expect(
      activated
        == event(.activated) {
          ($0.sideCode, $0.instrument, $0.detailCode) = (Side.sell.rawValue, 1, 1 | 1 << 4)
          ($0.orderId, $0.clientOrderId, $0.owner) = (7, 7, 1)
          ($0.priceTicks, $0.leavesQuantity) = (200, 1)
        })
  }

  @Test(arguments: EngineUnderTest.all)
  func refusals(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.setOwnerLimit(2, .orderQuantity, to: 9))
    var refused = MatchingEvent(.rejected)
    refused.reasonCode = MatchingReason.ownerOrderQuantity.rawValue
    (refused.sideCode, refused.instrument, refused.detailCode) = (Side.sell.rawValue, 1, 1)
    (refused.orderId, refused.clientOrderId) = (5, 1_005)
    (refused.owner, refused.session, refused.account) = (2, 32, 52)
    (refused.priceTicks, refused.quantity) = (100, 10)
    (refused.relatedClientOrderId, refused.value) = (9, 10)
    #expect(market.apply(order(5, .sell, 2)) == [refused])
    let unknown = order(6, .sell, 2).with {
      $0.kindCode = 200
      $0.sideCode = 201
    }
    let events = market.apply(unknown)
    #expect(events.map(\.detailCode) == [200] && events.map(\.sideCode) == [201])
    #expect(events[0].relatedClientOrderId == 0 && events[0].value == 0)
  }

  @Test(arguments: EngineUnderTest.all)
  func settingsAndPhases(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    let definition = MatchingCommand.defineInstrument(
      7, symbol: 0x4142, lot: 3, tick: 4, allocation: .proRata, selfTradePrevention: .cancelBoth)
    #expect(
      market.apply(definition) == [
        event(.instrumentDefined) {
          ($0.instrument, $0.value, $0.quantity, $0.priceTicks) = (7, 0x4142, 3, 4)
          $0.detailCode = 1
        }
      ])
    #expect(
      market.apply(.addTick(7, from: 8, tick: 2).of(1).with { $0.flags = .on }) == [
        event(.instrumentChanged) {
          ($0.instrument, $0.detailCode, $0.value, $0.priceTicks) = (7, 10, 2, 8)
        }
      ])
    #expect(
      market.apply(.restrict(7, owner: 3, isRestricted: true).with { $0.priceTicks = 5 }) == [
        event(.instrumentChanged) {
          ($0.instrument, $0.detailCode, $0.owner, $0.flags) = (7, 11, 3, .on)
        }
      ])
    #expect(
      market.apply(.setPhase(1, .closingAuction)) == [
        event(.phaseChanged) {
          ($0.instrument, $0.detailCode) = (1, 4 | 3 << 4)
          $0.reasonCode = MatchingReason.requested.rawValue
        }
      ])
    #expect(
      market.apply(.setReferencePrice(1, priceTicks: 77)) == [
        event(.referencePriceSet) { ($0.instrument, $0.priceTicks) = (1, 77) }
      ])
    #expect(
      market.apply(.setOwnerLimit(4, .credit, to: 12)) == [
        event(.ownerLimitSet) { ($0.owner, $0.detailCode, $0.value) = (4, 10, 12) }
      ])
    #expect(
      market.apply(.killSwitch(owner: 4, isOn: true)) == [
        event(.killSwitchSet) { ($0.owner, $0.flags) = (4, .on) }
      ])
    market.apply(.buy(1, 5, at: 90), .sell(2, 3, at: 90))
    let auction = market.apply(.setPhase(1, .closed))[1]
    #expect(
      auction
        == event(.auction) {
          ($0.instrument, $0.priceTicks, $0.value, $0.relatedClientOrderId) = (1, 90, 3, 2)
        })
  }

  @Test(arguments: EngineUnderTest.all)
  func massCancelsAndTime(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.buy(1, 5, at: 90, .limit, .goodTillDate).until(5), .buy(2, 5, at: 90))
    market.time = 5
    #expect(market.apply(.expire).last == event(.timeExpired) { $0.value = 1 })
    let command = MatchingCommand.massCancel(owner: 1, side: .buy).on(9).through(8)
    #expect(
      market.apply(command).last
        == event(.massCancelled) {
          ($0.owner, $0.instrument, $0.sideCode) = (1, 9, Side.buy.rawValue)
          ($0.session, $0.detailCode, $0.value) = (8, 5, 1)
        })
    let quote = MatchingCommand.quote(
      bidOrderId: 3, askOrderId: 4, owner: 1, instrument: 1, bidTicks: 9, bidQuantity: 1,
      askTicks: 11, askQuantity: 2, session: 6)
    let flags = market.apply(quote).map(\.flags)
    #expect(flags == [.quote, .quote])
    let none = quote.with { ($0.quantity, $0.displayQuantity) = (0, 0) }
    #expect(
      market.apply(none).last
        == event(.massCancelled) {
          ($0.owner, $0.instrument, $0.session, $0.detailCode, $0.value) = (1, 1, 6, 6, 2)
        })
  }
}
