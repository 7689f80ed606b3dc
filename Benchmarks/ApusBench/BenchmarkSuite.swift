// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusServiceKit
internal import CApusAllocationCount
internal import Glibc

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
  /// Why the sample is none, in one line; nil where it is one.
  var failure: () -> String? = { nil }
  /// Whether the body sleeps while a disk or another thread works: its share of the CPU then says
  /// nothing of the sample.
  var sleeps = false
  /// With a number, the sample is kept by the time that all threads of the process had: so many of
  /// them never sleep. For cases beside which the kernel works on a disk, on the same CPUs: what it
  /// takes from one thread is part of what is measured.
  var busyThreadCount: Int?
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

/// Benchmarks of one subject, sampled in turn so that drift of the machine meets all alike.
public struct BenchmarkSuite: Sendable {
  /// Stable name, by which it is chosen.
  public let name: String
  let makeCases: @Sendable (BenchmarkConfiguration) throws -> [BenchmarkCase]
  /// Cases of several threads, in suites that are about them.
  var makeTeamCases: (@Sendable (BenchmarkConfiguration, ThreadTeam) throws -> [TeamCase])?

  /// Every suite.
  public static let all: [BenchmarkSuite] = [
    .itchDecode, .bookITCH, .bookOperations, .histogramRecord, .counters, .slab, .journal, .host,
    .snapshots, .replication, .ringsOneToOne, .ringsManyToOne, .ringsManyToMany, .ringsBroadcast,
    .ringsMessage, .wakeup,
  ]

  /// The suites of these names; a prefix chooses several; none chooses all.
  public static func chosen(_ names: [String]) throws -> [BenchmarkSuite] {
    guard !names.isEmpty else { return all }
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
    let ours = try makeCases(configuration)
    let peers = try configuration.peersPath.map {
      try PeerProcess.all(in: $0, suite: name, configuration: configuration, cpuIndex: cpu)
    }
    // A case and its peers stand side by side, so that they are sampled one after the other.
    let cases = ours.flatMap { one in
      [MeasuredCase.ours(one)] + (peers ?? []).compactMap { one.peer($0) }.map(MeasuredCase.peer)
    }
    var samples = cases.map { _ in CaseSamples() }
    for index in cases.indices { try samples[index].take(cases[index], isWarmUp: true) }
    // A discarded sample is taken again, at most as often as samples are wanted.
    for round in 0..<configuration.samples * 2 {
      for offset in cases.indices {
        let index = (offset + round) % cases.count
        guard samples[index].nanoseconds.count < configuration.samples else { continue }
        try samples[index].take(cases[index], isWarmUp: false)
      }
    }
    return BenchmarkReport(
      machine: MachineDescription.line() + ", CPU \(cpu), "
        + BenchmarkReport.buildDescription,
      suite: name, results: zip(cases, samples).map { $1.result(of: $0) })
  }
}

/// What is sampled in turn.
enum MeasuredCase {
  case ours(BenchmarkCase)
  case peer(PeerCase)

  var name: String {
    switch self {
    case .ours(let one): one.name
    case .peer(let peer): peer.name
    }
  }

  var sleeps: Bool {
    switch self {
    case .ours(let one): one.sleeps
    case .peer: false
    }
  }

  var busyThreadCount: Int? {
    switch self {
    case .ours(let one): one.busyThreadCount
    case .peer: nil
    }
  }

  var operationCount: Int {
    switch self {
    case .ours(let one): one.operationCount
    case .peer(let peer): peer.operationCount
    }
  }
}

/// The samples of one case.
struct CaseSamples {
  private(set) var nanoseconds: [Double] = []
  private var discardedCount = 0
  private var hash: UInt64?
  private var allocationCount: UInt64 = .max
  private let clock = CycleClock.shared

  /// A sample during which the thread, or the process for each of its busy threads, had a CPU for less
  /// than this share is discarded.
  static let cpuShareMin = 0.9

  mutating func take(_ measured: MeasuredCase, isWarmUp: Bool) throws {
    let elapsed: Double
    let cpu: Double
    let result: UInt64
    var own: Double?
    var allocations: UInt64 = 0
    switch measured {
    case .ours(let benchmark):
      benchmark.prepare()
      let allocationsBefore = capus_allocation_count()
      let usage =
        benchmark.busyThreadCount == nil ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID
      let cpuBefore = Self.cpuNanoseconds(usage)
      let started = clock.now
      result = benchmark.body()
      elapsed = Double(clock.nanoseconds(cycles: clock.now &- started))
      cpu =
        Double(Self.cpuNanoseconds(usage) - cpuBefore) / Double(benchmark.busyThreadCount ?? 1)
      allocations = capus_allocation_count() &- allocationsBefore
      capus_black_hole(result)
      own = benchmark.measured?()
      benchmark.finish()
      if let failure = benchmark.failure() { throw WorkError("\(benchmark.name): \(failure)") }
    case .peer(let peer):
      let sample = try peer.process.sample(peer.caseName)
      (elapsed, cpu, result) = (sample.nanoseconds, sample.cpuNanoseconds, sample.hash)
    }
    if let hash, hash != result {
      throw WorkError("\(measured.name): the result differs between samples")
    }
    hash = result
    guard !isWarmUp else { return }
    allocationCount = min(allocationCount, allocations)
    // Short samples are below the resolution of the thread's clock.
    if elapsed > 1_000_000, !measured.sleeps, cpu < elapsed * Self.cpuShareMin {
      discardedCount += 1
    } else {
      nanoseconds.append(own ?? elapsed / Double(measured.operationCount))
    }
  }

  func result(of benchmark: MeasuredCase) -> BenchmarkReport.Result {
    let sorted = nanoseconds.sorted()
    return BenchmarkReport.Result(
      name: benchmark.name, unit: "ns/op",
      median: sorted.isEmpty ? 0 : sorted[sorted.count / 2], minimum: sorted.first ?? 0,
      maximum: sorted.last ?? 0, samples: sorted.count, discarded: discardedCount,
      resultHash: BenchmarkReport.hex(hash ?? 0),
      operations: benchmark.operationCount,
      allocations: allocationCount == .max ? 0 : allocationCount,
      timerOverheadNanoseconds: clock.overheadNanoseconds / Double(benchmark.operationCount))
  }

  private static func cpuNanoseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    // SAFETY: `time` is there to be written.
    unsafe clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
