// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Why a ``MarketDayConfiguration`` cannot be generated; its description is one line.
public enum MarketDayConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The symbol count is outside ``MarketDayConfiguration/symbolCounts``.
  case symbolCount(Int)
  /// The message count is too small for the start-of-day messages of every symbol, or too large.
  case messageCount(Int, allowed: ClosedRange<Int>)
  /// No such day in the calendar, or a year outside 1970...2999.
  case sessionDate(String)

  /// One line: what was asked for, what is wrong, what to ask for instead.
  public var description: String {
    switch self {
    case .symbolCount(let count):
      let allowed = MarketDayConfiguration.symbolCounts
      return "symbol count \(count): a day has \(allowed.lowerBound) to \(allowed.upperBound) "
        + "symbols; choose one in that range"
    case .messageCount(let count, let allowed):
      return "message count \(count): with so many symbols a day has \(allowed.lowerBound) to "
        + "\(allowed.upperBound) messages; choose one in that range or fewer symbols"
    case .sessionDate(let text):
      return "session date \(text): not a calendar day of 1970 to 2999; write it as YYYY-MM-DD"
    }
  }
}

/// A calendar day on which a market trades.
public struct SessionDate: Sendable, Hashable, CustomStringConvertible {
  /// Gregorian year, 1970...2999.
  public let year: Int
  /// Month, 1...12.
  public let month: Int
  /// Day of the month, 1...31.
  public let day: Int

  /// Checks and stores a day.
  ///
  /// - Throws: ``MarketDayConfigurationError/sessionDate(_:)`` for a day the calendar lacks.
  public init(year: Int, month: Int, day: Int) throws(MarketDayConfigurationError) {
    let isLeapYear = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    let dayCounts = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1970...2999).contains(year), (1...12).contains(month),
      day >= 1, day <= dayCounts[month - 1]
    else { throw .sessionDate("\(year)-\(month)-\(day)") }
    self.init(uncheckedYear: year, month: month, day: day)
  }

  /// Reads `YYYY-MM-DD`.
  ///
  /// - Throws: ``MarketDayConfigurationError/sessionDate(_:)`` for any other text.
  public init(_ text: String) throws(MarketDayConfigurationError) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } }),
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
    else { throw .sessionDate(text) }
    try self.init(year: year, month: month, day: day)
  }

  private init(uncheckedYear year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day of a generated session unless another is asked for: an ordinary Thursday.
  public static let standard = SessionDate(uncheckedYear: 2026, month: 1, day: 15)

  /// The day as `YYYY-MM-DD`.
  public var description: String {
    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(padded(month))-\(padded(day))"
  }

  /// Days since 1970-01-01.
  public var dayNumber: Int { SessionDate.dayNumber(year: year, month: month, day: day) }

  /// Midnight in New York, where the feed's timestamps start. Unit: nanoseconds since 1970 UTC.
  public var midnightUnixNanoseconds: UInt64 {
    // Summer time runs from the second Sunday of March to the first Sunday of November; both
    // switches happen at 02:00, hence after midnight of their own day.
    let start = SessionDate.firstSunday(year: year, month: 3) + 7
    let end = SessionDate.firstSunday(year: year, month: 11)
    let isSummer = dayNumber > start && dayNumber <= end
    let seconds = dayNumber * 86_400 + (isSummer ? 4 : 5) * 3_600
    return UInt64(seconds) * 1_000_000_000
  }

  private static func firstSunday(year: Int, month: Int) -> Int {
    let first = dayNumber(year: year, month: month, day: 1)
    // Day 3 (1970-01-04) was a Sunday.
    return first + (3 - first % 7 + 7) % 7
  }

  /// Counts days in 400-year eras that begin on 1 March, so that the leap day comes last.
  private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
    let marchYear = month > 2 ? year : year - 1
    let era = marchYear / 400
    let yearOfEra = marchYear % 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// What day to generate. Equal configurations give equal bytes on every machine.
public struct MarketDayConfiguration: Sendable, Hashable {
  /// Symbol counts a day can have: locate codes are 16 bits wide and start at 1.
  public static let symbolCounts = 4...65_535

  /// Seed of everything random in the day.
  public let seed: UInt64
  /// Messages in the whole day, start-of-day messages included.
  public let messageCount: Int
  /// Symbols in the directory; their locate codes are `1...symbolCount`.
  public let symbolCount: Int
  /// The calendar day, which only captures show (the feed counts from midnight).
  public let sessionDate: SessionDate

  /// Message counts possible with `symbolCount` symbols.
  public static func messageCounts(symbolCount: Int) -> ClosedRange<Int> {
    (3 * symbolCount + 200)...4_000_000_000
  }

  /// Checks and stores what day to generate.
  ///
  /// - Throws: ``MarketDayConfigurationError`` naming the value out of range and the range.
  public init(
    seed: UInt64,
    messageCount: Int,
    symbolCount: Int = 4_000,
    sessionDate: SessionDate = .standard
  ) throws(MarketDayConfigurationError) {
    guard Self.symbolCounts.contains(symbolCount) else { throw .symbolCount(symbolCount) }
    let allowed = Self.messageCounts(symbolCount: symbolCount)
    guard allowed.contains(messageCount) else {
      throw .messageCount(messageCount, allowed: allowed)
    }
    self.seed = seed
    self.messageCount = messageCount
    self.symbolCount = symbolCount
    self.sessionDate = sessionDate
  }
}
