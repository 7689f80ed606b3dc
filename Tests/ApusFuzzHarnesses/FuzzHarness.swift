// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A parser of bytes from outside, and the laws that hold whatever the bytes are.
///
/// A trap, a hang and memory without bound are found by whoever runs it; what else must not be is an
/// error that ``run`` throws. The same harness is run with a few seeded mutations in every test run
/// and by libFuzzer for as long as one likes: docs/fuzzing.md.
public struct FuzzHarness: Sendable, CustomStringConvertible {
  /// One word: the operand of `scripts/fuzz`.
  public let name: String
  /// Inputs that are valid, or nearly: what mutations begin with.
  public let seeds: @Sendable () throws -> [[UInt8]]
  /// Takes any bytes; throws where a law is broken.
  public let run: @Sendable ([UInt8]) throws -> Void
  /// Whether one run looks at every book, instrument or owner that there could be: milliseconds, and
  /// much more where code is not optimised.
  public let isSlow: Bool

  init(
    _ name: String, isSlow: Bool = false, seeds: @escaping @Sendable () throws -> [[UInt8]],
    run: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.isSlow = isSlow
    self.seeds = seeds
    self.run = run
  }

  /// Its name.
  public var description: String { name }

  /// Every harness.
  public static let all: [FuzzHarness] = [
    itch, moldUDP64, soupBinTCP, lobster, pcap, packet, gzip, orderLog, matchingCommands,
    matchingSnapshot, bookSnapshot, journal, snapshotFile, epochFile, replicationPrimary,
    replicationStandby, histogram, histogramLog, counterFile, ringFile,
  ]

  /// The harness of a name.
  public static func named(_ name: String) -> FuzzHarness? { all.first { $0.name == name } }
}

/// What must hold of every input, and does not.
public struct BrokenLaw: Error, CustomStringConvertible {
  /// What was expected and what was found.
  public let description: String
}

/// Throws unless a law holds.
func law(_ holds: Bool, _ text: @autoclosure () -> String) throws {
  if !holds { throw BrokenLaw(description: text()) }
}
