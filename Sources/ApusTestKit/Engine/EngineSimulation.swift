// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusTestBasics

/// Runs an engine as production does, on a machine that fails, and holds it to the laws of engines.
///
/// A producer, a durable host, a disk and a consumer share one thread, in an order that a seed decides;
/// ring, host, journal, snapshots and recovery are the real ones, and only the disk is simulated. After
/// every crash, and for whatever the disk did:
///
/// - the journal opens, and has a beginning of what was applied with every acknowledged command in it;
/// - recovery reaches the digest of the model, which is the same engine on the same commands with nothing
///   around it, and from there on both say the same to the same commands;
/// - every event that was seen is one of the model's, in its order;
/// - a snapshot restores to the digest it was written with, and a damaged one is refused;
/// - everything that a snapshot keeps decides the digest;
/// - the caller's invariant holds.
///
/// ```swift
/// let simulation = EngineSimulation(
///   Ledger.self, configuration: .init(),
///   commands: { random in SimulatedCommand(.deposit(random.below(1_000), to: random.below(8))) },
///   invariant: { $0.isConserved ? nil : "money came from nowhere" })
/// let summary = try simulation.check(seeds: 1...10)
/// ```
///
/// - Threading: one thread at a time.
public struct EngineSimulation<E: Engine & ~Copyable> where E.Event: Equatable {
  /// How long it runs, and what happens.
  public var options = SimulationOptions()
  let configuration: E.Configuration
  let nextCommand: (inout SeededRandom) -> SimulatedCommand<E.Command>
  let invariant: (borrowing E) -> String?

  /// A simulation of an engine.
  ///
  /// - Parameters:
  ///   - configuration: The engine's.
  ///   - commands: Draws the next command. It keeps nothing between calls, or a seed is no run.
  ///   - invariant: Says what is wrong with the engine's state, or nil.
  public init(
    _ type: E.Type = E.self, configuration: E.Configuration,
    commands: @escaping (inout SeededRandom) -> SimulatedCommand<E.Command>,
    invariant: @escaping (borrowing E) -> String? = { _ in nil }
  ) {
    self.configuration = configuration
    nextCommand = commands
    self.invariant = invariant
  }

  /// One run: its first life ends by `crash`, later ones when their steps are over.
  ///
  /// - Returns: What it came to.
  /// - Throws: ``SimulationFinding`` for a law that was broken, or an error of something real.
  public func run(
    seed: UInt64, crash: SimulatedCrash = .atTheEnd
  ) throws(SimulationFinding) -> SimulationOutcome {
    let machine = SimulatedMachine(self, seed: seed, crash: crash)
    do {
      try machine.run()
    } catch let finding as SimulationFinding {
      throw finding
    } catch {
      throw machine.finding("\(error)")
    }
    return machine.outcome
  }

  /// Runs again what a finding came from.
  ///
  /// - Throws: The finding, unless the engine was changed meanwhile.
  public func run(again finding: SimulationFinding) throws(SimulationFinding) -> SimulationOutcome {
    var same = self
    same.options = finding.options
    return try same.run(seed: finding.seed, crash: finding.crash)
  }

  /// For each seed: a crash after every step and at every operation of the disk, several lives one after
  /// the other, and a disk that fails.
  ///
  /// - Parameter seeds: Some hundred runs each.
  /// - Returns: What they came to; look that they did something.
  /// - Throws: The first ``SimulationFinding``.
  public func check(
    seeds: some Sequence<UInt64>
  ) throws(SimulationFinding) -> SimulationSummary {
    var summary = SimulationSummary()
    for seed in seeds {
      var one = self
      one.options.hasDiskFaults = false
      one.options.crashCount = 1
      let whole = try one.run(seed: seed)
      summary.add(whole)
      for operation in 0..<whole.diskOperationCount {
        summary.add(try one.run(seed: seed, crash: .atDiskOperation(operation)))
      }
      for step in 0..<options.stepCount {
        let losesPower = (UInt64(step) &+ seed) & 1 == 0
        summary.add(try one.run(seed: seed, crash: .afterStep(step, losesPower: losesPower)))
      }
      one.options.crashCount = 5
      summary.add(try one.run(seed: seed))
      one.options.hasDiskFaults = true
      summary.add(try one.run(seed: seed))
    }
    return summary
  }
}
