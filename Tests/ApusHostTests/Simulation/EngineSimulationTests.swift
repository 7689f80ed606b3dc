// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import Foundation
import Testing

@Suite struct EngineSimulationTests {
  static func seeds(_ sample: Int, campaign: Int) -> some Sequence<UInt64> {
    Campaign.rounds(sample, campaign: campaign).lazy.map { UInt64($0) + 1 }
  }

  static func run(
    _ seed: UInt64, _ crash: SimulatedCrash, _ options: EngineSimulator.Options = .init()
  ) -> SimulationOutcome? {
    let simulator = EngineSimulator(seed: seed, options: options)
    do {
      try simulator.run(crash: crash)
      return simulator.outcome
    } catch {
      Issue.record("seed \(seed), \(crash): \(error)")
      return nil
    }
  }

  @Test func aCrashAfterAnyStepLosesNothingAcknowledged() {
    var acknowledged: UInt64 = 0
    var snapshots = 0
    for seed in Self.seeds(3, campaign: 400) {
      for step in 0..<60 {
        let crash = SimulatedCrash.afterStep(step, losesPower: (step &+ Int(seed)) & 1 == 0)
        guard let outcome = Self.run(seed, crash) else { return }
        acknowledged = max(acknowledged, outcome.acknowledgedSequence)
        snapshots += outcome.recoveredFromSnapshot ? 1 : 0
      }
    }
    // The runs did what they are there for.
    #expect(acknowledged > 20)
    #expect(snapshots > 0)
  }

  @Test func aPowerCutAtAnyDiskOperationLosesNothingAcknowledged() {
    var count = 0
    for seed in Self.seeds(2, campaign: 400) {
      guard let whole = Self.run(seed, .atTheEnd) else { return }
      for operation in 0..<whole.diskOperationCount {
        guard Self.run(seed, .atDiskOperation(operation)) != nil else { return }
        count += 1
      }
    }
    #expect(count > 60)
  }

  @Test func aDiskThatFailsLosesNothingAcknowledged() {
    var failures = 0
    for seed in Self.seeds(60, campaign: 6_000) {
      var options = EngineSimulator.Options(stepCount: 150, hasDiskFaults: true)
      options.takesSnapshots = seed & 1 == 0
      guard let outcome = Self.run(seed, .atTheEnd, options) else { return }
      failures += outcome.journalFailures > 0 ? 1 : 0
    }
    #expect(failures > 10)
  }

  @Test func livesFollowOneAnother() {
    var fromSnapshots = 0
    var refused = 0
    var checks: UInt64 = 0
    for seed in Self.seeds(30, campaign: 3_000) {
      let options = EngineSimulator.Options(
        stepCount: 80, crashCount: 5, hasDiskFaults: seed % 4 == 0)
      let crash = SimulatedCrash.afterStep(Int(seed * 7 % 80), losesPower: seed & 1 == 0)
      guard let outcome = Self.run(seed, crash, options) else { return }
      fromSnapshots += outcome.recoveredFromSnapshot ? 1 : 0
      refused += outcome.refusedSnapshotCount
      checks += outcome.digestChecks
    }
    #expect(fromSnapshots > 5)
    #expect(refused > 0)
    #expect(checks > 50)
  }

  @Test func aSeedIsARun() {
    for seed in UInt64(100)...105 {
      let options = EngineSimulator.Options(stepCount: 120, crashCount: 2, hasDiskFaults: true)
      let first = Self.run(seed, .atTheEnd, options)
      let second = Self.run(seed, .atTheEnd, options)
      #expect(first?.trace.value == second?.trace.value, "seed \(seed)")
    }
  }
}
