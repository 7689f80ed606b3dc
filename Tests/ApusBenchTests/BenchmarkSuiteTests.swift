// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCoreBench
import ApusThreads
import ApusTradingBench
import Synchronization
import Testing

@testable import ApusBench

private final class RunCount: Sendable {
  let value = Atomic<Int>(0)
}

/// Cases that "sleep" keep every sample, also those during which others had the CPU.
@Suite struct BenchmarkSuiteTests {
  @Test func suitesAreChosenByNameOrPrefix() throws {
    let all = TradingBenchmarks.suites + CoreBenchmarks.suites
    #expect(try BenchmarkSuite.chosen([], of: all).count == all.count)
    #expect(
      try BenchmarkSuite.chosen(["book"], of: all).map(\.name) == ["book.itch", "book.operations"])
    let error = #expect(throws: UsageError.self) { try BenchmarkSuite.chosen(["boo"], of: all) }
    #expect(error?.description.hasPrefix("boo: no such suite; expected itch.decode, ") == true)
  }

  @Test func aResultThatDiffersBetweenSamplesIsAnError() throws {
    var counter: UInt64 = 0
    let unsteady = BenchmarkCase(name: "unsteady", operationCount: 1) {
      counter += 1
      return counter
    }
    var samples = CaseSamples()
    try samples.take(.ours(unsteady), isWarmUp: true)
    #expect(throws: (any Error).self) { try samples.take(.ours(unsteady), isWarmUp: false) }
  }

  /// Half a minute of warm-up and nine more of it would be minutes.
  @Test(arguments: [(nil, 1), (3, 3)] as [(Int?, Int)])
  func aLongCaseIsSampledOnceUnlessAsked(sampleCount: Int?, runCount: Int) throws {
    let runs = RunCount()
    let suite = BenchmarkSuite(name: "long") { _ in
      var long = BenchmarkCase(name: "long", operationCount: 1) {
        runs.value.wrappingAdd(1, ordering: .relaxed)
        return 1
      }
      long.isLong = true
      return [long]
    }
    var configuration = BenchmarkConfiguration()
    configuration.sampleCount = sampleCount
    // A suite binds the thread it runs on to a CPU.
    let thread = try PinnedThread(configuration: .init(name: "suite")) { [configuration] _ in
      _ = try? suite.run(configuration)
    }
    thread.join()
    #expect(runs.value.load(ordering: .relaxed) == runCount)
  }

  @Test func percentilesHaveARowEach() throws {
    var cycles: [UInt64] = [4, 1, 3, 2]
    let timed = BenchmarkCase(
      name: "timed", operationCount: 4, body: { 1 }, sleeps: true,
      percentiles: { Percentiles(cycles: &cycles) })
    var samples = CaseSamples()
    try samples.take(.ours(timed), isWarmUp: false)
    let results = samples.results(of: .ours(timed))
    #expect(results.map(\.name) == ["timed.p50", "timed.p99", "timed.p999", "timed.max"])
    #expect(results.allSatisfy { $0.samples == 1 && $0.timerOverheadNanoseconds > 1 })
  }

  @Test func negativeTimesCountAsZeroAndAreReported() throws {
    var cycles = [100, 300, 0 &- 33, 200, 0 &- 1] as [UInt64]
    let timed = BenchmarkCase(
      name: "timed", operationCount: 5, body: { 1 }, sleeps: true,
      percentiles: { Percentiles(cycles: &cycles) })
    var samples = CaseSamples()
    try samples.take(.ours(timed), isWarmUp: false)
    let results = samples.results(of: .ours(timed))
    #expect(cycles == [0, 0, 100, 200, 300])
    #expect(results.allSatisfy { $0.median < 10_000 && $0.negativeLatencies == 2 })
    let report = BenchmarkReport(machine: "this one", suite: "times", results: results)
    #expect(report.renderText().contains("timed.p50: 2 times were negative and count as 0"))
    let untimed = BenchmarkCase(name: "untimed", operationCount: 1, body: { 1 }, sleeps: true)
    var others = CaseSamples()
    try others.take(.ours(untimed), isWarmUp: false)
    #expect(others.results(of: .ours(untimed))[0].negativeLatencies == nil)
  }

  @Test func whatASampleDidIsReportedAsRates() throws {
    let counted = BenchmarkCase(
      name: "counted", operationCount: 10, body: { 1 }, measured: { 100 }, sleeps: true,
      counts: { [("orders", 10), ("trades", 5)] })
    var samples = CaseSamples()
    try samples.take(.ours(counted), isWarmUp: false)
    let rates = try #require(samples.results(of: .ours(counted))[0].perSecond)
    #expect(abs((rates["orders"] ?? 0) - 1e7) < 1 && abs((rates["trades"] ?? 0) - 5e6) < 1)
  }

  @Test func allocationsAreCounted() throws {
    let allocating = BenchmarkCase(name: "allocating", operationCount: 1) {
      UInt64([UInt8](repeating: 1, count: 5_000).reduce(0) { $0 + Int($1) })
    }
    var samples = CaseSamples()
    try samples.take(.ours(allocating), isWarmUp: true)
    try samples.take(.ours(allocating), isWarmUp: false)
    #expect(samples.results(of: .ours(allocating))[0].allocations >= 1)
  }
}
