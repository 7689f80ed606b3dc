// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit

extension TopReport {
  /// Characters in a line and lines that there is room for.
  public struct Window: Sendable, Equatable {
    /// Characters in a line.
    public var columnCount: Int
    /// Lines.
    public var rowCount: Int

    /// A window of this size.
    public init(columnCount: Int, rowCount: Int) {
      self.columnCount = columnCount
      self.rowCount = rowCount
    }
  }

  /// Tables for people: who writes the file, its counters and gauges, its histograms.
  ///
  /// - Parameter window: Names are shortened and lines left out so that all fits; nil for no limit.
  public func renderLines(window: Window? = nil) -> [String] {
    var lines = [
      Self.shortened(Self.printable(file), to: window?.columnCount ?? .max),
      "writer \(writer.processID) \(writerText)"
        + (intervalSeconds.map { ", rates over \(HumanText.decimal($0, 1)) s" } ?? ""),
    ]
    if changingCount > 0 {
      lines.append("\(HumanText.count(changingCount)) changed while they were read, left out")
    }
    if counters.isEmpty, histograms.isEmpty { lines += ["", "no counters yet"] }
    if !counters.isEmpty {
      let rows = counters.map {
        [Self.printable($0.text), $0.value.text, Self.rate($0.ratePerSecond)]
      }
      lines.append("")
      lines += Self.table(["counter", "value", "per second"], rows, window)
    }
    if !histograms.isEmpty {
      let rows = histograms.map { row in
        [Self.printable(row.text), HumanText.count(row.count), Self.rate(row.ratePerSecond)]
          + [row.p50, row.p90, row.p99, row.p999, row.max].map {
            row.count == 0 ? "–" : Self.value($0, of: row.name)
          }
      }
      let what = isRecent ? "histogram (last interval)" : "histogram"
      lines.append("")
      lines += Self.table(
        [what, "count", "per second", "p50", "p90", "p99", "p99.9", "max"], rows, window)
    }
    guard let window else { return lines }
    // The last line stays free for what is typed next.
    let room = max(1, window.rowCount - 1)
    if lines.count > room {
      let hidden = lines.count - room + 1
      lines = Array(lines.prefix(room - 1))
      lines.append("… \(hidden) more lines: make the window taller, or use --once")
    }
    return lines.map { String($0.prefix(max(1, window.columnCount))) }
  }

  /// As ``renderLines(window:)``, in one text.
  public func renderText() -> String { renderLines().joined(separator: "\n") }

  private var writerText: String {
    switch writer.state {
    case "alive": "is alive"
    case "closed": "has closed the file: these values are its last"
    case "dead": "died: these values are its last"
    default: "cannot be seen from here"
    }
  }

  private static func rate(_ rate: Double?) -> String {
    guard let rate else { return "–" }
    if rate < 100 { return HumanText.decimal(rate, 1) }
    // Above it a Double has no whole digits to group.
    return rate < 1e15 ? HumanText.count(Int(rate)) : HumanText.decimal(rate, 0)
  }

  private static func value(_ value: UInt64, of name: String) -> String {
    name.hasSuffix("_nanoseconds") ? HumanText.nanoseconds(value) : HumanText.count(value)
  }

  /// A table that is made to fit into a window: names lose the words that all of them have, then the columns that
  /// are missed least go, then names lose their middles.
  private static func table(
    _ header: [String], _ rows: [[String]], _ window: Window?
  ) -> [String] {
    var all = [header] + rows
    if let window {
      func room() -> Int {
        let others = all[0].indices.dropFirst().reduce(0) { sum, column in
          sum + 2 + (all.map { $0[column].count }.max() ?? 0)
        }
        return window.columnCount - others - 2
      }
      func longest() -> Int { all.map { $0[0].count }.max() ?? 0 }
      if longest() > room() {
        let names = withoutCommonWords(rows.map { $0[0] })
        for row in names.indices { all[row + 1][0] = names[row] }
      }
      for title in ["p99.9", "p90", "per second"]
      where room() < min(longest(), nameCountMin) && header.count > 3 {
        guard let column = all[0].firstIndex(of: title) else { continue }
        for row in all.indices { all[row].remove(at: column) }
      }
      let count = max(nameCountMin, room())
      for row in all.indices { all[row][0] = shortened(all[row][0], to: count) }
    }
    return HumanText.table(header: all[0], rows: Array(all.dropFirst()))
      .split(separator: "\n").map(String.init)
  }

  /// So much of a name is worth more than a column.
  private static let nameCountMin = 16

  /// Leaves out the words, between underscores, that all names begin with or end in; each keeps one word at least,
  /// and its labels.
  static func withoutCommonWords(_ names: [String]) -> [String] {
    guard names.count > 1 else { return names }
    let parts = names.map { name -> (words: [Substring], labels: Substring) in
      let end = name.firstIndex(of: "{") ?? name.endIndex
      let words = name[..<end].split(separator: "_", omittingEmptySubsequences: false)
      return (words, name[end...])
    }
    var (front, back) = (0, 0)
    let most = (parts.map(\.words.count).min() ?? 1) - 1
    while front < most, Set(parts.map { $0.words[front] }).count == 1 { front += 1 }
    while front + back < most, Set(parts.map { $0.words[$0.words.count - 1 - back] }).count == 1 {
      back += 1
    }
    return parts.map {
      $0.words.dropFirst(front).dropLast(back).joined(separator: "_") + $0.labels
    }
  }

  /// Leaves out the middle: names begin alike, and labels differ at their ends.
  static func shortened(_ text: String, to count: Int) -> String {
    guard text.count > count, count >= 3 else { return text }
    let tail = (count - 1) / 2
    return text.prefix(count - 1 - tail) + "…" + text.suffix(tail)
  }

  /// Shows what would act on a terminal in place of letting it: a label may hold anything.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
        .unassigned:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
