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

  @Test func allocationsAreCounted() throws {
    let allocating = BenchmarkCase(name: "allocating", operationCount: 1) {
      UInt64([UInt8](repeating: 1, count: 5_000).reduce(0) { $0 + Int($1) })
    }
    var samples = CaseSamples()
    try samples.take(.ours(allocating), isWarmUp: true)
    try samples.take(.ours(allocating), isWarmUp: false)
    #expect(samples.result(of: .ours(allocating)).allocations >= 1)
  }
}
