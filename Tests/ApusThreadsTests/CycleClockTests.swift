// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Synchronization
import Testing

@testable import ApusThreads

/// Cycles by which the counters of two CPUs may differ.
private let slackCycles: UInt64 = 1_000

/// One reading that passes from one thread to another; 0 is none.
private final class Atomic64: Sendable {
  private let value = Atomic<UInt64>(0)

  func put(_ reading: UInt64) { value.store(reading, ordering: .releasing) }

  func take() -> UInt64 {
    var looks = 0
    while true {
      let reading = value.exchange(0, ordering: .acquiring)
      if reading != 0 { return reading }
      looks += 1
      // The two may share a CPU with each other and with other work.
      if looks > 10_000 { usleep(50) }
    }
  }
}

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
      var last = clock.orderedNow
      for _ in 0..<100_000 {
        let now = clock.orderedNow
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

  /// What two threads read about each other: an ordered reading after a message was seen is not
  /// before the reading that the message carries, but for what the counters differ.
  @Test(arguments: clocks) func orderedReadingsFollowEachOtherAcrossThreads(
    clock: CycleClock
  ) throws {
    let cpus = permittedCPUs()
    let (toPeer, toUs) = (Atomic64(), Atomic64())
    let rounds = 60
    let backwards = Counter()
    let peer = try PinnedThread(name: "clock-peer", cpuIndex: cpus.first) {
      for _ in 0..<rounds {
        let sent = toPeer.take()
        if CycleClock.elapsedCycles(from: sent, to: clock.orderedNow &+ slackCycles) == nil {
          backwards.value.add(1, ordering: .relaxed)
        }
        toUs.put(clock.now)
      }
    }
    let own = try PinnedThread(name: "clock-own", cpuIndex: cpus.last) {
      for _ in 0..<rounds {
        toPeer.put(clock.now)
        let sent = toUs.take()
        if CycleClock.elapsedCycles(from: sent, to: clock.orderedNow &+ slackCycles) == nil {
          backwards.value.add(1, ordering: .relaxed)
        }
      }
    }
    own.join()
    peer.join()
    #expect(backwards.value.load(ordering: .relaxed) == 0)
  }

  @Test func aNegativeDifferenceIsNone() {
    #expect(CycleClock.elapsedCycles(from: 5, to: 5) == 0)
    #expect(CycleClock.elapsedCycles(from: 5, to: 38) == 33)
    #expect(CycleClock.elapsedCycles(from: 38, to: 5) == nil)
    // The counter may wrap.
    #expect(CycleClock.elapsedCycles(from: .max, to: 1) == 2)
    #expect(CycleClock.elapsedCycles(from: 1, to: .max) == nil)
    #expect(CycleClock.elapsedCycles(from: 0, to: UInt64(Int64.max)) == UInt64(Int64.max))
    #expect(CycleClock.elapsedCycles(from: 0, to: 1 << 63) == nil)
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
