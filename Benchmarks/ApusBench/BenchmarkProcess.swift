// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCommandKit

/// What this program becomes when a suite starts it once more: the other process of a case.
///
/// It answers like another library's driver, so that a ``PeerProcess`` is its other end.
public struct BenchmarkProcess: Sendable {
  /// The option of `apus bench` that makes a process one.
  public let option: Option
  /// Does its work; it has all options of the command line.
  public let run: @Sendable (ParsedOptions) throws -> Void

  /// A process behind an option of its own.
  public init(option: Option, run: @escaping @Sendable (ParsedOptions) throws -> Void) {
    self.option = option
    self.run = run
  }
}
