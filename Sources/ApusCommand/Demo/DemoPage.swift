// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusReport
internal import Foundation

/// The page of a demonstration: what each system did, what was proved, where the reports are, and what the
/// time went into.
enum DemoPage {
  static func html(_ document: DemoDocument) -> String {
    let steps = document.systems.flatMap(\.steps)
    var html = ReportPage.header(
      kind: "Apus demonstration", title: "What ran here, and what it proved",
      facts: [
        ("Machine", ReportText.escape(document.machine)),
        ("Made", ReportText.escape(document.made)),
        ("Reports", links(document)),
      ])
    html += heroes([
      DemoOutcome.Figure(
        document.systems.count == 1 ? "system" : "systems", "\(document.systems.count)"),
      DemoOutcome.Figure("steps, none failed", "\(steps.count)"),
      DemoOutcome.Figure("claims checked", "\(steps.filter { $0.proof != nil }.count)"),
      DemoOutcome.Figure("in all", seconds(document.elapsedSeconds)),
    ])
    html += "<h2 id=\"time\">Where the time went</h2>\n" + times(document)
    for system in document.systems { html += section(system) }
    return ReportPage.html(
      title: "Apus demonstration",
      content: html + "<footer>Made by <code>apus demo</code>. "
        + "\(ReportText.escape(document.made))</footer>")
  }

  private static func heroes(_ figures: [DemoOutcome.Figure]) -> String {
    let cells = figures.map {
      "<div><b>\(ReportText.escape($0.value))</b><span>\(ReportText.escape($0.name))</span></div>"
    }
    return "<div class=\"heroes\">\(cells.joined())</div>\n"
  }

  private static func links(_ document: DemoDocument) -> String {
    document.systems.flatMap { system in
      system.steps.compactMap { step in step.report.map { link($0, system.name) } }
    }.joined(separator: ", ")
  }

  /// A link to a file beside the page: its name as a relative address.
  private static func link(_ file: String, _ text: String) -> String {
    let address = file.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? file
    return "<a href=\"./\(ReportText.escape(address))\">\(ReportText.escape(text))</a>"
  }

  private static func times(_ document: DemoDocument) -> String {
    var rows = ""
    for system in document.systems {
      rows += row(
        "<strong>\(ReportText.escape(system.name))</strong>", system.share, system.elapsedSeconds)
      for step in system.steps {
        rows += row(ReportText.escape(step.title), step.share, step.elapsedSeconds)
      }
    }
    return "<div class=\"card scroll\"><table class=\"shares\"><thead><tr><th>what</th>"
      + "<th class=\"bar-cell\"></th><th>share</th><th>time</th></tr></thead>"
      + "<tbody>\(rows)</tbody></table></div>\n"
  }

  private static func row(_ name: String, _ share: Double, _ elapsed: Double) -> String {
    let percent = ReportText.plain(share * 100, digits: 1)
    return "<tr><td>\(name)</td><td class=\"bar-cell\">"
      + "<span class=\"bar\" style=\"width:\(percent)%\"></span></td><td>\(ReportText.percent(share, of: 1))</td><td>\(seconds(elapsed))</td></tr>"
  }

  private static func section(_ system: DemoDocument.System) -> String {
    let title = ReportText.escape(system.name)
    return "<h2 id=\"system-\(ReportText.slug(system.name))\">\(title)</h2>\n"
      + "<p class=\"lead\">\(ReportText.escape(system.summary))</p>\n"
      + system.steps.map { card($0) }.joined()
  }

  private static func card(_ step: DemoDocument.Step) -> String {
    var html = "<section class=\"card step\"><h3>\(ReportText.escape(step.title))</h3>"
    html += "<p class=\"share\">\(seconds(step.elapsedSeconds)), "
    html += "\(ReportText.percent(step.share, of: 1)) of the time</p>"
    html += heroes(Array(step.figures.prefix(4)))
    let others = step.figures.dropFirst(4).map {
      "<div><dt>\(ReportText.escape($0.name))</dt><dd>\(ReportText.escape($0.value))</dd></div>"
    }
    if !others.isEmpty { html += "<dl class=\"figures\">\(others.joined())</dl>" }
    if let proof = step.proof { html += "<p class=\"proof\">\(ReportText.escape(proof))</p>" }
    if let report = step.report { html += "<p class=\"go\">\(link(report, "Open the report"))</p>" }
    return html + "</section>\n"
  }

  static func seconds(_ value: Double) -> String {
    value < 60
      ? "\(HumanText.decimal(value, 1)) s" : "\(HumanText.duration(seconds: value)) min"
  }
}
