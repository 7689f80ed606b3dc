// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestKit
import Testing

@Suite struct EngineSimulationTests {
  static func simulation(_ fault: FaultyEngine.Fault) -> EngineSimulation<FaultyEngine> {
    EngineSimulation(
      FaultyEngine.self, configuration: .init(fault: fault),
      commands: { random in
        SimulatedCommand(
          UInt64(random.below(1_000)), attachment: random.bytes(random.oneIn(3) ? 20 : 0))
      },
      invariant: { $0.bonus < 10 || fault != .breaksInvariant ? nil : "the bonus is \($0.bonus)" })
  }

  @Test func anEngineThatKeepsTheLawsIsFoundToDoSo() throws {
    let summary = try Self.simulation(.none).check(seeds: 1...3)
    // The runs did what they are there for.
    #expect(summary.runCount > 250 && summary.acknowledgedSequence > 20)
    #expect(summary.fromSnapshotCount > 50 && summary.refusedSnapshotCount > 0)
    #expect(summary.failedDiskCount > 0)
  }

  @Test(arguments: [
    (FaultyEngine.Fault.snapshotOmitsField, "a snapshot does not restore"),
    (.digestOmitsField, "the digest leaves out what a snapshot has"),
    (.bothOmitField, "the snapshot and the digest leave something out"),
    (.readsOutside, "digest"), (.breaksInvariant, "the bonus is "),
  ])
  func aPlantedFaultIsFound(fault: FaultyEngine.Fault, text: String) throws {
    let finding = try #require(
      throws: SimulationFinding.self, "\(fault)",
      performing: { _ = try Self.simulation(fault).check(seeds: 1...3) })
    #expect(finding.text.contains(text), "\(fault): \(finding)")
    #expect(finding.description.hasPrefix("seed \(finding.seed), "))
  }

  /// What a finding names is the run that shows it.
  @Test func aFindingRepeats() throws {
    let simulation = Self.simulation(.snapshotOmitsField)
    let finding = try #require(throws: SimulationFinding.self) {
      _ = try simulation.check(seeds: 1...3)
    }
    #expect(throws: finding) {
      _ = try simulation.run(again: finding)
    }
  }

  @Test func aSeedIsARun() throws {
    var simulation = Self.simulation(.none)
    simulation.options.stepCount = 120
    simulation.options.crashCount = 2
    simulation.options.hasDiskFaults = true
    var traces: Set<UInt64> = []
    for seed in UInt64(100)...105 {
      let first = try simulation.run(seed: seed)
      let second = try simulation.run(seed: seed)
      #expect(first.trace.value == second.trace.value, "seed \(seed)")
      traces.insert(first.trace.value)
    }
    #expect(traces.count == 6)
  }

  @Test func aSourceOfWrongAttachmentsIsNamed() throws {
    let simulation = EngineSimulation(
      FaultyEngine.self, configuration: .init(),
      commands: { SimulatedCommand($0.next(), attachment: $0.bytes(21)) })
    let finding = try #require(throws: SimulationFinding.self) {
      _ = try simulation.run(seed: 1)
    }
    #expect(finding.text.contains("attachment of 21 bytes; the engine's may have 20"))
  }
}

@Suite struct EngineRunTests {
  @Test func commandsGoInAndEventsComeBack() throws {
    var run = try EngineRun(FaultyEngine(configuration: .init()))
    let first = run.apply(SimulatedCommand(3), at: Nanoseconds(5))
    let second = run.apply(SimulatedCommand(4, attachment: [1, 2]), at: Nanoseconds(2))
    let third = run.apply(SimulatedCommand(5), at: Nanoseconds(9), sequence: 10)
    #expect(first == [3, 0] && second == [3 * 31 + 6] && third == [99 * 31 + 5])
    let (sequence, time) = (run.lastSequence, run.lastTime)
    #expect(sequence == 10 && time == Nanoseconds(9))
    let bonus = run.engine.bonus
    #expect(bonus == 1)
  }
}

@Suite struct SimulatedClockTests {
  @Test func itStandsUntilItIsAdvanced() {
    var clock = SimulatedClock(Nanoseconds(7))
    #expect(clock.now == Nanoseconds(7) && clock.now == Nanoseconds(7))
    #expect(clock.advance(by: 3) == Nanoseconds(10))
    #expect(clock.advance(by: 0) == Nanoseconds(10))
    clock.set(Nanoseconds(2))
    #expect(clock.now == Nanoseconds(2))
    #expect(clock.advance(by: .max) == Nanoseconds(.max), "it stands at the end of the range")
  }
}
