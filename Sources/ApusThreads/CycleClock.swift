// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import CApusPlatform

/// A clock that costs about ten nanoseconds to read: the time-stamp counter, calibrated against the
/// monotonic clock; the monotonic clock itself where the counter is not invariant.
///
/// Readings are cycles; differences of them are turned into nanoseconds.
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
  /// What a difference of two readings in a row is, at the median. Unit: nanoseconds.
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

  /// Reads both clocks close together; the gap tells how close. Unit of the gap: nanoseconds.
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
      differences.append(clock.now &- first)
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

  /// A reading. Unit: cycles from an unspecified start.
  @inlinable @inline(__always)
  public var now: UInt64 { usesCounter ? capus_tsc_read() : capus_monotonic_read() }

  /// A difference of two readings in nanoseconds; `UInt64.max` where it is more than fits.
  @inlinable @inline(__always)
  public func nanoseconds(cycles: UInt64) -> UInt64 {
    // Readings in the wrong order wrap to nearly 2^64 cycles, which must not trap here.
    let nanoseconds = Double(cycles) * nanosecondsPerCycle
    return nanoseconds < 0x1p64 ? UInt64(nanoseconds) : .max
  }
}
