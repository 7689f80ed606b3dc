// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestKit
import ApusTestSupport
import Testing

/// The ledger on a machine that fails: what `ApusTestKit` holds every engine to.
@Suite struct EngineSimulationTests {
  static func seeds(_ sample: Int, campaign: Int) -> some Sequence<UInt64> {
    Campaign.rounds(sample, campaign: campaign).lazy.map { UInt64($0) + 1 }
  }

  static func simulation(
    _ change: (inout SimulationOptions) -> Void = { _ in }
  ) -> EngineSimulation<LedgerEngine> {
    var simulation = EngineSimulation(
      LedgerEngine.self, configuration: .init(),
      commands: { random in
        SimulatedCommand(.random(&random, accountCount: 24), attachment: memo(&random))
      },
      invariant: { $0.isConserved ? nil : "money came from nowhere" })
    change(&simulation.options)
    return simulation
  }

  /// Mostly nothing or a few bytes, sometimes more.
  private static func memo(_ random: inout SeededRandom) -> [UInt8] {
    switch random.below(10) {
    case 0..<4: []
    case 4..<9: random.bytes(1 + random.below(40))
    default: random.bytes(41 + random.below(410))
    }
  }

  @Test func aCrashAfterAnyStepLosesNothingAcknowledged() throws {
    var acknowledged: UInt64 = 0
    var snapshots = 0
    for seed in Self.seeds(3, campaign: 400) {
      for step in 0..<60 {
        let crash = SimulatedCrash.afterStep(step, losesPower: (step &+ Int(seed)) & 1 == 0)
        let outcome = try Self.simulation().run(seed: seed, crash: crash)
        acknowledged = max(acknowledged, outcome.acknowledgedSequence)
        snapshots += outcome.recoveredFromSnapshot ? 1 : 0
      }
    }
    // The runs did what they are there for.
    #expect(acknowledged > 20)
    #expect(snapshots > 0)
  }

  @Test func aPowerCutAtAnyDiskOperationLosesNothingAcknowledged() throws {
    var count = 0
    for seed in Self.seeds(2, campaign: 400) {
      let whole = try Self.simulation().run(seed: seed)
      for operation in 0..<whole.diskOperationCount {
        _ = try Self.simulation().run(seed: seed, crash: .atDiskOperation(operation))
        count += 1
      }
    }
    #expect(count > 60)
  }

  @Test func aDiskThatFailsLosesNothingAcknowledged() throws {
    var failures = 0
    for seed in Self.seeds(60, campaign: 6_000) {
      let simulation = Self.simulation {
        $0.stepCount = 150
        $0.hasDiskFaults = true
        $0.takesSnapshots = seed & 1 == 0
      }
      failures += try simulation.run(seed: seed).journalFailures > 0 ? 1 : 0
    }
    #expect(failures > 10)
  }

  @Test func livesFollowOneAnother() throws {
    var fromSnapshots = 0
    var refused = 0
    var checks: UInt64 = 0
    for seed in Self.seeds(30, campaign: 3_000) {
      let simulation = Self.simulation {
        $0.stepCount = 80
        $0.crashCount = 5
        $0.hasDiskFaults = seed % 4 == 0
      }
      let outcome = try simulation.run(
        seed: seed, crash: .afterStep(Int(seed * 7 % 80), losesPower: seed & 1 == 0))
      fromSnapshots += outcome.recoveredFromSnapshot ? 1 : 0
      refused += outcome.refusedSnapshotCount
      checks += outcome.digestChecks
    }
    #expect(fromSnapshots > 5)
    #expect(refused > 0)
    #expect(checks > 50)
  }
}
