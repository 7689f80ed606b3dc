// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One logical CPU.
public struct LogicalCPU: Sendable, Equatable {
  /// Number as the kernel counts.
  public var index: Int
  /// NUMA node; 0 where the kernel reports none.
  public var node: Int
  /// Core within its socket.
  public var core: Int
  /// Socket.
  public var socket: Int
  /// Logical CPUs on the same core, itself included.
  public var siblings: [Int]
  /// Whether the scheduler leaves it alone (`isolcpus`).
  public var isIsolated: Bool
  /// Whether this thread may run on it.
  public var isAllowed: Bool
}

/// One cache as seen from the first CPU.
public struct CPUCache: Sendable, Equatable {
  /// 1, 2 or 3.
  public var level: Int
  /// `Data`, `Instruction` or `Unified`.
  public var kind: String
  /// Unit: bytes.
  public var byteCount: Int
  /// Logical CPUs that share it.
  public var sharedBy: [Int]
}

/// Sockets, nodes, cores, hyper-thread siblings, isolated CPUs and caches of this host.
public struct CPUTopology: Sendable {
  /// Logical CPUs that are on line, ascending.
  public var cpus: [LogicalCPU]
  /// NUMA nodes with CPUs, ascending.
  public var nodes: [Int]
  /// Caches as seen from the first CPU.
  public var caches: [CPUCache]

  /// Sockets with CPUs, ascending.
  public var sockets: [Int] { Set(cpus.map(\.socket)).sorted() }

  /// CPUs that the scheduler leaves alone, ascending.
  public var isolatedCPUs: [Int] { cpus.filter(\.isIsolated).map(\.index) }

  /// Physical cores: each the logical CPUs that share it, ascending.
  public var cores: [[Int]] {
    let cores = Dictionary(grouping: cpus) { $0.siblings.min() ?? $0.index }
    return cores.keys.sorted().map { key in (cores[key] ?? []).map(\.index) }
  }

  /// The logical CPU of this number; nil where it is not on line.
  public func cpu(_ index: Int) -> LogicalCPU? { cpus.first { $0.index == index } }

  /// Reads `/sys/devices/system`; what the kernel does not report is taken to be the simplest case.
  public static func current() -> CPUTopology {
    CPUTopology(root: "/sys/devices/system", allowed: allowedCPUs())
  }

  /// Reads a folder that looks like `/sys/devices/system`.
  ///
  /// What is missing or cannot be understood is taken as the simplest case: one CPU, one node, no
  /// siblings, no caches.
  ///
  /// - Parameters:
  ///   - root: Path of the folder.
  ///   - allowed: CPUs that the calling thread may run on.
  public init(root: String, allowed: [Int]) {
    func list(_ path: String) -> [Int] {
      SystemFile.read("\(root)/\(path)").map(SystemFile.list) ?? []
    }
    let found = list("cpu/online")
    let online = found.isEmpty ? [0] : found
    let isolated = Set(list("cpu/isolated"))
    let allowed = Set(allowed)
    var nodeOf: [Int: Int] = [:]
    for node in list("node/online") {
      for cpu in list("node/node\(node)/cpulist") { nodeOf[cpu] = node }
    }
    cpus = online.map { cpu in
      let topology = "cpu/cpu\(cpu)/topology"
      let siblings = list("\(topology)/thread_siblings_list")
      return LogicalCPU(
        index: cpu, node: nodeOf[cpu] ?? 0,
        core: SystemFile.integer("\(root)/\(topology)/core_id") ?? cpu,
        socket: SystemFile.integer("\(root)/\(topology)/physical_package_id") ?? 0,
        siblings: siblings.contains(cpu) ? siblings : [cpu],
        isIsolated: isolated.contains(cpu), isAllowed: allowed.contains(cpu))
    }
    nodes = Set(cpus.map(\.node)).sorted()
    caches = (0..<8).compactMap { index in
      let cache = "cpu/cpu\(online[0])/cache/index\(index)"
      guard let level = SystemFile.integer("\(root)/\(cache)/level"),
        let byteCount = SystemFile.read("\(root)/\(cache)/size").flatMap(Self.byteCount)
      else { return nil }
      return CPUCache(
        level: level, kind: SystemFile.read("\(root)/\(cache)/type") ?? "Unified",
        byteCount: byteCount, sharedBy: list("\(cache)/shared_cpu_list"))
    }
  }

  /// A kernel size such as `512K`; nil for anything else.
  static func byteCount(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? text : String(text.dropLast())), number >= 0 else {
      return nil
    }
    let (byteCount, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflow ? nil : byteCount
  }
}
