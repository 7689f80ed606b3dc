// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Runs seeded commands on a system under test and on its model, an implementation that is obviously
/// right, until they answer differently; shrinks the commands to the few that show it.
///
/// ```swift
/// let comparison = ModelComparison<StackCommand>(
///   system: { RingStack(capacity: 8) }, model: { [Int]() },
///   applyToSystem: { stack, command in stack.apply(command) },
///   applyToModel: { array, command in … })
/// let difference = try comparison.run(seed: 7, count: 10_000) { random in
///   random.oneIn(3) ? .pop : .push(random.below(100))
/// }
/// #expect(difference == nil, "\(difference, default: "")")
/// ```
///
/// Shrinking runs the commands from the beginning again and again, so both sides have to be functions
/// of their commands. It cannot shrink what ends the process: an engine must not trap.
///
/// - Threading: one thread at a time.
public struct ModelComparison<Command> {
  /// Takes one command to both sides; says how they differ after it, or nil.
  public typealias Step = (Command) throws -> String?
  /// Takes both sides, made anew, and says how they differ when the commands are over, or nil.
  public typealias End = () throws -> String?

  /// What shortens a list that shows a difference.
  public var shrinker = CommandShrinker()
  private let makeTrial: () throws -> (step: Step, end: End)

  /// A comparison of what the caller keeps itself.
  ///
  /// - Parameter makeTrial: Makes both sides; called for each run.
  public init(makeTrial: @escaping () throws -> (step: Step, end: End)) {
    self.makeTrial = makeTrial
  }

  /// A comparison of two sides by what they answer.
  ///
  /// - Parameters:
  ///   - system: Makes the system under test.
  ///   - model: Makes its model.
  ///   - applyToSystem: Applies a command and returns what came of it.
  ///   - applyToModel: The same of the model.
  ///   - checkStride: The states are compared after so many commands, and at the end.
  ///   - compareStates: Says how the states of both differ, or nil.
  public init<System: ~Copyable, Model, Output: Equatable>(
    system: @escaping () throws -> System, model: @escaping () throws -> Model,
    applyToSystem: @escaping (inout System, Command) throws -> Output,
    applyToModel: @escaping (inout Model, Command) throws -> Output,
    checkStride: Int = 50,
    compareStates: @escaping (inout System, inout Model) throws -> String? = { _, _ in nil }
  ) {
    precondition(checkStride > 0, "ModelComparison.init: expected a checkStride of at least 1")
    makeTrial = {
      let sides = Sides(try system(), try model())
      var count = 0
      return (
        step: { command in
          let found = try applyToSystem(&sides.system, command)
          let expected = try applyToModel(&sides.model, command)
          if found != expected { return "the system says \(found), the model \(expected)" }
          count += 1
          return count % checkStride == 0
            ? try compareStates(&sides.system, &sides.model) : nil
        },
        end: { try compareStates(&sides.system, &sides.model) }
      )
    }
  }

  /// Runs `count` commands on both sides.
  ///
  /// - Parameters:
  ///   - seed: Of the source that the commands are drawn from.
  ///   - count: Commands to run.
  ///   - nextCommand: Draws the next command. What else it keeps has to begin anew with each call of
  ///     `run`, or the seed does not repeat the run.
  /// - Returns: The first difference, with the shortest commands found that show one; nil where the
  ///   sides agree. A side that throws differs.
  /// - Throws: What `makeTrial` throws.
  public func run(
    seed: UInt64, count: Int, _ nextCommand: (inout SeededRandom) throws -> Command
  ) throws -> ModelDifference<Command>? {
    var random = SeededRandom(seed: seed)
    let trial = try makeTrial()
    var commands: [Command] = []
    commands.reserveCapacity(count)
    for _ in 0..<count {
      let command = try nextCommand(&random)
      commands.append(command)
      if Self.text(of: { try trial.step(command) }) != nil {
        return try shrink(commands, seed: seed)
      }
    }
    return Self.text(of: trial.end) == nil ? nil : try shrink(commands, seed: seed)
  }

  /// How the sides differ over these commands: after the first that shows it, or at the end; nil where
  /// they agree.
  ///
  /// - Throws: What `makeTrial` throws.
  public func difference(_ commands: [Command]) throws -> String? {
    let trial = try makeTrial()
    for command in commands {
      if let text = Self.text(of: { try trial.step(command) }) { return text }
    }
    return Self.text(of: trial.end)
  }

  private func shrink(_ commands: [Command], seed: UInt64) throws -> ModelDifference<Command> {
    let outcome = try shrinker.shrink(commands) { try difference($0) != nil }
    let text = try difference(outcome.commands)
    return ModelDifference(
      seed: seed, originalCount: commands.count, commands: outcome.commands,
      text: text
        ?? "the difference went away when the same commands ran again: a side keeps something",
      runCount: outcome.runCount, isMinimal: outcome.isMinimal)
  }

  private static func text(of body: () throws -> String?) -> String? {
    do {
      return try body()
    } catch {
      return "thrown: \(error)"
    }
  }

  /// One run's, for its closures.
  private final class Sides<System: ~Copyable, Model> {
    var system: System
    var model: Model

    init(_ system: consuming System, _ model: Model) {
      self.system = system
      self.model = model
    }
  }
}

/// A list of commands over which a system and its model differ, as short as it was found.
///
/// Its description is what a test prints: the seed, the difference and the commands in order.
public struct ModelDifference<Command>: CustomStringConvertible {
  /// Of the run that found it.
  public var seed: UInt64
  /// Commands that run had applied by then.
  public var originalCount: Int
  /// The commands that show it, from the beginning.
  public var commands: [Command]
  /// How the sides differ over them.
  public var text: String
  /// Runs that shrinking took.
  public var runCount: Int
  /// Whether no single command can be left out.
  public var isMinimal: Bool

  /// Several lines, one a command.
  public var description: String {
    let head =
      "seed \(seed), step \(originalCount - 1), shrunk to \(commands.count) commands"
      + (isMinimal ? "" : " (the bound on runs ended it)") + ": \(text)"
    return ([head] + commands.map { "  \($0)" }).joined(separator: "\n")
  }
}
