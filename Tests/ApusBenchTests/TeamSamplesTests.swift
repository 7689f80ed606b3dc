// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

@testable import ApusBench

/// Samples count only where the CPUs were placed the same before and after, and as well as they ever
/// were.
@Suite struct TeamSamplesTests {
  static var busy: TeamCase {
    TeamCase(name: "busy", operationCount: 1_000) { _ in sample(1_000) }
  }
  static var sleeping: TeamCase {
    TeamCase(name: "sleeping", operationCount: 1_000, isBusy: false) { _ in sample(1_000) }
  }

  static func sample(
    _ nanoseconds: Double, cpuShare: Double = 1, hash: UInt64 = 7, allocations: UInt64 = 0
  ) -> TeamCase.Sample {
    TeamCase.Sample(
      ThreadTeam.Run(
        nanoseconds: nanoseconds, cpuShare: cpuShare, hash: hash, allocations: allocations))
  }

  /// Samples of the busy case, told by their probes.
  static func samples(_ probes: [(before: Double, after: Double)]) throws -> TeamSamples {
    var samples = TeamSamples()
    for probe in probes {
      try samples.add(
        sample(1_000), of: busy, probeBefore: probe.before, probeAfter: probe.after,
        isWarmUp: false)
    }
    return samples
  }

  @Test(arguments: [
    (50.0, 50.0, true), (50, 64.9, true), (64.9, 50, true), (50, 65.1, false), (65.1, 50, false),
    (50, 500, false), (500, 50, false),
  ]) func aSampleCountsWhereThePlacementStayed(before: Double, after: Double, counts: Bool) throws {
    let samples = try Self.samples([(before, after)])
    #expect(samples.keptCount(bestProbe: 50) == (counts ? 1 : 0))
  }

  @Test func aSampleOfAnotherPlacementDoesNotCount() throws {
    let samples = try Self.samples([(74, 74), (76, 76), (200, 200)])
    #expect(samples.keptCount(bestProbe: 50) == 1)
    // A better placement that is found later makes those before it worthless.
    #expect(samples.keptCount(bestProbe: 40) == 0)
    #expect(samples.keptCount(bestProbe: 180) == 3)
    // Where times mean nothing everything counts.
    #expect(samples.keptCount(bestProbe: nil) == 3)
  }

  @Test func aBusyThreadThatLostItsCPUDoesNotCount() throws {
    for (one, share, counts) in [
      (Self.busy, 0.5, false), (Self.busy, 1, true), (Self.sleeping, 0.1, true),
    ] {
      var samples = TeamSamples()
      try samples.add(
        Self.sample(1_000, cpuShare: share), of: one, probeBefore: 50, probeAfter: 50,
        isWarmUp: false)
      #expect(samples.keptCount(bestProbe: 50) == (counts ? 1 : 0), "\(one.name) \(share)")
    }
  }

  @Test func whatDoesNotCountIsNotInTheResult() throws {
    var samples = TeamSamples()
    func add(_ nanoseconds: Double, _ after: Double, isWarmUp: Bool = false) throws {
      try samples.add(
        Self.sample(nanoseconds, allocations: UInt64(nanoseconds)), of: Self.busy,
        probeBefore: 50, probeAfter: after, isWarmUp: isWarmUp)
    }
    try add(1, 50, isWarmUp: true)
    for (nanoseconds, after) in [(1_000.0, 50.0), (10, 90), (2_000, 50), (20, 90), (4_000, 50)] {
      try add(nanoseconds, after)
    }
    let result = try #require(samples.results(of: Self.busy, bestProbe: 50).first)
    #expect(result.samples == 3 && result.discarded == 2)
    // Million operations a second.
    #expect(result.median == 500 && result.minimum == 250 && result.maximum == 1_000)
    #expect(result.cacheLineNanoseconds == 50)
    #expect(result.allocations == 10)
  }

  @Test func anotherResultIsAnError() throws {
    var samples = TeamSamples()
    try samples.add(
      Self.sample(1, hash: 1), of: Self.busy, probeBefore: 1, probeAfter: 1, isWarmUp: true)
    #expect(throws: (any Error).self) {
      try samples.add(
        Self.sample(1, hash: 2), of: Self.busy, probeBefore: 1, probeAfter: 1, isWarmUp: false)
    }
  }

  /// A probe that says what a test wants, one figure after the other, the last one for ever.
  private final class ScriptedProbe {
    private var figures: [Double]
    private(set) var count = 0

    init(_ figures: [Double]) { self.figures = figures }

    func next() -> Double {
      count += 1
      return figures.count > 1 ? figures.removeFirst() : figures[0]
    }
  }

  private func sampler(
    _ figures: [Double], isSmoke: Bool = false, taken: @escaping () -> Void = {}
  ) -> (sampler: TeamSampler, probe: ScriptedProbe) {
    var configuration = BenchmarkConfiguration()
    configuration.sampleCount = 3
    configuration.isSmoke = isSmoke
    let one = TeamCase(name: "busy", operationCount: 1) { _ in
      taken()
      return Self.sample(1_000)
    }
    let probe = ScriptedProbe(figures)
    let sampler = TeamSampler(
      team: ThreadTeam(cpuIndices: [0, 0]), configuration: configuration, cases: [one]
    ) { _ in probe.next() }
    return (sampler, probe)
  }

  @Test func whatWasDiscardedIsTakenAgain() throws {
    var takenCount = 0
    // The warm-up; one that is kept; two with a move, there and back; two that are kept.
    var (sampler, probe) = sampler([50, 50, 50, 50, 50, 200, 200, 50, 50]) { takenCount += 1 }
    try sampler.takeAll()
    #expect(takenCount == 6 && probe.count == 12)
    let rows = sampler.results()
    #expect(rows.map(\.name) == ["probe.cacheLine", "busy"])
    #expect(rows[1].samples == 3 && rows[1].discarded == 2)
    // Two probes of the other placement.
    #expect(rows[0].samples == 10 && rows[0].discarded == 2)
  }

  @Test func aPlacementThatIsGoneForGoodEndsTheRun() throws {
    var takenCount = 0
    var (sampler, _) = sampler([50, 200]) { takenCount += 1 }
    try sampler.takeAll()
    #expect(takenCount == 1 + 3 * TeamSampler.attemptsMax)
    #expect(sampler.results()[1].samples == 0)
  }

  @Test func aSmokeRunKeepsEverything() throws {
    var takenCount = 0
    var (sampler, _) = sampler([50, 200, 50, 300], isSmoke: true) { takenCount += 1 }
    try sampler.takeAll()
    #expect(takenCount == 4 && sampler.results()[1].samples == 3)
  }
}
