// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusCore

extension HostInspection {
  func hugePages() -> HostReport.Finding {
    // The pool of this size; the sysctl counts pages of the default size, which may be another.
    let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB"
    let count = (read("\(pool)/nr_hugepages") ?? read("/proc/sys/vm/nr_hugepages"))
      .flatMap { Int($0) }
    let free = read("\(pool)/free_hugepages").flatMap { Int($0) }
    return finding(
      "huge pages", count.map { $0 > 0 ? .good : .missing } ?? .unknown,
      count.map { "\($0) reserved" + (free.map { ", \($0) free" } ?? "") } ?? "not told",
      wanted: "2 MiB pages for slabs and rings",
      remedy: "sysctl -w vm.nr_hugepages=1024 (2 GiB; in /etc/sysctl.d to keep it)")
  }

  func transparentHugePages() -> HostReport.Finding {
    let text = read("/sys/kernel/mm/transparent_hugepage/enabled") ?? ""
    let marked = text.split(separator: " ").first {
      $0.count > 2 && $0.hasPrefix("[") && $0.hasSuffix("]")
    }
    let mode = marked.map { String($0.dropFirst().dropLast()) }
    let status: HostReport.Status =
      switch mode {
      case "madvise": .good
      case "always": .attention
      case "never": .missing
      default: .unknown
      }
    return finding(
      "transparent huge pages", status, mode ?? "not told",
      wanted: "madvise: for those who ask, and no joining of pages behind the others' backs",
      remedy: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
  }

  func memlock() -> HostReport.Finding {
    let limit = probes.memlockLimitByteCount
    let isEnough = limit.map { $0 >= 1 << 30 } ?? true
    return finding(
      "locked memory", isEnough ? .good : .attention,
      limit.map { "limit \(HumanText.bytes(UInt64($0)))" } ?? "no limit",
      wanted: "1 GiB or more (root is not limited)",
      remedy: "ulimit -l unlimited, or LimitMEMLOCK=infinity in the service's unit")
  }

  func swapping() -> HostReport.Finding {
    let areas = read("/proc/swaps").map { max(0, $0.split(separator: "\n").count - 1) }
    let swappiness = read("/proc/sys/vm/swappiness") ?? "not told"
    return finding(
      "swap", areas.map { $0 == 0 ? .good : .attention } ?? .unknown,
      areas.map { $0 == 0 ? "none" : "\($0) area(s), swappiness \(swappiness)" } ?? "not told",
      wanted: "none, or memory locked",
      remedy: "swapoff -a, or sysctl -w vm.swappiness=0")
  }
}
