// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit

/// The results of one suite. The JSON keys are stable.
public struct BenchmarkReport: Encodable, Sendable {
  /// One case. Times are for one operation.
  public struct Result: Encodable, Sendable {
    /// Name of the case; `peer.<library>.<case>` for other libraries.
    public var name: String
    /// Unit of median, minimum and maximum.
    public var unit: String
    /// Half of the samples are below.
    public var median: Double
    /// Fastest sample.
    public var minimum: Double
    /// Slowest sample.
    public var maximum: Double
    /// Samples that count.
    public var samples: Int
    /// Samples during which a thread lost its CPU, or the host moved one.
    public var discarded: Int
    /// Hash of what the operations did: equal work has equal hashes.
    public var resultHash: String
    /// Operations in a sample.
    public var operations: Int
    /// Heap allocations in the quietest sample.
    public var allocations: UInt64
    /// What reading the clock adds to one operation.
    public var timerOverheadNanoseconds: Double
    /// Times of single operations that came out negative, which the counters of two CPUs allow, and
    /// count as 0; nil where the case does not time single operations.
    public var negativeLatencies: Int?
    /// Median round trip of a bare cache line around the samples that count; nil for cases of one
    /// thread.
    public var cacheLineNanoseconds: Double?
    /// What the median comes to in a second, by name; nil where the name would be "operations".
    public var perSecond: [String: Double]?
    /// How fast it is beside another case; nil where there is none to compare with.
    public var ratio: Ratio?
  }

  /// A comparison of two cases.
  public struct Ratio: Encodable, Sendable {
    /// Name of the other case.
    public var to: String
    /// The other's median over this one's: 1 is as fast, less is slower.
    public var speed: Double
  }

  /// CPU, kernel, build and which CPU it ran on.
  public var machine: String
  /// Name of the suite.
  public var suite: String
  /// The cases.
  public var results: [Result]

  /// How this program was built, and whether its times mean anything.
  public static var buildDescription: String {
    #if DEBUG
      "debug build: its times mean nothing"
    #else
      "release build"
    #endif
  }

  static func hex(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A table for people.
  public func renderText() -> String {
    let rows = results.map { result -> [String] in
      [
        result.name, result.unit, HumanText.decimal(result.median, 2),
        HumanText.decimal(result.minimum, 2),
        HumanText.decimal(result.maximum, 2), "\(result.samples)", "\(result.discarded)",
        "\(result.allocations)", HumanText.decimal(result.timerOverheadNanoseconds, 4),
        result.resultHash,
      ]
    }
    return "\(suite)  (\(machine))\n"
      + HumanText.table(
        header: [
          "case", "unit", "median", "min", "max", "samples", "discarded", "allocations", "timer ns",
          "result",
        ], rows: rows) + "\n" + rates
  }

  /// Lines below the table: rates, ratios and what was clamped.
  private var rates: String {
    results.compactMap { result in
      var parts = (result.perSecond ?? [:]).sorted { $0.key < $1.key }.map {
        "\(HumanText.decimal($0.value / 1e6, 2)) M \($0.key)/s"
      }
      if let ratio = result.ratio {
        parts.append("\(HumanText.decimal(ratio.speed, 2)) x the speed of \(ratio.to)")
      }
      if let count = result.negativeLatencies, count > 0 {
        parts.append("\(count) times were negative and count as 0")
      }
      return parts.isEmpty ? nil : "  \(result.name): " + parts.joined(separator: ", ") + "\n"
    }.joined()
  }
}
