// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand

/// The doctor on hosts that the tests make up.
@Suite struct HostInspectionTests {
  static let goodProbes = HostProbes(
    ioUringErrno: 0, timerSlackNanoseconds: 1, realTimePriorityMax: 99, memlockLimitByteCount: nil,
    hasInvariantTimeStampCounter: true, allowedCPUs: [0, 1])

  static let goodFiles = [
    "sys/devices/system/cpu/online": "0-1",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "3500000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "3600123\n",
    "sys/devices/system/cpu/isolated": "1\n", "sys/devices/system/cpu/nohz_full": "1\n",
    "sys/devices/system/cpu/smt/active": "0\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "64\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "60\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    "proc/swaps": "Filename Type Size Used Priority\n", "proc/sys/vm/swappiness": "60\n",
    "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
    "sys/class/net/lo/queues/rx-0/rps_cpus": "0", "sys/class/net/bonding_masters": "",
    "sys/class/net/eth0/device/vendor": "0x1af4", "sys/class/net/eth0/queues/rx-0/rps_cpus": "0",
    "sys/class/net/eth0/queues/rx-1/rps_cpus": "0", "sys/class/net/eth0/queues/tx-0/xps_cpus": "0",
  ]

  /// Findings of the good host, with some files and probes changed; nil takes a file away.
  private func findings(
    _ changes: [String: String?] = [:], _ change: (inout HostProbes) -> Void = { _ in }
  ) throws -> [String: HostReport.Finding] {
    var files = Self.goodFiles
    for (path, text) in changes { files[path] = text }
    var probes = Self.goodProbes
    change(&probes)
    let tree = try ScratchFolder(files)
    let findings = HostInspection(root: tree.path, probes: probes).findings()
    return Dictionary(findings.map { ($0.name, $0) }) { first, _ in first }
  }

  private func expect(
    _ name: String, _ status: HostReport.Status, _ found: String,
    in findings: [String: HostReport.Finding], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let finding = try #require(findings[name], sourceLocation: sourceLocation)
    #expect(finding.status == status, sourceLocation: sourceLocation)
    #expect(finding.found == found, sourceLocation: sourceLocation)
  }

  @Test func goodHostIsGoodThroughout() throws {
    let all = try findings()
    #expect(all.values.filter { $0.status != .good }.map(\.name) == [])
    try expect(
      "cpu frequency", .good, "3500 to 3600 MHz, governor performance", in: all)
    try expect("cpu isolation", .good, "isolated 1, tickless 1", in: all)
    try expect("huge pages", .good, "64 reserved, 60 free", in: all)
    try expect(
      "NUMA", .good, "1 node(s), 2 CPUs, 2 allowed to this process on 1 node(s)", in: all)
    try expect("locked memory", .good, "no limit", in: all)
    try expect("NIC queues eth0", .good, "2 receive queue(s)", in: all)
    #expect(all["NIC queues lo"] == nil && all["NIC queues bonding_masters"] == nil)
  }

  @Test func frequencyAndGovernor() throws {
    let cpu = "sys/devices/system/cpu/cpu"
    try expect(
      "cpu frequency", .attention, "3500 to 3600 MHz, governor performance and powersave",
      in: findings(["\(cpu)1/cpufreq/scaling_governor": "powersave"]))
    let none: [String: String?] = Dictionary(
      uniqueKeysWithValues: (0...1).flatMap { index in
        ["scaling_governor", "scaling_cur_freq"].map {
          ("\(cpu)\(index)/cpufreq/\($0)", nil as String?)
        }
      })
    let table = none.merging(["proc/cpuinfo": "cpu MHz\t\t: 2445.404\ncpu MHz\t\t: 2445.404\n"]) {
      $1
    }
    try expect(
      "cpu frequency", .unknown, "2445 MHz, no governor (usual in a virtual machine)",
      in: findings(table))
    let found = try findings(none)["cpu frequency"]
    #expect(found?.found.hasPrefix("frequency not told") == true)
    #expect(found?.remedy.contains("cpupower frequency-set -g performance") == true)
  }

  @Test func isolationHyperThreadsAndClock() throws {
    let cpu = "sys/devices/system/cpu"
    let all = try findings([
      "\(cpu)/isolated": "\n", "\(cpu)/nohz_full": "(null)\n", "\(cpu)/smt/active": "1",
      "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet",
    ]) { $0.hasInvariantTimeStampCounter = false }
    try expect("cpu isolation", .attention, "no CPU is isolated", in: all)
    #expect(all["cpu isolation"]?.remedy.contains("isolcpus=") == true)
    try expect("hyper-threads", .attention, "on: two threads share a core", in: all)
    try expect("clock source", .attention, "hpet", in: all)
    #expect(all["invariant TSC"]?.status == .missing)
    try expect(
      "cpu isolation", .good, "isolated 1, tickless none",
      in: findings(["\(cpu)/nohz_full": "(null)\n"]))
  }

  @Test func hugePages() throws {
    let pool = "sys/kernel/mm/hugepages/hugepages-2048kB"
    let none = try findings(["\(pool)/nr_hugepages": "0", "\(pool)/free_hugepages": "0"])
    try expect("huge pages", .missing, "0 reserved, 0 free", in: none)
    #expect(none["huge pages"]?.remedy.contains("vm.nr_hugepages=") == true)
    let noPool: [String: String?] = ["\(pool)/nr_hugepages": nil, "\(pool)/free_hugepages": nil]
    try expect(
      "huge pages", .good, "8 reserved",
      in: findings(noPool.merging(["proc/sys/vm/nr_hugepages": "8"]) { $1 }))
    try expect("huge pages", .unknown, "not told", in: findings(noPool))
  }

