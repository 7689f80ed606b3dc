// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusReport

/// The report of a replay as one self-contained HTML page.
///
/// Plots are drawn here, as SVG; the page's script only adds tooltips. The page loads nothing: it
/// opens from a file without a network, and its own content security policy lets it reach none.
public enum ReplayReportPage {
  /// Renders the page.
  ///
  /// - Complexity: O(points) in the data; the page holds at most 2,000 points a plot.
  public static func render(_ data: ReplayReportData) -> String {
    var html = header(data)
    html += heroes(data.summary)
    html += figures(data.summary)
    html += navigation(data)
    html += "<h2 id=\"throughput\">Throughput</h2>\n"
    html += messagesPerSecondPlot(data)
    html += messageMix(data)
    html += "<h2 id=\"latency-section\">Latency</h2>\n"
    html += "<div class=\"pair wide-left\">" + latencyPlot(data) + latencyTable(data) + "</div>\n"
    for (symbol, slug) in zip(data.symbols, slugs(data)) {
      html += "<h2 id=\"symbol-\(slug)\">\(ReportText.escape(symbol.symbol))</h2>\n"
      html += quotesPlot(symbol, id: "bbo-\(slug)", scale: data.priceScale)
      html += "<div class=\"pair\">"
      html += depthPlot(symbol, id: "depth-\(slug)")
      html += profilePlot(symbol, id: "profile-\(slug)", scale: data.priceScale)
      html += "</div>\n"
    }
    html += "<h2 id=\"symbols\">All symbols</h2>\n"
    html += busiestTable(data)
    html += "<div class=\"pair\">"
    html += spreadTable("Tightest spreads", data.tightestSpreads, data)
    html += spreadTable("Widest spreads", data.widestSpreads, data)
    html += "</div>\n"
    html +=
      "<footer>Made by <code>apus replay</code>. \(ReportText.escape(data.generatedAt))</footer>"
    return ReportPage.html(title: data.title, content: html, priceScale: data.priceScale)
  }

  private static func header(_ data: ReplayReportData) -> String {
    let files = data.sourceFiles.map { "<code>\(ReportText.escape($0))</code>" }
    return ReportPage.header(
      kind: "Apus replay report", title: data.title,
      facts: [
        (files.count == 1 ? "Source" : "Sources", files.joined(separator: ", ")),
        ("Format", ReportText.escape(data.format)), ("Machine", ReportText.escape(data.machine)),
        ("Made", ReportText.escape(data.generatedAt)),
      ])
  }

  private static func navigation(_ data: ReplayReportData) -> String {
    var links = [("throughput", "Throughput"), ("latency-section", "Latency")]
    links += zip(data.symbols, slugs(data)).map { ("symbol-\($1)", $0.symbol) }
    links.append(("symbols", "All symbols"))
    let html = links.map { "<a href=\"#\($0.0)\">\(ReportText.escape($0.1))</a>" }
    return "<nav>\(html.joined())</nav>\n"
  }

  /// One for each symbol, none twice: two symbols may differ only in what a slug leaves out.
  private static func slugs(_ data: ReplayReportData) -> [String] {
    var used: Set<String> = []
    return data.symbols.map { symbol in
      let slug = ReportText.slug(symbol.symbol)
      var unique = slug
      var number = 2
      while !used.insert(unique).inserted {
        unique = "\(slug)-\(number)"
        number += 1
      }
      return unique
    }
  }
}
