// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

/// Reads the kernel's files and tries what can only be found by trying.
struct HostInspection {
  /// Prefix of `/sys` and `/proc`; tests give a folder of their own.
  let root: String

  func findings() -> [HostReport.Finding] {
    [
      frequency(), isolation(), hyperThreads(), clockSource(), invariantCounter(), hugePages(),
      transparentHugePages(), memlock(), numa(), swapping(), ioUring(), realTime(), timerSlack(),
      cpuQuota(),
    ] + networkQueues()
  }

  private func read(_ path: String) -> String? { SystemFile.read(root + path) }

  private func finding(
    _ name: String, _ status: HostReport.Status, _ found: String, wanted: String,
    remedy: String? = nil
  ) -> HostReport.Finding {
    HostReport.Finding(
      name: name, status: status, found: found, wanted: wanted,
      remedy: status == .good ? nil : remedy)
  }

  // MARK: CPUs

  private func frequency() -> HostReport.Finding {
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return finding(
      "cpu frequency", governor.map { $0 == "performance" ? .good : .attention } ?? .unknown,
      governor.map { "governor \($0)" } ?? "no frequency control (usual in a virtual machine)",
      wanted: "governor performance",
      remedy: "cpupower frequency-set -g performance; in a virtual "
        + "machine set it on the host")
  }

  private func isolation() -> HostReport.Finding {
    let isolated = read("/sys/devices/system/cpu/isolated") ?? ""
    let tickless = read("/sys/devices/system/cpu/nohz_full") ?? ""
    let isSet = !isolated.isEmpty
    return finding(
      "cpu isolation", isSet ? .good : .attention,
      isSet
        ? "isolated \(isolated), tickless \(tickless.isEmpty ? "none" : tickless)"
        : "no CPU is isolated",
      wanted: "the engine's CPUs left alone by the scheduler",
      remedy: "boot with isolcpus=N nohz_full=N rcu_nocbs=N")
  }

  private func hyperThreads() -> HostReport.Finding {
    let active = read("/sys/devices/system/cpu/smt/active")
    return finding(
      "hyper-threads", active.map { $0 == "1" ? .attention : .good } ?? .unknown,
      active.map { $0 == "1" ? "on: two threads share a core" : "off" } ?? "not told",
      wanted: "off, or siblings of engine CPUs idle",
      remedy: "echo off > /sys/devices/system/cpu/smt/control")
  }

  private func clockSource() -> HostReport.Finding {
    let source = read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    let isFast = source == "tsc" || source == "kvm-clock" || source == "arch_sys_counter"
    return finding(
      "clock source", source == nil ? .unknown : isFast ? .good : .attention,
      source ?? "not told", wanted: "tsc (read without a system call)",
      remedy: "boot with clocksource=tsc tsc=reliable")
  }

  private func invariantCounter() -> HostReport.Finding {
    let isInvariant = SystemProbe.hasInvariantTimeStampCounter()
    return finding(
      "invariant TSC", isInvariant ? .good : .missing,
      isInvariant
        ? "yes" : "no: the cycle clock falls back to the monotonic clock, about 25 ns a reading",
      wanted: "a time-stamp counter of constant rate",
      remedy: "choose a CPU or a virtual machine type that shows it (flag nonstop_tsc)")
  }

  // MARK: Memory

  private func hugePages() -> HostReport.Finding {
    let count = read("/proc/sys/vm/nr_hugepages").flatMap { Int($0) }
    return finding(
      "huge pages", count.map { $0 > 0 ? .good : .missing } ?? .unknown,
      count.map { "\($0) reserved" } ?? "not told", wanted: "2 MiB pages for slabs and rings",
      remedy: "sysctl vm.nr_hugepages=1024")
  }

