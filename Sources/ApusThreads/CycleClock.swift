// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import CApusPlatform

/// A clock that costs about ten nanoseconds to read: the time-stamp counter, calibrated against the
/// monotonic clock; the monotonic clock itself where the counter is not invariant.
///
/// Readings are cycles; ``elapsedCycles(from:to:)`` subtracts two of them, and
/// ``nanoseconds(cycles:)`` converts the difference.
///
/// There are two ways to read it:
/// - ``now`` where both ends of an interval are read on the same thread, and for everything that
///   polls the clock. The processor may execute it up to some hundred instructions early.
/// - ``orderedNow`` for the end of an interval that began on another thread. Without the order, the
///   counter may be read before the load that saw the other thread's message, and the interval then
///   comes out too short or even negative. The beginning needs no order: an early reading only makes
///   the interval longer, and a store is never visible before the readings that precede it.
///
/// Even ordered, the counters of two CPUs may be some cycles apart, so an interval between threads
/// can be negative: count it as zero and say so, as `LatencyHistogram` does.
@frozen
public struct CycleClock: Sendable {
  /// Where the cycles come from.
  public enum Source: String, Sendable {
    /// The invariant time-stamp counter.
    case timeStampCounter
    /// `CLOCK_MONOTONIC`; a cycle is a nanosecond.
    case monotonicClock
  }

  @usableFromInline let usesCounter: Bool
  @usableFromInline let nanosecondsPerCycle: Double
  /// Median difference of two consecutive ``now``. Unit: nanoseconds.
  public let overheadNanoseconds: Double

  /// The clock of this process, calibrated once.
  public static let shared = calibrated()

  /// Measures the counter against the monotonic clock for about 20 ms.
  public static func calibrated() -> CycleClock {
    calibrated(counterIsInvariant: SystemProbe.hasInvariantTimeStampCounter())
  }

  static func calibrated(counterIsInvariant: Bool) -> CycleClock {
    guard counterIsInvariant else {
      return measured(usesCounter: false, nanosecondsPerCycle: 1)
    }
    // Of several short intervals the one whose ends were read fastest is the most exact.
    var best = (uncertainty: UInt64.max, rate: 0.0)
    for _ in 0..<5 {
      let (startTime, startCycles, startGap) = pairedReading()
      while capus_monotonic_read() &- startTime < 4_000_000 {}
      let (endTime, endCycles, endGap) = pairedReading()
      let uncertainty = startGap + endGap
      if uncertainty < best.uncertainty, endCycles > startCycles {
        best = (uncertainty, Double(endTime - startTime) / Double(endCycles - startCycles))
      }
    }
    guard best.rate > 0 else { return measured(usesCounter: false, nanosecondsPerCycle: 1) }
    return measured(usesCounter: true, nanosecondsPerCycle: best.rate)
  }

  /// Reads both clocks close together; the gap says how close. Unit of the gap: nanoseconds.
  private static func pairedReading() -> (time: UInt64, cycles: UInt64, gap: UInt64) {
    var best = (time: UInt64(0), cycles: UInt64(0), gap: UInt64.max)
    for _ in 0..<16 {
      let before = capus_monotonic_read()
      let cycles = capus_tsc_read()
      let gap = capus_monotonic_read() &- before
      if gap < best.gap { best = (before + gap / 2, cycles, gap) }
    }
    return best
  }

  private static func measured(usesCounter: Bool, nanosecondsPerCycle: Double) -> CycleClock {
    let clock = CycleClock(
      usesCounter: usesCounter, nanosecondsPerCycle: nanosecondsPerCycle, overheadNanoseconds: 0)
    var differences: [UInt64] = []
    for _ in 0..<1_001 {
      let first = clock.now
      // The thread may have been moved to a CPU whose counter is behind.
      differences.append(elapsedCycles(from: first, to: clock.now) ?? 0)
    }
    differences.sort()
    return CycleClock(
      usesCounter: usesCounter, nanosecondsPerCycle: nanosecondsPerCycle,
      overheadNanoseconds: Double(differences[500]) * nanosecondsPerCycle)
  }

  private init(usesCounter: Bool, nanosecondsPerCycle: Double, overheadNanoseconds: Double) {
    self.usesCounter = usesCounter
    self.nanosecondsPerCycle = nanosecondsPerCycle
    self.overheadNanoseconds = overheadNanoseconds
  }

  /// Where the cycles come from.
  public var source: Source { usesCounter ? .timeStampCounter : .monotonicClock }

  /// Cycles in a nanosecond.
  public var cyclesPerNanosecond: Double { 1 / nanosecondsPerCycle }

  /// An unordered reading: the processor may take it before earlier instructions have finished.
  ///
  /// For intervals whose two ends are read on one thread. Unit: cycles from an unspecified start.
  @inlinable @inline(__always)
  public var now: UInt64 { usesCounter ? capus_tsc_read() : capus_monotonic_read() }

  /// An ordered reading: taken after every earlier instruction has executed and every earlier load
  /// has its value. One instruction (`lfence`) and about 6 ns more than ``now``.
  ///
  /// For the end of an interval that began on another thread. Unit: cycles from an unspecified start.
  @inlinable @inline(__always)
  public var orderedNow: UInt64 {
    usesCounter ? capus_tsc_read_ordered() : capus_monotonic_read()
  }

  /// The cycles from one reading to another; nil where `end` lies before `start`, which readings of
  /// two CPUs may.
  @inlinable @inline(__always)
  public static func elapsedCycles(from start: UInt64, to end: UInt64) -> UInt64? {
    let difference = end &- start
    // Half of the range is some hundred years: more than that is a negative difference.
    return Int64(bitPattern: difference) < 0 ? nil : difference
  }

  /// A difference of two readings in nanoseconds; `UInt64.max` where it is more than fits.
  @inlinable @inline(__always)
  public func nanoseconds(cycles: UInt64) -> UInt64 {
    // Readings in the wrong order wrap to nearly 2^64 cycles, which must not trap here.
    let nanoseconds = Double(cycles) * nanosecondsPerCycle
    return nanoseconds < 0x1p64 ? UInt64(nanoseconds) : .max
  }
}
