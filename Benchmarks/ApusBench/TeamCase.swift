// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusCommandKit

/// One thing that several threads do together.
public struct TeamCase {
  /// What a sample gives.
  public struct Sample {
    /// From the common start until the last thread ended.
    public var nanoseconds: Double
    /// Share of its own time that the least lucky thread had its CPU.
    public var cpuShare = 1.0
    /// Hash of what all did.
    public var hash: UInt64
    /// Heap allocations of all.
    public var allocations: UInt64 = 0
    /// Times of single operations, where the case is about them. Unit: nanoseconds.
    public var latencies: [Double] = []
    /// Of those, how many were negative and count as 0.
    public var negativeCount = 0

    /// The sample of one run.
    public init(_ run: ThreadTeam.Run, _ percentiles: Percentiles? = nil) {
      nanoseconds = run.nanoseconds
      cpuShare = run.cpuShare
      hash = run.hash
      allocations = run.allocations
      latencies = percentiles?.values ?? []
      negativeCount = percentiles?.negativeCount ?? 0
    }

    init(_ sample: PeerProcess.Sample) {
      nanoseconds = sample.nanoseconds
      cpuShare = sample.nanoseconds > 200_000 ? sample.cpuNanoseconds / sample.nanoseconds : 1
      hash = sample.hash
      latencies = sample.latencies
    }
  }

  /// What is reported of it.
  public enum Subject: Sendable {
    /// Million operations a second.
    case rate
    /// Percentiles of the times of single operations.
    case latency
  }

  /// Stable name, which begins with that of its suite.
  public var name: String
  /// Operations in a sample.
  public var operationCount: Int
  /// What is reported.
  public var subject: Subject
  /// Whether every thread wants its CPU all the time, so that one that had less lost it.
  public var isBusy: Bool
  /// Takes a sample.
  public var sample: (ThreadTeam) throws -> Sample

  /// A case of this closure.
  public init(
    name: String, operationCount: Int, subject: Subject = .rate, isBusy: Bool = true,
    sample: @escaping (ThreadTeam) throws -> Sample
  ) {
    self.name = name
    self.operationCount = operationCount
    self.subject = subject
    self.isBusy = isBusy
    self.sample = sample
  }

  /// The same case of another library; nil where its driver has none.
  func peer(_ process: PeerProcess) -> TeamCase? {
    guard let count = process.operationCounts[name] else { return nil }
    let ours = name
    return TeamCase(
      name: "peer.\(process.name).\(name)", operationCount: count, subject: subject,
      isBusy: isBusy
    ) { _ in TeamCase.Sample(try process.sample(ours)) }
  }

  /// Names and units of the rows in the report.
  var rows: [(name: String, unit: String)] {
    switch subject {
    case .rate: [(name, "M/s")]
    case .latency: Percentiles.rowNames.map { ("\(name).\($0)", "ns") }
    }
  }

  /// Values of the rows.
  func values(of sample: Sample) -> [Double] {
    switch subject {
    case .rate: [Double(operationCount) * 1_000 / sample.nanoseconds]
    case .latency: sample.latencies
    }
  }
}

/// The samples of one such case, each between two probes of the cache line.
struct TeamSamples {
  private struct Taken {
    var values: [Double]
    var probeBefore: Double
    var probeAfter: Double
    var hadCPU: Bool
    var negativeCount: Int
  }
  private var taken: [Taken] = []
  private var hash: UInt64?
  private var allocations = UInt64.max

  /// Probes before and after that differ by more than this mean a move in between.
  static let probeChangeMax = 1.3
  /// A placement whose probe is more than this times the best one of the run is another one.
  static let placementRatioMax = 1.5

  /// Adds a sample.
  ///
  /// - Throws: `WorkError` where its result is not that of the samples before.
  mutating func add(
    _ sample: TeamCase.Sample, of one: TeamCase, probeBefore: Double, probeAfter: Double,
    isWarmUp: Bool
  ) throws {
    if let hash, hash != sample.hash {
      throw WorkError("\(one.name): the result differs between samples")
    }
    hash = sample.hash
    let values = one.values(of: sample)
    guard values.count == one.rows.count else {
      throw WorkError(
        "\(one.name): expected \(one.rows.count) values of a sample, not \(values.count)")
    }
    guard !isWarmUp else { return }
    allocations = min(allocations, sample.allocations)
    taken.append(
      Taken(
        values: values, probeBefore: probeBefore, probeAfter: probeAfter,
        hadCPU: !one.isBusy || sample.cpuShare >= CaseSamples.cpuShareMin,
        negativeCount: sample.negativeCount))
  }

  private func kept(bestProbe: Double?) -> [Taken] {
    guard let bestProbe else { return taken }
    return taken.filter {
      $0.hadCPU
        && Self.isSamePlacement(
          before: $0.probeBefore, after: $0.probeAfter, bestProbe: bestProbe)
    }
  }

  /// Whether the CPUs were placed as in the run's best probe, before a sample and after it: times of
  /// another placement, or of two, are no times of the code.
  static func isSamePlacement(before: Double, after: Double, bestProbe: Double) -> Bool {
    let low = min(before, after)
    let high = max(before, after)
    return high <= low * probeChangeMax && high <= bestProbe * placementRatioMax
  }

  /// Samples that count.
  ///
  /// - Parameter bestProbe: The best probe of the run so far; nil keeps all samples.
  func keptCount(bestProbe: Double?) -> Int { kept(bestProbe: bestProbe).count }

  func results(of one: TeamCase, bestProbe: Double?) -> [BenchmarkReport.Result] {
    let kept = kept(bestProbe: bestProbe)
    let probes = kept.flatMap { [$0.probeBefore, $0.probeAfter] }.sorted()
    return one.rows.enumerated().map { column, row in
      let sorted = kept.map { $0.values[column] }.sorted()
      return BenchmarkReport.Result(
        name: row.name, unit: row.unit, median: sorted.isEmpty ? 0 : sorted[sorted.count / 2],
        minimum: sorted.first ?? 0, maximum: sorted.last ?? 0, samples: sorted.count,
        discarded: taken.count - kept.count, resultHash: BenchmarkReport.hex(hash ?? 0),
        operations: one.operationCount, allocations: allocations == .max ? 0 : allocations,
        timerOverheadNanoseconds: one.subject == .latency
          ? CycleClock.shared.overheadNanoseconds
          : CycleClock.shared.overheadNanoseconds / Double(one.operationCount),
        negativeLatencies: one.subject == .latency
          ? kept.reduce(0) { $0 + $1.negativeCount } : nil,
        cacheLineNanoseconds: probes.isEmpty ? nil : probes[probes.count / 2])
    }
  }
}
