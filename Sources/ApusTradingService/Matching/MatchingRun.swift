// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusTrading

/// What a matching engine's events add up to.
struct MatchingTally {
  private(set) var eventCount: UInt64 = 0
  private(set) var eventsByKind = [UInt64](repeating: 0, count: 256)
  private(set) var rejectsByReason = [UInt64](repeating: 0, count: 256)
  private(set) var cancelsByReason = [UInt64](repeating: 0, count: 256)
  private(set) var tradedQuantity: UInt64 = 0
  private(set) var tradedNotional: UInt64 = 0

  @inline(__always)
  mutating func take(_ event: MatchingEvent) {
    eventCount += 1
    eventsByKind[Int(event.kindCode)] += 1
    switch event.kindCode {
    case MatchingEventKind.trade.rawValue:
      tradedQuantity &+= UInt64(event.quantity)
      tradedNotional &+= UInt64(event.priceTicks) &* UInt64(event.quantity)
    case MatchingEventKind.rejected.rawValue: rejectsByReason[Int(event.reasonCode)] += 1
    case MatchingEventKind.cancelled.rawValue: cancelsByReason[Int(event.reasonCode)] += 1
    default: break
    }
  }

  var tradeCount: UInt64 { eventsByKind[Int(MatchingEventKind.trade.rawValue)] }

  /// Counts that are not zero, by the name of what they count.
  static func named<Code: CaseIterable & RawRepresentable>(
    _ counts: [UInt64], _ type: Code.Type
  ) -> [String: UInt64] where Code.RawValue == UInt8 {
    var named: [String: UInt64] = [:]
    for code in type.allCases where counts[Int(code.rawValue)] > 0 {
      named["\(code)"] = counts[Int(code.rawValue)]
    }
    return named
  }
}

/// A matching engine under its host, fed by its caller at recorded times.
struct MatchingRun: ~Copyable {
  typealias Host = EngineHost<
    MatchingEngine, NoInput<MatchingCommand>, NoJournal, CallerOutput<MatchingEvent>
  >

  private var host: Host
  private(set) var tally = MatchingTally()
  private(set) var commandsByKind = [UInt64](repeating: 0, count: 256)

  /// The most events of one command: an auction of a busy instrument in one piece.
  private static let eventCountMax = 1 << 16

  init() throws(TradingReplayError) {
    do {
      host = try EngineHost(
        engine: MatchingEngine(configuration: .init(eventCountMax: Self.eventCountMax)),
        input: NoInput(), journal: NoJournal(), output: CallerOutput(),
        configuration: HostConfiguration(
          release: .atOnce, eventCapacity: Self.eventCountMax, timedBatchInterval: nil))
    } catch {
      throw .resources("\(error)")
    }
  }

  var digest: UInt64 { host.engine.digest }
  var commandCount: UInt64 { host.commandCount }

  /// Applies a command and takes all of its events.
  mutating func apply(_ command: MatchingCommand, at timeNanoseconds: UInt64) {
    apply(command, at: timeNanoseconds) { _ in }
  }

  /// Applies a command and shows all of its events.
  @inline(__always)
  mutating func apply(
    _ command: MatchingCommand, at timeNanoseconds: UInt64, _ body: (MatchingEvent) -> Void
  ) {
    commandsByKind[Int(command.kindCode)] += 1
    let isTaken = host.step(now: Nanoseconds(timeNanoseconds), command: command)
    precondition(isTaken, "MatchingRun.apply: expected room, since all events were taken")
    host.takeEvents { event in
      tally.take(event.event)
      body(event.event)
    }
  }

  /// What was done so far, in figures.
  func addFigures(to figures: inout MatchingFigures) {
    figures.commandCount = commandCount
    figures.commandsByKind = MatchingTally.named(commandsByKind, MatchingCommandKind.self)
    figures.eventCount = tally.eventCount
    figures.eventsByKind = MatchingTally.named(tally.eventsByKind, MatchingEventKind.self)
    figures.tradeCount = tally.tradeCount
    figures.tradedQuantity = tally.tradedQuantity
    figures.tradedNotional = tally.tradedNotional
    figures.rejectsByReason = MatchingTally.named(tally.rejectsByReason, MatchingReason.self)
    figures.cancelsByReason = MatchingTally.named(tally.cancelsByReason, MatchingReason.self)
    let digits = String(digest, radix: 16)
    figures.digest = String(repeating: "0", count: 16 - digits.count) + digits
    if figures.elapsedSeconds > 0, commandCount > 0 {
      figures.commandsPerSecond = Double(commandCount) / figures.elapsedSeconds
      figures.nanosecondsPerCommand = figures.elapsedSeconds * 1e9 / Double(commandCount)
    }
  }
}
