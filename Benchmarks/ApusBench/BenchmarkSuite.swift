// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusServiceKit

/// How benchmarks are run.
public struct BenchmarkConfiguration: Sendable {
  /// Tiny sizes, two samples: does every benchmark still run?
  public var isSmoke = false
  /// CPU to run on; nil for the last one allowed, away from where interrupts usually go.
  public var cpuIndex: Int?
  /// CPU of the second thread; nil for another core than the first one's.
  public var otherCPUIndex: Int?
  /// Seed of all generated data.
  public var seed: UInt64 = 1
  /// Samples of each case; nil for the default.
  public var sampleCount: Int?
  /// No further sample of a suite of several threads is begun after so long. Unit: seconds.
  public var secondsMax = 60
  /// A plain ITCH file whose messages take the place of generated ones.
  public var filePath: String?
  /// A folder of other libraries' drivers to measure in turn with ours.
  public var peersPath: String?
  /// Only cases of this name, or that begin with it.
  public var casePrefix: String?

  /// The default configuration.
  public init() {}

  var samples: Int { sampleCount ?? (isSmoke ? 2 : 9) }

  /// `full`, or `smoke` in smoke mode.
  func size<T>(_ full: T, smoke: T) -> T { isSmoke ? smoke : full }
}

/// One thing that is measured.
///
/// The body does all operations of one sample and returns a hash of their result: work that the
/// optimiser could drop would change it.
struct BenchmarkCase {
  var name: String
  var operationCount: Int
  /// Prepares a sample, outside the time.
  var prepare: () -> Void = {}
  var body: () -> UInt64
  /// Ends a sample, outside the time.
  var finish: () -> Void = {}
  /// What one operation of the sample took, where the body measures it itself: a percentile, or a
  /// time without the start of a thread. Unit: nanoseconds.
  var measured: (() -> Double)?
  /// Why the sample is invalid, in one line; nil where it is valid.
  var failure: () -> String? = { nil }
  /// Whether the body sleeps while a disk or another thread works: its share of the CPU then says
  /// nothing of the sample.
  var sleeps = false
  /// What a sample did, by name: reported as rates.
  var counts: (() -> [(name: String, count: UInt64)])?
  /// Percentiles of single operations, where the case is about them: one row each. The clock is then
  /// read around every operation, and each holds all of its cost.
  var percentiles: (() -> Percentiles)?
  /// Another case whose time is reported as a ratio to this one's.
  var baseName: String?
  /// With a number, the sample is kept by the time that all threads of the process had: so many of
  /// them never sleep. For cases beside which the kernel works on a disk, on the same CPUs: what it
  /// takes from one thread is part of what is measured.
  var busyThreadCount: Int?
  /// Whether a sample is so long that it needs no warm-up, and that one is enough where no other number
  /// is asked for.
  var isLong = false
}

extension BenchmarkCase {
  /// The same case of another library; `name` is that of ours.
  func peer(_ process: PeerProcess) -> PeerCase? {
    process.operationCounts[name].map {
      PeerCase(
        name: "peer.\(process.name).\(name)", caseName: name, operationCount: $0, process: process)
    }
  }
}

/// A case that another library's driver measures.
struct PeerCase {
  var name: String
  var caseName: String
  var operationCount: Int
  var process: PeerProcess
}

/// What a suite's peers are given besides the usual, and what has to live until they have read it.
struct PeerArguments {
  var words: [String] = []
  var owner: AnyObject?
}

/// Benchmarks of one subject, sampled in turn so that drift of the machine affects all alike.
public struct BenchmarkSuite: Sendable {
  /// Stable name, by which it is chosen.
  public let name: String
  let makeCases: @Sendable (BenchmarkConfiguration) throws -> [BenchmarkCase]
  /// Cases of several threads, in suites that are about them.
  var makeTeamCases: (@Sendable (BenchmarkConfiguration, ThreadTeam) throws -> [TeamCase])?
  /// Data of their own for the peers of this suite.
  var makePeerArguments: (@Sendable (BenchmarkConfiguration) throws -> PeerArguments)?

