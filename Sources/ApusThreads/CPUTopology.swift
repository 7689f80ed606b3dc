// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// One logical CPU.
public struct LogicalCPU: Sendable, Equatable {
  /// Number as the kernel counts.
  public var index: Int
  /// NUMA node; 0 where the kernel tells none.
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

/// One cache as seen from CPU 0.
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

  /// Reads `/sys/devices/system`; what the kernel does not tell is taken as the simplest case.
  public static func current() -> CPUTopology { CPUTopology(root: "/sys/devices/system") }

  init(root: String) {
    let online = Self.list(SystemFile.read("\(root)/cpu/online") ?? "0")
    let isolated = Set(Self.list(SystemFile.read("\(root)/cpu/isolated") ?? ""))
    let allowed = Set(allowedCPUs())
    var nodeOf: [Int: Int] = [:]
    for node in Self.list(SystemFile.read("\(root)/node/online") ?? "0") {
      for cpu in Self.list(SystemFile.read("\(root)/node/node\(node)/cpulist") ?? "") {
        nodeOf[cpu] = node
      }
    }
    cpus = online.map { cpu in
      let topology = "\(root)/cpu/cpu\(cpu)/topology"
      let siblings = Self.list(SystemFile.read("\(topology)/thread_siblings_list") ?? "\(cpu)")
      return LogicalCPU(
        index: cpu, node: nodeOf[cpu] ?? 0, core: SystemFile.integer("\(topology)/core_id") ?? cpu,
        socket: SystemFile.integer("\(topology)/physical_package_id") ?? 0, siblings: siblings,
        isIsolated: isolated.contains(cpu), isAllowed: allowed.contains(cpu))
    }
    nodes = Set(cpus.map(\.node)).sorted()
    caches = (0..<8).compactMap { index in
      let cache = "\(root)/cpu/cpu\(online.first ?? 0)/cache/index\(index)"
      guard let level = SystemFile.integer("\(cache)/level"),
        let size = SystemFile.read("\(cache)/size")
      else { return nil }
      return CPUCache(
        level: level, kind: SystemFile.read("\(cache)/type") ?? "Unified",
        byteCount: Self.byteCount(size),
        sharedBy: Self.list(SystemFile.read("\(cache)/shared_cpu_list") ?? ""))
    }
  }

  /// A kernel list such as `0-2,5`. What is no number is left out.
  static func list(_ text: String) -> [Int] {
    text.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last - first < 65_536
      else { return [] }
      return Array(first...last)
    }
  }

  /// A kernel size such as `512K`.
  static func byteCount(_ text: String) -> Int {
    let digits = Int(text.prefix { $0.isNumber }) ?? 0
    switch text.last {
    case "K": return digits << 10
    case "M": return digits << 20
    default: return digits
    }
  }
}

/// Small files of the kernel.
public enum SystemFile {
  /// The contents without the white space at its ends; nil where there is no such file.
  public static func read(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    // SAFETY: the array has as many bytes as the call is told.
    let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0 }
    var text = bytes[..<count]
    while let last = text.last, isSpace(last) { text.removeLast() }
    while let first = text.first, isSpace(first) { text.removeFirst() }
    return String(decoding: text, as: UTF8.self)
  }

  /// The contents as a number.
  public static func integer(_ path: String) -> Int? { read(path).flatMap { Int($0) } }
}