  private func transparentHugePages() -> HostReport.Finding {
    let text = read("/sys/kernel/mm/transparent_hugepage/enabled")
    let mode = text?.split(separator: " ").first { $0.hasPrefix("[") }.map(String.init)
    let isAllowed = mode == "[madvise]" || mode == "[always]"
    return finding(
      "transparent huge pages", mode == nil ? .unknown : isAllowed ? .good : .missing,
      mode ?? "not told", wanted: "madvise",
      remedy: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
  }

  private func memlock() -> HostReport.Finding {
    let limit = SystemProbe.memlockLimitByteCount()
    let isEnough = limit.map { $0 >= 1 << 30 } ?? true
    return finding(
      "locked memory", isEnough ? .good : .attention,
      limit.map { "limit \(HumanText.bytes(UInt64($0)))" } ?? "no limit",
      wanted: "1 GiB or more (root is not limited)",
      remedy: "ulimit -l unlimited, or LimitMEMLOCK=infinity in the service's unit")
  }

  private func numa() -> HostReport.Finding {
    let topology = CPUTopology.current()
    return finding(
      "NUMA", .good,
      "\(topology.nodes.count) node(s), \(topology.cpus.count) CPUs, "
        + "\(topology.cpus.filter(\.isAllowed).count) allowed to this process",
      wanted: "engine thread and its memory on one node")
  }

  private func swapping() -> HostReport.Finding {
    let swaps = (read("/proc/swaps") ?? "").split(separator: "\n").count - 1
    let swappiness = read("/proc/sys/vm/swappiness") ?? "?"
    return finding(
      "swap", swaps <= 0 ? .good : .attention,
      swaps <= 0 ? "none" : "\(swaps) area(s), swappiness \(swappiness)",
      wanted: "none, or memory locked", remedy: "swapoff -a, or sysctl vm.swappiness=0")
  }

  // MARK: Kernel

  private func ioUring() -> HostReport.Finding {
    let errno = SystemProbe.ioUringErrno()
    return finding(
      "io_uring", errno == 0 ? .good : .missing,
      errno == 0 ? "allowed" : "refused with errno \(errno)", wanted: "allowed",
      remedy: errno == 38
        ? "a kernel of 5.19 or newer"
        : "sysctl kernel.io_uring_disabled=0; in a container allow io_uring_setup, _enter and "
          + "_register in its seccomp profile")
  }

  private func realTime() -> HostReport.Finding {
    let priority = SystemProbe.realTimePriorityMax()
    return finding(
      "real-time priority", priority > 0 ? .good : .attention,
      priority > 0 ? "up to \(priority)" : "not permitted", wanted: "permitted",
      remedy: "ulimit -r 50, or LimitRTPRIO=50 in the service's unit")
  }

  private func timerSlack() -> HostReport.Finding {
    let slack = SystemProbe.timerSlackNanoseconds()
    return finding(
      "timer slack", slack.map { $0 <= 50_000 ? .good : .attention } ?? .unknown,
      slack.map { "\($0) ns" } ?? "not told", wanted: "50000 ns or less",
      remedy: "prctl(PR_SET_TIMERSLACK, 1) in the thread that sleeps")
  }

  private func cpuQuota() -> HostReport.Finding {
    let quota = read("/sys/fs/cgroup/cpu.max")
    let isFree = quota == nil || quota?.hasPrefix("max") == true
    return finding(
      "CPU quota", isFree ? .good : .attention, isFree ? "none" : "cgroup cpu.max \(quota ?? "")",
      wanted: "none: a quota stops threads for tens of milliseconds",
      remedy: "give the container whole CPUs (a cpuset) in place of a quota")
  }

  // MARK: Network

  private func networkQueues() -> [HostReport.Finding] {
    let interfaces = (SystemFile.read(root + "/proc/net/dev") ?? "").split(separator: "\n")
      .dropFirst(2)
      .compactMap { $0.split(separator: ":").first?.filter { $0 != " " } }
      .filter { $0 != "lo" }
    guard !interfaces.isEmpty else {
      return [finding("NIC queues", .unknown, "no interface but loopback", wanted: "")]
    }
    return interfaces.prefix(16).map { name in
      var count = 0
      while count < 1_024,
        read("/sys/class/net/\(name)/queues/rx-\(count)/rps_cpus") != nil
      {
        count += 1
      }
      return finding(
        "NIC queues \(name)", count == 0 ? .unknown : .good,
        count == 0 ? "not told" : "\(count) receive queue(s)",
        wanted: "one receive queue for each engine thread that reads packets")
    }
  }
}
