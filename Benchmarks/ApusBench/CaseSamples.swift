// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusCommandKit
internal import CApusAllocationCount
internal import Glibc

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

  var isLong: Bool {
    switch self {
    case .ours(let one): one.isLong
    case .peer: false
    }
  }

  var operationCount: Int {
    switch self {
    case .ours(let one): one.operationCount
    case .peer(let peer): peer.operationCount
    }
  }
}

extension MeasuredCase {
  var baseName: String? {
    switch self {
    case .ours(let one): one.baseName
    case .peer: nil
    }
  }

  /// What is done in a second, by name.
  func rates(nanosecondsPerOperation: Double) -> [String: Double]? {
    guard case .ours(let one) = self, let counts = one.counts?() else { return nil }
    let seconds = nanosecondsPerOperation * Double(one.operationCount) / 1e9
    return Dictionary(uniqueKeysWithValues: counts.map { ($0.name, Double($0.count) / seconds) })
  }
}

/// Heap allocations of threads.
enum AllocationCount {
  /// Counting begins when it is first asked for. Under a sanitizer nothing is counted, and nothing that
  /// is measured means anything.
  private static let isCounting = capus_allocation_counting_begin()

  /// Begins counting, once.
  static func begin() { _ = isCounting }
}

/// The samples of one case.
struct CaseSamples {
  /// Values of the samples that count: one each, or one for each percentile.
  private var values: [[Double]] = []
  private var rowCount = 1
  private var discardedCount = 0
  /// Times of single operations that were negative; nil where none are taken.
  private var negativeCount: Int?
  private var hash: UInt64?
  private var allocationCount: UInt64 = .max
  private let clock = CycleClock.shared

  /// Samples that count.
  var count: Int { values.count }

  /// A sample during which the thread, or the process for each of its busy threads, had a CPU for less
  /// than this share is discarded.
  static let cpuShareMin = 0.9

  mutating func take(_ measured: MeasuredCase, isWarmUp: Bool) throws {
    AllocationCount.begin()
    let elapsed: Double
    let cpu: Double
    let result: UInt64
    var own: [Double]?
    var negatives: Int?
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
      let percentiles = benchmark.percentiles?()
      negatives = percentiles?.negativeCount
      own = percentiles?.values ?? benchmark.measured.map { [$0()] }
      benchmark.finish()
      if let failure = benchmark.failure() { throw WorkError("\(benchmark.name): \(failure)") }
    case .peer(let peer):
      let sample = try peer.process.sample(peer.caseName)
      (elapsed, cpu, result) = (sample.nanoseconds, sample.cpuNanoseconds, sample.hash)
      if !sample.latencies.isEmpty { own = sample.latencies }
    }
    if let hash, hash != result {
      throw WorkError("\(measured.name): the result differs between samples")
    }
    hash = result
    rowCount = own?.count ?? 1
    guard !isWarmUp else { return }
    allocationCount = min(allocationCount, allocations)
    // Short samples are below the resolution of the thread's clock.
    if elapsed > 1_000_000, !measured.sleeps, cpu < elapsed * Self.cpuShareMin {
      discardedCount += 1
    } else {
      if let negatives { negativeCount = (negativeCount ?? 0) + negatives }
      values.append(own ?? [elapsed / Double(measured.operationCount)])
    }
  }

  /// The rows of the report: one, or one for each percentile.
  func results(of benchmark: MeasuredCase) -> [BenchmarkReport.Result] {
    let isSingle = rowCount == 1
    let names =
      isSingle ? [benchmark.name] : Percentiles.rowNames.map { "\(benchmark.name).\($0)" }
    return names.enumerated().map { column, name in
      let sorted = values.map { $0[column] }.sorted()
      let median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
      return BenchmarkReport.Result(
        name: name, unit: "ns/op", median: median, minimum: sorted.first ?? 0,
        maximum: sorted.last ?? 0, samples: sorted.count, discarded: discardedCount,
        resultHash: BenchmarkReport.hex(hash ?? 0),
        operations: benchmark.operationCount,
        allocations: allocationCount == .max ? 0 : allocationCount,
        timerOverheadNanoseconds: clock.overheadNanoseconds
          / (isSingle ? Double(benchmark.operationCount) : 1),
        negativeLatencies: negativeCount,
        perSecond: isSingle && median > 0
          ? benchmark.rates(nanosecondsPerOperation: median) : nil)
    }
  }

  private static func cpuNanoseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    // SAFETY: `time` is there to be written.
    unsafe clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
