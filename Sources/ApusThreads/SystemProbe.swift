// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusNUMA
internal import CApusPlatform

/// What the kernel allows this process, found by trying.
public enum SystemProbe {
  /// 0 where io_uring can be set up, else the errno that refused it.
  public static func ioUringErrno() -> Int32 { -capus_io_uring_probe() }

  /// How late the kernel may wake this thread. Unit: nanoseconds; nil where it does not say.
  public static func timerSlackNanoseconds() -> Int? {
    let slack = capus_timer_slack_read()
    return slack < 0 ? nil : Int(slack)
  }

  /// The highest real-time priority this process may take; 0 for none.
  public static func realTimePriorityMax() -> Int { Int(capus_realtime_priority_max()) }

  /// How much memory this process may lock. Unit: bytes; nil for no limit.
  public static func memlockLimitByteCount() -> Int? {
    let limit = capus_memlock_limit()
    return limit < 0 ? nil : Int(limit)
  }

  /// Whether the time-stamp counter has a constant rate and never stops.
  public static func hasInvariantTimeStampCounter() -> Bool { capus_tsc_is_invariant() != 0 }

  /// Characters in a line and lines of the terminal behind a descriptor; nil where there is none.
  public static func terminalSize(descriptor: Int32) -> (columnCount: Int, rowCount: Int)? {
    let size = capus_terminal_size_read(descriptor)
    guard size.columnCount > 0, size.rowCount > 0 else { return nil }
    return (Int(size.columnCount), Int(size.rowCount))
  }

  /// NUMA node that the calling thread prefers for the memory it touches first; nil for none.
  public static func preferredNUMANode() -> Int? {
    let node = capus_numa_policy_preferred()
    return node < 0 ? nil : Int(node)
  }

  /// Real-time priority of the calling thread; nil for none.
  public static func realTimePriority() -> Int? {
    let priority = capus_thread_realtime_priority()
    return priority == 0 ? nil : Int(priority)
  }
}
