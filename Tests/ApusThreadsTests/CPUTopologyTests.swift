// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusThreads

@Suite struct CPUTopologyTests {
  /// Two sockets, each a node with two cores of two threads; siblings are four apart.
  private func twoSockets() throws -> ScratchFolder {
    var files = [
      "cpu/online": "0-7\n", "cpu/isolated": "3,6-7\n", "node/online": "0-1\n",
      "node/node0/cpulist": "0-1,4-5\n", "node/node1/cpulist": "2-3,6-7\n",
    ]
    for cpu in 0..<8 {
      let topology = "cpu/cpu\(cpu)/topology"
      files["\(topology)/core_id"] = "\(cpu % 2)\n"
      files["\(topology)/physical_package_id"] = "\(cpu / 2 % 2)\n"
      files["\(topology)/thread_siblings_list"] = "\(cpu % 4),\(cpu % 4 + 4)\n"
    }
    let caches = [
      ("1", "Data", "32K", "0,4"), ("1", "Instruction", "64K", "0,4"),
      ("2", "Unified", "1M", "0,4"),
      ("3", "Unified", "30720K", "0-1,4-5"),
    ]
    for (index, cache) in caches.enumerated() {
      let folder = "cpu/cpu0/cache/index\(index)"
      files["\(folder)/level"] = cache.0 + "\n"
      files["\(folder)/type"] = cache.1 + "\n"
      files["\(folder)/size"] = cache.2 + "\n"
      files["\(folder)/shared_cpu_list"] = cache.3 + "\n"
    }
    return try ScratchFolder(files)
  }

  @Test func readsSocketsSiblingsNodesAndIsolation() throws {
    let tree = try twoSockets()
    let topology = CPUTopology(root: tree.path, allowed: [0, 2, 6, 99])
    #expect(topology.cpus.map(\.index) == Array(0..<8))
    #expect(topology.nodes == [0, 1])
    #expect(topology.cpus.map(\.node) == [0, 0, 1, 1, 0, 0, 1, 1])
    #expect(topology.cpus.map(\.socket) == [0, 0, 1, 1, 0, 0, 1, 1])
    #expect(topology.cpus.map(\.core) == [0, 1, 0, 1, 0, 1, 0, 1])
    #expect(topology.cpus.filter(\.isIsolated).map(\.index) == [3, 6, 7])
    #expect(topology.cpus.filter(\.isAllowed).map(\.index) == [0, 2, 6])
    #expect(
      topology.cpus[6]
        == LogicalCPU(
          index: 6, node: 1, core: 0, socket: 1, siblings: [2, 6], isIsolated: true,
          isAllowed: true))
  }

  @Test func readsCaches() throws {
    let tree = try twoSockets()
    let caches = CPUTopology(root: tree.path, allowed: []).caches
    #expect(caches.map(\.level) == [1, 1, 2, 3])
    #expect(caches.map(\.kind) == ["Data", "Instruction", "Unified", "Unified"])
    #expect(caches.map(\.byteCount) == [32 << 10, 64 << 10, 1 << 20, 30 << 20])
    #expect(caches.map(\.sharedBy) == [[0, 4], [0, 4], [0, 4], [0, 1, 4, 5]])
  }

  @Test func missingFilesAreTheSimplestCase() throws {
    let simplest = LogicalCPU(
      index: 0, node: 0, core: 0, socket: 0, siblings: [0], isIsolated: false, isAllowed: true)
    let empty = try ScratchFolder()
    for root in [empty.path, empty.path + "/absent"] {
      let topology = CPUTopology(root: root, allowed: [0])
      #expect(topology.cpus == [simplest] && topology.nodes == [0] && topology.caches.isEmpty)
    }
    let bare = try ScratchFolder(["cpu/online": "2,5"])
    let topology = CPUTopology(root: bare.path, allowed: [5])
    #expect(topology.cpus.map(\.index) == [2, 5])
    #expect(topology.cpus.map(\.core) == [2, 5])
    #expect(topology.cpus.map(\.siblings) == [[2], [5]])
    #expect(topology.cpus.map(\.isAllowed) == [false, true])
  }

  /// Caches are those of the first CPU on line, which need not be CPU 0.
  @Test func cachesAreThoseOfTheFirstCPUOnLine() throws {
    let tree = try ScratchFolder([
      "cpu/online": "3-4", "cpu/cpu3/cache/index0/level": "1",
      "cpu/cpu3/cache/index0/size": "48K", "cpu/cpu0/cache/index0/level": "2",
      "cpu/cpu0/cache/index0/size": "1M",
    ])
    #expect(
      CPUTopology(root: tree.path, allowed: []).caches
        == [CPUCache(level: 1, kind: "Unified", byteCount: 48 << 10, sharedBy: [])])
  }

  @Test(arguments: [1, 2, 0x70F0] as [UInt64])
  func garbageNeverTraps(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let alphabet = Array("0123456789,,,---KMG \n\0x\u{FF}".utf8)
    for _ in 0..<20 {
      let tree = try ScratchFolder()
      for file in [
        "cpu/online", "cpu/isolated", "node/online", "node/node0/cpulist",
        "cpu/cpu0/topology/core_id", "cpu/cpu0/topology/thread_siblings_list",
        "cpu/cpu0/cache/index0/level", "cpu/cpu0/cache/index0/size",
      ] {
        let count = Int.random(in: 0...40, using: &random)
        let bytes = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        try tree.write(file, bytes)
      }
      // Only the first CPUs' own files are asked for, so that a wide list costs little.
      let topology = CPUTopology(root: tree.path, allowed: [0])
      #expect(!topology.cpus.isEmpty && !topology.nodes.isEmpty, "seed \(seed)")
      for cpu in topology.cpus { #expect(cpu.siblings.contains(cpu.index), "seed \(seed)") }
    }
  }

  @Test func thisHostIsConsistent() {
    let topology = CPUTopology.current()
    #expect(topology.cpus.filter(\.isAllowed).map(\.index) == allowedCPUs())
    #expect(topology.cpus.map(\.index) == topology.cpus.map(\.index).sorted())
    for cpu in topology.cpus {
      #expect(topology.nodes.contains(cpu.node) && cpu.siblings.contains(cpu.index))
    }
  }

  @Test(
    arguments: [
      ("0", 0), ("512K", 512 << 10), ("2M", 2 << 20), ("1G", 1 << 30), ("77", 77), ("", nil),
      ("K", nil), ("-4K", nil), ("12X", nil), ("²K", nil), ("9223372036854775807", Int.max),
      ("9223372036854775807K", nil), ("99999999999999999999", nil), ("4 K", nil),
    ] as [(String, Int?)])
  func sizes(text: String, byteCount: Int?) {
    #expect(CPUTopology.byteCount(text) == byteCount)
  }
}
