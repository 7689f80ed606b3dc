// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads

/// A histogram of intervals between readings of a ``CycleClock``, in nanoseconds, to which every
/// interval counts.
///
/// An interval that cannot be right, or does not fit, is clamped and counted instead of being
/// refused, so that ``totalCount`` is always the number of intervals that were given: one that is
/// negative, which the counters of two CPUs can make it, counts as 0 and in ``negativeCount``; one
/// above the range counts as the highest recordable value and in ``aboveRangeCount``.
///
/// ```swift
/// var latency = try LatencyHistogram()
/// latency.record(from: message.sentCycles, to: clock.orderedNow)
/// print(latency.totalCount, latency.value(atPercentile: 99), latency.negativeCount)
/// ```
///
/// - Threading: one thread at a time, as ``Histogram``.
public struct LatencyHistogram: ~Copyable {
  @usableFromInline var histogram: Histogram
  @usableFromInline var negatives: UInt64 = 0
  /// The clock whose readings are recorded.
  public let clock: CycleClock

  /// Creates an empty histogram.
  ///
  /// - Parameters:
  ///   - longestNanoseconds: Longer intervals count as this long.
  ///   - significantDigits: Decimal digits kept of every interval. Shape: 1...5.
  ///   - clock: The clock whose readings are recorded.
  /// - Throws: ``HistogramError`` naming the parameter, or ``HistogramError/outOfMemory(byteCount:)``.
  public init(
    longestNanoseconds: UInt64 = 60_000_000_000, significantDigits: Int = 3,
    clock: CycleClock = .shared
  ) throws(HistogramError) {
    histogram = try Histogram(
      highestTrackable: longestNanoseconds, significantDigits: significantDigits)
    self.clock = clock
  }

  /// Counts the interval between two readings of the clock.
  ///
  /// - Parameters:
  ///   - start: Unit: cycles.
  ///   - end: On another thread than `start`: read with ``CycleClock/orderedNow``. Unit: cycles.
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func record(from start: UInt64, to end: UInt64) {
    record(from: start, to: end, sharedBy: 1)
  }

  /// Counts the interval between two readings once for each of `count` things that share it, as the
  /// `count`th part of it. Nothing where `count` is not positive.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func record(from start: UInt64, to end: UInt64, sharedBy count: Int) {
    guard count > 0 else { return }
    let count = UInt64(count)
    guard let cycles = CycleClock.elapsedCycles(from: start, to: end) else {
      return _clampNegative(count)
    }
    if !histogram.record(clock.nanoseconds(cycles: cycles) / count, count: count) {
      _clampLong(count)
    }
  }

  @inlinable @inline(never)
  mutating func _clampNegative(_ count: UInt64) {
    negatives &+= count
    histogram.record(0, count: count)
  }

  @inlinable @inline(never)
  mutating func _clampLong(_ count: UInt64) {
    histogram.record(histogram.layout.highestRecordable, count: count)
  }

  /// The intervals. Unit: nanoseconds.
  public var nanoseconds: Histogram { _read { yield histogram } }

  /// Intervals that were given.
  public var totalCount: UInt64 { histogram.totalCount }

  /// Intervals whose end was read as before their start; they count as 0.
  public var negativeCount: UInt64 { negatives }

  /// Intervals longer than the range; they count as the longest.
  public var aboveRangeCount: UInt64 { histogram.outOfRangeCount }

  /// The interval that `percentile` per cent do not exceed. Unit: nanoseconds.
  public func value(atPercentile percentile: Double) -> UInt64 {
    histogram.value(atPercentile: percentile)
  }

  /// Discards everything recorded and keeps the memory.
  public mutating func reset() {
    histogram.reset()
    negatives = 0
  }
}
