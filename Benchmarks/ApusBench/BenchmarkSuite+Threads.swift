// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusCommandKit

extension BenchmarkSuite {
  /// Runs cases of several threads: one warm-up, then the samples, in an order that rotates, each
  /// between two probes of the cache line.
  ///
  /// - Parameter cpu: CPU of the calling thread, which is bound to it.
  func runTeams(
    _ configuration: BenchmarkConfiguration, cpu: Int,
    _ makeCases: (BenchmarkConfiguration, ThreadTeam) throws -> [TeamCase]
  ) throws -> BenchmarkReport {
    let team = try Self.team(configuration, cpu: cpu)
    let machine = MachineDescription.line() + ", " + BenchmarkReport.buildDescription
    guard team.cpuIndices.count > 1 else {
      return BenchmarkReport(
        machine: machine + ", one CPU only: not measured", suite: name, results: [])
    }
    let ours = try makeCases(configuration, team)
    let peers = try configuration.peersPath.map {
      try PeerProcess.all(
        in: $0, suite: name, configuration: configuration, cpuIndex: cpu,
        otherCPUIndex: team.cpuIndices[1])
    }
    // A case and its peers stand side by side, so that they are sampled one after the other.
    let cases = ours.flatMap { one in [one] + (peers ?? []).compactMap { one.peer($0) } }
    let probe = CacheLineProbe(rounds: configuration.size(500, smoke: 50))
    var sampler = TeamSampler(
      team: team, configuration: configuration, cases: cases, probe: probe.measure)
    try sampler.takeAll()
    let cpus = team.cpuIndices.prefix(4).map(String.init).joined(separator: ", ")
    return BenchmarkReport(
      machine: machine + ", CPUs \(cpus)", suite: name, results: sampler.results())
  }

  /// The calling thread's CPU, then the other one, then the rest.
  static func team(_ configuration: BenchmarkConfiguration, cpu: Int) throws -> ThreadTeam {
    let permitted = permittedCPUs()
    let others = permitted.filter { $0 != cpu }
    if let other = configuration.otherCPUIndex {
      guard others.contains(other) else {
        throw UsageError(
          "--other-cpu \(other): expected one of \(others.map(String.init).joined(separator: ", "))"
        )
      }
      return ThreadTeam(cpuIndices: [cpu, other] + others.filter { $0 != other })
    }
    // The second hyper-thread of the same core shares its first cache: no line travels.
    let siblings = CPUTopology.current().cpus.first { $0.index == cpu }?.siblings ?? []
    let apart = others.reversed().filter { !siblings.contains($0) }
    let near = others.reversed().filter { siblings.contains($0) }
    return ThreadTeam(cpuIndices: [cpu] + apart + near)
  }
}

/// Takes the samples of cases in turn.
struct TeamSampler {
  private let team: ThreadTeam
  private let cases: [TeamCase]
  private let wanted: Int
  private let roundsMax: Int
  private let isSmoke: Bool
  private let budget: WaitDeadline
  /// The round trip of a cache line now. Unit: nanoseconds.
  private let probe: (ThreadTeam) throws -> Double
  private var samples: [TeamSamples]
  /// All probes of the run. Unit: nanoseconds.
  private var probes: [Double] = []

  /// Attempts for each sample that is wanted: a placement may be gone for good.
  static let attemptsMax = 40

  init(
    team: ThreadTeam, configuration: BenchmarkConfiguration, cases: [TeamCase],
    probe: @escaping (ThreadTeam) throws -> Double
  ) {
    self.team = team
    self.cases = cases
    isSmoke = configuration.isSmoke
    wanted = configuration.samples
    // What is discarded is taken again, within reason.
    roundsMax = isSmoke ? wanted : wanted * Self.attemptsMax
    budget = WaitDeadline(
      afterNanoseconds: UInt64(configuration.secondsMax) * 1_000_000_000)
    self.probe = probe
    samples = cases.map { _ in TeamSamples() }
  }

  /// The best probe so far; nil where times mean nothing and all samples are kept.
  private var bestProbe: Double? { isSmoke ? nil : probes.min() }

  mutating func takeAll() throws {
    for index in cases.indices { try take(index, isWarmUp: true) }
    for round in 0..<roundsMax {
      var isComplete = true
      for offset in cases.indices {
        let index = (offset + round) % cases.count
        guard samples[index].keptCount(bestProbe: bestProbe) < wanted else { continue }
        // A machine that stays busy must not keep us for ever; the report shows the counts.
        if budget.hasPassed { return }
        isComplete = false
        try take(index, isWarmUp: false)
      }
      if isComplete { break }
    }
  }

  private mutating func take(_ index: Int, isWarmUp: Bool) throws {
    let before = try probed()
    let sample = try cases[index].sample(team)
    let after = try probed()
    try samples[index].add(
      sample, of: cases[index], probeBefore: before, probeAfter: after, isWarmUp: isWarmUp)
  }

  private mutating func probed() throws -> Double {
    let nanoseconds = try probe(team)
    probes.append(nanoseconds)
    return nanoseconds
  }

  /// The probe's row, then those of the cases.
  func results() -> [BenchmarkReport.Result] {
    let limit = (bestProbe ?? .infinity) * TeamSamples.placementRatioMax
    let sorted = probes.filter { $0 <= limit }.sorted()
    let probeRow = BenchmarkReport.Result(
      name: "probe.cacheLine", unit: "ns", median: sorted.isEmpty ? 0 : sorted[sorted.count / 2],
      minimum: sorted.first ?? 0, maximum: sorted.last ?? 0, samples: sorted.count,
      discarded: probes.count - sorted.count, resultHash: BenchmarkReport.hex(0), operations: 1,
      allocations: 0, timerOverheadNanoseconds: CycleClock.shared.overheadNanoseconds,
      cacheLineNanoseconds: nil)
    return [probeRow]
      + zip(cases, samples).flatMap { $1.results(of: $0, bestProbe: bestProbe) }
  }
}
