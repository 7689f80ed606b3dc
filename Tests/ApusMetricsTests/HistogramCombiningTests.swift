// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMetrics

struct HistogramCombiningTests {
  @Test func correctionFillsInWhatAStallHid() throws {
    var histogram = try Histogram(highestTrackable: 100_000, significantDigits: 3)
    histogram.recordCorrected(1_000, expectedInterval: 100)
    // 1,000 itself, then 900, 800 ... 100.
    #expect(histogram.totalCount == 10)
    for value in stride(from: UInt64(100), through: 1_000, by: 100) {
      #expect(histogram.count(equivalentTo: value) == 1)
    }
  }

  @Test func nothingIsFilledInBelowTwiceTheInterval() throws {
    var histogram = try Histogram(highestTrackable: 100_000, significantDigits: 3)
    histogram.recordCorrected(199, expectedInterval: 100)
    histogram.recordCorrected(100, expectedInterval: 100)
    histogram.recordCorrected(50_000, expectedInterval: 0)
    #expect(histogram.totalCount == 3)
    let above = histogram.recordCorrected(1 << 40, expectedInterval: 100)
    #expect(!above)
    #expect(histogram.totalCount == 3)
  }

  /// The slot-wise shortcut against one record for each value filled in.
  @Test(arguments: [UInt64(1), 2, 0x5EED])
  func correctionEqualsTheObviousLoop(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var fast = try Histogram(highestTrackable: 1_000_000, significantDigits: 2)
    var obvious = try Histogram(highestTrackable: 1_000_000, significantDigits: 2)
    for _ in 0..<60 {
      let value = magnitudeUniform(upTo: 1_000_000, using: &random)
      let interval = UInt64.random(in: 1...5_000, using: &random)
      let count = UInt64.random(in: 1...3, using: &random)
      fast.recordCorrected(value, count: count, expectedInterval: interval)
      obvious.record(value, count: count)
      var missing = Int64(value) - Int64(interval)
      while missing >= Int64(interval) {
        obvious.record(UInt64(missing), count: count)
        missing -= Int64(interval)
      }
    }
    let fastBytes = try fast.encodedV2()
    let obviousBytes = try obvious.encodedV2()
    #expect(fastBytes == obviousBytes, "seed \(seed)")
  }

  @Test func correctingALongStallWithAShortIntervalStaysCheap() throws {
    var histogram = try Histogram(highestTrackable: 1 << 62, significantDigits: 3)
    let fits = histogram.recordCorrected(1 << 61, expectedInterval: 1)
    #expect(fits)
    #expect(histogram.totalCount == 1 << 61)
  }

  @Test func correctedCopyLeavesTheOriginalAlone() throws {
    var histogram = try Histogram(highestTrackable: 100_000, significantDigits: 3)
    histogram.record(10, count: 100)
    histogram.record(1_000)
    histogram.record(.max)
    let corrected = try histogram.copyCorrected(expectedInterval: 10)
    #expect(histogram.totalCount == 101)
    #expect(corrected.totalCount == 200)
    #expect(corrected.count(equivalentTo: 500) == 1)
    #expect(corrected.outOfRangeCount == 1)
  }

  @Test func mergeOfPartsEqualsTheWhole() throws {
    var random = SeededRandom(seed: 11)
    var whole = try Histogram(highestTrackable: 1 << 40, significantDigits: 3)
    var first = try Histogram(highestTrackable: 1 << 40, significantDigits: 3)
    var second = try Histogram(highestTrackable: 1 << 40, significantDigits: 3)
    for index in 0..<5_000 {
      let value = magnitudeUniform(upTo: 1 << 41, using: &random)
      whole.record(value)
      if index % 3 == 0 { first.record(value) } else { second.record(value) }
    }
    try first.merge(second)
    let merged = try first.encodedV2()
    let expected = try whole.encodedV2()
    #expect(merged == expected)
    #expect(first.minimum == whole.minimum)
    #expect(first.maximum == whole.maximum)
    #expect(first.outOfRangeCount == whole.outOfRangeCount)
    #expect(whole.outOfRangeCount > 0)
  }

  @Test func mergeOfAnotherLayoutKeepsValuesToThePrecisionOfBoth() throws {
    var fine = try Histogram(highestTrackable: 1 << 40, significantDigits: 4)
    var coarse = try Histogram(
      lowestDiscernible: 16, highestTrackable: 1 << 41, significantDigits: 1)
    for value in stride(from: UInt64(1), to: 1 << 30, by: 9_999_991) {
      fine.record(value, count: 2)
    }
    try coarse.merge(fine)
    #expect(coarse.totalCount == fine.totalCount)
    #expect(abs(coarse.mean - fine.mean) < fine.mean / 10)
    #expect(coarse.value(atPercentile: 100) >= (1 << 30) - 9_999_991)
  }

  @Test func mergeThatDoesNotFitChangesNothing() throws {
    var narrow = try Histogram(highestTrackable: 1_000, significantDigits: 2)
    narrow.record(10)
    var wide = try Histogram(highestTrackable: 1_000_000, significantDigits: 2)
    wide.record(5)
    wide.record(500_000)
    do {
      try narrow.merge(wide)
      Issue.record("a value above the range was merged")
    } catch {
      #expect(error == .valueAboveRange(500_000, highestRecordable: 1_023))
    }
    #expect(narrow.totalCount == 1)
    #expect(narrow.count(equivalentTo: 5) == 0)

    var full = try Histogram(highestTrackable: 1_000, significantDigits: 2)
    full.record(1, count: UInt64(Int64.max))
    do {
      try full.merge(narrow)
      Issue.record("a count above 2^63 - 1 was merged")
    } catch {
      #expect(error == .countOverflow)
    }
    #expect(full.count(equivalentTo: 10) == 0)
  }

  @Test func copyIsIndependent() throws {
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 2)
    histogram.record(10)
    histogram.record(2_000)
    let copy = try histogram.copy()
    histogram.record(20)
    #expect(copy.totalCount == 1)
    #expect(copy.outOfRangeCount == 1)
    #expect(copy.maximum == 10)
  }
}
