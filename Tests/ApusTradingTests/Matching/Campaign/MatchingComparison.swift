// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import ApusTrading

/// Runs a stream on two engines until they say different things.
struct MatchingComparison {
  var left: EngineUnderTest
  var right: EngineUnderTest
  /// How much of the market the stream has.
  var extent = RandomCommands.Extent()
  /// Whether commands may leave work to later ones. Section 15.
  var isLimited = false
  /// Invariants of the second engine are checked after so many commands; 0 for never.
  var invariantStride = 0
  /// So often the second engine goes on as one restored from its snapshot; 0 for never.
  var snapshotStride = 0

  struct Difference {
    var seed: UInt64
    var step: Int
    var commands: [TimedCommand]
    var left: [MatchingEvent]
    var right: [MatchingEvent]
    /// What differs where the events do not.
    var note = ""
  }

  /// The first difference over `count` commands, in events, in books, in a law or an invariant, or
  /// after a snapshot.
  func run(seed: UInt64, count: Int, isMutated: Bool) throws -> Difference? {
    let first = try left.make()
    var second = Subject(try right.make(), laws: MatchingLaws(isLimited: isLimited))
    var commands = RandomCommands(seed: seed, isMutated: isMutated, extent: extent)
    var history: [TimedCommand] = []
    history.reserveCapacity(count)
    for step in 0..<count {
      let next = commands.next()
      history.append(next)
      let expected = first.apply(next.command, at: next.time)
      let (events, note) = try second.apply(next, step, comparison: self)
      commands.observe(expected)
      if expected != events || note != nil {
        return Difference(
          seed: seed, step: step, commands: history, left: expected, right: events,
          note: note ?? "")
      }
    }
    if let broken = second.laws.checkSums() {
      return Difference(
        seed: seed, step: count, commands: history, left: [], right: [], note: broken)
    }
    return nil
  }

  /// The second engine, and what is asked of it besides its events.
  private struct Subject {
    var engine: any MatchingUnderTest
    /// The one that `engine` was restored from: it goes on beside it until the next snapshot.
    var original: (any MatchingUnderTest)?
    var laws: MatchingLaws
    var instruments: Set<UInt16> = []

    init(_ engine: any MatchingUnderTest, laws: MatchingLaws) {
      self.engine = engine
      self.laws = laws
    }

    mutating func apply(
      _ next: TimedCommand, _ step: Int, comparison: MatchingComparison
    ) throws -> (events: [MatchingEvent], note: String?) {
      let events = engine.apply(next.command, at: next.time)
      for event in events where event.kind == .instrumentDefined {
        instruments.insert(event.instrument)
      }
      if let original, original.apply(next.command, at: next.time) != events {
        return (events, "events after a snapshot")
      }
      if let broken = laws.check(next.command, events, engine) { return (events, broken) }
      if comparison.invariantStride > 0, step % comparison.invariantStride == 0,
        let broken = engine.brokenInvariant(instruments)
      {
        return (events, broken)
      }
      if comparison.snapshotStride > 0, step % comparison.snapshotStride == 0, step > 0 {
        if let original, original.digest != engine.digest {
          return (events, "digest some time after a snapshot")
        }
        if let copy = try engine.restored() {
          if copy.digest != engine.digest { return (events, "digest of a snapshot") }
          (original, engine) = (engine, copy)
        }
      }
      return (events, nil)
    }
  }

  /// Whether the engines differ over commands, in events or in the laws of the second.
  func differs(_ commands: [TimedCommand]) throws -> Bool {
    let first = try left.make()
    var second = Subject(try right.make(), laws: MatchingLaws(isLimited: isLimited))
    for (step, next) in commands.enumerated() {
      let (events, note) = try second.apply(next, step, comparison: self)
      if note != nil || first.apply(next.command, at: next.time) != events { return true }
    }
    return false
  }

  /// The commands without those that the difference does not need.
  ///
  /// - Parameter workMax: Bounds the commands that are applied.
  func shrunk(_ difference: Difference, workMax: Int = 20_000_000) throws -> [TimedCommand] {
    try CommandShrinker(commandCountMax: workMax).shrink(difference.commands, differs).commands
  }

  /// A difference as a person can run it again: the shrunk stream, as Swift, and what both say.
  func report(_ difference: Difference, _ commands: [TimedCommand]) throws -> String {
    let (first, second) = (try left.make(), try right.make())
    var lines = ["seed \(difference.seed) step \(difference.step) \(difference.note)"]
    for next in commands.suffix(60) {
      lines.append("(\(next.time), \(next.command.swiftText)),")
    }
    for next in commands {
      let expected = first.apply(next.command, at: next.time)
      let events = second.apply(next.command, at: next.time)
      if expected == events { continue }
      lines.append("\(left.name): \(expected.map(\.text))")
      lines.append("\(right.name): \(events.map(\.text))")
      for (event, other) in zip(expected, events) where event != other {
        lines.append("\(event)")
        lines.append("\(other)")
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension MatchingCommand {
  /// The command as Swift that makes it.
  var swiftText: String {
    var fields: [String] = []
    func add(_ name: String, _ value: some BinaryInteger) {
      if value != 0 { fields.append("$0.\(name) = \(value)") }
    }
    let kind = MatchingCommandKind(rawValue: kindCode)
    if kind == nil { add("kindCode", kindCode) }
    add("sideCode", sideCode)
    add("typeCode", typeCode)
    add("detailCode", detailCode)
    add("instrument", instrument)
    if !flags.isEmpty { fields.append("$0.flags = CommandFlags(rawValue: \(flags.rawValue))") }
    add("capacityCode", capacityCode)
    add("orderId", orderId)
    add("clientOrderId", clientOrderId)
    add("owner", owner)
    add("session", session)
    add("account", account)
    add("priceTicks", priceTicks)
    add("quantity", quantity)
    add("displayQuantity", displayQuantity)
    add("triggerTicks", triggerTicks)
    add("relatedOrderId", relatedOrderId)
    add("value", value)
    let start = kind.map { "MatchingCommand(.\($0))" } ?? "MatchingCommand()"
    return fields.isEmpty ? start : "\(start).with { \(fields.joined(separator: "; ")) }"
  }
}
