// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusNUMA
internal import CApusPlatform
internal import Glibc

/// What a region got of what was asked for.
public struct MemoryPlacement: Sendable, Equatable {
  /// Kind of pages behind the region.
  public enum Pages: String, Sendable {
    /// Reserved huge pages (`MAP_HUGETLB`).
    case huge
    /// Ordinary pages that the kernel may join to huge ones.
    case transparentHuge
    /// Ordinary pages.
    case plain
  }

  /// Pages the region got.
  public var pages: Pages
  /// Size of one page; of the largest one where the kernel may join pages. Unit: bytes.
  public var pageByteCount: Int
  /// NUMA node the region is bound to; nil where it is not bound.
  public var numaNode: Int?
  /// Whether it cannot be swapped out.
  public var isLocked: Bool
  /// Whether every page was touched before use.
  public var isPrefaulted: Bool
  /// What was asked for and is not available, each with what to do.
  public var shortfalls: [String]
}

/// One mapping of zeroed memory: the owner of everything the core places itself.
///
/// Pages are committed when first touched, so that reserving room for the largest case costs
/// nothing; `prefaulted` and `locked` commit them at once. Where huge pages are asked for, the last
/// page is a whole one: up to 2 MiB more than the size asked for may be committed.
@safe
public struct MemoryRegion: ~Copyable {
  /// Which pages to try.
  public enum PagePolicy: Sendable {
    /// Reserved huge pages, else transparent ones, else plain ones.
    case huge
    /// Transparent huge pages, else plain ones.
    case transparentHuge
    /// Plain pages.
    case plain
  }

  /// How a region is placed.
  public struct Options: Sendable {
    /// Which pages to try.
    public var pages: PagePolicy
    /// NUMA node to bind to; nil leaves it to the kernel.
    public var numaNode: Int?
    /// Keep it from being swapped out.
    public var locked: Bool
    /// Touch the pages of so many bytes from the start before `init` returns, at most all.
    public var prefaultedByteCount: Int

    /// Touch every page before `init` returns.
    public var prefaulted: Bool {
      get { prefaultedByteCount == .max }
      set { prefaultedByteCount = newValue ? .max : 0 }
    }

    /// Options; the default commits memory as it is touched.
    public init(
      pages: PagePolicy = .transparentHuge, numaNode: Int? = nil, locked: Bool = false,
      prefaulted: Bool = false
    ) {
      self.pages = pages
      self.numaNode = numaNode
      self.locked = locked
      prefaultedByteCount = prefaulted ? .max : 0
    }
  }

  /// Size as asked for. Unit: bytes.
  public let byteCount: Int
  /// What the region got.
  public let placement: MemoryPlacement
  /// First byte; aligned to 2 MiB where huge pages were asked for, else to a page.
  @unsafe public let baseAddress: UnsafeMutableRawPointer

  private let mapping: UnsafeMutableRawPointer
  private let mappedByteCount: Int

  static let hugePageLog2: CInt = 21

