// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusThreads

@Suite struct CPUTopologyGroupsTests {
  @Test func twoSocketsWithHyperThreads() throws {
    let tree = try ScratchFolder()
    try tree.write("cpu/online", "0-7")
    try tree.write("cpu/isolated", "2-3,6")
    try tree.write("node/online", "0-1")
    try tree.write("node/node0/cpulist", "0-1,4-5")
    try tree.write("node/node1/cpulist", "2-3,6-7")
    for cpu in 0..<8 {
      let topology = "cpu/cpu\(cpu)/topology"
      try tree.write("\(topology)/thread_siblings_list", "\(cpu % 4),\(cpu % 4 + 4)")
      try tree.write("\(topology)/core_id", "\(cpu % 2)")
      try tree.write("\(topology)/physical_package_id", "\(cpu % 4 / 2)")
    }
    try tree.write("cpu/cpu0/cache/index0/level", "1")
    try tree.write("cpu/cpu0/cache/index0/type", "Data")
    try tree.write("cpu/cpu0/cache/index0/size", "32K")
    try tree.write("cpu/cpu0/cache/index0/shared_cpu_list", "0,4")
    try tree.write("cpu/cpu0/cache/index1/level", "3")
    try tree.write("cpu/cpu0/cache/index1/size", "32M")
    let topology = CPUTopology(root: tree.path, allowed: [0])
    #expect(topology.cpus.map(\.index) == Array(0..<8))
    #expect(topology.cpus.map(\.node) == [0, 0, 1, 1, 0, 0, 1, 1])
    #expect(topology.cpus.map(\.socket) == [0, 0, 1, 1, 0, 0, 1, 1])
    #expect(topology.nodes == [0, 1])
    #expect(topology.sockets == [0, 1])
    #expect(topology.isolatedCPUs == [2, 3, 6])
    #expect(topology.cores == [[0, 4], [1, 5], [2, 6], [3, 7]])
    #expect(topology.cpu(6)?.siblings == [2, 6])
    #expect(topology.cpu(8) == nil)
    #expect(
      topology.caches == [
        CPUCache(level: 1, kind: "Data", byteCount: 32_768, sharedBy: [0, 4]),
        CPUCache(level: 3, kind: "Unified", byteCount: 33_554_432, sharedBy: []),
      ])
  }

  @Test func aKernelThatTellsNothingIsOneCPU() {
    let topology = CPUTopology(root: "/nonexistent", allowed: [0])
    #expect(topology.cpus.map(\.index) == [0])
    #expect(topology.nodes == [0] && topology.sockets == [0] && topology.cores == [[0]])
    #expect(topology.isolatedCPUs.isEmpty && topology.caches.isEmpty)
  }
}
