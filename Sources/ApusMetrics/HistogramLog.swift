// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Lines of a histogram log: full histograms of consecutive intervals, one a line.
///
/// ```
/// #[Histogram log format version 1.3]
/// #[StartTime: 1772357400.000 (seconds since epoch), 2026-03-01T09:30:00Z]
/// "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
/// Tag=decode,0.000,1.000,0.002,HISTFAAA...
/// ```
///
/// Each function gives one line with its line feed; the caller owns the file. Readers of versions
/// 1.2 and 1.3 accept them.
public enum HistogramLog {
  /// The first line of a log.
  public static func formatVersionLine() -> String {
    "#[Histogram log format version 1.3]\n"
  }

  /// The names of the fields; comes before the first interval.
  public static func legendLine() -> String {
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
  }

  /// When the log began; Unit: seconds since 1970-01-01 UTC.
  public static func startTimeLine(secondsSinceEpoch: Double) -> String {
    "#[StartTime: \(DecimalText.fixed(secondsSinceEpoch, digits: 3)) (seconds since epoch), "
      + "\(DecimalText.utc(secondsSinceEpoch: secondsSinceEpoch))]\n"
  }

  /// What interval starts count from; Unit: seconds since 1970-01-01 UTC. Without such a line a
  /// start far below the start time counts from the start time, any other from 1970.
  public static func baseTimeLine(secondsSinceEpoch: Double) -> String {
    "#[BaseTime: \(DecimalText.fixed(secondsSinceEpoch, digits: 3)) (seconds since epoch)]\n"
  }

  /// A comment; line breaks in it become spaces.
  public static func commentLine(_ text: String) -> String {
    "#" + String(text.map { $0.isNewline ? " " : $0 }) + "\n"
  }

  /// One interval.
  ///
  /// - Parameters:
  ///   - histogram: What was recorded in the interval.
  ///   - tag: Tells several streams of one log apart; commas, spaces and line breaks become `_`.
  ///   - startSeconds: Start of the interval. Unit: seconds from the base time.
  ///   - lengthSeconds: Unit: seconds.
  ///   - maximumUnitRatio: What the largest value is divided by for the third field, which is for
  ///     people only: 1,000,000 prints nanoseconds as milliseconds.
  /// - Throws: As ``Histogram/encodedV2Compressed()``.
  public static func intervalLine(
    _ histogram: borrowing Histogram,
    tag: String? = nil,
    startSeconds: Double,
    lengthSeconds: Double,
    maximumUnitRatio: Double = 1_000_000
  ) throws(HistogramError) -> String {
    let encoded = try histogram.encodedBase64()
    let prefix = tag.map { "Tag=\(sanitized($0))," } ?? ""
    let maximum = Double(histogram.maximum) / maximumUnitRatio
    return prefix + DecimalText.fixed(startSeconds, digits: 3) + ","
      + DecimalText.fixed(lengthSeconds, digits: 3) + ","
      + DecimalText.fixed(maximum, digits: 3) + "," + encoded + "\n"
  }

  private static func sanitized(_ tag: String) -> String {
    String(tag.map { $0 == "," || $0.isWhitespace ? "_" : $0 })
  }
}

/// One interval read from a histogram log.
public struct HistogramLogInterval: ~Copyable {
  /// What was recorded.
  public var histogram: Histogram
  /// The stream it belongs to, where the log has several.
  public let tag: String?
  /// Start as the line gives it. Unit: seconds, from the base time where the log has one.
  public let startSeconds: Double
  /// Unit: seconds.
  public let lengthSeconds: Double
  /// The third field: the largest value in the unit that the writer chose.
  public let maximumField: Double
  /// Start on the clock. Unit: seconds since 1970-01-01 UTC, or as `startSeconds` where the log
  /// gives no time.
  public let startSecondsSinceEpoch: Double
}

/// Reads the lines of a histogram log.
///
/// ```swift
/// var reader = HistogramLogReader(text)
/// while let interval = try reader.next() { try sum.merge(interval.histogram) }
/// ```
public struct HistogramLogReader {
  private var rest: Substring.UTF8View
  /// Lines read so far; the number of the line that an error names.
  public private(set) var lineNumber = 0
  /// Unit: seconds since 1970-01-01 UTC; nil until a line gives it.
  public private(set) var startTimeSeconds: Double?
  /// Unit: seconds since 1970-01-01 UTC; nil until a line gives it.
  public private(set) var baseTimeSeconds: Double?

  /// Reads from the text of a whole log.
  public init(_ text: String) {
    rest = Substring(text).utf8
  }

  /// The next interval, or nil at the end; comments, the legend and empty lines are passed over.
  ///
  /// - Throws: ``HistogramError/invalidLogLine(lineNumber:field:)``, or what decoding the histogram
  ///   threw. The line is consumed: calling again continues with the next one.
  public mutating func next() throws(HistogramError) -> HistogramLogInterval? {
    while let line = nextLine() {
      if line.first == UInt8(ascii: "#") {
        readComment(String(Substring(line)))
        continue
      }
      if line.isEmpty || line.first == UInt8(ascii: "\"") { continue }
      return try interval(line)
    }
    return nil
  }

  private mutating func nextLine() -> Substring.UTF8View? {
    guard !rest.isEmpty else { return nil }
    lineNumber += 1
    let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
    var line = rest[..<end]
    rest = end < rest.endIndex ? rest[rest.index(after: end)...] : rest[end...]
    if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
    return line
  }

  private mutating func readComment(_ line: String) {
    func seconds(after prefix: String) -> Double? {
      guard line.hasPrefix(prefix) else { return nil }
      let field = line.dropFirst(prefix.count).drop { $0 == " " }
      return Double(field.prefix { $0 != " " && $0 != "]" }).flatMap { $0.isFinite ? $0 : nil }
    }
    if let time = seconds(after: "#[StartTime:") { startTimeSeconds = time }
    if let time = seconds(after: "#[BaseTime:") { baseTimeSeconds = time }
  }

  private mutating func interval(
    _ line: Substring.UTF8View
  ) throws(HistogramError) -> HistogramLogInterval {
    var fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)[...]
    var tag: String?
    if let first = fields.first.map({ String(Substring($0)) }), first.hasPrefix("Tag=") {
      tag = String(first.dropFirst(4))
      fields = fields.dropFirst()
    }
    func number(_ index: Int, _ name: String) throws(HistogramError) -> Double {
      let position = fields.startIndex + index
      guard position < fields.endIndex, let value = Double(Substring(fields[position])),
        value.isFinite
      else { throw .invalidLogLine(lineNumber: lineNumber, field: name) }
      return value
    }
    let start = try number(0, "start")
    let length = try number(1, "length")
    let maximum = try number(2, "maximum")
    guard fields.count == 4, let encoded = fields.last else {
      throw .invalidLogLine(lineNumber: lineNumber, field: "histogram")
    }
    let histogram = try Histogram(decodingV2Compressed: Base64.decode(encoded))
    return HistogramLogInterval(
      histogram: histogram, tag: tag, startSeconds: start, lengthSeconds: length,
      maximumField: maximum, startSecondsSinceEpoch: start + base(forStart: start))
  }

  /// A log without a base time has absolute starts, unless they lie over a year before its start
  /// time: then they count from it.
  private func base(forStart start: Double) -> Double {
    if let baseTimeSeconds { return baseTimeSeconds }
    guard let startTimeSeconds, start < startTimeSeconds - 365 * 86_400 else { return 0 }
    return startTimeSeconds
  }
}
