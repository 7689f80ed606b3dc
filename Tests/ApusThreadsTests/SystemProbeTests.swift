// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Synchronization
import Testing

@testable import ApusThreads

/// What the probes say, held against the kernel's own word.
@Suite struct SystemProbeTests {
  @Test func memlockLimitIsTheKernels() throws {
    let limits = try #require(SystemFile.read("/proc/self/limits"))
    let line = try #require(
      limits.split(separator: "\n").first { $0.hasPrefix("Max locked memory") })
    let soft = line.dropFirst("Max locked memory".count).split(separator: " ").first
    let told = SystemProbe.memlockLimitByteCount().map(String.init) ?? "unlimited"
    #expect(told == soft.map(String.init))
  }

  @Test(
    .enabled(
      if: SystemFile.integer("/proc/self/timerslack_ns") != nil, "the kernel does not show it"))
  func timerSlackIsTheKernels() throws {
    // Threads inherit it from the one that started them.
    let slack = try #require(SystemFile.integer("/proc/self/timerslack_ns"))
    #expect(SystemProbe.timerSlackNanoseconds() == slack)
  }

  @Test(.enabled(if: SystemFile.read("/proc/cpuinfo")?.contains("flags\t") == true, "x86 only"))
  func invariantCounterIsTheKernels() throws {
    let flags = try #require(SystemFile.read("/proc/cpuinfo")).split(separator: "\n")
      .first { $0.hasPrefix("flags") }?.split(separator: " ")
    #expect(
      SystemProbe.hasInvariantTimeStampCounter() == (flags?.contains("nonstop_tsc") == true))
  }

  /// The priority can be had, none above it can, and asking leaves the thread as it was.
  @Test func realTimePriorityIsTheHighestThatCanBeHad() throws {
    final class Outcome: Sendable { let values = Mutex<[Int]>([]) }
    let outcome = Outcome()
    try PinnedThread(name: "priority", cpuIndex: nil) {
      let before = sched_getscheduler(0)
      let highest = SystemProbe.realTimePriorityMax()
      let after = sched_getscheduler(0)
      func canHave(_ priority: Int) -> Int {
        var wanted = sched_param()
        wanted.sched_priority = CInt(priority)
        // SAFETY: the call reads the structure.
        let result = unsafe sched_setscheduler(0, SCHED_FIFO, &wanted)
        return result == 0 ? 1 : 0
      }
      outcome.values.withLock {
        $0 = [Int(before), Int(after), highest, canHave(highest + 1), canHave(max(1, highest))]
      }
    }.join()
    let values = outcome.values.withLock { $0 }
    try #require(values.count == 5)
    #expect(values[0] == values[1])
    #expect((0...99).contains(values[2]))
    #expect(values[3] == 0)
    #expect(values[4] == (values[2] > 0 ? 1 : 0))
  }

  @Test func ioUringErrnoIsNoneOrOneOfRefusal() {
    let refusal = SystemProbe.ioUringErrno()
    #expect([0, EPERM, ENOSYS, ENOMEM].contains(refusal))
    if SystemFile.integer("/proc/sys/kernel/io_uring_disabled") == 2 { #expect(refusal == EPERM) }
  }
}
