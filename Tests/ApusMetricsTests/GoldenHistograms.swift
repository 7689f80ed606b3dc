// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

/// What PyPI's hdrhistogram 0.10.8 wrote for known values, and what it says of them; made by
/// `scripts/hdrhistogram_interop.py golden`.
struct GoldenHistogram: Sendable, CustomTestStringConvertible {
  let name: String
  let lowest: UInt64
  let highest: UInt64
  let digits: Int
  let values: [(value: UInt64, count: UInt64)]
  let encoded: String
  let shape: (bucketCount: Int, subBucketCount: Int, slotCount: Int)
  let minimum: UInt64
  let maximum: UInt64
  let mean: Double
  let standardDeviation: Double
  let recorded: [(value: UInt64, count: UInt64)]

  var testDescription: String { name }

  static let all: [GoldenHistogram] = [
    GoldenHistogram(
      name: "empty",
      lowest: 1, highest: 3_600_000_000_000, digits: 3,
      values: [],
      encoded:
        "HISTFAAAAB14nJNpmSzMgADMUJoRyHQz2LGAwf4DRAAATjkESw==",
      shape: (32, 2_048, 33_792),
      minimum: 0, maximum: 0,
      mean: 0.0, standardDeviation: 0.0,
      recorded: []),
    GoldenHistogram(
      name: "nanoseconds",
      lowest: 1, highest: 3_600_000_000_000, digits: 3,
      values: [
        (0, 1),
        (1, 2),
        (999, 3),
        (2_047, 1),
        (2_048, 1),
        (4_096, 5),
        (1_000_000, 7),
        (123_456_789, 2),
        (3_599_999_999_999, 1),
      ],
      encoded:
        "HISTFAAAADh4nJNpmSzMwMAgxgABzFCaEch0M9ixgMH+A0SAieUkP9taASamv/xc++v4Puax3H/DyAQA+asLmA==",
      shape: (32, 2_048, 33_792),
      minimum: 0, maximum: 3_601_330_077_695,
      mean: 156543923431.0, standardDeviation: 734201954070.8652,
      recorded: [
        (0, 1),
        (1, 2),
        (999, 3),
        (2_047, 1),
        (2_048, 1),
        (4_096, 5),
        (999_936, 7),
        (123_404_288, 2),
        (3_599_182_594_048, 1),
      ]),
    GoldenHistogram(
      name: "smallOneDigit",
      lowest: 1, highest: 1_000, digits: 1,
      values: [
        (3, 10),
        (5, 1),
        (40, 9),
        (1_000, 1),
      ],
      encoded:
        "HISTFAAAACR4nJNpmSzMwMDAyQABjKg08wv7DxAWqwgjk7XQZEYmAGYuBGs=",
      shape: (6, 32, 112),
      minimum: 3, maximum: 1_023,
      mean: 67.23809523809524, standardDeviation: 211.16094172610994,
      recorded: [
        (3, 10),
        (5, 1),
        (40, 9),
        (992, 1),
      ]),
    GoldenHistogram(
      name: "coarseUnits",
      lowest: 1_000, highest: 60_000_000_000, digits: 2,
      values: [
        (0, 1),
        (999, 1),
        (1_000, 2),
        (50_000, 100),
        (7_000_000, 3),
        (59_999_999_999, 1),
      ],
      encoded:
        "HISTFAAAAC14nJNpmSzMwMDAwwABTBCK+QWQ4P3hHsFg/wEqwbaX8QTjU162iVJMALBvCEc=",
      shape: (20, 256, 2_688),
      minimum: 0, maximum: 60_129_542_143,
      mean: 555752841.4814814, standardDeviation: 5746240386.8489275,
      recorded: [
        (0, 1),
        (512, 3),
        (49_664, 100),
        (6_979_584, 3),
        (59_861_106_688, 1),
      ]),
    GoldenHistogram(
      name: "wholeRange",
      lowest: 1, highest: 9_223_372_036_854_775_807, digits: 1,
      values: [
        (1, 1),
        (4_611_686_018_427_387_904, 1),
        (9_223_372_036_854_775_807, 1),
      ],
      encoded:
        "HISTFAAAACN4nJNpmSzMwMDAzgABjDC6/j8E2H+ACjDd5mOSZgIA4PsLAg==",
      shape: (59, 32, 960),
      minimum: 1, maximum: 9_223_372_036_854_775_807,
      mean: 4.611686018427388e+18, standardDeviation: 3.707991650664848e+18,
      recorded: [
        (1, 1),
        (4_611_686_018_427_387_904, 1),
        (8_935_141_660_703_064_064, 1),
      ]),
    GoldenHistogram(
      name: "fiveDigits",
      lowest: 1, highest: 10_000_000, digits: 5,
      values: [
        (199_999, 1),
        (200_000, 1),
        (262_143, 4),
        (262_144, 4),
        (9_999_999, 1_099_511_627_776),
      ],
      encoded:
        "HISTFAAAAC94nJNpmSzMwMAAwiDACqUZweSMaQ32HyACf7dIMDH9PsXOwbG+M7gBBBwA71oMMQ==",
      shape: (7, 262_144, 1_048_576),
      minimum: 199_999, maximum: 9_999_999,
      mean: 9999967.999911321, standardDeviation: 29.40474236386971,
      recorded: [
        (199_999, 1),
        (200_000, 1),
        (262_143, 4),
        (262_144, 4),
        (9_999_936, 1_099_511_627_776),
      ]),
  ]
}
