// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

extension HostInspection {
  func frequency() -> HostReport.Finding {
    let folders = topology.cpus.map { "/sys/devices/system/cpu/cpu\($0.index)/cpufreq" }
    let governors = Set(folders.compactMap { read("\($0)/scaling_governor") }).sorted()
    let status: HostReport.Status =
      governors.isEmpty ? .unknown : governors == ["performance"] ? .good : .attention
    let governor =
      governors.isEmpty
      ? "no governor (usual in a virtual machine)"
      : "governor \(governors.joined(separator: " and "))"
    return finding(
      "cpu frequency", status, "\(megahertz(folders) ?? "frequency not told"), \(governor)",
      wanted: "governor performance on every CPU",
      remedy: "cpupower frequency-set -g performance; in a virtual machine set it on the host")
  }

  /// What the CPUs run at now: the governor's word, else the processor table's.
  private func megahertz(_ folders: [String]) -> String? {
    var values = folders.compactMap { read("\($0)/scaling_cur_freq").flatMap { Int($0) } }
      .map { $0 / 1_000 }
    if values.isEmpty {
      values = (read("/proc/cpuinfo") ?? "").split(separator: "\n")
        .filter { $0.hasPrefix("cpu MHz") }
        .compactMap { $0.split(separator: ":").last?.drop { $0 == " " } }
        .compactMap { $0.split(separator: ".").first.flatMap { Int($0) } }
    }
    guard let lowest = values.min(), let highest = values.max() else { return nil }
    return lowest == highest ? "\(lowest) MHz" : "\(lowest) to \(highest) MHz"
  }

  func isolation() -> HostReport.Finding {
    // Where there are none, some kernels write "(null)".
    func cpus(_ file: String) -> String? {
      read("/sys/devices/system/cpu/\(file)").flatMap { SystemFile.list($0).isEmpty ? nil : $0 }
    }
    let isolated = cpus("isolated")
    return finding(
      "cpu isolation", isolated == nil ? .attention : .good,
      isolated.map { "isolated \($0), tickless \(cpus("nohz_full") ?? "none")" }
        ?? "no CPU is isolated",
      wanted: "the engine's CPUs left alone by the scheduler",
      remedy: "boot with isolcpus=N nohz_full=N rcu_nocbs=N, N being the engine's CPUs")
  }

  func hyperThreads() -> HostReport.Finding {
    let active = read("/sys/devices/system/cpu/smt/active")
    let status: HostReport.Status =
      switch active {
      case "0": .good
      case "1": .attention
      default: .unknown
      }
    return finding(
      "hyper-threads", status,
      status == .unknown ? "not told" : status == .good ? "off" : "on: two threads share a core",
      wanted: "off, or siblings of engine CPUs idle",
      remedy: "echo off > /sys/devices/system/cpu/smt/control")
  }

  func clockSource() -> HostReport.Finding {
    let source = read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    let isFast = source == "tsc" || source == "kvm-clock" || source == "arch_sys_counter"
    return finding(
      "clock source", source == nil ? .unknown : isFast ? .good : .attention,
      source ?? "not told",
      wanted: "one that is read without a system call: tsc, or kvm-clock in a virtual machine",
      remedy: "boot with clocksource=tsc tsc=reliable")
  }

  func invariantCounter() -> HostReport.Finding {
    let isInvariant = probes.hasInvariantTimeStampCounter
    return finding(
      "invariant TSC", isInvariant ? .good : .missing,
      isInvariant
        ? "yes" : "no: the cycle clock falls back to the monotonic clock, about 25 ns a reading",
      wanted: "a time-stamp counter of constant rate",
      remedy: "choose a CPU or a virtual machine type that shows it (flag nonstop_tsc)")
  }

  func numa() -> HostReport.Finding {
    let allowed = topology.cpus.filter(\.isAllowed)
    let nodes = Set(allowed.map(\.node))
    let balances = topology.nodes.count > 1 && read("/proc/sys/kernel/numa_balancing") == "1"
    return finding(
      "NUMA", nodes.count > 1 || balances ? .attention : .good,
      "\(topology.nodes.count) node(s), \(topology.cpus.count) CPUs, \(allowed.count) allowed to "
        + "this process on \(nodes.count) node(s)" + (balances ? "; the kernel moves pages" : ""),
      wanted: "engine thread and its memory on one node, and pages that stay there",
      remedy: "numactl --cpunodebind=N --membind=N apus …; sysctl -w kernel.numa_balancing=0")
  }
}