  @Test(
    arguments: [
      ("[always] madvise never", .attention, "always"),
      ("always madvise [never]", .missing, "never"),
      ("garbage", .unknown, "not told"), ("[", .unknown, "not told"),
      ("[]", .unknown, "not told"),
    ] as [(String, HostReport.Status, String)])
  func transparentHugePages(text: String, status: HostReport.Status, found: String) throws {
    try expect(
      "transparent huge pages", status, found,
      in: findings(["sys/kernel/mm/transparent_hugepage/enabled": text]))
  }

  @Test func limitsAndPriorities() throws {
    let all = try findings {
      $0.memlockLimitByteCount = 8 << 20
      $0.realTimePriorityMax = 0
      $0.timerSlackNanoseconds = 50_000
    }
    try expect("locked memory", .attention, "limit 8.0 MiB", in: all)
    #expect(all["locked memory"]?.remedy.contains("ulimit -l") == true)
    try expect("real-time priority", .attention, "not permitted", in: all)
    #expect(all["real-time priority"]?.remedy.contains("LimitRTPRIO") == true)
    try expect("timer slack", .attention, "50000 ns", in: all)
    #expect(all["timer slack"]?.remedy.contains("timerslack_ns") == true)
    try expect(
      "timer slack", .unknown, "not told", in: findings { $0.timerSlackNanoseconds = nil })
    try expect(
      "locked memory", .good, "limit 1.0 GiB", in: findings { $0.memlockLimitByteCount = 1 << 30 })
  }

  @Test func refusedRingNamesTheRemedyForItsReason() throws {
    let disabled = try findings(["proc/sys/kernel/io_uring_disabled": "2"]) {
      $0.ioUringErrno = EPERM
    }
    try expect(
      "io_uring", .missing, "refused with errno 1, kernel.io_uring_disabled is 2", in: disabled)
    #expect(disabled["io_uring"]?.remedy == "sysctl -w kernel.io_uring_disabled=0")
    let filtered = try findings { $0.ioUringErrno = EPERM }
    #expect(filtered["io_uring"]?.remedy.contains("seccomp") == true)
    let old = try findings { $0.ioUringErrno = ENOSYS }
    #expect(old["io_uring"]?.remedy.contains("kernel of 5.19") == true)
    let poor = try findings { $0.ioUringErrno = ENOMEM }
    #expect(poor["io_uring"]?.remedy.contains("ulimit -l") == true)
  }

  @Test func nodesOfTheAllowedCPUs() throws {
    let node = "sys/devices/system/node"
    let two: [String: String?] = [
      "\(node)/online": "0-1", "\(node)/node0/cpulist": "0", "\(node)/node1/cpulist": "1",
    ]
    try expect(
      "NUMA", .attention, "2 node(s), 2 CPUs, 2 allowed to this process on 2 node(s)",
      in: findings(two))
    try expect(
      "NUMA", .good, "2 node(s), 2 CPUs, 1 allowed to this process on 1 node(s)",
      in: findings(two) { $0.allowedCPUs = [1] })
    let balanced = try findings(two.merging(["proc/sys/kernel/numa_balancing": "1"]) { $1 }) {
      $0.allowedCPUs = [1]
    }
    #expect(balanced["NUMA"]?.status == .attention)
    #expect(balanced["NUMA"]?.remedy.contains("numa_balancing=0") == true)
  }

  @Test func swapAreas() throws {
    try expect(
      "swap", .attention, "1 area(s), swappiness 60",
      in: findings(["proc/swaps": "Filename Type\n/dev/sda2 partition 1 0 -2\n"]))
  }

  /// A quota holds from any group above, in both kinds of control groups.
  @Test func quotasOfOwnGroups() throws {
    try expect(
      "CPU quota", .attention, "/sys/fs/cgroup/a/cpu.max: 50000 100000",
      in: findings(["sys/fs/cgroup/a/cpu.max": "50000 100000"]))
    try expect(
      "CPU quota", .attention, "/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us: 20000",
      in: findings([
        "proc/self/cgroup": "3:cpu,cpuacct:/pod\n2:memory:/x\n0::/\n",
        "sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us": "20000\n",
      ]))
    try expect(
      "CPU quota", .good, "none",
      in: findings([
        "proc/self/cgroup": "3:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      ]))
    try expect(
      "CPU quota", .good, "none (no CPU cgroup)", in: findings(["proc/self/cgroup": nil]))
  }

  @Test func receiveQueues() throws {
    let net = "sys/class/net"
    let all = try findings([
      "\(net)/eth0/queues/rx-1/rps_cpus": nil, "\(net)/veth1/queues/rx-0/rps_cpus": "0",
    ])
    try expect("NIC queues eth0", .attention, "1 receive queue(s)", in: all)
    #expect(all["NIC queues eth0"]?.remedy.hasPrefix("ethtool -L eth0 combined 2") == true)
    try expect("NIC queues veth1", .good, "1 receive queue(s), no hardware", in: all)
    let none = try findings([
      "\(net)/eth0/device/vendor": nil, "\(net)/eth0/queues/rx-0/rps_cpus": nil,
      "\(net)/eth0/queues/rx-1/rps_cpus": nil, "\(net)/eth0/queues/tx-0/xps_cpus": nil,
    ])
    try expect("NIC queues", .unknown, "no interface but loopback", in: none)
  }
}
