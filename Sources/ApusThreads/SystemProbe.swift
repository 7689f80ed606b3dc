// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPlatform

/// What the kernel allows this process, found by trying.
public enum SystemProbe {
  /// 0 where io_uring can be set up, else the errno that refused it.
  public static func ioUringErrno() -> Int32 { -capus_io_uring_probe() }

  /// How late the kernel may wake this thread. Unit: nanoseconds; nil where it does not tell.
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
}
