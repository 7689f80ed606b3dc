// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMetrics

@Suite struct PrometheusTextTests {
  /// A file with everything that needs care.
  private static func snapshot() throws -> CounterSnapshot {
    let folder = try ScratchFolder()
    let file = try CounterFile(
      path: folder.path(), configuration: .init(slotCapacity: 16, histogramByteCapacity: 65_536))
    var first = try file.counter(
      "orders_total", help: "Orders \\ taken,\nby \"venue\".", labels: [.init("venue", "XNAS")])
    first.set(.max)
    var second = try file.counter("orders_total", labels: [.init("venue", "a\\b\"c\nd,e}= ü")])
    second.set(7)
    var depth = try file.gauge("queue:depth")
    depth.set(.min)
    var latency = try file.histogram(
      "latency_nanoseconds", help: "Time.", labels: [.init("stage", "apply")], layout: .small())
    for value in 1...10 as ClosedRange<UInt64> { latency.record(value) }
    _ = try file.histogram("empty", layout: .small())
    return try CounterReader(path: folder.path()).snapshot()
  }

  private static let summary = #"""
    # TYPE empty summary
    empty{quantile="0.5"} NaN
    empty{quantile="1"} NaN
    empty_sum 0
    empty_count 0
    # HELP latency_nanoseconds Time.
    # TYPE latency_nanoseconds summary
    latency_nanoseconds{stage="apply",quantile="0.5"} 5
    latency_nanoseconds{stage="apply",quantile="1"} 10
    latency_nanoseconds_sum{stage="apply"} 55
    latency_nanoseconds_count{stage="apply"} 10
    # HELP orders_total Orders \\ taken,\nby "venue".
    # TYPE orders_total counter
    orders_total{venue="XNAS"} 18446744073709551615
    orders_total{venue="a\\b\"c\nd,e}= ü"} 7
    # TYPE queue:depth gauge
    queue:depth -9223372036854775808

    """#

  @Test func summaries() throws {
    let text = try PrometheusText.render(
      Self.snapshot(), histograms: .summary(quantiles: [0.5, 1]))
    #expect(text == Self.summary)
    #expect(PrometheusText.contentType == "text/plain; version=0.0.4; charset=utf-8")
  }

  @Test func buckets() throws {
    let text = try PrometheusText.render(
      Self.snapshot(), histograms: .buckets(upperBounds: [5, 3, 0, 100]))
    let lines = text.split(separator: "\n").filter { $0.contains("latency") }
    #expect(
      lines == [
        "# HELP latency_nanoseconds Time.", "# TYPE latency_nanoseconds histogram",
        #"latency_nanoseconds_bucket{stage="apply",le="0"} 0"#,
        #"latency_nanoseconds_bucket{stage="apply",le="3"} 3"#,
        #"latency_nanoseconds_bucket{stage="apply",le="5"} 5"#,
        #"latency_nanoseconds_bucket{stage="apply",le="100"} 10"#,
        #"latency_nanoseconds_bucket{stage="apply",le="+Inf"} 10"#,
        #"latency_nanoseconds_sum{stage="apply"} 55"#,
        #"latency_nanoseconds_count{stage="apply"} 10"#,
      ])
  }

  @Test func nothingIsNothing() throws {
    let folder = try ScratchFolder()
    _ = try CounterFile.small(folder.path())
    #expect(try PrometheusText.render(CounterReader(path: folder.path()).snapshot()) == "")
  }

  @Test(arguments: [
    (0.5, "0.5"), (1, "1"), (-0.0, "0"), (1e20, "1e+20"), (.nan, "NaN"), (.infinity, "+Inf"),
    (-.infinity, "-Inf"), (123_456_789_012, "123456789012"),
  ])
  func numbers(value: Double, text: String) {
    #expect(PrometheusText.number(value) == text)
  }

  // MARK: The reference parser

  private struct Family: Decodable {
    struct Sample: Decodable {
      let name: String
      let labels: [String: String]
      let value: String
    }
    let name: String
    let type: String
    let help: String
    let samples: [Sample]
  }

  @Test(
    .enabled(
      if: PythonPackages.hasPrometheus, "needs Python's prometheus_client; run scripts/bootstrap"))
  func thePythonPackageReadsSummaries() throws {
    let text = try PrometheusText.render(
      Self.snapshot(), histograms: .summary(quantiles: [0.5, 1]))
    let families = try Self.parse(text)
    // The package takes `_total` off a counter's family.
    #expect(families.map(\.name) == ["empty", "latency_nanoseconds", "orders", "queue:depth"])
    #expect(families.map(\.type) == ["summary", "summary", "counter", "gauge"])
    #expect(families[2].help == "Orders \\ taken,\nby \"venue\".")
    #expect(
      families[2].samples.map(\.labels) == [
        ["venue": "XNAS"], ["venue": "a\\b\"c\nd,e}= ü"],
      ])
    #expect(families[2].samples.map { Double($0.value) } == [Double(UInt64.max), 7])
    #expect(families[3].samples.map { Double($0.value) } == [Double(Int64.min)])
    #expect(families[0].samples.map { Double($0.value)?.isNaN } == [true, true, false, false])
    #expect(
      families[1].samples.map(\.name) == [
        "latency_nanoseconds", "latency_nanoseconds", "latency_nanoseconds_sum",
        "latency_nanoseconds_count",
      ])
    #expect(families[1].samples.map { Double($0.value) } == [5, 10, 55, 10])
    #expect(families[1].samples[1].labels == ["stage": "apply", "quantile": "1"])
  }

  @Test(
    .enabled(
      if: PythonPackages.hasPrometheus, "needs Python's prometheus_client; run scripts/bootstrap"))
  func thePythonPackageReadsBuckets() throws {
    let text = try PrometheusText.render(
      Self.snapshot(), histograms: .buckets(upperBounds: [3, 100]))
    let families = try Self.parse(text)
    #expect(families.map(\.type) == ["histogram", "histogram", "counter", "gauge"])
    #expect(families[1].name == "latency_nanoseconds")
    #expect(families[1].samples.map { $0.labels["le"] } == ["3", "100", "+Inf", nil, nil])
    #expect(families[1].samples.map { Double($0.value) } == [3, 10, 10, 55, 10])
  }

  /// What the package makes of a text.
  private static func parse(_ text: String) throws -> [Family] {
    let folder = try ScratchFolder()
    try folder.write("text", text)
    try folder.write("json", [])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: PythonPackages.path)
    process.arguments = [PythonPackages.script("prometheus_parse.py")]
    // Files, not pipes: nothing can fill up while both sides wait.
    process.standardInput = FileHandle(forReadingAtPath: folder.path("text"))
    process.standardOutput = FileHandle(forWritingAtPath: folder.path("json"))
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "prometheus_parse.py refused:\n\(text)")
    return try JSONDecoder().decode([Family].self, from: Data(folder.bytes("json")))
  }
}
