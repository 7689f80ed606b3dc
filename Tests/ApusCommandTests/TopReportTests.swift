// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMetrics
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

@Suite struct TopReportTests {
  /// A counter file that is removed with its owner.
  private struct Scratch {
    let folder: ScratchFolder
    var path: String { folder.path("top.counters") }

    init() throws { folder = try ScratchFolder() }

    func file() throws -> CounterFile {
      try CounterFile(
        path: path, configuration: .init(slotCapacity: 64, histogramByteCapacity: 1 << 20))
    }
  }

  private func layout() throws -> HistogramLayout {
    try HistogramLayout(
      lowestDiscernible: 1, highestTrackable: 3_600_000_000_000, significantDigits: 2)
  }

  @Test func ratesAreGrowthOverTheInterval() throws {
    let scratch = try Scratch()
    let file = try scratch.file()
    var orders = try file.counter("orders_total", labels: [.init("venue", "XNAS")])
    var depth = try file.gauge("queue_depth")
    var latency = try file.histogram("latency_nanoseconds", layout: layout())
    var watch = try CounterWatch(path: scratch.path)
    orders.add(1_000)
    depth.set(-3)
    latency.record(100)
    let first = try watch.next()
    #expect(first.intervalSeconds == nil)
    #expect(first.counters.map(\.ratePerSecond) == [nil, nil])
    #expect(first.histograms.map(\.ratePerSecond) == [nil])
    #expect(first.writer.state == "alive" && first.writer.processID == Int(getpid()))

    Thread.sleep(forTimeInterval: 0.05)
    orders.add(500)
    for _ in 0..<9 { latency.record(2_000_000) }
    var fresh = try file.counter("fresh_total")
    fresh.add(70)
    let second = try watch.next()
    let seconds = try #require(second.intervalSeconds)
    #expect(seconds >= 0.05)
    #expect(second.counters.map(\.name) == ["fresh_total", "orders_total", "queue_depth"])
    #expect(second.counters.map(\.value) == [.unsigned(70), .unsigned(1_500), .signed(-3)])
    #expect(second.counters.map(\.ratePerSecond) == [70 / seconds, 500 / seconds, nil])
    #expect(second.counters[1].labels == ["venue": "XNAS"])
    #expect(second.histograms[0].ratePerSecond == 9 / seconds)
    #expect(second.histograms[0].count == 10)
    // Percentiles are of all ten values: the tenth per cent is the first.
    #expect(second.histograms[0].p50 > 1_900_000 && second.histograms[0].max < 2_100_000)

    // Set back: a restart, which grew from 0.
    orders.set(20)
    let third = try watch.next(isRecent: true)
    let shorter = try #require(third.intervalSeconds)
    #expect(third.counters[1].ratePerSecond == 20 / shorter)
    #expect(third.isRecent && third.histograms[0].count == 10 && third.histograms[0].max == 0)
    latency.record(50)
    let fourth = try watch.next(isRecent: true)
    #expect(fourth.histograms[0].max == 50)
  }

  @Test func aSlotUsedAgainIsAnotherCounter() throws {
    let scratch = try Scratch()
    let file = try scratch.file()
    var one = try file.counter("one_total")
    one.add(1_000)
    var watch = try CounterWatch(path: scratch.path)
    _ = try watch.next()
    file.release(one)
    var two = try file.counter("one_total")
    two.add(1_001)
    let report = try watch.next()
    #expect(report.counters[0].ratePerSecond == 1_001 / (try #require(report.intervalSeconds)))
  }

  @Test func aWriterStartedAgainIsFollowed() throws {
    let scratch = try Scratch()
    var watch: CounterWatch
    do {
      let file = try scratch.file()
      _ = try file.counter("old_total")
      watch = try CounterWatch(path: scratch.path)
      #expect(try watch.next().writer.state == "alive")
    }
    let ended = try watch.next()
    #expect(ended.writer.state == "closed")
    #expect(ended.renderLines()[1].contains("has closed the file: these values are its last"))
    try FileManager.default.removeItem(atPath: scratch.path)
    #expect(try watch.next().counters.map(\.name) == ["old_total"])
    let again = try scratch.file()
    _ = try again.counter("new_total")
    let report = try watch.next()
    #expect(report.counters.map(\.name) == ["new_total"])
    #expect(report.intervalSeconds == nil && report.writer.state == "alive")
  }

  private func report(counters: Int, label: String = "x") -> TopReport {
    let text = "a_rather_long_counter_name_total{venue=\"\(label)\"}"
    return TopReport(
      file: "/tmp/f", writer: .init(processID: 7, state: "dead"), createdNanoseconds: 1,
      takenNanoseconds: 2, intervalSeconds: 1, isRecent: false,
      counters: (0..<counters).map {
        .init(
          name: "n", labels: [:], kind: "counter", value: .unsigned(UInt64($0) * 1_000),
          ratePerSecond: $0 == 0 ? 1e19 : 12.34, text: text)
      },
      histograms: [
        .init(
          name: "t_nanoseconds", labels: [:], count: 3, outOfRangeCount: 0, ratePerSecond: 1_234,
          p50: 850, p90: 1_200, p99: 3_400_000, p999: 3_400_000, max: 5_000_000_000,
          text: "t_nanoseconds"),
        .init(
          name: "e", labels: [:], count: 0, outOfRangeCount: 0, ratePerSecond: 0, p50: 0, p90: 0,
          p99: 0, p999: 0, max: 0, text: "e"),
      ], changingCount: 2)
  }

