// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusIO
internal import Foundation

extension HostInspection {
  func ioUring() -> HostReport.Finding {
    let errno = probes.ioUringErrno
    let setting = read("/proc/sys/kernel/io_uring_disabled").flatMap { Int($0) } ?? 0
    let remedy =
      switch errno {
      case ENOSYS: "boot a kernel of 5.19 or newer, built with CONFIG_IO_URING"
      case ENOMEM: "ulimit -l unlimited: the rings count as locked memory"
      case _ where setting > 0: "sysctl -w kernel.io_uring_disabled=0"
      default:
        "allow io_uring_setup, io_uring_enter and io_uring_register in the container's seccomp "
          + "profile; elsewhere sysctl -w kernel.io_uring_disabled=0"
      }
    return finding(
      "io_uring", errno == 0 ? .good : .missing,
      errno == 0
        ? "allowed"
        : "refused with errno \(errno)"
          + (setting > 0 ? ", kernel.io_uring_disabled is \(setting)" : ""),
      wanted: "allowed", remedy: remedy)
  }

  func eventLoop() -> HostReport.Finding {
    let isBest = probes.eventLoop.kind == .ioUring
    return finding(
      "event loop", isBest ? .good : .attention, probes.eventLoop.description,
      wanted: EventLoopBackend.Kind.ioUring.rawValue,
      remedy: "see io_uring; a loop of many sockets needs ulimit -n above their count")
  }

  func realTime() -> HostReport.Finding {
    let priority = probes.realTimePriorityMax
    return finding(
      "real-time priority", priority > 0 ? .good : .attention,
      priority > 0 ? "up to \(priority)" : "not permitted", wanted: "permitted",
      remedy: "ulimit -r 50, or LimitRTPRIO=50 in the service's unit")
  }

  func timerSlack() -> HostReport.Finding {
    let slack = probes.timerSlackNanoseconds
    return finding(
      "timer slack", slack.map { $0 <= 1_000 ? .good : .attention } ?? .unknown,
      slack.map { "\($0) ns" } ?? "not told",
      wanted: "1,000 ns or less in threads that sleep (Linux gives 50,000)",
      remedy: "echo 1 > /proc/PID/timerslack_ns, or prctl(PR_SET_TIMERSLACK, 1) in the thread")
  }

  func cpuQuota() -> HostReport.Finding {
    let quotas = quotaFiles().compactMap { path, free in
      read(path).map { (path, $0, $0.hasPrefix(free)) }
    }
    let limit = quotas.first { !$0.2 }
    return finding(
      "CPU quota", limit == nil ? .good : .attention,
      limit.map { "\($0.0): \($0.1)" } ?? (quotas.isEmpty ? "none (no CPU cgroup)" : "none"),
      wanted: "none: a quota stops threads for tens of milliseconds",
      remedy: "give the container whole CPUs (--cpuset-cpus, AllowedCPUs=) in place of a quota "
        + "(--cpus, CPUQuota=)")
  }

  /// Where a quota of this process may be written, its own group first, and how none reads.
  private func quotaFiles() -> [(path: String, free: String)] {
    var files: [(String, String)] = []
    for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isUnified = fields[0] == "0" && fields[1].isEmpty
      guard isUnified || fields[1].split(separator: ",").contains("cpu") else { continue }
      let mount = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(fields[1])"
      var names = fields[2].split(separator: "/").filter { $0 != ".." }
      if names.count > 64 { names = [] }
      // A quota of any group above holds as well; inside a container only the mount's own shows.
      for depth in stride(from: names.count, through: 0, by: -1) {
        let folder = ([mount] + names.prefix(depth).map(String.init)).joined(separator: "/")
        files.append(
          isUnified ? ("\(folder)/cpu.max", "max") : ("\(folder)/cpu.cfs_quota_us", "-1"))
      }
    }
    return files
  }
}
