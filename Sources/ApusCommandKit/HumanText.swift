// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Foundation

/// Numbers and tables as people read them.
public enum HumanText {
  /// A count with thousands separators: `12,345,678`.
  public static func count(_ value: some BinaryInteger) -> String {
    var digits = String(value)
    var groups: [String] = []
    let sign = digits.hasPrefix("-") ? String(digits.removeFirst()) : ""
    while digits.count > 3 {
      groups.append(String(digits.suffix(3)))
      digits.removeLast(3)
    }
    groups.append(digits)
    return sign + groups.reversed().joined(separator: ",")
  }

  /// A number with a fixed count of decimals.
  public static func decimal(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
  }

  /// All digits of a number, two a byte.
  public static func hexadecimal(_ value: some FixedWidthInteger & UnsignedInteger) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, value.bitWidth / 4 - digits.utf8.count)) + digits
  }

  /// Two digits for each byte, in their order.
  public static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Bytes in binary units: `1.5 GiB`.
  public static func bytes(_ value: UInt64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    guard value >= 1_024 else { return "\(value) B" }
    var scaled = Double(value)
    var unit = 0
    // What rounds to 1024.0 reads better as 1.0 of the next unit.
    while scaled >= 1_023.95, unit < units.count - 1 {
      scaled /= 1_024
      unit += 1
    }
    return "\(decimal(scaled, 1)) \(units[unit])"
  }

  /// Seconds, rounded up, as `0:42` or `1:02:03`; `–` for what is no time of less than 1,000 hours.
  public static func duration(seconds: Double) -> String {
    guard seconds >= 0, seconds <= 3_599_999 else { return "–" }
    let total = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (total / 3_600, total / 60 % 60, total % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, rest)
      : String(format: "%d:%02d", minutes, rest)
  }

  /// Nanoseconds in the unit that reads best: `85 ns`, `1.2 µs`, `3.4 ms`.
  public static func nanoseconds(_ value: UInt64) -> String {
    switch value {
    case ..<1_000: "\(value) ns"
    // What rounds to 1000.0 reads better as 1.0 of the next unit.
    case ..<999_950: "\(decimal(Double(value) / 1e3, 1)) µs"
    case ..<999_950_000: "\(decimal(Double(value) / 1e6, 1)) ms"
    default: "\(decimal(Double(value) / 1e9, 2)) s"
    }
  }

  /// A text table: the first column flush left, the others flush right.
  ///
  /// - Precondition: Every row has as many cells as the header.
  public static func table(header: [String], rows: [[String]], indent: String = "  ") -> String {
    let all = [header] + rows
    precondition(
      rows.allSatisfy { $0.count == header.count },
      "HumanText.table: expected as many cells in each row as in the header")
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }
      return indent + cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
