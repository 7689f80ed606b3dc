// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Numbers, units and text as the report shows them.
public enum ReportText {
  /// Safe as element content and as a quoted attribute.
  public static func escape(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // No page may hold these, escaped or not.
      case "\0"..."\u{8}", "\u{B}"..."\u{1F}", "\u{7F}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A JSON string that cannot end the script element it stands in.
  public static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "<", ">", "&", "\u{0}"..."\u{1F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Part of an `id`: letters, digits and hyphens.
  public static func slug(_ text: String) -> String {
    let kept = text.unicodeScalars.map { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": String(scalar)
      default: "-"
      }
    }
    return kept.isEmpty ? "-" : kept.joined()
  }

  /// `1,234,567`.
  public static func grouped(_ value: some BinaryInteger) -> String {
    let digits = String(value.magnitude)
    var result = value < 0 ? "\u{2212}" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { result += "," }
      result.append(digit)
    }
    return result
  }

  /// `value` with exactly `digits` decimals, without grouping; what a plot's coordinates need.
  public static func plain(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "0" }
    var power = 1.0
    for _ in 0..<digits { power *= 10 }
    let scaled = (value.magnitude * power).rounded()
    guard scaled < 9e18 else { return String(Int64(value)) }
    let whole = Int64(scaled) / Int64(power)
    let fraction = Int64(scaled) % Int64(power)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    let text = String(fraction)
    return sign + String(whole) + "." + String(repeating: "0", count: digits - text.count) + text
  }

  /// A coordinate: one decimal, and none where it is zero.
  public static func coordinate(_ value: Double) -> String {
    let text = plain(value, digits: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// `value` with `digits` decimals and its thousands grouped.
  public static func fixed(_ value: Double, digits: Int) -> String {
    let text = plain(value.magnitude, digits: digits)
    let parts = text.split(separator: ".", maxSplits: 1)
    let whole = parts.first.flatMap { UInt64($0) } ?? 0
    let sign = value < 0 && text.contains { $0 != "0" && $0 != "." } ? "\u{2212}" : ""
    return sign + grouped(whole) + (parts.count > 1 ? "." + parts[1] : "")
  }

  /// Three significant digits where the value is below 1,000.
  public static func threeDigits(_ value: Double) -> String {
    switch value.magnitude {
    case 0: "0"
    case ..<0.9995: plain(value, digits: 3)
    case ..<9.995: plain(value, digits: 2)
    case ..<99.95: plain(value, digits: 1)
    default: fixed(value, digits: 0)
    }
  }

  /// `12.3 M`: a rate or count to three digits.
  public static func short(_ value: Double) -> String {
    switch value.magnitude {
    case ..<9_999.5: value.rounded() == value ? fixed(value, digits: 0) : threeDigits(value)
    case ..<999_500: threeDigits(value / 1e3) + " k"
    case ..<999_500_000: threeDigits(value / 1e6) + " M"
    default: threeDigits(value / 1e9) + " G"
    }
  }

  /// A count on an axis: all ticks in the unit that suits the largest of them.
  public static func axisCount(_ value: Double, step: Double, largest: Double) -> String {
    let (unit, name) =
      largest >= 1e10
      ? (1e9, " G")
      : largest >= 1e7
        ? (1e6, " M")
        : largest >= 1e4
          ? (1e3, " k")
          : (1.0, "")
    guard value != 0 else { return "0" }
    return fixed(value / unit, digits: ReportScale.decimals(ofStep: step / unit)) + name
  }

  /// `1.23 GB`, decimal units as disks and links use them.
  public static func bytes(_ count: UInt64) -> String {
    switch count {
    case ..<1_000: "\(count) B"
    case ..<999_500: threeDigits(Double(count) / 1e3) + " kB"
    case ..<999_500_000: threeDigits(Double(count) / 1e6) + " MB"
    default: threeDigits(Double(count) / 1e9) + " GB"
    }
  }

  /// `1.23 µs`.
  public static func duration(nanoseconds: Double) -> String {
    switch nanoseconds.magnitude {
    case ..<999.5:
      nanoseconds.rounded() == nanoseconds
        ? fixed(nanoseconds, digits: 0) + " ns" : threeDigits(nanoseconds) + " ns"
    case ..<999_500: trimmed(threeDigits(nanoseconds / 1e3)) + " µs"
    case ..<999_500_000: trimmed(threeDigits(nanoseconds / 1e6)) + " ms"
    default: trimmed(threeDigits(nanoseconds / 1e9)) + " s"
    }
  }

  /// `2.50` as `2.5`, `10.0` as `10`.
  public static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    let kept = text.reversed().drop { $0 == "0" }
    return String(kept.drop { $0 == "." }.reversed())
  }

  /// `09:30`, `09:30:05` or `09:30:05.250`, as fine as `stepNanoseconds` asks for.
  public static func timeOfDay(nanoseconds: Double, stepNanoseconds: Double) -> String {
    let total = UInt64(max(0, min(nanoseconds, 1e18)).rounded())
    let seconds = total / 1_000_000_000
    func two(_ value: UInt64) -> String { (value < 10 ? "0" : "") + String(value) }
    var text = two(seconds / 3_600) + ":" + two(seconds / 60 % 60)
    if stepNanoseconds >= 60e9 { return text }
    text += ":" + two(seconds % 60)
    if stepNanoseconds >= 1e9 { return text }
    let digits = stepNanoseconds >= 1e6 ? 3 : stepNanoseconds >= 1e3 ? 6 : 9
    let fraction = String(total % 1_000_000_000)
    return text + "."
      + (String(repeating: "0", count: 9 - fraction.count) + fraction).prefix(digits)
  }

  /// A price in currency units with two decimals, and up to four where it has them.
  public static func price(_ units: Int64, scale: Int) -> String {
    let value = Double(units) / Double(max(1, scale))
    let hundredth = UInt64(max(1, scale / 100))
    let isWhole = scale <= 100 || units.magnitude.isMultiple(of: hundredth)
    return fixed(value, digits: isWhole ? 2 : 4)
  }

  /// Share as a percentage with as many decimals as small shares need.
  public static func percent(_ part: Double, of whole: Double) -> String {
    guard whole > 0 else { return "0 %" }
    let percent = 100 * part / whole
    if percent > 0, percent < 0.01 { return "< 0.01 %" }
    return plain(percent, digits: percent < 1 ? 2 : 1) + " %"
  }
}
