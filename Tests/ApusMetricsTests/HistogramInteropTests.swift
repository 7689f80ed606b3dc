// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

import ApusMetrics

/// Both ways with PyPI's hdrhistogram: it reads what we write, we read what it writes, and the
/// figures agree. ``HistogramEncodingTests`` holds the vectors for machines without Python.
struct HistogramInteropTests {
  private struct Figures: Decodable {
    let lowest: UInt64
    let highest: UInt64
    let digits: Int
    let slotCount: Int
    let totalCount: UInt64
    let minimum: UInt64
    let maximum: UInt64
    let mean: Double
    let standardDeviation: Double
    let recorded: [[UInt64]]
    let percentiles: [Percentile]
    var tag: String?
    var startMilliseconds: Double?
    var endMilliseconds: Double?
  }

  private struct Percentile: Decodable {
    let percentile: Double
    let value: UInt64

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      percentile = try Double(container.decode(String.self)) ?? .nan
      value = try container.decode(UInt64.self)
    }
  }

  private struct Answer: Decodable {
    struct Case: Decodable {
      let read: Figures
      let written: String
      let figures: Figures
    }
    let cases: [Case]
    let intervals: [Figures]
    let log: String
  }

  private struct Request: Encodable {
    struct Case: Encodable {
      let lowest: UInt64
      let highest: UInt64
      let digits: Int
      let values: [[UInt64]]
      let ours: String
    }
    let cases: [Case]
    let logCaseCount: Int
    let log: String
  }

  @Test(
    .enabled(
      if: PythonPackages.hasHistograms, "needs Python's hdrhistogram; run scripts/bootstrap"))
  func bothWaysWithThePythonPackage() throws {
    var random = SeededRandom(seed: 77)
    var cases = [try Self.makeCase(1, 3_600_000_000_000, 3, [])]
    for (lowest, highest, digits) in [
      (1, 1_000, 1), (1_000, 60_000_000_000, 2), (1, 1 << 62, 1), (1, 3_600_000_000_000, 3),
      (7, 20_000, 4), (1, 200_000, 5),
    ] as [(UInt64, UInt64, Int)] {
      let values = (0..<1_000).map { _ in
        // Totals of 10,000 make every percentile asked for a whole number of values.
        // Five digits stay low: Python walks every slot up to the largest value.
        [magnitudeUniform(upTo: digits == 5 ? 5_000 : highest, using: &random), 10]
      }
      cases.append(try Self.makeCase(lowest, highest, digits, values))
    }
    cases.append(try Self.makeCase(1, 1_000_000, 3, [[5, 1 << 40], [999_999, 1 << 41]]))

    var log = HistogramLog.formatVersionLine()
    log += HistogramLog.startTimeLine(secondsSinceEpoch: 1_772_357_400)
    log += HistogramLog.baseTimeLine(secondsSinceEpoch: 1_772_357_400)
    log += HistogramLog.legendLine()
    // The first few are enough for the log: Python is slow at wide ranges.
    let logged = Array(cases.prefix(4))
    for (index, each) in logged.enumerated() {
      log += try HistogramLog.intervalLine(
        Histogram(decodingBase64: each.ours), tag: "stream\(index)",
        startSeconds: Double(index), lengthSeconds: 0.25)
    }
    let answer = try Self.ask(Request(cases: cases, logCaseCount: logged.count, log: log))

    try #require(answer.cases.count == cases.count)
    try #require(answer.intervals.count == logged.count)
    var reader = HistogramLogReader(answer.log)
    for (index, (each, theirs)) in zip(cases, answer.cases).enumerated() {
      let ours = try Histogram(decodingBase64: each.ours)
      let fromPython = try Histogram(decodingBase64: theirs.written)
      Self.expectEqual(ours, theirs.read, "they read case \(index)")
      Self.expectEqual(fromPython, theirs.figures, "we read case \(index)")
      let bytes = (try ours.encodedV2(), try fromPython.encodedV2())
      #expect(bytes.0 == bytes.1, "case \(index)")

      guard index < logged.count else { continue }
      let interval = answer.intervals[index]
      Self.expectEqual(ours, interval, "they read interval \(index)")
      #expect(interval.tag == "stream\(index)")
      #expect(interval.startMilliseconds == 1_772_357_400_000 + Double(index) * 1_000)
      #expect(interval.endMilliseconds == 1_772_357_400_250 + Double(index) * 1_000)

      guard let theirInterval = try reader.next() else {
        Issue.record("their log ends at interval \(index)")
        break
      }
      Self.expectEqual(theirInterval.histogram, theirs.figures, "we read interval \(index)")
      #expect(theirInterval.startSecondsSinceEpoch == 1_772_357_400.5 + Double(index))
      #expect(theirInterval.lengthSeconds == 1)
    }
    let rest = try reader.next() == nil
    #expect(rest)
  }

  private static func makeCase(
    _ lowest: UInt64, _ highest: UInt64, _ digits: Int, _ values: [[UInt64]]
  ) throws -> Request.Case {
    var histogram = try Histogram(
      lowestDiscernible: lowest, highestTrackable: highest, significantDigits: digits)
    for pair in values { histogram.record(pair[0], count: pair[1]) }
    return Request.Case(
      lowest: lowest, highest: highest, digits: digits, values: values,
      ours: try histogram.encodedBase64())
  }

  private static func expectEqual(
    _ histogram: borrowing Histogram, _ figures: Figures, _ what: String
  ) {
    #expect(histogram.layout.lowestDiscernible == figures.lowest, "\(what)")
    #expect(histogram.layout.highestTrackable == figures.highest, "\(what)")
    #expect(histogram.layout.significantDigits == figures.digits, "\(what)")
    #expect(histogram.layout.slotCount == figures.slotCount, "\(what)")
    #expect(histogram.totalCount == figures.totalCount, "\(what)")
    #expect(histogram.minimum == figures.minimum, "\(what)")
    #expect(histogram.maximum == figures.maximum, "\(what)")
    #expect(abs(histogram.mean - figures.mean) <= figures.mean * 1e-12, "\(what)")
    #expect(
      abs(histogram.standardDeviation - figures.standardDeviation)
        <= figures.standardDeviation * 1e-9, "\(what)")
    var recorded: [[UInt64]] = []
    histogram.forEachRecorded { recorded.append([$0, $1]) }
    #expect(recorded == figures.recorded, "\(what)")
    for each in figures.percentiles {
      #expect(
        histogram.value(atPercentile: each.percentile) == each.value,
        "\(what) percentile \(each.percentile)")
    }
  }

  private static func ask(_ request: Request) throws -> Answer {
    let folder = try ScratchFolder()
    let input = try URL(
      fileURLWithPath: folder.write("request.json", JSONEncoder().encode(request)))
    let output = try URL(fileURLWithPath: folder.write("answer.json", ""))

    let process = Process()
    process.executableURL = URL(fileURLWithPath: PythonPackages.path)
    process.arguments = [PythonPackages.script("hdrhistogram_interop.py"), "check"]
    // Files, not pipes: nothing can fill up while both sides wait.
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "hdrhistogram_interop.py failed")
    return try JSONDecoder().decode(Answer.self, from: Data(contentsOf: output))
  }
}
