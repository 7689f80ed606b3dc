// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusReport

// The figures and tables of the report.
extension ReplayReportPage {
  static func heroes(_ summary: ReplayReportData.Summary) -> String {
    let rate = ReportText.short(summary.messagesPerSecond).split(separator: " ")
    let rows = [
      (String(rate.first ?? "0"), rate.count > 1 ? "\(rate[1]) / s" : "/ s", "messages replayed"),
      (ReportText.threeDigits(summary.nanosecondsPerMessage), "ns", "a message, mean"),
      (ReportText.short(Double(summary.messageCount)), "", "messages"),
      (ReportText.trimmed(ReportText.threeDigits(summary.elapsedSeconds)), "s", "elapsed"),
    ]
    return "<div class=\"heroes\">"
      + rows.map { value, unit, name in
        "<div><b>\(ReportText.escape(value)) <small>\(ReportText.escape(unit))</small></b>"
          + "<span>\(ReportText.escape(name))</span></div>"
      }.joined() + "</div>"
  }

  static func figures(_ summary: ReplayReportData.Summary) -> String {
    let met = summary.anomalies.filter { $0.count > 0 }
    let anomalyCount = met.reduce(UInt64(0)) { $0.addingReportingOverflow($1.count).partialValue }
    var anomalies = anomalyCount == 0 ? "none" : ReportText.grouped(anomalyCount)
    if !met.isEmpty {
      let kinds = met.map { "\($0.kind) \(ReportText.grouped($0.count))" }
      anomalies += " (" + kinds.joined(separator: ", ") + ")"
    }
    let rows = [
      ("Order books", ReportText.grouped(summary.bookCount)),
      ("Live orders at the end", ReportText.grouped(summary.liveOrderCount)),
      ("Most live orders", ReportText.grouped(summary.peakOrderCount)),
      ("Memory of the books", ReportText.bytes(summary.memoryByteCount)),
      ("Messages", ReportText.grouped(summary.messageCount)),
      ("Market data", ReportText.bytes(summary.byteCount)),
    ].map { row($0, ReportText.escape($1)) }
    let wide = [
      row("Digest", "<code>\(ReportText.escape(summary.digest))</code>", width: "half"),
      row("Anomalies", ReportText.escape(anomalies), width: "whole"),
    ]
    return "<dl class=\"figures\">\((rows + wide).joined())</dl>"
  }

  private static func row(_ name: String, _ value: String, width: String = "quarter") -> String {
    "<div class=\"\(width)\"><dt>\(ReportText.escape(name))</dt><dd>\(value)</dd></div>"
  }

  static func messageMix(_ data: ReplayReportData) -> String {
    let kinds = data.messageMix.filter { $0.count > 0 }.sorted { $0.count > $1.count }
    let total = kinds.reduce(0.0) { $0 + Double($1.count) }
    let most = Double(kinds.first?.count ?? 1)
    let rows = kinds.map { kind in
      let width = ReportText.plain(100 * Double(kind.count) / most, digits: 2)
      return [
        "<span class=\"type\">\(ReportText.escape(kind.typeLetter))</span>"
          + ReportText.escape(kind.name),
        "<span class=\"bar\" style=\"width:\(width)%\"></span>",
        ReportText.grouped(kind.count),
        ReportText.escape(ReportText.percent(Double(kind.count), of: total)),
      ]
    }
    return table(
      "Message mix", ["Type", "", "Messages", "Share"], rows, nothing: "No messages.", barColumn: 1)
  }

  static func latencyTable(_ data: ReplayReportData) -> String {
    let curve = data.latencyCurve.filter { $0.nanoseconds > 0 && $0.nanoseconds < 1e18 }
    let rows = [50, 90, 99, 99.9, 99.99].compactMap { percentile in
      latency(at: percentile, in: curve).map {
        [percentileName(percentile), ReportText.duration(nanoseconds: $0)]
      }
    }
    let maximum = curve.map(\.nanoseconds).max().map {
      [["maximum", ReportText.duration(nanoseconds: $0)]]
    }
    return table(
      "Latency percentiles", ["Percentile", "Latency"], rows + (maximum ?? []),
      nothing: "Latency was not measured.")
  }

  static func busiestTable(_ data: ReplayReportData) -> String {
    let total = data.summary.messageCount
    let rows = data.busiestSymbols.map { each in
      [
        ReportText.escape(each.symbol), ReportText.grouped(each.messageCount),
        ReportText.escape(ReportText.percent(Double(each.messageCount), of: Double(total))),
        ReportText.grouped(each.liveOrderCount), price(each.bidPrice, data),
        price(each.askPrice, data),
      ]
    }
    return table(
      "Busiest symbols", ["Symbol", "Messages", "Share", "Live orders", "Bid", "Offer"], rows,
      nothing: "No symbols.")
  }

  static func spreadTable(
    _ title: String, _ spreads: [ReplayReportData.SymbolSpread], _ data: ReplayReportData
  ) -> String {
    let rows = spreads.map { each in
      let spread = each.askPrice.subtractingReportingOverflow(each.bidPrice).partialValue
      let middle = (Double(each.bidPrice) + Double(each.askPrice)) / 2
      let points = middle > 0 ? 10_000 * Double(spread) / middle : 0
      return [
        ReportText.escape(each.symbol), price(each.bidPrice, data), price(each.askPrice, data),
        price(spread, data), ReportText.fixed(points, digits: 1),
      ]
    }
    return table(
      title, ["Symbol", "Bid", "Offer", "Spread", "bp"], rows,
      nothing: "No book had two sides at the end.")
  }

  private static func price(_ units: Int64?, _ data: ReplayReportData) -> String {
    units.map { ReportText.price($0, scale: data.priceScale) } ?? "\u{2013}"
  }

  /// A table in a card; cells are HTML, headings and title are text.
  private static func table(
    _ title: String, _ headings: [String], _ rows: [[String]], nothing: String,
    barColumn: Int? = nil
  ) -> String {
    guard !rows.isEmpty else {
      return "<div class=\"card\"><h3>\(ReportText.escape(title))</h3>"
        + "<p class=\"nothing\">\(ReportText.escape(nothing))</p></div>"
    }
    let bar = { (index: Int) in index == barColumn ? " class=\"bar-cell\"" : "" }
    let head = headings.enumerated().map { index, heading in
      "<th scope=\"col\"\(bar(index))>\(ReportText.escape(heading))</th>"
    }.joined()
    let body = rows.map { cells in
      let row = cells.enumerated().map { index, cell in
        "<td\(bar(index))>\(cell)</td>"
      }
      return "<tr>\(row.joined())</tr>"
    }
    return "<div class=\"card scroll\"><table><caption>\(ReportText.escape(title))</caption>"
      + "<thead><tr>\(head)</tr></thead><tbody>\(body.joined(separator: "\n"))</tbody></table></div>"
  }
}
