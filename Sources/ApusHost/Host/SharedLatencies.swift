// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMetrics
internal import ApusThreads

/// Latencies of a running host in a counter file, where other processes see them.
///
/// Of every batch that is timed (``HostConfiguration/timedBatchInterval``) the last command counts. Both
/// begin when the host takes the batch from its input: how long it lay in a ring before is not in them.
///
/// - Threading: ``attach(command:commit:)`` before the host's thread begins; then that thread records.
public final class SharedLatencies: @unchecked Sendable {
  // SAFETY: touched by who attaches before the host's thread starts, and then by that thread alone.
  private var histograms: SharedLatencyHistograms?

  /// None yet: nothing is recorded.
  public init() {}

  /// Gives it histograms. Unit of their values: nanoseconds.
  ///
  /// - Parameters:
  ///   - command: Until all events of the command are in the output, when they may leave.
  ///   - commit: Until the disk has the command.
  public func attach(command: consuming SharedHistogram, commit: consuming SharedHistogram) {
    histograms = SharedLatencyHistograms(command: command, commit: commit)
  }

  func recordCommand(from start: UInt64, to end: UInt64, _ clock: CycleClock) {
    histograms?.command.record(longest: Self.nanoseconds(start, end, clock))
  }

  func recordCommit(from start: UInt64, to end: UInt64, _ clock: CycleClock) {
    histograms?.commit.record(longest: Self.nanoseconds(start, end, clock))
  }

  /// 0 where the counter of another CPU was behind.
  private static func nanoseconds(_ start: UInt64, _ end: UInt64, _ clock: CycleClock) -> UInt64 {
    clock.nanoseconds(cycles: CycleClock.elapsedCycles(from: start, to: end) ?? 0)
  }
}

private struct SharedLatencyHistograms: ~Copyable {
  var command: SharedHistogram
  var commit: SharedHistogram
}

extension SharedHistogram {
  /// Counts a value; one above the range as the highest of it.
  fileprivate mutating func record(longest value: UInt64) {
    record(min(value, layout.highestRecordable))
  }
}
