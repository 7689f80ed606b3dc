// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMetrics

/// A value drawn so that every magnitude up to `limit` is as likely as any other.
func magnitudeUniform(upTo limit: UInt64, using random: inout SeededRandom) -> UInt64 {
  let bits = UInt64(UInt64.bitWidth - limit.leadingZeroBitCount)
  return min(limit, random.next() >> (64 - UInt64.random(in: 1...bits, using: &random)))
}

struct HistogramTests {
  @Test func emptyHistogramAnswersZero() throws {
    let histogram = try Histogram(highestTrackable: 1_000_000, significantDigits: 3)
    #expect(histogram.totalCount == 0)
    #expect(histogram.minimum == 0)
    #expect(histogram.maximum == 0)
    #expect(histogram.mean == 0)
    #expect(histogram.standardDeviation == 0)
    #expect(histogram.value(atPercentile: 99) == 0)
    #expect(histogram.percentile(atOrBelow: 5) == 100)
    var calls = 0
    histogram.forEachRecorded { _, _ in calls += 1 }
    histogram.forEachPercentile(ticksPerHalfDistance: 5) { _, _, _ in calls += 1 }
    #expect(calls == 0)
  }

  @Test func aboveRangeIsCountedAndNotRecorded() throws {
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 2)
    let highest = histogram.layout.highestRecordable
    #expect(highest == 1_023)
    let fits = histogram.record(highest)
    let above = histogram.record(highest + 1)
    let farAbove = histogram.record(.max)
    let manyAbove = histogram.record(1 << 63, count: 5)
    #expect(fits)
    #expect(!above && !farAbove && !manyAbove)
    #expect(histogram.totalCount == 1)
    #expect(histogram.outOfRangeCount == 7)
    #expect(histogram.maximum == 1_023)
  }

  @Test func totalStopsAtWhatTheEncodingCanSay() throws {
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 2)
    let most = histogram.record(7, count: UInt64(Int64.max))
    let oneMore = histogram.record(8, count: 1)
    let overflow = histogram.record(8, count: .max)
    #expect(most && !oneMore && !overflow)
    #expect(histogram.totalCount == UInt64(Int64.max))
    #expect(histogram.count(equivalentTo: 8) == 0)
    #expect(histogram.outOfRangeCount == .max)
    #expect(histogram.value(atPercentile: 100) == 7)
  }

  @Test(arguments: [(0, 1_000, 3), (1, 1, 3), (1, 1 << 63, 3), (1, 1_000, 0), (1, 1_000, 6)])
  func parametersOutOfRangeAreRefused(lowest: UInt64, highest: UInt64, digits: Int) {
    #expect(throws: HistogramError.self) {
      _ = try Histogram(
        lowestDiscernible: lowest, highestTrackable: highest, significantDigits: digits)
    }
  }

  @Test func unitTooLargeForItsDigitsIsRefused() {
    #expect(throws: HistogramError.lowestDiscernibleOutOfRange(1 << 60)) {
      _ = try Histogram(
        lowestDiscernible: 1 << 60, highestTrackable: 1 << 62, significantDigits: 5)
    }
  }

  /// Every answer against the sorted values themselves, to the precision promised.
  @Test(arguments: [1, 2, 3, 4] as [Int], [UInt64(1), 2, 0x5EED])
  func matchesSortedValues(digits: Int, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let limit: UInt64 = 3_600_000_000_000
    var histogram = try Histogram(highestTrackable: limit, significantDigits: digits)
    var values: [UInt64] = []
    for _ in 0..<3_000 {
      let value = magnitudeUniform(upTo: limit, using: &random)
      values.append(value)
      histogram.record(value)
    }
    values.sort()
    var power = 1.0
    for _ in 0..<digits { power *= 10 }
    for percentile in [0.1, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.97, 100] {
      let rank = Int((percentile * Double(values.count) / 100).rounded(.up))
      let exact = values[max(rank, 1) - 1]
      let answer = histogram.value(atPercentile: percentile)
      #expect(answer >= exact, "seed \(seed) percentile \(percentile)")
      let error = Double(answer - min(exact, answer))
      #expect(error <= Double(exact) / power, "seed \(seed) percentile \(percentile)")
    }
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    #expect(abs(histogram.mean - mean) <= mean / power)
    #expect(histogram.minimum <= values[0])
    #expect(histogram.maximum >= values[values.count - 1])
    #expect(histogram.value(atPercentile: 100) == histogram.maximum)
    #expect(histogram.value(atPercentile: 0) == histogram.minimum)
    #expect(histogram.value(atPercentile: .nan) == histogram.minimum)
    #expect(histogram.value(atPercentile: 1_000) == histogram.maximum)
  }

  /// Slots cover the range without gap or overlap, and each is narrow enough for its digits.
  @Test(arguments: [(1, 100_000, 1), (1, 100_000, 3), (1_000, 10_000_000, 2), (7, 5_000, 1)])
  func slotsTileTheRange(lowest: UInt64, highest: UInt64, digits: Int) throws {
    let layout = try HistogramLayout(
      lowestDiscernible: lowest, highestTrackable: highest, significantDigits: digits)
    var next: UInt64 = 0
    for index in 0..<layout.slotCount {
      let low = layout.lowestValue(ofSlot: index)
      #expect(low == next)
      let high = layout.highestEquivalent(of: low)
      #expect(layout.slotIndex(of: low) == index)
      #expect(layout.slotIndex(of: high) == index)
      #expect(layout.lowestEquivalent(of: high) == low)
      #expect((low...high).contains(layout.medianEquivalent(of: high)))
      next = high + 1
    }
    #expect(next > highest)
    #expect(layout.highestRecordable == next - 1)
    #expect(layout.slotIndex(of: next) >= layout.slotCount)
  }

  @Test func percentileWalkHalvesItsSteps() throws {
    var histogram = try Histogram(highestTrackable: 10_000, significantDigits: 3)
    for value in 1...1_000 as ClosedRange<UInt64> { histogram.record(value) }
    var levels: [Double] = []
    var previous: (value: UInt64, count: UInt64) = (0, 0)
    var isAscending = true
    histogram.forEachPercentile(ticksPerHalfDistance: 2) { value, percentile, count in
      levels.append(percentile)
      isAscending = isAscending && value >= previous.value && count >= previous.count
      previous = (value, count)
    }
    #expect(Array(levels.prefix(8)) == [0, 25, 50, 62.5, 75, 81.25, 87.5, 90.625])
    #expect(levels.last == 100)
    #expect(isAscending)
    #expect(previous == (1_000, 1_000))
  }

  @Test func percentileWalkEndsForHugeCounts() throws {
    var histogram = try Histogram(highestTrackable: 10_000, significantDigits: 3)
    histogram.record(1, count: UInt64(Int64.max) - 1)
    histogram.record(9_000)
    var last = 0.0
    var lines = 0
    histogram.forEachPercentile(ticksPerHalfDistance: 100) { _, percentile, _ in
      last = percentile
      lines += 1
    }
    #expect(last == 100)
    #expect(lines < 10_000)
  }

  @Test func percentileOfAValueInvertsTheValueOfAPercentile() throws {
    var histogram = try Histogram(highestTrackable: 10_000, significantDigits: 3)
    for value in 1...1_000 as ClosedRange<UInt64> { histogram.record(value) }
    #expect(histogram.percentile(atOrBelow: 0) == 0)
    #expect(histogram.percentile(atOrBelow: 500) == 50)
    #expect(histogram.percentile(atOrBelow: 999) == 99.9)
    #expect(histogram.percentile(atOrBelow: .max) == 100)
    #expect(histogram.value(atPercentile: 50) == 500)
    #expect(histogram.value(atPercentile: 99.9) == 999)
  }

  @Test func resetForgetsEverything() throws {
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 3)
    histogram.record(5, count: 3)
    histogram.record(.max)
    histogram.reset()
    #expect(histogram.totalCount == 0)
    #expect(histogram.outOfRangeCount == 0)
    #expect(histogram.maximum == 0)
    #expect(histogram.count(equivalentTo: 5) == 0)
    histogram.record(9)
    #expect(histogram.minimum == 9)
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func recordingAllocatesNothing() throws {
    var histogram = try Histogram(highestTrackable: 3_600_000_000_000, significantDigits: 3)
    var random = SeededRandom(seed: 3)
    let allocations = allocationCount {
      for _ in 0..<10_000 {
        histogram.record(random.next() >> 20)
        histogram.recordCorrected(random.next() >> 48, expectedInterval: 1_000)
      }
    }
    #expect(allocations == 0)
    #expect(histogram.totalCount > 20_000)
  }

  @Test func errorsAreOneLineNamingTheOperand() {
    let errors: [(HistogramError, String)] = [
      (.lowestDiscernibleOutOfRange(0), "lowestDiscernible 0"),
      (.highestTrackableOutOfRange(1, lowestDiscernible: 1), "highestTrackable 1"),
      (.significantDigitsOutOfRange(9), "significantDigits 9"),
      (.valueAboveRange(77, highestRecordable: 63), "77"),
      (.unknownCookie(0x1c84_9301), "0x1c849301"),
      (.invalidLogLine(lineNumber: 12, field: "start"), "line 12: start"),
    ]
    for (error, part) in errors {
      #expect(error.description.contains(part))
      #expect(!error.description.contains("\n"))
    }
  }
}