  @Test func theTableSaysItAll() {
    let lines = report(counters: 2).renderLines()
    #expect(lines[0] == "/tmp/f")
    #expect(lines[1] == "writer 7 died: these values are its last, rates over 1.0 s")
    #expect(lines[2] == "2 changed while they were read, left out")
    #expect(lines[5].hasSuffix("0  10000000000000000000"))
    #expect(lines[6].hasSuffix("1,000                  12.3"))
    let words = lines[9].split(separator: " ").joined(separator: " ")
    #expect(words == "t_nanoseconds 3 1,234 850 ns 1.2 µs 3.4 ms 3.4 ms 5.00 s")
    #expect(lines[10].split(separator: " ") == ["e", "0", "0.0", "–", "–", "–", "–", "–"])
  }

  @Test(arguments: [(80, 24), (40, 10), (20, 5), (1, 1), (200, 60)])
  func everyWindowIsKept(columnCount: Int, rowCount: Int) {
    let report = report(counters: 30)
    let lines = report.renderLines(
      window: .init(columnCount: columnCount, rowCount: rowCount))
    #expect(lines.count <= max(1, rowCount - 1))
    #expect(lines.allSatisfy { $0.count <= columnCount && !$0.contains("\n") })
    let isShort = lines.count < report.renderLines().count
    #expect(isShort == (lines.last?.hasPrefix("…") == true))
    #expect(report.renderLines().count == 39)
  }

  @Test func aNarrowWindowKeepsBothEndsOfAName() {
    let lines = report(counters: 1).renderLines(window: .init(columnCount: 60, rowCount: 24))
    #expect(lines[5].contains("a_rather_") && lines[5].contains("…"))
    #expect(lines[5].contains("=\"x\"}"))
    #expect(TopReport.shortened("abcdef", to: 6) == "abcdef")
    #expect(TopReport.shortened("abcdefg", to: 6) == "abc…fg")
  }

  /// A service's histograms differ in one word in the middle, and the highest value is what one looks for.
  @Test(arguments: [80, 70, 60])
  func aNarrowWindowTellsNamesApartAndShowsTheHighestValue(columnCount: Int) throws {
    var report = report(counters: 1)
    report.histograms = ["apus_command_latency_nanoseconds", "apus_commit_latency_nanoseconds"].map
    {
      .init(
        name: $0, labels: [:], count: 12_345_678, outOfRangeCount: 0, ratePerSecond: 1_234_567,
        p50: 123_400, p90: 234_500, p99: 345_600, p999: 456_700, max: 567_800, text: $0)
    }
    let window = TopReport.Window(columnCount: columnCount, rowCount: 24)
    let lines = report.renderLines(window: window)
    let header = try #require(lines.first { $0.contains("histogram") })
    #expect(header.hasSuffix("max"))
    for name in ["command", "commit"] {
      let row = try #require(lines.first { $0.split(separator: " ").first == Substring(name) })
      #expect(row.hasSuffix("567.8 µs"), "\(row)")
    }
    // Where there is room nothing is left out.
    let wide = report.renderLines(window: .init(columnCount: 200, rowCount: 24))
    #expect(wide == report.renderLines())
  }

  @Test func commonWordsAreLeftOutAndOneStays() {
    #expect(
      TopReport.withoutCommonWords(["a_b_x_n", "a_b_y_z_n{q=\"a_n\"}"]) == ["x", "y_z{q=\"a_n\"}"])
    #expect(
      TopReport.withoutCommonWords(["a_b{c=\"1\"}", "a_b{c=\"2\"}"]) == [
        "b{c=\"1\"}", "b{c=\"2\"}",
      ])
    #expect(TopReport.withoutCommonWords(["a_b", "a"]) == ["a_b", "a"])
    #expect(TopReport.withoutCommonWords(["a_b"]) == ["a_b"])
    #expect(TopReport.withoutCommonWords([]).isEmpty)
  }

  @Test func labelsCannotDriveTheTerminal() {
    let lines = report(counters: 1, label: "\u{1B}[2J\u{7}\u{202E}ü\u{9B}").renderLines()
    let row = lines[5]
    #expect(row.contains("\\u{1b}[2J\\u{7}\\u{202e}ü\\u{9b}"))
    #expect(lines.allSatisfy { line in line.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
  }

  @Test func aPictureIsDrawnOverTheLast() {
    #expect(LiveTop.frame(["a", "b"], isFirst: true).hasPrefix("\u{1B}[2J\u{1B}[H"))
    #expect(
      LiveTop.frame(["a", "b"], isFirst: false)
        == "\u{1B}[Ha\u{1B}[K\r\nb\u{1B}[K\r\n\u{1B}[J")
  }

  @Test func theJSONHasStableKeys() throws {
    let data = try JSONEncoder().encode(report(counters: 1))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(
      Set(json.keys) == [
        "file", "writer", "createdNanoseconds", "takenNanoseconds", "intervalSeconds", "isRecent",
        "counters", "histograms", "changingCount",
      ])
    let counter = try #require((json["counters"] as? [[String: Any]])?.first)
    #expect(Set(counter.keys) == ["name", "labels", "kind", "value", "ratePerSecond"])
    let histogram = try #require((json["histograms"] as? [[String: Any]])?.first)
    #expect(
      Set(histogram.keys) == [
        "name", "labels", "count", "outOfRangeCount", "ratePerSecond", "p50", "p90", "p99", "p999",
        "max",
      ])
  }
}
