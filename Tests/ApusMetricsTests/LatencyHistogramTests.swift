// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMetrics
import ApusThreads
import Testing

/// Exercises it as a program outside of the package does, which has only the public interface.
@Suite struct LatencyHistogramTests {
  private let clock = CycleClock.shared

  /// Readings of a clock that stands: an interval of so many cycles, which may be negative.
  private func end(_ cycles: Int64, after start: UInt64) -> UInt64 {
    start &+ UInt64(bitPattern: cycles)
  }

  @Test(arguments: [0, 5, 1 << 40, .max - 100, .max] as [UInt64])
  func everyIntervalCounts(start: UInt64) throws {
    var latency = try LatencyHistogram(longestNanoseconds: 1_000_000, clock: clock)
    let cycles: [Int64] = [1_000, 0, -1, -33, -1_000_000, .min, 2_000]
    for one in cycles { latency.record(from: start, to: end(one, after: start)) }
    #expect(latency.totalCount == 7)
    #expect(latency.negativeCount == 4)
    #expect(latency.aboveRangeCount == 0)
    let zeros = latency.nanoseconds.count(equivalentTo: 0)
    #expect(zeros == 5)
    let longest = clock.nanoseconds(cycles: 2_000)
    let maximum = latency.nanoseconds.maximum
    #expect(maximum >= longest && maximum <= longest + longest / 500)
  }

  @Test func longIntervalsCountAsTheLongest() throws {
    var latency = try LatencyHistogram(longestNanoseconds: 1_000, clock: clock)
    latency.record(from: 0, to: UInt64(Int64.max))
    latency.record(from: 0, to: UInt64(Int64.max), sharedBy: 2)
    #expect(latency.totalCount == 3)
    #expect(latency.aboveRangeCount == 3)
    #expect(latency.negativeCount == 0)
    #expect(latency.value(atPercentile: 50) == latency.nanoseconds.layout.highestRecordable)
  }

  @Test func aSharedIntervalIsDivided() throws {
    var latency = try LatencyHistogram(clock: clock)
    let cycles = UInt64(100_000 * clock.cyclesPerNanosecond)
    latency.record(from: 7, to: 7 &+ cycles, sharedBy: 10)
    latency.record(from: 7, to: 6, sharedBy: 5)
    latency.record(from: 7, to: 8, sharedBy: 0)
    latency.record(from: 7, to: 8, sharedBy: -1)
    #expect(latency.totalCount == 15)
    #expect(latency.negativeCount == 5)
    #expect((9_900...10_100).contains(latency.value(atPercentile: 100)))
  }

  @Test func resetDiscardsTheCounts() throws {
    var latency = try LatencyHistogram(longestNanoseconds: 1_000, clock: clock)
    latency.record(from: 1, to: 0)
    latency.record(from: 0, to: UInt64(Int64.max))
    latency.reset()
    #expect(latency.totalCount == 0 && latency.negativeCount == 0 && latency.aboveRangeCount == 0)
    latency.record(from: 1, to: 1)
    #expect(latency.totalCount == 1)
  }
}
