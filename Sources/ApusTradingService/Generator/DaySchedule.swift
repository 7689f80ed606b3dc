// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// A message whose time is fixed before the day starts: everything that is not order flow.
struct ScheduledEvent: Sendable {
  enum Kind: UInt8, Sendable {
    case system, directory, tradingAction, shortSaleRestriction, participantPosition
    case declineLevels, declineStatus, quotingPeriod, auctionCollar, operationalHalt
    case imbalance, cross, brokenTrade, retailInterest, capitalRaise
  }

  /// Unit: nanoseconds since midnight.
  var timestamp: UInt64
  /// Position in the order of planning, which decides between equal times.
  var ordinal: UInt32
  var locate: UInt16
  var kind: Kind
  /// Event, state or cross code, where the kind has one.
  var code: UInt8 = 0
  /// Index into ``DaySchedule/reasons``, for trading actions.
  var reason: UInt8 = 0
}

/// All scheduled messages of a day, in time order.
struct DaySchedule: Sendable {
  /// Reasons of trading actions; the first one is "none".
  static let reasons = ["", "IPO1", "IPOQ", "T1", "T3", "LUDP", "LUDS"]

  private(set) var events: [ScheduledEvent] = []
  /// The one listing of the day: halted until its release at 10:45.
  let newListing: UInt16
  static let releaseTime = SessionTime.at(10, 45)

  init(
    configuration: MarketDayConfiguration, universe: SymbolUniverse, random: inout SeededRandom
  ) {
    let symbolCount = configuration.symbolCount
    let ranked = universe.locatesByActivity
    newListing = ranked[symbolCount - 1 - symbolCount / 8]
    // What is left after the start-of-day messages pays for crosses and the like; small days
    // have them for the most active symbols only.
    let spareCount = configuration.messageCount - 3 * symbolCount - 100
    let crossSymbolCount = max(1, min(symbolCount, spareCount / 5 / 8))
    let haltCount = max(1, min(symbolCount / 300, spareCount / 500))

    planSystemEvents()
    planStartOfDay(symbolCount: symbolCount, random: &random)
    planParticipants(symbolCount: symbolCount, countMax: max(1, spareCount / 50), random: &random)
    planNewListing()
    for locate in ranked.prefix(crossSymbolCount) { planCrosses(locate: locate, random: &random) }
    planHalts(ranked: ranked, count: haltCount, random: &random)
    planRareMessages(ranked: ranked, spareCount: spareCount, random: &random)
    events.sort { ($0.timestamp, $0.ordinal) < ($1.timestamp, $1.ordinal) }
  }

  private mutating func add(
    _ kind: ScheduledEvent.Kind, at timestamp: UInt64, locate: UInt16 = 0, code: Character = " ",
    reason: String = ""
  ) {
    events.append(
      ScheduledEvent(
        timestamp: timestamp, ordinal: UInt32(events.count), locate: locate, kind: kind,
        code: code.asciiValue ?? 0,
        reason: UInt8(Self.reasons.firstIndex(of: reason) ?? 0)))
  }

  private mutating func planSystemEvents() {
    add(.system, at: SessionTime.startOfMessages, code: "O")
    add(.system, at: SessionTime.startOfSystem, code: "S")
    add(.system, at: SessionTime.open, code: "Q")
    add(.system, at: SessionTime.close, code: "M")
    add(.system, at: SessionTime.endOfSystem, code: "E")
    add(.system, at: SessionTime.endOfMessages, code: "C")
    add(.declineLevels, at: SessionTime.directory - SessionTime.second)
    add(.declineStatus, at: SessionTime.startOfSystem - SessionTime.second, code: "1")
  }

  private mutating func planStartOfDay(symbolCount: Int, random: inout SeededRandom) {
    var time = SessionTime.directory
    for locate in 1...symbolCount {
      time += UInt64(random.below(narrow: 20_000))
      add(.directory, at: time, locate: UInt16(locate))
    }
    time = max(time, SessionTime.directory + SessionTime.minute)
    for locate in 1...symbolCount {
      time += UInt64(random.below(narrow: 20_000))
      let isNew = locate == Int(newListing)
      add(
        .tradingAction, at: time, locate: UInt16(locate), code: isNew ? "H" : "T",
        reason: isNew ? "IPO1" : "")
      add(.shortSaleRestriction, at: time + 300, locate: UInt16(locate))
      time += 300
    }
  }

