// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// Replicas on a network, disks and hosts that fail, from seeds: nothing that was acknowledged is lost.
///
/// A run that finds something says its seed; `APUS_REPLICATION_SEED=7` repeats that one alone.
@Suite struct ReplicationCampaignTests {
  @Test func noAcknowledgementIsLost() throws {
    if let text = ProcessInfo.processInfo.environment["APUS_REPLICATION_SEED"] {
      let run = try ReplicationRun(seed: try #require(UInt64(text)))
      try run.run()
      print(run.counts)
      return
    }
    var counts = ReplicationRunCounts()
    var findingCount = 0
    let start = ContinuousClock.now
    // All of them, however long they take.
    let count = Campaign.isOn ? 10_000 : 40
    for round in Campaign.rounds(count, campaign: count) {
      let run = try ReplicationRun(seed: UInt64(round))
      do { try run.run() } catch {
        Issue.record("\(error)")
        findingCount += 1
        // One is enough to look into.
        if findingCount == 3 { return }
      }
      counts.add(run.counts)
    }
    print("\(counts) in \(ContinuousClock.now - start)")
    #expect(counts.acknowledgedCount > 50 * count && counts.takeOverCount > count / 2)
    #expect(counts.standbyCrashCount > 0 && counts.powerCutCount > 0 && counts.snapshotCount > 0)
    #expect(counts.resetCount > 0 && counts.cutSegmentCount > 0 && counts.tlsRunCount > 0)
    #expect(counts.splitCount > 0 && counts.divergedCount > 0)
  }

  /// The same seed, the same run.
  @Test(arguments: [UInt64(1), 2, 3]) func aRunIsRepeatedByItsSeed(seed: UInt64) throws {
    let (first, second) = (try ReplicationRun(seed: seed), try ReplicationRun(seed: seed))
    try first.run()
    try second.run()
    #expect(first.network.digest == second.network.digest)
    #expect(first.counts.description == second.counts.description)
  }
}
