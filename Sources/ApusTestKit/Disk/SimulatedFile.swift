// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// What goes wrong on a simulated disk.
public struct SimulatedDiskFaults: Sendable {
  /// Share of writes that move only a part. 0...1.
  public var shortWrite = 0.0
  /// Share of writes that fail with EIO. 0...1.
  public var writeError = 0.0
  /// Share of syncs that fail with EIO, after which each unsynced sector is on the disk or not, and
  /// no later sync brings it there. 0...1.
  public var syncError = 0.0
  /// Share of reads that fail with EIO. 0...1.
  public var readError = 0.0
  /// Share of look-ups of a name that fail with EIO. 0...1.
  public var lookupError = 0.0
  /// Share of unsynced sectors that a power cut leaves partly written. 0...1.
  public var tornSector = 0.1
  /// Space on the disk, after which allocations and growing writes fail with ENOSPC. Unit: bytes.
  public var capacityByteCount = Int.max
  /// Looks at a commit that it stays in flight, at most.
  public var commitLookCountMax = 3

  /// No fault but those of a power cut.
  public init() {}
}

/// A file on the simulated disk: what programs see, and what a power cut leaves.
struct SimulatedFile {
  /// As the page cache has it.
  var cached: [UInt8] = []
  /// As the disk has it.
  var durable: [UInt8] = []
  /// Sectors of `cached` that the disk may or may not have.
  var dirtySectors: Set<Int> = []

  static let sectorByteCount = 512

  mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    guard unsafe !bytes.isEmpty else { return }
    let end = offset + bytes.count
    if end > cached.count { resize(end) }
    unsafe cached.withUnsafeMutableBytes { target in
      // SAFETY: offset + bytes.count <= cached.count.
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: bytes)
    }
    dirtySectors.formUnion(offset / Self.sectorByteCount...(end - 1) / Self.sectorByteCount)
  }

  mutating func resize(_ byteCount: Int) {
    if byteCount < cached.count {
      cached.removeLast(cached.count - byteCount)
      dirtySectors = dirtySectors.filter { $0 * Self.sectorByteCount < byteCount }
    } else {
      cached.append(contentsOf: repeatElement(0, count: byteCount - cached.count))
    }
  }

  mutating func sync() {
    if durable.count > cached.count { durable.removeLast(durable.count - cached.count) }
    if durable.count < cached.count {
      durable.append(contentsOf: repeatElement(0, count: cached.count - durable.count))
    }
    for sector in dirtySectors { keep(sector, byteCount: Self.sectorByteCount) }
    dirtySectors.removeAll(keepingCapacity: true)
  }

  /// Brings the first bytes of a sector to the disk.
  private mutating func keep(_ sector: Int, byteCount: Int) {
    let start = sector * Self.sectorByteCount
    let end = min(start + byteCount, cached.count, durable.count)
    guard start < end else { return }
    unsafe cached.withUnsafeBytes { source in
      unsafe durable.withUnsafeMutableBytes { target in
        // SAFETY: the range lies in both.
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[start..<end])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<end]))
      }
    }
  }

  /// Brings each unsynced sector to the disk whole, in part or not at all.
  mutating func scatter(_ faults: SimulatedDiskFaults, _ random: inout SeededRandom) {
    // The new length is on the disk or not.
    if random.chance(0.5), durable.count != cached.count {
      let dirty = dirtySectors
      dirtySectors.removeAll()
      sync()
      dirtySectors = dirty
    }
    for sector in dirtySectors.sorted() {
      if random.chance(faults.tornSector) {
        keep(sector, byteCount: random.below(Self.sectorByteCount))
      } else if random.chance(0.5) {
        keep(sector, byteCount: Self.sectorByteCount)
      }
    }
    dirtySectors.removeAll(keepingCapacity: true)
  }
}
