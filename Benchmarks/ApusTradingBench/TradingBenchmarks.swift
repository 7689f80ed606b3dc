// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusBench

/// What is measured of trading.
public enum TradingBenchmarks {
  /// The suites.
  public static let suites: [BenchmarkSuite] = [
    .itchDecode, .bookITCH, .bookOperations, .matching, .service,
  ]
}
