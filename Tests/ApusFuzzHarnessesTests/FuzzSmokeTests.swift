// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusFuzzHarnesses
import ApusTestSupport
import Foundation
import Testing

/// Every harness with its seeds and some seeded mutations of them, so that none rots between the long
/// runs of libFuzzer (docs/fuzzing.md).
@Suite(.serialized, .timeLimit(.minutes(60))) struct FuzzSmokeTests {
  static let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil

  static func roundCount(_ harness: FuzzHarness) -> Int {
    if isCampaign { return harness.isSlow ? 2_000 : 50_000 }
    #if DEBUG
      return harness.isSlow ? 3 : 60
    #else
      return harness.isSlow ? 30 : 300
    #endif
  }

  @Test(arguments: FuzzHarness.all) func noLawIsBroken(harness: FuzzHarness) throws {
    var seeds = try harness.seeds()
    #expect(!seeds.isEmpty)
    #if DEBUG
      if harness.isSlow { seeds.removeLast(max(0, seeds.count - 2)) }
    #endif
    for (index, seed) in seeds.enumerated() {
      do { try harness.run(seed) } catch { Issue.record("\(harness), seed \(index): \(error)") }
    }
    var mutator = ByteMutator(seed: 0xF022)
    for round in 0..<Self.roundCount(harness) {
      let input = mutator.mutated(seeds[round % seeds.count])
      do { try harness.run(input) } catch {
        Issue.record("\(harness), round \(round): \(error); input \(input)")
        return
      }
    }
  }

  @Test func namesAreTheOperandsOfTheScript() {
    let names = FuzzHarness.all.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(FuzzHarness.named(name)?.name == name)
      #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    }
    #expect(FuzzHarness.named("nothing") == nil)
  }
}
