// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
internal import CApusPlatform

/// One price of one side of one book: where its level is.
///
/// Sorted by `key`, ascending, **best last**: a bid's key is its price, an ask's key is the
/// complement of its price, so that one comparison serves both sides and the touch, where nearly
/// everything happens, is at the end, where insertion and removal move least.
struct LadderEntry: BitwiseCopyable {
  var key: UInt32
  var level: UInt32
}

/// The sorted prices of one side of one book: a block in the ladder storage.
///
/// `place` packs the block's first cache line (27 bits) above its size class plus one (5 bits);
/// zero before the first price.
struct Ladder: BitwiseCopyable {
  private(set) var place: UInt32 = 0
  var count: UInt32 = 0

  init() {}

  init(line: UInt32, sizeClass: UInt32, count: UInt32) {
    place = line << 5 | (sizeClass + 1)
    self.count = count
  }

  var line: UInt32 { place >> 5 }

  /// Class of the next greater block; the present one's class plus one.
  var nextSizeClass: UInt32 { place & 31 }

  /// Entries the block holds: 8 << class, none before the first price.
  var capacity: UInt32 { place == 0 ? 0 : 4 << nextSizeClass }
}

/// Blocks of ladder entries in powers of two from one cache line on, recycled by size.
@safe
struct LadderStorage: ~Copyable {
  private let region: MemoryRegion
  let entries: UnsafeMutablePointer<LadderEntry>
  private let lineCapacity: UInt32
  private var lineWatermark: UInt32 = 0
  /// First free block of each size (8 << class entries), threaded through the blocks themselves.
  private var freeBlocks: [32 of UInt32] = .init(repeating: UInt32.max)

  static let entriesPerLine = 8

  init(byteCount: Int, options: MemoryRegion.Options) throws(MemoryError) {
    region = try MemoryRegion(byteCount: byteCount, options: options)
    let lines = min(byteCount / 64, 1 << 27 - 1)
    lineCapacity = UInt32(lines)
    // SAFETY: the region is at least this long and lives as long as self.
    unsafe entries = region.baseAddress.bindMemory(
      to: LadderEntry.self, capacity: lines * Self.entriesPerLine)
  }

  var usedByteCount: Int { Int(lineWatermark) * 64 }

  @inline(__always)
  func base(_ ladder: Ladder) -> UnsafeMutablePointer<LadderEntry> {
    // SAFETY: blocks lie below the watermark.
    unsafe entries + Int(ladder.line) &* Self.entriesPerLine
  }

  /// Doubles the room of a ladder. False when the storage is used up; the ladder is unchanged.
  @inline(never)
  mutating func grow(_ ladder: inout Ladder) -> Bool {
    let sizeClass = ladder.nextSizeClass
    let lineCount = UInt32(1) << sizeClass
    let line: UInt32
    if freeBlocks[Int(sizeClass)] != UInt32.max {
      line = freeBlocks[Int(sizeClass)]
      // SAFETY: a free block keeps the next free block in its first entry.
      freeBlocks[Int(sizeClass)] = unsafe entries[Int(line) * Self.entriesPerLine].level
    } else {
      guard sizeClass < 27, lineCapacity - lineWatermark >= lineCount else { return false }
      line = lineWatermark
      lineWatermark += lineCount
    }
    let old = ladder
    ladder = Ladder(line: line, sizeClass: sizeClass, count: old.count)
    if old.capacity > 0 {
      // SAFETY: the new block is twice as long as the old one and does not overlap it.
      unsafe base(ladder).update(from: base(old), count: Int(old.count))
      let oldClass = Int(sizeClass) - 1
      unsafe entries[Int(old.line) * Self.entriesPerLine].level = freeBlocks[oldClass]
      freeBlocks[oldClass] = old.line
    }
    return true
  }
}

extension UnsafeMutablePointer where Pointee == LadderEntry {
  /// Position of the first key greater than `key` among `count` sorted entries.
  ///
  /// Looks at the last few one by one, since most orders of a real market are near the touch; where
  /// they are not, the rest is searched without branches.
  @inline(__always)
  func upperBound(_ key: UInt32, count: Int) -> Int {
    var position = count
    let scanEnd = count > 4 ? count &- 4 : 0
    // SAFETY: 0 <= scanEnd <= position <= count.
    while position > scanEnd {
      if unsafe self[position &- 1].key <= key { return position }
      position &-= 1
    }
    return unsafe Int(
      truncatingIfNeeded: capus_keys_not_above(self, UInt64(UInt(bitPattern: position)), key))
  }
}
