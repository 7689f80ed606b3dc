// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusTradingService

struct ReportPageTests {
  @Test func everyPlotIsDrawn() {
    let html = ReplayReportPage.render(sampleReport(seed: 1))
    let plots = Self.attributes("data-plot", in: html)
    #expect(
      plots == [
        "messages-per-second", "latency", "bbo-AAPL", "depth-AAPL", "profile-AAPL", "bbo-BRK.B",
        "depth-BRK.B", "profile-BRK.B",
      ])
    #expect(Self.attributes("data-drawn", in: html) == plots.map { _ in "true" })
    for marks in html.components(separatedBy: "<g class=\"marks\">").dropFirst() {
      #expect(marks.hasPrefix("<path class=\""))
    }
  }

  @Test func figuresAreOnThePage() {
    let html = ReplayReportPage.render(sampleReport(seed: 1))
    for text in [
      "Replay of sample.itch", "5,012,345", "15.8 <small>M / s</small>", "63.5", "4,212", "168 MB",
      "48.2 MB", "9f3c2a7be01d4455", "3 (unknown reference 3)", "Timed in batches of 64.",
      "AAPL", "120,000", "187.01", "10,000.0", "p50", "81.2 µs",
    ] {
      #expect(html.contains(text), "\(text)")
    }
    // Most frequent first; kinds that never came are left out.
    let delete = html.range(of: "Delete order")?.lowerBound
    let add = html.range(of: "Add order")?.lowerBound
    if let delete, let add { #expect(delete < add) } else { Issue.record("message mix missing") }
    #expect(!html.contains("Never seen"))
  }

  @Test func elementsAreBalancedAndIdsUnique() throws {
    for data in [sampleReport(seed: 2), Self.emptyReport()] {
      let html = ReplayReportPage.render(data)
      let body = try Self.withoutRawText(html)
      var open: [String] = []
      let elements = try Regex("<(/?)([a-z][a-z0-9]*)([^>]*?)(/?)>")
      for match in body.matches(of: elements) {
        let name = String(match.output[2].substring ?? "")
        if ["meta", "link"].contains(name) || match.output[4].substring == "/" { continue }
        if match.output[1].substring == "/" {
          #expect(open.last == name)
          if open.last == name { open.removeLast() }
        } else {
          open.append(name)
        }
      }
      #expect(open.isEmpty)
      let ids = Self.attributes("id", in: body)
      #expect(Set(ids).count == ids.count)
    }
  }

  @Test func nothingIsLoadedFromOutside() {
    let html = ReplayReportPage.render(sampleReport(seed: 1))
    for part in ["http://", "https://", "src=", "@import", "url("] {
      #expect(!html.contains(part), "\(part)")
    }
    #expect(html.contains("connect-src 'none'"))
  }

  @Test func hostileTextStaysText() {
    let hostile = "</script><script>alert(1)</script>\"'&\u{0}"
    var data = sampleReport(seed: 3, quoteCount: 3)
    let ordinary = ReplayReportPage.render(data)
    data.title = hostile
    data.sourceFiles = [hostile, hostile]
    data.format = hostile
    data.machine = hostile
    data.generatedAt = hostile
    data.latencyNote = hostile
    data.summary.digest = hostile
    data.summary.anomalies = [.init(kind: hostile, count: 1)]
    data.messageMix = [.init(name: hostile, typeLetter: hostile, count: 1)]
    data.symbols[0].symbol = hostile
    data.symbols[1].symbol = hostile
    data.busiestSymbols[0].symbol = hostile
    data.widestSpreads[0].symbol = hostile
    let html = ReplayReportPage.render(data)
    #expect(!html.contains("alert(1)</script>"))
    #expect(!html.contains("\u{0}"))
    #expect(html.contains("&lt;script&gt;alert(1)"))
    let scripts = { (text: String) in text.components(separatedBy: "<script").count }
    #expect(scripts(html) == scripts(ordinary))
  }

  @Test func emptyReplaySaysSo() {
    var data = Self.emptyReport()
    data.symbols = [.init(symbol: "NONE", quotes: [], depth: [], profile: [])]
    let html = ReplayReportPage.render(data)
    #expect(Self.attributes("data-drawn", in: html) == Array(repeating: "empty", count: 5))
    #expect(html.components(separatedBy: "No data: ").count == 6)
    #expect(html.contains("No messages."))
    #expect(html.contains("Anomalies</dt><dd>none"))
  }

  @Test func longSeriesAreReducedToTheLimit() throws {
    var data = sampleReport(seed: 4, quoteCount: 60_000)
    data.messagesPerSecond = (0..<86_400).map { .init(secondOfDay: $0, count: UInt64($0 % 77)) }
    data.latencyCurve = (0..<9_000).map {
      .init(percentile: Double($0) / 90, nanoseconds: Double($0 + 1))
    }
    let level = data.symbols[0].profile[0]
    data.symbols[0].profile = (0..<9_000).map {
      .init(side: level.side, price: level.price - $0, cumulativeQuantity: UInt64($0) + 1)
    }
    let html = ReplayReportPage.render(data)
    let plots = try Self.tooltipData(html)
    #expect(plots.count == 8)
    for plot in plots {
      let count = plot.series.map(\.x.count).reduce(0, +)
      #expect(count <= ReportSampling.pointCountMax)
      #expect(count >= 80)
    }
    #expect(html.utf8.count < 800_000)
  }

  @Test func tooltipDataIsValidAndAscending() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      for plot in try Self.tooltipData(ReplayReportPage.render(sampleReport(seed: seed))) {
        #expect(plot.y[0] < plot.y[1])
        #expect(plot.x[0] < plot.x[1])
        for series in plot.series {
          #expect(series.x.count == series.y.count)
          #expect(zip(series.x, series.x.dropFirst()).allSatisfy { $0 <= $1 })
        }
      }
    }
  }

  @Test func noCoordinateIsNotANumber() {
    var data = sampleReport(seed: 5, quoteCount: 20)
    data.priceScale = 0
    data.summary.nanosecondsPerMessage = .nan
    data.summary.messagesPerSecond = .infinity
    data.latencyCurve += [
      .init(percentile: .nan, nanoseconds: 5), .init(percentile: 99, nanoseconds: .infinity),
      .init(percentile: 100, nanoseconds: .nan),
      .init(percentile: 100, nanoseconds: .greatestFiniteMagnitude),
    ]
    data.messagesPerSecond.append(.init(secondOfDay: .max, count: .max))
    data.symbols[0].quotes += [
      .init(
        timestampNanoseconds: .max, bidPrice: .min, bidQuantity: .max, askPrice: .max,
        askQuantity: .max),
      .init(
        timestampNanoseconds: 0, bidPrice: nil, bidQuantity: 0, askPrice: nil, askQuantity: 0),
    ]
    data.symbols[0].depth += [
      .init(timestampNanoseconds: 0, bidQuantity: .max, askQuantity: .max)
    ]
    data.symbols[0].profile += [
      .init(side: .ask, price: .min, cumulativeQuantity: .max),
      .init(side: .bid, price: .max, cumulativeQuantity: 0),
    ]
    data.symbols[1].quotes = [data.symbols[1].quotes[0]]
    data.symbols[1].profile = [data.symbols[1].profile[0]]
    data.symbols[1].depth = [data.symbols[1].depth[0]]
    data.widestSpreads = [.init(symbol: "X", bidPrice: .min, askPrice: .max)]
    data.messageMix.append(.init(name: "All", typeLetter: "?", count: .max))
    let html = ReplayReportPage.render(data)
    for path in Self.attributes("d", in: html) {
      #expect(path.allSatisfy { "MHVLZ0123456789.- ".contains($0) }, "\(path.prefix(80))")
    }
    for style in Self.attributes("style", in: html) {
      #expect(!style.contains("nan") && !style.contains("inf"))
    }
  }

  @Test func sameDataGivesTheSamePage() {
    #expect(
      ReplayReportPage.render(sampleReport(seed: 6))
        == ReplayReportPage.render(sampleReport(seed: 6)))
  }

  private static func emptyReport() -> ReplayReportData {
    ReplayReportData(
      title: "Empty", sourceFiles: [], format: "", machine: "", generatedAt: "", summary: .init())
  }

  struct Tooltip: Decodable {
    struct Series: Decodable {
      let name: String
      let x: [Double]
      let y: [Double?]
    }
    let x: [Double]
    let y: [Double]
    let series: [Series]
  }

  private static func tooltipData(_ html: String) throws -> [Tooltip] {
    try html.components(separatedBy: "<script type=\"application/json\">").dropFirst().map {
      let json = $0.prefix { $0 != "<" }
      return try JSONDecoder().decode(Tooltip.self, from: Data(json.utf8))
    }
  }

  /// Values of an attribute in the order of the page.
  private static func attributes(_ name: String, in html: String) -> [String] {
    html.components(separatedBy: " \(name)=\"").dropFirst().map {
      String($0.prefix { $0 != "\"" })
    }
  }

  /// Scripts and styles hold no elements.
  private static func withoutRawText(_ html: String) throws -> String {
    var rest = html[...]
    var result = ""
    for name in ["style", "script"] {
      while let start = rest.range(of: "<\(name)"), let end = rest.range(of: "</\(name)>") {
        try #require(start.lowerBound < end.lowerBound)
        result += rest[..<start.lowerBound]
        rest = rest[end.upperBound...]
      }
      rest = (result + rest)[...]
      result = ""
    }
    return String(rest.dropFirst("<!doctype html>".count))
  }
}
