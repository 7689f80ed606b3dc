// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads
internal import Glibc

/// Wall-clock time at the price of a cycle counter: the counter, set by the wall clock every few
/// milliseconds.
///
/// The wall clock may be set back; a host's sequencer never lets time go back.
///
/// - Threading: one thread at a time.
@frozen
public struct HostClock: Sendable {
  @usableFromInline let cycles: CycleClock
  @usableFromInline let cyclesMax: UInt64
  @usableFromInline var setCycles: UInt64 = 0
  @usableFromInline var setTime: UInt64 = 0

  /// Between two looks at the wall clock. The counter's rate is known to about a millionth, so this
  /// keeps it within 10 ns. Unit: nanoseconds.
  static let resetNanoseconds = 10_000_000.0

  /// A clock of this process.
  public init(cycles: CycleClock = .shared) {
    self.cycles = cycles
    cyclesMax = UInt64(Self.resetNanoseconds * cycles.cyclesPerNanosecond)
    set(cycles.now)
  }

  /// Now, since the Unix epoch.
  ///
  /// - Complexity: O(1); a system call without entering the kernel every 10 ms.
  @inlinable @inline(__always)
  public mutating func now() -> Nanoseconds {
    let reading = cycles.now
    if reading &- setCycles > cyclesMax { set(reading) }
    return Nanoseconds(setTime &+ cycles.nanoseconds(cycles: reading &- setCycles))
  }

  @usableFromInline
  mutating func set(_ reading: UInt64) {
    var time = timespec()
    // SAFETY: `time` is there to be written.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    setCycles = reading
    setTime = UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}

/// Sleeps; it may be longer by what the kernel's timer is late, some 50 µs.
@usableFromInline
func sleepThread(nanoseconds: UInt64) {
  var time = timespec(
    tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
  // SAFETY: `time` is there to be read; an interruption only makes the sleep shorter.
  unsafe nanosleep(&time, nil)
}

/// Lets another thread have the processor.
@usableFromInline
func yieldProcessor() { sched_yield() }
