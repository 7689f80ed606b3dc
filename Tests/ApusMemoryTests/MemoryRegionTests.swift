// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMemory

@Suite struct MemoryRegionTests {
  static let hugePage = 2 << 20
  static let policies: [MemoryRegion.PagePolicy] = [.plain, .transparentHuge, .huge]

  @Test(arguments: policies, [1, 4_095, 4_096, 5_000, 3 << 20])
  func isZeroedWritableAndAligned(pages: MemoryRegion.PagePolicy, byteCount: Int) throws {
    let region = try MemoryRegion(byteCount: byteCount, options: .init(pages: pages))
    #expect(region.byteCount == byteCount)
    let address = unsafe UInt(bitPattern: region.baseAddress)
    #expect(address % UInt(pages == .plain ? 4_096 : Self.hugePage) == 0)
    // SAFETY: every offset is below byteCount.
    for offset in Set([0, byteCount / 2, byteCount - 1]) {
      let before = unsafe region.baseAddress.load(fromByteOffset: offset, as: UInt8.self)
      unsafe region.baseAddress.storeBytes(of: 0xA5, toByteOffset: offset, as: UInt8.self)
      let after = unsafe region.baseAddress.load(fromByteOffset: offset, as: UInt8.self)
      #expect(before == 0 && after == 0xA5)
    }
  }

