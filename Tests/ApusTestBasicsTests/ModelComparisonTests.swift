// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@Suite struct CommandShrinkerTests {
  /// Three of a thousand numbers have to be there, in this order.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func theMinimalListIsFound(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var list = (0..<1_000).map { _ in 10 + random.below(100) }
    let places = (0..<3).map { $0 * 333 + random.below(333) }
    for (value, place) in places.enumerated() { list[place] = value }
    let outcome = CommandShrinker().shrink(list) { $0.filter { $0 < 10 } == [0, 1, 2] }
    #expect(outcome.commands == [0, 1, 2], "seed \(seed)")
    #expect(outcome.isMinimal && outcome.runCount < 300, "seed \(seed): \(outcome.runCount)")
  }

  /// Neither half fails, nor any chunk alone: pairs that have to go together cost single runs.
  @Test func whatMattersMayBeAnywhere() {
    let list = Array(0..<64)
    let outcome = CommandShrinker().shrink(list) { $0.count { $0 % 2 == 0 } == 32 }
    #expect(outcome.commands == list.filter { $0 % 2 == 0 } && outcome.isMinimal)
    #expect(CommandShrinker().shrink([1]) { _ in true }.commands == [])
    #expect(CommandShrinker().shrink([1]) { !$0.isEmpty }.commands == [1])
    #expect(CommandShrinker().shrink([Int]()) { _ in true }.commands == [])
  }

  /// One that is needed only for as long as a later one is there: a second pass finds it.
  @Test func whatBecameNeedlessGoesToo() {
    let outcome = CommandShrinker().shrink([1, 2, 3]) { list in
      list.contains(3) && (!list.contains(2) || list.contains(1))
    }
    #expect(outcome.commands == [3] && outcome.isMinimal)
  }

  @Test func theBoundsHold() {
    var runs = 0
    let list = Array(0..<1_000)
    let outcome = CommandShrinker(runCountMax: 7).shrink(list) { shorter in
      runs += 1
      return shorter.contains(999)
    }
    #expect(runs == 7 && outcome.runCount == 7 && !outcome.isMinimal)
    #expect(outcome.commands.count < 1_000 && outcome.commands.contains(999))
    var applied = 0
    let short = CommandShrinker(commandCountMax: 3_000).shrink(list) { shorter in
      applied += shorter.count
      return shorter.count > 900
    }
    #expect(applied <= 3_000 && !short.isMinimal)
  }
}

@Suite struct ModelComparisonTests {
  enum StackCommand: Equatable { case push(Int), pop }

  /// A stack of a fixed size; a fault may be planted: the third element is lost when there are five.
  struct FixedStack: ~Copyable {
    var slots = InlineArray<8, Int>(repeating: 0)
    var count = 0
    var isFaulty = false

    mutating func apply(_ command: StackCommand) -> Int? {
      switch command {
      case .push(let value):
        guard count < 8 else { return -1 }
        slots[count] = value
        count += 1
        if isFaulty, count == 5 { slots[2] = 0 }
        return nil
      case .pop:
        guard count > 0 else { return nil }
        count -= 1
        return slots[count]
      }
    }
  }

  static func comparison(
    isFaulty: Bool, comparesStates: Bool = false
  ) -> ModelComparison<StackCommand> {
    ModelComparison(
      system: { FixedStack(isFaulty: isFaulty) }, model: { [Int]() },
      applyToSystem: { $0.apply($1) },
      applyToModel: { stack, command in
        switch command {
        case .push(let value):
          if stack.count == 8 { return -1 }
          stack.append(value)
          return nil
        case .pop: return stack.popLast()
        }
      }, checkStride: 10,
      compareStates: { system, model in
        guard comparesStates else { return nil }
        let slots = (0..<system.count).map { system.slots[$0] }
        return slots == model ? nil : "slots \(slots), model \(model)"
      })
  }

  static func command(_ random: inout SeededRandom) -> StackCommand {
    random.below(5) < 3 ? .push(1 + random.below(100)) : .pop
  }

  @Test(arguments: [UInt64(1), 2, 3]) func sidesThatAgreeDoNotDiffer(seed: UInt64) throws {
    let comparison = Self.comparison(isFaulty: false, comparesStates: true)
    let difference = try comparison.run(seed: seed, count: 5_000, Self.command)
    #expect(difference == nil)
  }

  /// Five pushes, and pops down to the lost one: nothing shorter shows it in answers.
  @Test(arguments: [UInt64(1), 2, 3, 0x5EED])
  func aPlantedFaultIsShrunkToTheLeast(seed: UInt64) throws {
    let comparison = Self.comparison(isFaulty: true)
    let difference = try #require(try comparison.run(seed: seed, count: 5_000, Self.command))
    #expect(difference.isMinimal && difference.seed == seed)
    #expect(difference.commands.count == 8, "\(difference)")
    #expect(difference.commands.suffix(3) == [.pop, .pop, .pop])
    #expect(difference.originalCount >= 8)
    #expect(try comparison.difference(difference.commands) == difference.text)
    #expect(try comparison.difference(difference.commands.dropLast()) == nil)
    let lines = difference.description.split(separator: "\n")
    #expect(lines.count == 9 && lines[0].contains("seed \(seed), step"))
    #expect(lines[0].contains("the system says Optional(0), the model Optional("))
    #expect(lines[8] == "  pop")
    // The same seed says the same again.
    let again = try comparison.run(seed: seed, count: 5_000, Self.command)
    #expect(again?.description == difference.description)
  }

  /// Where states are looked at, the pushes alone are enough.
  @Test func aDifferenceOfStatesIsOne() throws {
    let comparison = Self.comparison(isFaulty: true, comparesStates: true)
    let difference = try #require(try comparison.run(seed: 4, count: 5_000, Self.command))
    #expect(difference.commands.count == 5, "\(difference)")
    #expect(difference.text.hasPrefix("slots"))
  }

  struct Refusal: Error {}

  @Test func aSideThatThrowsDiffers() throws {
    let comparison = ModelComparison<Int> {
      var sum = 0
      return (
        step: { command in
          sum += command
          if sum > 20 { throw Refusal() }
          return nil
        }, end: { nil }
      )
    }
    let difference = try #require(
      try comparison.run(seed: 1, count: 100) { 1 + $0.below(9) })
    #expect(difference.text == "thrown: Refusal()" && difference.commands.reduce(0, +) > 20)
    #expect(throws: Refusal.self) {
      let comparison = ModelComparison<Int> { throw Refusal() }
      _ = try comparison.run(seed: 1, count: 1) { $0.below(2) }
    }
  }

  /// A side that keeps something between runs cannot be shrunk; the report says so.
  @Test func aDifferenceThatDoesNotRepeatIsNamed() throws {
    var runs = 0
    let comparison = ModelComparison<Int> {
      runs += 1
      let run = runs
      return (step: { _ in run == 1 ? "only once" : nil }, end: { nil })
    }
    let difference = try #require(try comparison.run(seed: 1, count: 3) { $0.below(2) })
    #expect(difference.text.contains("went away"))
  }
}
