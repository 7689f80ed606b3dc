// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A thread that could not be started or bound.
public enum ThreadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The CPU does not exist or is outside this process's cpuset.
  case cpuUnavailable(cpuIndex: Int, allowed: [Int])
  /// Outside 1...99.
  case realTimePriorityOutOfRange(Int)
  /// A system call failed. `errno` is the kernel's.
  case system(operation: String, errno: Int32)

  /// One line: what failed and what to do.
  public var description: String {
    switch self {
    case .cpuUnavailable(let cpuIndex, let allowed):
      "CPU \(cpuIndex) is not available to this process; "
        + (allowed.isEmpty
          ? "the kernel does not tell which are"
          : "choose one of " + allowed.map(String.init).joined(separator: ", "))
    case .realTimePriorityOutOfRange(let priority):
      "real-time priority \(priority): out of range; use 1 to 99"
    case .system(let operation, let errno):
      "\(operation): errno \(errno)"
        + (errno == EAGAIN
          ? "; raise the limit on threads: ulimit -u, or the cgroup's pids.max" : "")
    }
  }
}
