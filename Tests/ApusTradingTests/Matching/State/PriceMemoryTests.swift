// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Testing

@testable import ApusTrading

/// Rule 16.3: whether there is room for a price follows from the orders that live, so that an engine
/// and one that was restored from its snapshot never differ.
@Suite struct PriceMemoryTests {
  static let configuration = MatchingEngine.Configuration(
    orderCapacity: 8, levelCapacity: 3, eventCountMax: 64, pages: .plain)

  /// A price in each set of one instrument after another, none of which stays.
  @Test func pricesThatWentLeaveNothingBehind() throws {
    let engine = try MatchingEngineAdapter(configuration: Self.configuration)
    for owner in UInt16(1)...2 {
      _ = engine.apply(.setOwnerLimit(owner, .openOrders, to: 0), at: 1)
    }
    var id: UInt64 = 0
    for instrument in UInt16(1)...150 {
      _ = engine.apply(.defineInstrument(instrument), at: 1)
      _ = engine.apply(.setPhase(instrument, .continuous), at: 1)
      for order: MatchingCommand in [
        .buy(id + 1, 1, at: 10).on(instrument), .sell(id + 2, 1, at: 20).on(instrument),
        .buy(id + 3, 1, at: 0, .stop).trigger(90).on(instrument),
        .sell(id + 4, 1, at: 0, .stop).trigger(5).on(instrument),
        .buy(id + 5, 1, at: 10, .primaryPeg).on(instrument),
      ] {
        try #require(engine.apply(order, at: 2).map(\.kind) == [.accepted], "\(instrument)")
        _ = engine.apply(.cancel(orderId: order.orderId, owner: order.owner), at: 2)
      }
      id += 5
    }
    #expect(engine.orderCount == 0)
    #expect(engine.ladderByteCount == 64)
    let restored = try MatchingEngineAdapter(
      restoring: engine.snapshot(), configuration: Self.configuration, after: engine.sequence)
    #expect(restored.digest == engine.digest)
    for offset in UInt64(1)...4 {
      let order = MatchingCommand.buy(id + offset, 1, at: UInt32(offset)).on(150)
      let events = engine.apply(order, at: 3)
      #expect(restored.apply(order, at: 3) == events)
      #expect(events.map(\.kind) == (offset < 4 ? [.accepted] : [.accepted, .cancelled]))
    }
    #expect(restored.digest == engine.digest)
  }

  /// Streams with a few prices only, beside an engine that was restored from a snapshot on the way.
  @Test(arguments: [UInt64(1), 2, 3, 4]) func aRestoredEngineHasTheSameRoom(
    seed: UInt64
  ) throws {
    var random = SeededRandom(seed: seed &* 131 &+ 7)
    func any(_ list: Int...) -> Int { list[random.below(list.count)] }
    let configuration = MatchingEngine.Configuration(
      orderCapacity: any(8, 30, 200), levelCapacity: any(3, 8, 40, 200),
      priceCountMax: any(1, 2, 3, 5, 40), trailingStopCountMax: any(0, 1, 2, 3),
      holdingCapacity: any(5, 20, 40), eventCountMax: 64, pages: .plain)
    let engine = try MatchingEngineAdapter(configuration: configuration)
    var extent = RandomCommands.Extent()
    extent.instrumentCount = 3
    extent.crowd = configuration.orderCapacity
    var commands = RandomCommands(seed: seed, isMutated: seed % 3 == 0, extent: extent)
    var twin: MatchingEngineAdapter?
    for step in 0..<(MatchingCampaignTests.isCampaign ? 20_000 : 600) {
      let next = commands.next()
      let events = engine.apply(next.command, at: next.time)
      commands.observe(events)
      if let twin {
        try #require(twin.apply(next.command, at: next.time) == events, "step \(step)")
      }
      if step % 10 == 0 { try #require(engine.brokenInvariant == nil, "step \(step)") }
      guard step % 250 == 100 else { continue }
      twin = try MatchingEngineAdapter(
        restoring: engine.snapshot(), configuration: configuration, after: engine.sequence)
      try #require(twin?.digest == engine.digest, "step \(step)")
    }
  }
}
