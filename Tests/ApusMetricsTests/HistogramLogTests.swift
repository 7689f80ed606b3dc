// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

@testable import ApusMetrics

struct HistogramLogTests {
  @Test func linesHaveTheirForm() throws {
    var histogram = try Histogram(highestTrackable: 10_000_000, significantDigits: 3)
    histogram.record(2_500_000)
    #expect(HistogramLog.formatVersionLine() == "#[Histogram log format version 1.3]\n")
    #expect(
      HistogramLog.startTimeLine(secondsSinceEpoch: 1_772_357_400.25)
        == "#[StartTime: 1772357400.250 (seconds since epoch), 2026-03-01T09:30:00Z]\n")
    #expect(
      HistogramLog.baseTimeLine(secondsSinceEpoch: 0)
        == "#[BaseTime: 0.000 (seconds since epoch)]\n")
    #expect(HistogramLog.commentLine("two\nlines") == "#two lines\n")
    let encoded = try histogram.encodedBase64()
    let line = try HistogramLog.intervalLine(
      histogram, tag: "a,b c", startSeconds: 0.127, lengthSeconds: 1.007)
    #expect(line == "Tag=a_b_c,0.127,1.007,2.501,\(encoded)\n")
  }

  @Test func readsBackWhatItWrote() throws {
    var text = HistogramLog.formatVersionLine()
    text += HistogramLog.startTimeLine(secondsSinceEpoch: 1_772_357_400)
    text += HistogramLog.legendLine()
    for index in 1...3 {
      var histogram = try Histogram(highestTrackable: 1_000_000, significantDigits: 3)
      histogram.record(UInt64(index), count: 10)
      text += try HistogramLog.intervalLine(
        histogram, tag: index == 2 ? "book" : nil,
        startSeconds: Double(index), lengthSeconds: 0.5)
      text += HistogramLog.commentLine("between")
    }
    var reader = HistogramLogReader(text)
    var tags: [String?] = []
    var starts: [Double] = []
    var counts: [UInt64] = []
    while let interval = try reader.next() {
      tags.append(interval.tag)
      starts.append(interval.startSecondsSinceEpoch)
      counts.append(interval.histogram.count(equivalentTo: UInt64(starts.count)))
      #expect(interval.lengthSeconds == 0.5)
    }
    #expect(tags == [nil, "book", nil])
    #expect(starts == [1_772_357_401, 1_772_357_402, 1_772_357_403])
    #expect(counts == [10, 10, 10])
    #expect(reader.startTimeSeconds == 1_772_357_400)
    #expect(reader.baseTimeSeconds == nil)
  }

  @Test func startsAreAbsoluteWhereTheyLookIt() throws {
    let encoded = try Histogram(highestTrackable: 1_000, significantDigits: 1).encodedBase64()
    func start(_ header: String, _ field: String) throws -> Double? {
      var reader = HistogramLogReader(header + "\(field),1,0,\(encoded)\n")
      return try reader.next()?.startSecondsSinceEpoch
    }
    let startTime = HistogramLog.startTimeLine(secondsSinceEpoch: 1_700_000_000)
    let baseTime = HistogramLog.baseTimeLine(secondsSinceEpoch: 1_600_000_000)
    #expect(try start("", "12.5") == 12.5)
    #expect(try start(startTime, "12.5") == 1_700_000_012.5)
    #expect(try start(startTime, "1700000012.5") == 1_700_000_012.5)
    #expect(try start(startTime + baseTime, "12.5") == 1_600_000_012.5)
  }

  @Test func carriageReturnsAndAMissingLastLineFeedAreAccepted() throws {
    let encoded = try Histogram(highestTrackable: 1_000, significantDigits: 1).encodedBase64()
    var reader = HistogramLogReader("#x\r\n\r\n0,1,0,\(encoded)\r\n1,1,0,\(encoded)")
    var intervals = 0
    while try reader.next() != nil { intervals += 1 }
    #expect(intervals == 2)
    #expect(reader.lineNumber == 4)
  }

  @Test func aBadLineIsNamedAndTheNextOneStillRead() throws {
    let encoded = try Histogram(highestTrackable: 1_000, significantDigits: 1).encodedBase64()
    let bad = [
      ("x,1,0,\(encoded)", HistogramError.invalidLogLine(lineNumber: 1, field: "start")),
      ("0,,0,\(encoded)", .invalidLogLine(lineNumber: 1, field: "length")),
      ("0,1,inf,\(encoded)", .invalidLogLine(lineNumber: 1, field: "maximum")),
      ("0,1,0", .invalidLogLine(lineNumber: 1, field: "histogram")),
      ("0,1,0,\(encoded),", .invalidLogLine(lineNumber: 1, field: "histogram")),
      ("Tag=only", .invalidLogLine(lineNumber: 1, field: "start")),
      ("0,1,0,HIST", .truncated(byteCount: 3, expected: 8)),
    ]
    for (line, expected) in bad {
      var reader = HistogramLogReader("\(line)\n5,1,0,\(encoded)\n")
      do {
        let wasRead = try reader.next() != nil
        Issue.record("\(line): read as an interval: \(wasRead)")
      } catch {
        #expect(error == expected)
      }
      let next = try reader.next()?.startSeconds
      #expect(next == 5)
    }
  }

  @Test(arguments: [
    (0.0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
    (-1, "1969-12-31T23:59:59Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
    (4_107_542_400, "2100-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    (.nan, "?"), (1e300, "?"),
  ])
  func datesAreRight(seconds: Double, text: String) {
    #expect(DecimalText.utc(secondsSinceEpoch: seconds) == text)
  }
}

struct HistogramTextTests {
  @Test func percentileTableIsTheClassicOne() throws {
    var histogram = try Histogram(highestTrackable: 3_600_000_000_000, significantDigits: 3)
    for value in 1...10 as ClosedRange<UInt64> { histogram.record(value) }
    let expected = """
             Value     Percentile TotalCount 1/(1-Percentile)

             1.000 0.000000000000          1           1.00
             5.000 0.500000000000          5           2.00
             8.000 0.750000000000          8           4.00
             9.000 0.875000000000          9           8.00
            10.000 0.937500000000         10          16.00
            10.000 1.000000000000         10
      #[Mean    =        5.500, StdDeviation   =        2.872]
      #[Max     =       10.000, Total count    =           10]
      #[Buckets =           32, SubBuckets     =         2048]

      """
    #expect(histogram.percentileText(ticksPerHalfDistance: 1) == expected)
  }

  @Test func valuesAreScaled() throws {
    var histogram = try Histogram(highestTrackable: 3_600_000_000_000, significantDigits: 2)
    histogram.record(12_345_678)
    let text = histogram.percentileText(valueUnitRatio: 1_000_000)
    #expect(text.contains("\n       12.39 1.000000000000          1\n"))
    #expect(text.contains("#[Max     =        12.39, Total count    =            1]"))
  }

  @Test func everyLineHasItsFields() throws {
    var histogram = try Histogram(highestTrackable: UInt64(Int64.max), significantDigits: 1)
    for shift in 0..<63 as Range<UInt64> { histogram.record(1 << shift, count: 1 << (62 - shift)) }
    let lines = histogram.percentileText().split(separator: "\n")
    let table = lines.filter { !$0.hasPrefix("#") }.dropFirst()
    #expect(table.count > 100)
    for line in table.dropLast() { #expect(line.split(separator: " ").count == 4) }
    #expect(table.last?.split(separator: " ").count == 3)
  }
}
