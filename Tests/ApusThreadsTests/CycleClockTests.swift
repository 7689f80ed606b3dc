// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Synchronization
import Testing

@testable import ApusThreads

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}

@Suite struct CycleClockTests {
  static let clocks = [true, false].map { CycleClock.calibrated(counterIsInvariant: $0) }

  private func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    // SAFETY: the call fills the structure.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Both clocks at nearly one moment; the gap says how nearly. Unit: nanoseconds.
  private func bothReadings(_ clock: CycleClock) -> (time: UInt64, cycles: UInt64, gap: UInt64) {
    var best = (time: UInt64(0), cycles: UInt64(0), gap: UInt64.max)
    for _ in 0..<200 {
      let before = monotonicNanoseconds()
      let cycles = clock.now
      let gap = monotonicNanoseconds() - before
      if gap < best.gap { best = (before + gap / 2, cycles, gap) }
    }
    return best
  }

  @Test func fallsBackToTheMonotonicClock() {
    let clock = CycleClock.calibrated(counterIsInvariant: false)
    #expect(clock.source == .monotonicClock)
    #expect(clock.cyclesPerNanosecond == 1)
    let before = monotonicNanoseconds()
    let now = clock.now
    #expect(now >= before && now <= monotonicNanoseconds())
    #expect(clock.nanoseconds(cycles: 12_345) == 12_345)
  }

  @Test func sourceIsTheCounterWhereItIsInvariant() {
    let isInvariant = SystemProbe.hasInvariantTimeStampCounter()
    #expect(CycleClock.shared.source == (isInvariant ? .timeStampCounter : .monotonicClock))
    if isInvariant { #expect((0.1...20).contains(CycleClock.shared.cyclesPerNanosecond)) }
  }

  @Test(arguments: clocks) func neverRunsBackwards(clock: CycleClock) throws {
    // On one CPU: the counters of two may differ by a few cycles.
    let cpu = try #require(permittedCPUs().first)
    let backwards = Counter()
    try PinnedThread(name: "clock", cpuIndex: cpu) {
      var last = clock.now
      for _ in 0..<100_000 {
        let now = clock.now
        if now < last { backwards.value.add(1, ordering: .relaxed) }
        last = now
      }
    }.join()
    #expect(backwards.value.load(ordering: .relaxed) == 0)
  }

  /// Over 60 ms the calibrated clock and CLOCK_MONOTONIC differ by less than 0.02 %.
  @Test(arguments: clocks) func agreesWithTheMonotonicClock(clock: CycleClock) {
    let start = bothReadings(clock)
    usleep(60_000)
    let end = bothReadings(clock)
    let expected = Double(end.time - start.time)
    let measured = Double(clock.nanoseconds(cycles: end.cycles - start.cycles))
    #expect(expected >= 60e6)
    #expect(
      abs(measured - expected) <= expected * 2e-4 + Double(start.gap + end.gap),
      "\(measured) ns against \(expected) ns")
  }

  @Test(arguments: clocks) func overheadIsThatOfAReading(clock: CycleClock) {
    #expect(clock.overheadNanoseconds >= 0 && clock.overheadNanoseconds < 10_000)
  }

  /// A difference of readings in the wrong order wraps; it must not trap.
  @Test(arguments: clocks) func everyDifferenceHasAResult(clock: CycleClock) {
    #expect(clock.nanoseconds(cycles: 0) == 0)
    var last: UInt64 = 0
    for cycles in [1 << 20, 1 << 40, 1 << 62, .max - 1_000, .max] as [UInt64] {
      let nanoseconds = clock.nanoseconds(cycles: cycles)
      #expect(nanoseconds >= last && nanoseconds > 0)
      last = nanoseconds
    }
    if clock.source == .monotonicClock { #expect(clock.nanoseconds(cycles: .max) == .max) }
  }
}
