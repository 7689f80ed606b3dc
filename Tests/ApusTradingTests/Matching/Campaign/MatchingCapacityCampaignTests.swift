// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import ApusTrading
import Foundation
import Testing

/// Seeded streams of everything on engines in which every table has a few places only, beside a
/// reference with as many: what happens where something is full is as much a rule as the rest.
@Suite struct MatchingCapacityCampaignTests {
  /// Commands in all; APUS_CAMPAIGN_COMMANDS says another number.
  static var count: Int {
    let environment = ProcessInfo.processInfo.environment
    if let text = environment["APUS_CAMPAIGN_COMMANDS"], let count = Int(text) { return count }
    return MatchingCampaignTests.isCampaign ? 10_000_000 : 10_000
  }
  /// Where the seeds begin; APUS_CAMPAIGN_SEED says another one.
  static var firstSeed: UInt64 {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN_SEED"].flatMap { UInt64($0) } ?? 1
  }
  static var streamLength: Int { MatchingCampaignTests.isCampaign ? 2_500 : 500 }

  /// Capacities that a seed stands for.
  struct Scarcity {
    var seed: UInt64
    var orders: Int
    var levels: Int
    var prices: Int
    var trailingStops: Int
    var holdings: Int
    var events: Int

    init(seed: UInt64) {
      var random = SeededRandom(seed: seed &* 77 &+ 5)
      self.seed = seed
      func any(_ list: Int...) -> Int { list[random.below(list.count)] }
      orders = any(1, 2, 3, 5, 8, 8, 20, 60, 200)
      levels = any(1, 2, 3, 5, 8, 8, 20, 60, 200)
      holdings = any(1, 2, 3, 5, 8, 20)
      events = any(64, 64, 64, 100, 1 << 15)
      prices = any(1, 2, 3, 5, 1 << 14, 1 << 14)
      trailingStops = any(0, 1, 2, 3, 1 << 10, 1 << 10)
    }

    var configuration: MatchingEngine.Configuration {
      MatchingEngine.Configuration(
        orderCapacity: orders, levelCapacity: levels, priceCountMax: prices,
        trailingStopCountMax: trailingStops, holdingCapacity: holdings, eventCountMax: events,
        pages: .plain)
    }

    /// About as many pairs of owner and instrument as there are holdings, and some more.
    var extent: RandomCommands.Extent {
      var extent = RandomCommands.Extent()
      extent.instrumentCount = holdings > 5 ? 3 : holdings > 1 ? 2 : 1
      extent.ownerCount = max(2, holdings / extent.instrumentCount + 1)
      extent.crowd = max(1, orders - 1)
      extent.hasDeepIcebergs = seed % 2 == 0
      return extent
    }

    var comparison: MatchingComparison {
      let capacities = ReferenceCapacities(
        orders: orders, levels: levels, prices: prices, trailingStops: trailingStops,
        holdings: holdings, events: events)
      let configuration = configuration
      var comparison = MatchingComparison(
        left: EngineUnderTest(name: "reference") { ReferenceMatchingEngine(capacities) },
        right: EngineUnderTest(name: "engine") {
          try MatchingEngineAdapter(configuration: configuration)
        })
      comparison.extent = extent
      comparison.isLimited = true
      comparison.invariantStride = 1
      // A snapshot looks at all owners and instruments that may be: the ordinary suite makes few.
      if MatchingCampaignTests.isCampaign || seed % 5 == 0 {
        comparison.snapshotStride = MatchingCapacityCampaignTests.streamLength * 2 / 5
      }
      return comparison
    }
  }

  @Test(arguments: [false, true]) func matchesReferenceWhereTablesAreFull(isMutated: Bool) throws {
    let begin = ContinuousClock.now
    let streams = UInt64(max(1, Self.count / 2 / Self.streamLength))
    for seed in Self.firstSeed..<Self.firstSeed + streams {
      let comparison = Scarcity(seed: seed).comparison
      guard
        let difference = try comparison.run(
          seed: seed, count: Self.streamLength, isMutated: isMutated)
      else { continue }
      let commands = try comparison.shrunk(difference)
      Issue.record(Comment(rawValue: "\(Scarcity(seed: seed))"))
      Issue.record(Comment(rawValue: try comparison.report(difference, commands)))
      return
    }
    if MatchingCampaignTests.isCampaign {
      print("\(streams) streams of \(Self.streamLength) commands: \(ContinuousClock.now - begin)")
    }
  }

  /// All that the comparison is for happens: refusals, orders that find no price, events that end.
  @Test func streamsFillEveryTable() throws {
    var seen: Set<String> = []
    for seed in UInt64(1)...24 {
      let scarcity = Scarcity(seed: seed)
      let engine = try MatchingEngineAdapter(configuration: scarcity.configuration)
      var commands = RandomCommands(seed: seed, extent: scarcity.extent)
      for _ in 0..<500 {
        let next = commands.next()
        let events = engine.apply(next.command, at: next.time)
        commands.observe(events)
        for event in events {
          if let reason = event.reason, let kind = event.kind { seen.insert("\(kind) \(reason)") }
          if event.kind == .massCancelled, event.relatedClientOrderId > 0 { seen.insert("left") }
        }
      }
    }
    for wanted in ["rejected capacity", "cancelled capacity", "cancelled eventLimit"] {
      #expect(seen.contains(wanted), "\(wanted)")
    }
  }
}