  @Test func plainPagesAreToldAsPlain() throws {
    let region = try MemoryRegion(byteCount: 4 << 20, options: .init(pages: .plain))
    let flags = unsafe KernelView.flags(at: region.baseAddress)
    #expect(!flags.isEmpty && !flags.contains("hg") && !flags.contains("ht"))
    #expect(
      region.placement
        == MemoryPlacement(
          pages: .plain, pageByteCount: 4_096, numaNode: nil, isLocked: false, isPrefaulted: false,
          shortfalls: []))
  }

  /// The region's word and the kernel's agree, down to the last byte of the last huge page.
  @Test(arguments: [100, 2 << 20, (5 << 20) + 1])
  func transparentHugePagesAreToldAsTheKernelTellsThem(byteCount: Int) throws {
    let region = try MemoryRegion(byteCount: byteCount, options: .init(pages: .transparentHuge))
    let last = (byteCount + Self.hugePage - 1) / Self.hugePage * Self.hugePage - 1
    let first = unsafe KernelView.flags(at: region.baseAddress)
    let end = unsafe KernelView.flags(at: region.baseAddress + last)
    let isAllowed = MemoryRegion.transparentHugePagesAreAllowed(
      root: "/sys/kernel/mm/transparent_hugepage")
    #expect((region.placement.pages == .transparentHuge) == (isAllowed && first.contains("hg")))
    #expect(first.contains("hg") == end.contains("hg"))
    #expect(region.placement.shortfalls.isEmpty == (region.placement.pages == .transparentHuge))
    #expect(region.placement.pageByteCount == (region.placement.pages == .plain ? 4_096 : 2 << 20))
  }

  @Test(arguments: [
    ("always [madvise] never", nil as String?, true), ("[always] madvise never", nil, true),
    ("always madvise [never]", nil, false), ("", nil, false), ("[", nil, false),
    ("]never[", nil, false), ("always madvise [never]", "always inherit [madvise] never", true),
    ("always [madvise] never", "always inherit madvise [never]", false),
    ("always [madvise] never", "always [inherit] madvise never", true),
    ("always madvise [never]", "always [inherit] madvise never", false),
  ])
  func settingOfTransparentHugePagesIsRead(all: String, ofSize: String?, isAllowed: Bool) throws {
    let tree = try ScratchFolder(["enabled": all + "\n"])
    if let ofSize { try tree.write("hugepages-2048kB/enabled", ofSize) }
    #expect(MemoryRegion.transparentHugePagesAreAllowed(root: tree.path) == isAllowed)
    #expect(!MemoryRegion.transparentHugePagesAreAllowed(root: tree.path + "/absent"))
  }

  @Test func reservedHugePagesAreUsedOrToldAsMissing() throws {
    let byteCount = (2 << 20) + 4_096
    let region = try MemoryRegion(byteCount: byteCount, options: .init(pages: .huge, numaNode: 0))
    let flags = unsafe KernelView.flags(at: region.baseAddress)
    #expect((region.placement.pages == .huge) == flags.contains("ht"))
    if region.placement.pages == .huge {
      #expect(region.placement.shortfalls.isEmpty)
      #expect(region.placement.numaNode == 0)
    } else {
      let shortfall = try #require(region.placement.shortfalls.first)
      #expect(shortfall.contains("reserve 2 more") && shortfall.contains("vm.nr_hugepages"))
    }
  }

  /// More than any pool holds: the region is there nevertheless, and says what it lacks.
  @Test func missingHugePagesFallBack() throws {
    let region = try MemoryRegion(byteCount: 1 << 40, options: .init(pages: .huge))
    #expect(region.placement.pages != .huge)
    let shortfall = try #require(region.placement.shortfalls.first)
    #expect(shortfall.hasPrefix("huge pages: errno 12; reserve 524288 more of 2 MiB"))
    #expect(region.residentByteCount() == 0)
  }

  @Test(arguments: [0, -1, Int.min])
  func sizeThatIsNoneIsAnError(byteCount: Int) {
    #expect(throws: MemoryError.size(byteCount: byteCount)) {
      _ = try MemoryRegion(byteCount: byteCount, options: .init())
    }
  }

  @Test(arguments: policies, [Int.max, Int.max - (4 << 20), 1 << 62, 1 << 50])
  func absurdSizeIsAnError(pages: MemoryRegion.PagePolicy, byteCount: Int) {
    #expect(throws: MemoryError.mapping(byteCount: byteCount, errno: ENOMEM)) {
      _ = try MemoryRegion(byteCount: byteCount, options: .init(pages: pages))
    }
  }

  @Test func errorsSayWhatToDo() {
    let mapping = MemoryError.mapping(byteCount: 77, errno: 12).description
    #expect(mapping.contains("77") && mapping.contains("errno 12") && mapping.contains("ulimit -v"))
    let size = MemoryError.size(byteCount: -3).description
    #expect(size.contains("-3") && size.contains("positive"))
  }

  @Test func absentNodeIsAShortfall() throws {
    for node in [4_000, -1, Int.max] {
      let region = try MemoryRegion(byteCount: 4_096, options: .init(pages: .plain, numaNode: node))
      #expect(region.placement.numaNode == nil)
      #expect(region.placement.shortfalls.count == 1)
      let shortfall = try #require(region.placement.shortfalls.first)
      #expect(shortfall.hasPrefix("NUMA node \(node): errno 19; this host has "))
      #expect(shortfall.contains("choose one of"))
      let policy = unsafe KernelView.policy(at: region.baseAddress)
      #expect(policy.map { !$0.hasPrefix("bind") } ?? true)
    }
  }

  @Test(
    .enabled(if: KernelView.tellsPolicies, "the kernel shows no memory policies"),
    arguments: policies)
  func nodeZeroIsBound(pages: MemoryRegion.PagePolicy) throws {
    let region = try MemoryRegion(byteCount: 3 << 20, options: .init(pages: pages, numaNode: 0))
    let policy = unsafe KernelView.policy(at: region.baseAddress)
    #expect((region.placement.numaNode == 0) == (policy?.hasPrefix("bind") == true))
    #expect(
      (region.placement.numaNode == 0)
        != region.placement.shortfalls.contains { $0.hasPrefix("NUMA") })
  }

  @Test(arguments: [MemoryRegion.PagePolicy.plain, .transparentHuge])
  func lockIsToldAsTheKernelTellsIt(pages: MemoryRegion.PagePolicy) throws {
    let region = try MemoryRegion(byteCount: 64 << 10, options: .init(pages: pages, locked: true))
    let flags = unsafe KernelView.flags(at: region.baseAddress)
    #expect(region.placement.isLocked == flags.contains("lo"))
    #expect(
      region.placement.isLocked != region.placement.shortfalls.contains { $0.contains("ulimit -l") }
    )
    if region.placement.isLocked { #expect(region.residentByteCount() >= 64 << 10) }
    let free = try MemoryRegion(byteCount: 64 << 10, options: .init(pages: pages))
    #expect(!free.placement.isLocked)
  }

  @Test func prefaultCommitsEveryPage() throws {
    let byteCount = (1 << 20) + 1
    let region = try MemoryRegion(
      byteCount: byteCount, options: .init(pages: .plain, prefaulted: true))
    #expect(region.placement.isPrefaulted)
    #expect(region.residentByteCount() == (1 << 20) + 4_096)
    let last = unsafe region.baseAddress.load(fromByteOffset: byteCount - 1, as: UInt8.self)
    #expect(last == 0)
  }

  /// More pages than one system call asks for.
  @Test func residentBytesFollowWhatWasTouched() throws {
    let region = try MemoryRegion(byteCount: 64 << 20, options: .init(pages: .plain))
    #expect(!region.placement.isPrefaulted)
    #expect(region.residentByteCount() == 0)
    for page in [0, 4_095, 4_096, 9_000, 16_383] {
      // SAFETY: the region has 16,384 pages.
      unsafe region.baseAddress.storeBytes(of: 1, toByteOffset: page * 4_096, as: UInt8.self)
    }
    #expect(region.residentByteCount() == 5 * 4_096)
  }

  /// Tables that grow map regions while an engine runs: the kernel's setting is asked once, not for
  /// each of them.
  @Test(
    .enabled(if: allocationsAreCounted, "allocations are counted in release builds"),
    arguments: [MemoryRegion.PagePolicy.plain, .transparentHuge])
  func regionsAfterTheFirstAllocateNothing(pages: MemoryRegion.PagePolicy) throws {
    let options = MemoryRegion.Options(pages: pages)
    let first = try MemoryRegion(byteCount: 1 << 16, options: options)
    let count = try allocationCount {
      for size in 1...20 { _ = try MemoryRegion(byteCount: size << 16, options: options) }
    }
    // A host that refuses huge pages is told so in words, which are on the heap.
    #expect(first.placement.shortfalls.isEmpty ? count == 0 : count < 20 * 10)
  }

  /// A region gives its memory back: far more in turn than could be had at once.
  @Test func endUnmaps() throws {
    for _ in 0..<200 {
      let region = try MemoryRegion(byteCount: 1 << 44, options: .init(pages: .plain))
      #expect(region.byteCount == 1 << 44)
    }
  }
}
