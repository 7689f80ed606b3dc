// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import Testing

@testable import ApusTrading

/// Section 15: how many prices a side may have, how many trailing stops an instrument; and what an auction
/// does where that, or the events, do not suffice.
@Suite struct PriceLimitTests {
  static func engine(
    _ phase: MarketPhase = .continuous, prices: Int = 10, trailingStops: Int = 2, events: Int = 64
  ) throws -> MatchingEngineAdapter {
    let engine = try MatchingEngineAdapter(
      configuration: .init(
        orderCapacity: 1 << 12, levelCapacity: 1 << 12, priceCountMax: prices,
        trailingStopCountMax: trailingStops, eventCountMax: events, pages: .plain))
    for command: MatchingCommand in [
      .defineInstrument(1), .defineInstrument(2), .setOwnerLimit(1, .openOrders, to: 0),
      .setOwnerLimit(2, .openOrders, to: 0), .setPhase(1, phase), .setPhase(2, phase),
    ] {
      _ = engine.apply(command, at: 1)
    }
    return engine
  }

  @Test func aSideHasSoManyPrices() throws {
    let engine = try Self.engine()
    for id in UInt64(1)...10 { _ = engine.apply(.buy(id, 5, at: UInt32(20 - id)), at: 2) }
    let digest = engine.digest
    for (id, price) in [(UInt64(11), UInt32(9)), (12, 50)] {
      let events = engine.apply(.buy(id, 5, at: price), at: 3)
      #expect(events.map(\.kind) == [.accepted, .cancelled])
      #expect(events.last?.reason == .capacity)
    }
    #expect(engine.orderCount == 10 && engine.digest != digest)
    // At a price that is there, on the other side, in another set, in another instrument.
    for command: MatchingCommand in [
      .buy(13, 1, at: 15), .sell(14, 1, at: 30), .buy(15, 1, at: 0, .stop).trigger(90),
      .buy(16, 1, at: 9).on(2),
    ] {
      #expect(engine.apply(command, at: 4).map(\.kind) == [.accepted])
    }
    // A price that goes makes room for one.
    _ = engine.apply(.cancel(orderId: 1, owner: 1), at: 5)
    #expect(engine.apply(.buy(17, 1, at: 9), at: 6).map(\.kind) == [.accepted])
    _ = engine.apply(.cancel(orderId: 15, owner: 1), at: 7)
    #expect(engine.brokenInvariant == nil)
  }

  @Test func recordedBooksCountWhatTheyHaveNoRoomFor() throws {
    var configuration = OrderBooks.Configuration(
      orderCapacity: 1 << 12, levelCapacity: 1 << 12, pages: .plain)
    configuration.priceCountMax = 100
    var books = try OrderBooks(configuration: configuration)
    func add(_ reference: UInt64, _ price: UInt32, _ side: Side = .buy) -> BookOutcome {
      books.add(reference: reference, locate: 1, side: side, quantity: 1, priceTicks: price)
    }
    for index in UInt64(0)..<100 { _ = add(index, 1_000 - UInt32(index)) }
    #expect(add(200, 5) == .capacityExceeded)
    #expect(add(201, 1_000) == .applied)
    #expect(add(202, 5, .sell) == .applied)
    let (count, broken) = (books.orderCount, books._checkInvariants())
    #expect(count == 102 && broken == nil)
  }

  @Test func anInstrumentHasSoManyTrailingStops() throws {
    let engine = try Self.engine()
    _ = engine.apply(.buy(1, 2, at: 100), at: 2)
    _ = engine.apply(.sell(2, 1, at: 100), at: 2)
    func stop(_ id: UInt64) -> [MatchingEventKind?] {
      engine.apply(.sell(id, 1, at: 0, .trailingStop).trigger(5), at: 3).map(\.kind)
    }
    #expect(stop(3) == [.accepted] && stop(4) == [.accepted])
    #expect(stop(5) == [.accepted, .cancelled])
    #expect(engine.apply(.sell(6, 1, at: 0, .stop).trigger(5), at: 4).map(\.kind) == [.accepted])
    _ = engine.apply(.cancel(orderId: 4, owner: 2), at: 5)
    #expect(stop(7) == [.accepted])
    // A snapshot of an engine that may have more is refused by one that may not.
    let bytes = try engine.snapshot()
    #expect(throws: (any Error).self) {
      try MatchingEngineAdapter(
        restoring: bytes,
        configuration: .init(
          orderCapacity: 1 << 12, trailingStopCountMax: 1, eventCountMax: 64, pages: .plain),
        after: 1)
    }
  }

  /// What has no room in the main book ends, an event each; there may be more of them than events.
  @Test func anAuctionWhoseOrdersFindNoRoomGoesOn() throws {
    let engine = try Self.engine(.preOpen, prices: 128)
    for id in UInt64(1)...128 {
      _ = engine.apply(.buy(id, 1, at: UInt32(id), .limit, .goodTillCancel), at: 2)
      _ = engine.apply(.buy(id + 128, 1, at: 200 + UInt32(id), .limit, .atOpen).through(1), at: 2)
    }
    _ = engine.apply(.sell(500, 1, at: 128, .limit, .goodTillCancel), at: 2)
    var reasons: [MatchingReason: Int] = [:]
    var trades = 0
    for step in 0..<20 {
      let events = engine.apply(step == 0 ? .setPhase(1, .continuous) : .expire, at: 3)
      #expect(events.count <= 64)
      for event in events where event.kind == .cancelled {
        reasons[event.reason ?? .malformed, default: 0] += 1
      }
      trades += events.count { $0.kind == .trade }
    }
    #expect(reasons == [.capacity: 128] && trades == 1)
    #expect(engine.orderCount == 127 && engine.brokenInvariant == nil)
    #expect(engine.apply(.buy(900, 1, at: 1), at: 4).map(\.kind) == [.accepted])
  }

  /// Orders of an auction that are in the main book already when a snapshot is made.
  @Test func anAuctionThatWasRestoredEndsItsOrders() throws {
    let engine = try Self.engine(.preOpen)
    for id in UInt64(1)...200 {
      _ = engine.apply(.buy(id, 1, at: 100, .limit, .atOpen), at: 2)
      if id <= 100 { _ = engine.apply(.sell(id + 300, 1, at: 100).through(1), at: 2) }
    }
    var events = engine.apply(.setPhase(1, .continuous), at: 3)
    let restored = try MatchingEngineAdapter(
      restoring: engine.snapshot(),
      configuration: .init(
        orderCapacity: 1 << 12, levelCapacity: 1 << 12, eventCountMax: 64, pages: .plain),
      after: engine.sequence)
    for _ in 0..<20 {
      let more = engine.apply(.expire, at: 4)
      #expect(restored.apply(.expire, at: 4) == more)
      events += more
    }
    #expect(events.count { $0.kind == .trade } == 100)
    #expect(events.count { $0.reason == .auctionOnly } == 100)
    #expect(engine.orderCount == 0 && restored.orderCount == 0)
  }
}