  /// Maps a region.
  ///
  /// What is not available besides the memory itself is not an error: ``placement`` reports it.
  ///
  /// - Throws: ``MemoryError`` when no memory could be mapped.
  public init(byteCount: Int, options: Options) throws(MemoryError) {
    guard byteCount > 0 else { throw .size(byteCount: byteCount) }
    let hugePage = 1 << Int(Self.hugePageLog2)
    // What no address space holds is refused here, so that rounding up cannot overflow.
    guard byteCount <= Int.max - 2 * hugePage else {
      throw .mapping(byteCount: byteCount, errno: ENOMEM)
    }
    var shortfalls: [String] = []
    var pages = MemoryPlacement.Pages.plain
    var mapped: UnsafeMutableRawPointer?
    // Whole huge pages: a shorter mapping could not have a huge page at its end, and a mapping of
    // reserved ones cannot be bound in part.
    let extent = (byteCount + hugePage - 1) & ~(hugePage - 1)
    var length = extent

    // SAFETY: `mapped` receives the mapping's address; `length` is what was mapped.
    if options.pages == .huge {
      let result = unsafe capus_region_map(&mapped, UInt64(length), Self.hugePageLog2)
      if result == 0 {
        pages = .huge
      } else {
        shortfalls.append(
          "huge pages: errno \(-result); reserve \(length / hugePage) more of 2 MiB: "
            + "raise vm.nr_hugepages by \(length / hugePage) (sysctl -w vm.nr_hugepages=N)")
      }
    }
    if pages != .huge {
      // One huge page more, so that the region can begin at a huge page's boundary.
      if options.pages != .plain { length += hugePage }
      let result = unsafe capus_region_map(&mapped, UInt64(length), 0)
      guard result == 0 else { throw .mapping(byteCount: byteCount, errno: -result) }
    }
    guard let mapping = unsafe mapped else { throw .mapping(byteCount: byteCount, errno: ENOMEM) }
    var base = unsafe mapping
    if pages != .huge, options.pages != .plain {
      let address = UInt(bitPattern: mapping)
      let aligned = (address + UInt(hugePage) - 1) & ~UInt(hugePage - 1)
      unsafe base = mapping + Int(aligned - address)
      // The kernel takes the advice without a word where it will never follow it.
      let result = unsafe capus_region_advise_huge(base, UInt64(extent))
      if result == 0, Self.allowsTransparentHugePages {
        pages = .transparentHuge
      } else {
        shortfalls.append(
          "transparent huge pages: \(result == 0 ? "switched off" : "errno \(-result)"); "
            + "allow them: echo madvise > \(Self.transparentHugePageRoot)/enabled")
      }
    }
    let isBound = unsafe Self.bind(base, extent, options.numaNode, &shortfalls)
    // Locked in part, a mapping is split, and its last transparent huge page with it.
    let lockedByteCount = pages == .transparentHuge ? extent : byteCount
    let isLocked = unsafe options.locked && Self.lock(base, lockedByteCount, &shortfalls)
    let touched = min(options.prefaultedByteCount, byteCount)
    if touched > 0 {
      for offset in stride(from: 0, to: touched, by: 4_096) {
        // SAFETY: offset < byteCount.
        unsafe base.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
      }
    }
    self.byteCount = byteCount
    unsafe self.mapping = mapping
    mappedByteCount = length
    unsafe baseAddress = base
    placement = MemoryPlacement(
      pages: pages, pageByteCount: pages == .plain ? 4_096 : hugePage,
      numaNode: isBound ? options.numaNode : nil, isLocked: isLocked,
      isPrefaulted: options.prefaulted, shortfalls: shortfalls)
  }

  deinit {
    // SAFETY: exactly what was mapped, once; nobody outlives the owner.
    _ = unsafe munmap(mapping, mappedByteCount)
  }

  /// Bytes of the region that are in memory now, in whole pages.
  ///
  /// - Complexity: O(pages), with a system call for each 4,096.
  public func residentByteCount() -> Int {
    // SAFETY: the region is mapped.
    max(0, Int(unsafe capus_region_resident(baseAddress, UInt64(byteCount))))
  }

  private static func bind(
    _ base: UnsafeMutableRawPointer, _ byteCount: Int, _ node: Int?, _ shortfalls: inout [String]
  ) -> Bool {
    guard let node else { return false }
    // SAFETY: base...byteCount is mapped.
    let result = unsafe capus_numa_bind(base, UInt64(byteCount), CInt(clamping: node))
    if result == 0 { return true }
    shortfalls.append(
      "NUMA node \(node): errno \(-result); this host has \(capus_numa_node_count()) node(s); "
        + "choose one of /sys/devices/system/node/has_memory")
    return false
  }

  private static func lock(
    _ base: UnsafeMutableRawPointer, _ byteCount: Int, _ shortfalls: inout [String]
  ) -> Bool {
    // SAFETY: base...byteCount is mapped.
    if unsafe mlock(base, byteCount) == 0 { return true }
    shortfalls.append(
      "locking \(byteCount) bytes: errno \(errno); raise the limit: ulimit -l unlimited")
    return false
  }

  static let transparentHugePageRoot = "/sys/kernel/mm/transparent_hugepage"

  /// The kernel's setting, asked once a process: asking reads files and allocates, and tables that
  /// grow map regions while an engine runs. A setting that is changed later counts from the next
  /// start on.
  static let allowsTransparentHugePages = transparentHugePagesAreAllowed(
    root: transparentHugePageRoot)

  /// Whether the kernel makes huge pages of 2 MiB where it is advised to. The setting of this page
  /// size goes first, where the kernel has one; else the setting of all sizes counts.
  static func transparentHugePagesAreAllowed(root: String) -> Bool {
    let ofSize = chosenWord("\(root)/hugepages-2048kB/enabled")
    let word = ofSize == nil || ofSize == "inherit" ? chosenWord("\(root)/enabled") : ofSize
    return word == "always" || word == "madvise"
  }

  /// The word in brackets of a kernel setting such as `always [madvise] never`.
  private static func chosenWord(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    // SAFETY: the array has as many bytes as the call is given.
    let count = unsafe read(descriptor, &bytes, bytes.count)
    guard count > 0, let start = bytes[..<count].firstIndex(of: UInt8(ascii: "[")),
      let end = bytes[start..<count].firstIndex(of: UInt8(ascii: "]"))
    else { return nil }
    return String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
  }
}
