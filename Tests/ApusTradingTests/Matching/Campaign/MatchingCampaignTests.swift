// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Foundation
import Testing

/// Seeded streams on every engine: laws, coverage, and the comparison with the reference.
@Suite struct MatchingCampaignTests {
  static let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil
  static var count: Int { isCampaign ? 1_000_000 : 20_000 }
  static let seeds: [UInt64] = [1, 2]

  /// Every event and every reason occurs, so that the comparison means something.
  @Test func streamsReachEverything() throws {
    let engine = ReferenceMatchingEngine()
    var commands = RandomCommands(seed: 7)
    var kinds: [MatchingEventKind: Int] = [:]
    var reasons: [MatchingReason: Int] = [:]
    var eventCountMax = 0
    for _ in 0..<60_000 {
      let next = commands.next()
      let events = engine.apply(next.command, at: next.time)
      eventCountMax = max(eventCountMax, events.count)
      commands.observe(events)
      for event in events {
        if let kind = event.kind { kinds[kind, default: 0] += 1 }
        if let reason = event.reason { reasons[reason, default: 0] += 1 }
      }
    }
    for kind in MatchingEventKind.allCases { #expect(kinds[kind] != nil, "\(kind)") }
    let unreachable: Set<MatchingReason> = [.capacity, .eventLimit, .unfinished]
    for reason in MatchingReason.allCases where !unreachable.contains(reason) {
      #expect(reasons[reason] != nil, "\(reason)")
    }
    if ProcessInfo.processInfo.environment["APUS_MATCHING_COUNTS"] != nil {
      print(kinds.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" })
      print(reasons.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" })
      print("live \(commands.live.count), events of a command at most \(eventCountMax)")
    }
  }

  @Test(arguments: MatchingCampaignTests.seeds)
  func matchesReference(seed: UInt64) throws {
    try compare(seed: seed, isMutated: false)
  }

  @Test(arguments: MatchingCampaignTests.seeds)
  func matchesReferenceOnMutatedBytes(seed: UInt64) throws {
    try compare(seed: seed, isMutated: true)
  }

  private func compare(seed: UInt64, isMutated: Bool) throws {
    let comparison = MatchingComparison(left: .reference, right: .fast)
    if let difference = try comparison.run(seed: seed, count: Self.count, isMutated: isMutated) {
      let commands = try comparison.shrunk(difference)
      Issue.record(Comment(rawValue: try comparison.report(difference, commands)))
    }
  }
}
