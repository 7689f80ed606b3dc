// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTrading
import Testing

/// A reset of all owners touches none of them: what digest and snapshot say must not depend on which
/// of them were looked at since.
@Suite struct SumResetStateTests {
  private func grown() throws -> MatchingEngineAdapter {
    try MatchingSnapshotTests.grown(seed: 33, count: 3_000).engine
  }

  @Test(arguments: OwnerSums.allCases) func aResetOfAllIsOneOfEach(_ sums: OwnerSums) throws {
    let (all, each) = (try grown(), try grown())
    let before = all.digest
    _ = all.apply(.resetSums(owner: 0, sums), at: 1 << 40)
    var cleared: UInt64 = 0
    for owner in RandomCommands.owners {
      for event in each.apply(.resetSums(owner: owner, sums), at: 1 << 40) {
        cleared += event.relatedOrderId + event.relatedClientOrderId + event.value
      }
    }
    #expect(cleared > 0)
    #expect(all.digest != before)
    #expect(all.digest == each.digest)
    #expect(try all.snapshot() == each.snapshot())
    let restored = try MatchingEngineAdapter(
      restoring: all.snapshot(), configuration: MatchingEngineAdapter.roomy, after: all.sequence)
    #expect(restored.digest == all.digest)
    // Each catches up when it is next asked, and then has nothing to forget.
    for owner in RandomCommands.owners {
      let events = all.apply(.resetSums(owner: owner, sums), at: 1 << 40)
      #expect(events.allSatisfy { $0.relatedOrderId == 0 && $0.value == 0 }, "\(owner)")
    }
    #expect(all.digest == each.digest)
  }
}
