// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

@testable import ApusHost

@Suite struct StageLatenciesTests {
  /// A thread that is moved to a CPU whose counter is behind reads an end that is before the start.
  @Test func aNegativeStageCountsAsZero() throws {
    var stages = try StageLatencies()
    var timing = BatchTiming()
    (timing.arrived, timing.appended, timing.applied) = (1_000, 967, 1_500)
    stages.record(timing, released: 1_499, count: 4, isAppended: true)
    stages.recordDurability(from: 1_000, to: 999)
    expect(stages.append.totalCount == 4 && stages.append.negativeCount == 4)
    expect(stages.apply.totalCount == 4 && stages.apply.negativeCount == 0)
    expect(stages.release.totalCount == 4 && stages.release.negativeCount == 4)
    expect(stages.durability.totalCount == 1 && stages.durability.negativeCount == 1)
    expect(stages.release.value(atPercentile: 100) == 0)
  }
}
