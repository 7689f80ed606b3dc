// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusThreads
import Foundation
import Testing

@testable import ApusBench

/// Threads that never end end the process, with a word about which; each case is one of its own.
@Suite struct WatchdogTests {
  /// Far more than a sample of these tests takes, also where the CPUs are busy.
  static let limitNanoseconds: UInt64 = 1_500_000_000

  private static func team() -> ThreadTeam {
    let cpu = allowedCPUs().first ?? 0
    return ThreadTeam(
      cpuIndices: [cpu, cpu], watchdog: Watchdog(limitNanoseconds: limitNanoseconds))
  }

  @Test func aSampleThatDoesNotEndEndsTheProcess() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
    ) {
      _ = try WatchdogTests.team().run(
        "rings.stuck",
        [
          { 1 },
          {
            sleep(20)
            return 2
          },
        ])
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("rings.stuck did not end"), "\(text)")
  }

  @Test func samplesThatEndAreLeftAlone() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let team = WatchdogTests.team()
      // Together longer than the limit, and then nothing for longer than it.
      for _ in 0..<80 {
        let run = try team.run("rings.good", [{ 1 }, { usleep(20_000) == 0 ? 2 : 0 }])
        #expect(run.hash == 3)
      }
      usleep(2_500_000)
      exit(7)
    }
  }
}
