// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Runs a stream on two engines until they say different things.
struct MatchingComparison {
  var left: EngineUnderTest
  var right: EngineUnderTest

  struct Difference {
    var seed: UInt64
    var step: Int
    var commands: [TimedCommand]
    var left: [MatchingEvent]
    var right: [MatchingEvent]
    /// What differs where the events do not.
    var note = ""
  }

  /// The first difference over `count` commands, in events, in books or in a law.
  func run(seed: UInt64, count: Int, isMutated: Bool) throws -> Difference? {
    let (first, second) = (try left.make(), try right.make())
    var commands = RandomCommands(seed: seed, isMutated: isMutated)
    var laws = MatchingLaws()
    var history: [TimedCommand] = []
    history.reserveCapacity(count)
    for step in 0..<count {
      let next = commands.next()
      history.append(next)
      let expected = first.apply(next.command, at: next.time)
      let events = second.apply(next.command, at: next.time)
      commands.observe(expected)
      var note = ""
      if expected == events { note = laws.check(next.command, events, second) ?? "" }
      if expected != events || !note.isEmpty {
        return Difference(
          seed: seed, step: step, commands: history, left: expected, right: events, note: note)
      }
    }
    if let broken = laws.checkSums() {
      return Difference(
        seed: seed, step: count, commands: history, left: [], right: [], note: broken)
    }
    return nil
  }

  /// Whether the engines differ over commands, in events or in the laws of the second.
  func differs(_ commands: [TimedCommand]) throws -> Bool {
    let (first, second) = (try left.make(), try right.make())
    var laws = MatchingLaws()
    for next in commands {
      let events = second.apply(next.command, at: next.time)
      if first.apply(next.command, at: next.time) != events { return true }
      if laws.check(next.command, events, second) != nil { return true }
    }
    return false
  }

  /// Leaves commands out while the difference stays: halves, then quarters, down to single ones.
  ///
  /// - Parameter workMax: Bounds the commands that are applied.
  func shrunk(_ difference: Difference, workMax: Int = 20_000_000) throws -> [TimedCommand] {
    var commands = difference.commands
    var size = commands.count / 2
    var work = 0
    while size >= 1, work < workMax {
      var start = 0
      while start < commands.count, work < workMax {
        var shorter = commands
        shorter.removeSubrange(start..<min(start + size, commands.count))
        work += shorter.count
        if try differs(shorter) { commands = shorter } else { start += size }
      }
      size /= 2
    }
    return commands
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
