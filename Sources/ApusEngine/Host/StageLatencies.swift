// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMetrics

/// How long commands take in each stage of a host. Unit of all: nanoseconds.
///
/// Only every so many batches is timed: four readings of the clock, about 40 ns on a machine with a
/// time-stamp counter, for the whole batch. With one in 64 that is less than a nanosecond a batch.
/// The first three are a batch's time divided by its commands, counted once for each.
public struct StageLatencies: ~Copyable {
  /// Into the journal's memory: copy and checksum.
  public internal(set) var append: Histogram
  /// In the engine.
  public internal(set) var apply: Histogram
  /// From the engine's events to the output.
  public internal(set) var release: Histogram
  /// From the arrival of a batch at the host until the disk has its last command.
  public internal(set) var durability: Histogram
  /// Batches that were timed.
  public private(set) var batchCount: UInt64 = 0

  /// Longest time that is told apart: a minute.
  static let longestNanoseconds: UInt64 = 60_000_000_000

  /// Empty histograms of three significant digits.
  ///
  /// - Throws: `HistogramError` when there is no memory.
  public init() throws(HistogramError) {
    let layout = try HistogramLayout(
      lowestDiscernible: 1, highestTrackable: Self.longestNanoseconds, significantDigits: 3)
    let append = try Histogram(layout: layout)
    let apply = try Histogram(layout: layout)
    let release = try Histogram(layout: layout)
    let durability = try Histogram(layout: layout)
    self.append = append
    self.apply = apply
    self.release = release
    self.durability = durability
  }

  /// Forgets what was recorded.
  public mutating func reset() {
    append.reset()
    apply.reset()
    release.reset()
    durability.reset()
    batchCount = 0
  }

  /// Takes one batch. Unit of the durations: nanoseconds.
  @usableFromInline
  mutating func record(
    count: Int, append: UInt64?, apply: UInt64, release: UInt64
  ) {
    let divisor = UInt64(max(count, 1))
    batchCount += 1
    if let append { self.append.record(append / divisor, count: divisor) }
    self.apply.record(apply / divisor, count: divisor)
    self.release.record(release / divisor, count: divisor)
  }

  @usableFromInline
  mutating func recordDurability(_ nanoseconds: UInt64) { durability.record(nanoseconds) }
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
}
