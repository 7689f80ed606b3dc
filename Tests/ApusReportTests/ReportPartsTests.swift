// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusReport

struct ReportTextTests {
  @Test func escaping() {
    #expect(ReportText.escape("a<b>&\"c'") == "a&lt;b&gt;&amp;&quot;c&#39;")
    #expect(ReportText.escape("x\u{1}\u{1B}y\tz") == "x\u{FFFD}\u{FFFD}y\tz")
    #expect(ReportText.json("</a>\"\\\n") == "\"\\u003c/a\\u003e\\\"\\\\\\u000a\"")
    #expect(ReportText.slug("BRK.B é") == "BRK-B--")
    #expect(ReportText.slug("") == "-")
  }

  @Test func numbers() {
    #expect(ReportText.grouped(1_234_567) == "1,234,567")
    #expect(ReportText.grouped(-1_000) == "\u{2212}1,000")
    #expect(ReportText.grouped(999) == "999")
    #expect(ReportText.grouped(UInt64.max) == "18,446,744,073,709,551,615")
    #expect(ReportText.plain(1.005, digits: 1) == "1.0")
    #expect(ReportText.plain(-0.04, digits: 1) == "0.0")
    #expect(ReportText.plain(-2.26, digits: 1) == "-2.3")
    #expect(ReportText.plain(.nan, digits: 1) == "0")
    #expect(ReportText.fixed(12_345.678, digits: 2) == "12,345.68")
    #expect(ReportText.coordinate(12.04) == "12")
    #expect(ReportText.threeDigits(63.46) == "63.5")
    #expect(ReportText.short(15_753_000) == "15.8 M")
    #expect(ReportText.short(9_999) == "9,999")
    #expect(ReportText.short(999_600) == "1.00 M")
    #expect(ReportText.bytes(168_123_456) == "168 MB")
    #expect(ReportText.bytes(999) == "999 B")
    #expect(ReportText.percent(1, of: 1_000_000) == "< 0.01 %")
    #expect(ReportText.percent(1, of: 0) == "0 %")
  }

  @Test func unitsOfTime() {
    #expect(ReportText.duration(nanoseconds: 46) == "46 ns")
    #expect(ReportText.duration(nanoseconds: 63.5) == "63.5 ns")
    #expect(ReportText.duration(nanoseconds: 1_000) == "1 µs")
    #expect(ReportText.duration(nanoseconds: 81_234) == "81.2 µs")
    #expect(ReportText.duration(nanoseconds: 2_500_000) == "2.5 ms")
    #expect(ReportText.duration(nanoseconds: 3_600e9) == "3,600 s")
    let nine = 34_200_250_000_123.0
    #expect(ReportText.timeOfDay(nanoseconds: nine, stepNanoseconds: 60e9) == "09:30")
    #expect(ReportText.timeOfDay(nanoseconds: nine, stepNanoseconds: 1e9) == "09:30:00")
    #expect(ReportText.timeOfDay(nanoseconds: nine, stepNanoseconds: 1e6) == "09:30:00.250")
    #expect(ReportText.timeOfDay(nanoseconds: nine, stepNanoseconds: 1) == "09:30:00.250000123")
  }

  @Test func prices() {
    #expect(ReportText.price(1_870_100, scale: 10_000) == "187.01")
    #expect(ReportText.price(11_000, scale: 10_000) == "1.10")
    #expect(ReportText.price(1_870_150, scale: 10_000) == "187.0150")
    #expect(ReportText.price(-5_000, scale: 10_000) == "\u{2212}0.50")
    #expect(ReportText.price(7, scale: 0) == "7.00")
  }
}

struct ReportScaleTests {
  @Test(arguments: [UInt64(1), 2, 3])
  func linearTicksAreRoundAndEnclose(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<500 {
      let lower = Double.random(in: -1e6...1e6, using: &random)
      let span = Double.random(in: 0.001...1e7, using: &random)
      let scale = ReportScale.linear(lower, lower + span) { value, _ in String(value) }
      #expect(scale.lower <= lower && scale.upper >= lower + span)
      #expect((2...10).contains(scale.ticks.count))
      #expect(scale.ticks.first?.value == scale.lower)
      #expect(scale.fraction(scale.lower) == 0)
      #expect(scale.fraction(scale.upper) == 1)
    }
  }

  @Test func stepsAreRound() {
    #expect(ReportScale.roundStep(atLeast: 0.9) == 1)
    #expect(ReportScale.roundStep(atLeast: 1.1) == 2)
    #expect(ReportScale.roundStep(atLeast: 2.2) == 2.5)
    #expect(ReportScale.roundStep(atLeast: 260) == 500)
    #expect(ReportScale.roundStep(atLeast: 6_000) == 10_000)
    #expect(ReportScale.roundStep(atLeast: .nan) == 1)
    #expect(ReportScale.decimals(ofStep: 0.25) == 2)
    #expect(ReportScale.decimals(ofStep: 500) == 0)
  }

  @Test func timesAreRound() {
    let hours = ReportScale.timeOfDay(32_000e9, 57_600e9)
    #expect(hours.ticks.map(\.label).first == "09:00")
    #expect(hours.ticks.map(\.label).last == "16:00")
    let short = ReportScale.timeOfDay(34_200e9, 34_200e9 + 45e6)
    #expect(short.ticks.map(\.label).prefix(2) == ["09:30:00.000", "09:30:00.005"])
    #expect(ReportScale.timeOfDay(5, 5).upper > 5)
  }

