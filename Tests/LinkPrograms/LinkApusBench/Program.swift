// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusBench

/// A suite of one case.
@main
enum Program {
  static func main() throws {
    let suite = BenchmarkSuite(name: "sum") { configuration in
      let count = configuration.size(1_000_000, smoke: 1_000)
      return [
        BenchmarkCase(name: "sum.wrapping", operationCount: count) {
          (0..<UInt64(count)).reduce(1) { $0 &* 31 &+ $1 }
        }
      ]
    }
    var configuration = BenchmarkConfiguration()
    configuration.isSmoke = true
    do { print(try suite.run(configuration).renderText()) } catch let error as UsageError {
      print(error)
    }
  }
}