  private mutating func planParticipants(
    symbolCount: Int, countMax: Int, random: inout SeededRandom
  ) {
    var time = SessionTime.startOfSystem - 30 * SessionTime.second
    for index in 0..<min(countMax, symbolCount * 3 / 2) {
      time += UInt64(random.below(narrow: 50_000))
      add(.participantPosition, at: time, locate: UInt16(1 + index % symbolCount))
    }
  }

  private mutating func planNewListing() {
    let release = Self.releaseTime
    add(.quotingPeriod, at: SessionTime.at(9, 0), locate: newListing, code: "A")
    let quoting = release - 10 * SessionTime.minute
    add(.tradingAction, at: quoting, locate: newListing, code: "Q", reason: "IPOQ")
    add(.capitalRaise, at: release - 5 * SessionTime.second, locate: newListing)
    planReopening(locate: newListing, at: release)
  }

  /// Imbalance before, trading again, and the cross that reopens it.
  private mutating func planReopening(locate: UInt16, at time: UInt64) {
    add(.imbalance, at: time - 2 * SessionTime.second, locate: locate, code: "H")
    add(.tradingAction, at: time, locate: locate, code: "T")
    add(.cross, at: time + 400, locate: locate, code: "H")
  }

  private mutating func planCrosses(locate: UInt16, random: inout SeededRandom) {
    let second = SessionTime.second
    if locate != newListing {
      for index in 0..<3 {
        let base = SessionTime.openingImbalance + UInt64(index) * 35 * second
        add(.imbalance, at: base + random.below(wide: 2 * second), locate: locate, code: "O")
      }
      add(
        .cross, at: SessionTime.open + 1_000 + random.below(wide: second), locate: locate,
        code: "O")
    }
    for index in 0..<3 {
      let base = SessionTime.closingImbalance + UInt64(index) * 200 * second
      add(.imbalance, at: base + random.below(wide: 2 * second), locate: locate, code: "C")
    }
    add(
      .cross, at: SessionTime.close + 1_000 + random.below(wide: 4 * second), locate: locate,
      code: "C")
  }

  /// Volatility pauses and news halts between 09:45 and 15:30, and one operational halt. Each
  /// symbol has one at most, taken from the more active half.
  private mutating func planHalts(ranked: [UInt16], count: Int, random: inout SeededRandom) {
    let step = max(1, ranked.count / 2 / count)
    for index in 0..<count {
      let locate = ranked[index * step + step / 2]
      let begin = SessionTime.at(9, 45) + random.below(wide: 320 * SessionTime.minute)
      let isVolatility = index % 3 != 2
      let end = begin + (isVolatility ? 5 : 20) * SessionTime.minute
      if isVolatility {
        add(.tradingAction, at: begin, locate: locate, code: "P", reason: "LUDP")
        add(.auctionCollar, at: begin + 900, locate: locate)
      } else {
        add(.tradingAction, at: begin, locate: locate, code: "H", reason: "T1")
      }
      add(
        .tradingAction, at: end - 90 * SessionTime.second, locate: locate, code: "Q",
        reason: isVolatility ? "LUDS" : "T3")
      planReopening(locate: locate, at: end)
    }
    let locate = ranked[ranked.count / 2]
    add(.operationalHalt, at: SessionTime.at(13, 5), locate: locate, code: "H")
    add(.operationalHalt, at: SessionTime.at(13, 12), locate: locate, code: "T")
  }

  private mutating func planRareMessages(
    ranked: [UInt16], spareCount: Int, random: inout SeededRandom
  ) {
    let span = SessionTime.close - SessionTime.open
    for _ in 0..<max(1, min(ranked.count / 20, spareCount / 200)) {
      let locate = ranked[Int(random.below(narrow: UInt32(ranked.count)))]
      add(.retailInterest, at: SessionTime.open + random.below(wide: span), locate: locate)
    }
    for index in 0..<max(1, min(12, spareCount / 2_000)) {
      let offset = UInt64(index) * 20 * SessionTime.minute + random.below(wide: SessionTime.minute)
      add(.brokenTrade, at: SessionTime.at(11, 30) + offset)
    }
  }
}
