// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusTradingService

/// The figures of a replay through the matching engine as text for people.
enum MatchingSummary {
  /// Several short tables.
  static func render(_ figures: MatchingFigures) -> String {
    var parts = [overview(figures)]
    parts.append(table("Commands", "kind", figures.commandsByKind, figures.commandCount))
    parts.append(table("Events", "kind", figures.eventsByKind, figures.eventCount))
    if !figures.rejectsByReason.isEmpty {
      parts.append(table("Rejects", "reason", figures.rejectsByReason, figures.commandCount))
    }
    if !figures.cancelsByReason.isEmpty {
      parts.append(table("Cancels", "reason", figures.cancelsByReason, nil))
    }
    if let agreement = figures.agreement { parts.append(text(agreement)) }
    return parts.joined(separator: "\n\n")
  }

  private static func overview(_ figures: MatchingFigures) -> String {
    var rows: [(String, String)] = [("format", figures.format)]
    if let kind = figures.kind {
      rows.append(("stream", "\(kind), seed \(figures.seed ?? 0)"))
    }
    rows += [
      ("commands", HumanText.count(figures.commandCount)),
      ("events", HumanText.count(figures.eventCount)),
      (
        "trades",
        "\(HumanText.count(figures.tradeCount)), quantity "
          + HumanText.count(figures.tradedQuantity)
      ),
      (
        "time",
        "\(HumanText.decimal(figures.elapsedSeconds, 3)) s, "
          + "\(HumanText.decimal(figures.nanosecondsPerCommand, 1)) ns a command, "
          + "\(HumanText.count(Int(figures.commandsPerSecond))) commands/s"
      ),
      ("digest", figures.digest),
    ]
    return rows.map { $0.0 + String(repeating: " ", count: 12 - $0.0.count) + $0.1 }
      .joined(separator: "\n")
  }

  private static func table(
    _ title: String, _ what: String, _ counts: [String: UInt64], _ total: UInt64?
  ) -> String {
    let rows = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { name, count in
      [name, HumanText.count(count)]
        + (total.map { [HumanText.decimal(Double(count) / Double(max(1, $0)) * 100, 2) + " %"] }
          ?? [])
    }
    return "\(title)\n"
      + HumanText.table(
        header: [what, "count"] + (total == nil ? [] : ["share"]), rows: rows)
  }

  private static func text(_ agreement: MatchingFigures.Agreement) -> String {
    var rows = [
      [
        "recorded executions", HumanText.count(agreement.recordedCount),
        HumanText.count(agreement.recordedQuantity),
      ],
      [
        "trades of the engine", HumanText.count(agreement.tradeCount),
        HumanText.count(agreement.tradedQuantity),
      ],
      ["the same order and quantity", HumanText.count(agreement.equalCount), ""],
    ]
    rows += agreement.differences.sorted { $0.key < $1.key }.map {
      ["different: \($0.key)", HumanText.count($0.value), ""]
    }
    rows += [
      ["equal, at another price", HumanText.count(agreement.otherPriceCount), ""],
      ["trades that none asked for", HumanText.count(agreement.unaskedTradeCount), ""],
      ["of orders never displayed", HumanText.count(agreement.undisplayedTradeCount), ""],
    ]
    var text =
      "Agreement with the recording: "
      + (agreement.isComplete ? "complete" : "not complete") + "\n"
      + HumanText.table(header: ["", "count", "quantity"], rows: rows)
      + "\n  instruments equal: \(HumanText.count(agreement.equalInstrumentCount)) of "
      + HumanText.count(agreement.instrumentCount)
    for instrument in agreement.differingInstruments {
      text +=
        "\n  \(instrument.symbol): recorded \(instrument.recordedCount) executions of "
        + "\(instrument.recordedQuantity), traded \(instrument.tradeCount) of "
        + "\(instrument.tradedQuantity)"
    }
    return text
  }
}