  @Test func logarithmicTicksEnclose() {
    let fine = ReportScale.logarithmic(42, 800) { String(Int($0)) }
    #expect(fine.ticks.map(\.label) == ["20", "50", "100", "200", "500", "1000"])
    let coarse = ReportScale.logarithmic(42, 9_000_000) { String(Int($0)) }
    #expect(coarse.ticks.map(\.label).prefix(2) == ["10", "100"])
    #expect(coarse.upper == 10_000_000)
    let flat = ReportScale.logarithmic(100, 100) { String(Int($0)) }
    #expect(flat.lower <= 100 && flat.upper > 100)
    #expect(flat.fraction(flat.lower) == 0 && abs(flat.fraction(flat.upper) - 1) < 1e-9)
  }

  @Test func percentilesLieAtEqualDistances() {
    #expect(ReportScale.percentilePosition(0) == 0)
    #expect(abs(ReportScale.percentilePosition(99.9) - 3) < 1e-9)
    #expect(ReportScale.percentilePosition(100) < 13)
    let scale = ReportScale.percentiles(upTo: 3.1)
    #expect(scale.ticks.map(\.label) == ["0", "50 %", "90 %", "99 %", "99.9 %"])
  }
}

struct ReportSamplingTests {
  @Test(arguments: [UInt64(1), 2, 3])
  func extremesKeepSpikesEndsAndGaps(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var pairs = (0..<50_000).map { index in
      let low = Double.random(in: 100...200, using: &random)
      return ReportSampling.Pair(x: Double(index), low: low, high: low + 1)
    }
    pairs[12_345] = .init(x: 12_345, low: -7, high: -6)
    pairs[23_456] = .init(x: 23_456, low: 900, high: 999)
    pairs[34_567] = .init(x: 34_567, low: nil, high: 150)
    let kept = ReportSampling.extremes(pairs, pairCountMax: 1_000)
    #expect(kept.count <= 1_000)
    #expect(kept.count > 500)
    #expect(kept.first == pairs.first && kept.last == pairs.last)
    #expect(kept.contains { $0.low == -7 })
    #expect(kept.contains { $0.high == 999 })
    #expect(kept.contains { $0.low == nil })
    #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.x < $1.x })
  }

  @Test func shortSeriesAreKeptWhole() {
    let pairs = (0..<10).map { ReportSampling.Pair(x: Double($0), low: 1, high: 2) }
    #expect(ReportSampling.extremes(pairs, pairCountMax: 10) == pairs)
    let still = (0..<50).map { _ in ReportSampling.Pair(x: 5, low: 1, high: 2) }
    #expect(ReportSampling.extremes(still, pairCountMax: 10).count == 2)
    #expect(ReportSampling.everyNth(Array(0..<5), countMax: 10) == Array(0..<5))
    let every = ReportSampling.everyNth(Array(0..<1_000), countMax: 10)
    #expect(every.count == 10 && every.first == 0 && every.last == 999)
  }

  @Test func ratesKeepTheSumAndThePeak() {
    var random = SeededRandom(seed: 9)
    var seconds: [ReportSampling.SecondCount] = []
    for second in 14_400..<72_000 where second % 3 != 0 {
      seconds.append(.init(secondOfDay: second, count: UInt64.random(in: 1...99, using: &random)))
    }
    seconds[777].count = 5_000
    let (length, buckets) = ReportSampling.rates(seconds, bucketCountMax: 600)
    #expect(buckets.count <= 600)
    #expect(length == 120)
    #expect(buckets.map(\.highest).max() == 5_000)
    #expect(buckets.allSatisfy { $0.lowest == 0 })
    let sum = seconds.reduce(0.0) { $0 + Double($1.count) }
    // All but the last bucket are whole: 57,599 seconds from the first to the last.
    let drawn = buckets.reduce(0.0) { $0 + $1.mean * Double(length) }
    #expect(abs(drawn - sum) < sum * 0.001)
  }

  @Test func secondsWithoutMessagesAreZero() {
    let (length, buckets) = ReportSampling.rates(
      [.init(secondOfDay: 10, count: 4), .init(secondOfDay: 13, count: 6)], bucketCountMax: 600)
    #expect(length == 1)
    #expect(buckets.map(\.mean) == [4, 0, 0, 6])
    #expect(ReportSampling.rates([], bucketCountMax: 600).buckets.isEmpty)
    let backwards = ReportSampling.rates(
      [.init(secondOfDay: 9, count: 1), .init(secondOfDay: 2, count: 1)], bucketCountMax: 600)
    #expect(backwards.buckets.isEmpty)
  }

  @Test func aFewFarValuesDoNotSetTheScale() throws {
    let near = (0..<1_000).map { 100 + Double($0 % 10) }
    let all = try #require(ReportSampling.range(of: near))
    #expect(all == ReportSampling.Range(lower: 100, upper: 109, outside: 0))
    let stub = try #require(ReportSampling.range(of: near + [0.01, 199_999]))
    #expect(stub.lower > 90 && stub.upper < 120)
    #expect(abs(stub.outside - 2.0 / 1_002) < 1e-9)
    #expect(ReportSampling.range(of: []) == nil)
    #expect(ReportSampling.range(of: [5]) == .init(lower: 5, upper: 5, outside: 0))
  }

  @Test func theProfileIsDrawnAroundTheTouch() throws {
    let bids = (1...40).map { 1_000 - Double($0) }
    let asks = (1...40).map { 1_000 + Double($0) }
    let all = try #require(ReportSampling.range(ofBids: bids, asks: asks))
    #expect(all == .init(lower: 960, upper: 1_040, outside: 0))
    let stub = try #require(ReportSampling.range(ofBids: bids + [1], asks: asks + [199_999]))
    #expect((900..<960).contains(stub.lower))
    #expect((1_041...1_100).contains(stub.upper))
    #expect(stub.outside > 0)
    #expect(ReportSampling.range(ofBids: [], asks: [5])?.lower == 5)
    #expect(ReportSampling.range(ofBids: [], asks: []) == nil)
  }
}