  /// Every suite.
  public static let all: [BenchmarkSuite] = [
    .itchDecode, .bookITCH, .bookOperations, .matching, .histogramRecord, .counters, .slab,
    .journal, .attachments, .eventLog, .eventService, .host, .service, .snapshots, .replication,
    .ringsOneToOne, .ringsManyToOne, .ringsManyToMany,
    .ringsBroadcast, .ringsMessage, .wakeup, .ioTCP, .ioUDP,
  ]

  /// The suites of these names; a prefix chooses several; none chooses all, or with a prefix of cases
  /// those whose names begin as it does.
  public static func chosen(
    _ names: [String], casePrefix: String? = nil
  ) throws -> [BenchmarkSuite] {
    guard !names.isEmpty else {
      guard let casePrefix else { return all }
      let subject = casePrefix.prefix { $0 != "." }
      let found = all.filter { $0.name == subject || $0.name.hasPrefix(subject + ".") }
      // A whole name of a suite in the case leaves no doubt.
      let named = found.filter { casePrefix == $0.name || casePrefix.hasPrefix($0.name + ".") }
      return named.isEmpty ? (found.isEmpty ? all : found) : named
    }
    return try names.flatMap { name in
      let found = all.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
      guard !found.isEmpty else {
        throw UsageError(
          "\(name): no such suite; expected "
            + all.map(\.name).joined(separator: ", "))
      }
      return found
    }
  }

  /// Runs every case: one warm-up, then the samples, in an order that rotates.
  ///
  /// - Throws: `UsageError` for a CPU that is not there, `WorkError` for a result that differs
  ///   between samples.
  public func run(_ configuration: BenchmarkConfiguration) throws -> BenchmarkReport {
    let cpu = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    do throws(ThreadError) {
      try pinCurrentThread(cpuIndex: cpu)
    } catch {
      throw UsageError("--cpu \(cpu): \(error)")
    }
    if let makeTeamCases { return try runTeams(configuration, cpu: cpu, makeTeamCases) }
    let ours = try makeCases(configuration).filter {
      $0.name.hasPrefix(configuration.casePrefix ?? "")
    }
    if ours.isEmpty {
      throw UsageError("--case \(configuration.casePrefix ?? ""): \(name) has no such case")
    }
    let peers = try configuration.peersPath.map { path in
      let arguments = try makePeerArguments?(configuration) ?? PeerArguments()
      return try withExtendedLifetime(arguments.owner) {
        try PeerProcess.all(
          in: path, suite: name, configuration: configuration, cpuIndex: cpu,
          moreArguments: arguments.words)
      }
    }
    // A case and its peers stand side by side, so that they are sampled one after the other.
    let cases = ours.flatMap { one in
      [MeasuredCase.ours(one)] + (peers ?? []).compactMap { one.peer($0) }.map(MeasuredCase.peer)
    }
    var samples = cases.map { _ in CaseSamples() }
    for index in cases.indices where !cases[index].isLong {
      try samples[index].take(cases[index], isWarmUp: true)
    }
    // A discarded sample is taken again, at most as often as samples are wanted.
    for round in 0..<configuration.samples * 2 {
      for offset in cases.indices {
        let index = (offset + round) % cases.count
        let wanted =
          cases[index].isLong ? configuration.sampleCount ?? 1 : configuration.samples
        guard samples[index].count < wanted else { continue }
        try samples[index].take(cases[index], isWarmUp: false)
      }
    }
    return BenchmarkReport(
      machine: MachineDescription.line() + ", CPU \(cpu), "
        + BenchmarkReport.buildDescription,
      suite: name, results: Self.results(cases, samples))
  }

  private static func results(
    _ cases: [MeasuredCase], _ samples: [CaseSamples]
  ) -> [BenchmarkReport.Result] {
    var results = zip(cases, samples).flatMap { $1.results(of: $0) }
    for one in cases {
      guard let baseName = one.baseName, let base = results.first(where: { $0.name == baseName }),
        let index = results.firstIndex(where: { $0.name == one.name })
      else { continue }
      if results[index].median > 0 {
        results[index].ratio = BenchmarkReport.Ratio(
          to: base.name, speed: base.median / results[index].median)
      }
    }
    return results
  }
}
