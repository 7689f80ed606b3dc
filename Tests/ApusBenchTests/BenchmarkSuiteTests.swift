// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

@testable import ApusBench

@Suite struct BenchmarkSuiteTests {
  @Test func suitesAreChosenByNameOrPrefix() throws {
    #expect(try BenchmarkSuite.chosen([]).count == BenchmarkSuite.all.count)
    #expect(try BenchmarkSuite.chosen(["book"]).map(\.name) == ["book.itch", "book.operations"])
    #expect(throws: (any Error).self) { try BenchmarkSuite.chosen(["boo"]) }
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

  @Test func percentilesHaveARowEach() throws {
    var cycles: [UInt64] = [4, 1, 3, 2]
    let timed = BenchmarkCase(
      name: "timed", operationCount: 4, body: { 1 }, percentiles: { Percentiles(cycles: &cycles) })
    var samples = CaseSamples()
    try samples.take(.ours(timed), isWarmUp: false)
    let results = samples.results(of: .ours(timed))
    #expect(results.map(\.name) == ["timed.p50", "timed.p99", "timed.p999", "timed.max"])
    #expect(results.allSatisfy { $0.samples == 1 && $0.timerOverheadNanoseconds > 1 })
  }

  @Test func whatASampleDidIsToldAsRates() throws {
    let counted = BenchmarkCase(
      name: "counted", operationCount: 10, body: { 1 }, measured: { 100 },
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
