// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMetrics

/// How long commands take in each stage of a host. Unit of all: nanoseconds.
///
/// Only every so many batches is timed: four readings of the clock, about 40 ns on a machine with a
/// time-stamp counter, for the whole batch. With one in 64 that is less than a nanosecond a batch.
/// The first three are a batch's time divided by its commands, counted once for each.
///
/// One thread reads the clock at both ends of every interval. Should that thread have been moved to a
/// CPU whose counter is behind, the interval is counted as 0 (``LatencyHistogram/negativeCount``).
public struct StageLatencies: ~Copyable {
  /// Into the journal's memory: copy and checksum.
  public internal(set) var append: LatencyHistogram
  /// In the engine.
  public internal(set) var apply: LatencyHistogram
  /// From the engine's events to the output.
  public internal(set) var release: LatencyHistogram
  /// From the arrival of a batch at the host until the disk has its last command.
  public internal(set) var durability: LatencyHistogram
  /// Batches that were timed.
  public private(set) var batchCount: UInt64 = 0

  /// Empty histograms of three significant digits, for up to a minute.
  ///
  /// - Throws: `HistogramError` when there is no memory.
  public init() throws(HistogramError) {
    let append = try LatencyHistogram()
    let apply = try LatencyHistogram()
    let release = try LatencyHistogram()
    let durability = try LatencyHistogram()
    self.append = append
    self.apply = apply
    self.release = release
    self.durability = durability
  }

  /// Discards what was recorded.
  public mutating func reset() {
    append.reset()
    apply.reset()
    release.reset()
    durability.reset()
    batchCount = 0
  }

  /// Takes one batch of `count` commands.
  ///
  /// - Parameter isAppended: Whether there is a journal.
  @usableFromInline
  mutating func record(_ timing: BatchTiming, released: UInt64, count: Int, isAppended: Bool) {
    let count = max(count, 1)
    batchCount += 1
    if isAppended { append.record(from: timing.arrived, to: timing.appended, sharedBy: count) }
    apply.record(from: timing.appended, to: timing.applied, sharedBy: count)
    release.record(from: timing.applied, to: released, sharedBy: count)
  }

  @usableFromInline
  mutating func recordDurability(from start: UInt64, to end: UInt64) {
    durability.record(from: start, to: end)
  }
}

/// The readings of one timed batch. Unit: cycles.
@frozen
@usableFromInline
struct BatchTiming: BitwiseCopyable {
  @usableFromInline var arrived: UInt64 = 0
  @usableFromInline var appended: UInt64 = 0
  @usableFromInline var applied: UInt64 = 0

  @inlinable @inline(__always)
  init() {}

  @inlinable @inline(__always)
  init(arrived: UInt64, appended: UInt64, applied: UInt64) {
    self.arrived = arrived
    self.appended = appended
    self.applied = applied
  }
}

/// The readings of a run of commands with attachments, each of which is appended and applied before the
/// next one. Unit: cycles.
@frozen
@usableFromInline
struct AttachedTiming: BitwiseCopyable {
  @usableFromInline var isTimed = false
  @usableFromInline var arrived: UInt64 = 0
  @usableFromInline var mark: UInt64 = 0
  @usableFromInline var appendCycles: UInt64 = 0
  @usableFromInline var applyCycles: UInt64 = 0

  @inlinable @inline(__always)
  init() {}
}
