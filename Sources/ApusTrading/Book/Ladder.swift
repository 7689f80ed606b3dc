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
/// zero where there is no price.
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

  /// Entries the block holds: 8 << class, none without a price.
  var capacity: UInt32 { place == 0 ? 0 : 4 << nextSizeClass }

  /// With fewer entries than these, the block is given back for one of half its size, or for none:
  /// 1 of 8, 3 of 16, 7 of 32, so that a ladder that has just grown is far from it.
  var countMin: UInt32 { (1 << nextSizeClass) - 1 }
}

/// Blocks of ladder entries in powers of two from one cache line on, recycled by size.
///
/// A block of 8 << class entries has (2 << class) - 1 of them at least, and a ladder has one block or
/// none. So all levels there may be have room however they are spread and whatever was before: what is
/// reserved for a class is as many blocks as there can be at once, and no more are ever taken.
@safe
struct LadderStorage: ~Copyable {
  private let region: MemoryRegion
  let entries: UnsafeMutablePointer<LadderEntry>
  private let lineCapacity: UInt32
  private var lineWatermark: UInt32 = 0
  /// First free block of each size (8 << class entries), threaded through the blocks themselves.
  private var freeBlocks: [32 of UInt32] = .init(repeating: UInt32.max)

  static let entriesPerLine = 8
  /// What 27 bits can number.
  static let lineCountMax = 1 << 27

  init(extent: LadderExtent, options: MemoryRegion.Options) throws(MemoryError) {
    let lines = extent.lineCount
    precondition(
      lines <= Self.lineCountMax, "LadderStorage.init: expected lines that can be numbered")
    region = try MemoryRegion(byteCount: lines * 64, options: options)
    lineCapacity = UInt32(lines)
    // SAFETY: the region is this long and lives as long as self.
    unsafe entries = region.baseAddress.bindMemory(
      to: LadderEntry.self, capacity: lines * Self.entriesPerLine)
  }

  var usedByteCount: Int { Int(lineWatermark) * 64 }

  @inline(__always)
  func base(_ ladder: Ladder) -> UnsafeMutablePointer<LadderEntry> {
    // SAFETY: blocks lie below the watermark.
    unsafe entries + Int(ladder.line) &* Self.entriesPerLine
  }

  /// Doubles the room of a ladder that is full.
  ///
  /// - Precondition: The levels in all ladders, with the one that this is for, are not more than the
  ///   storage was made for; nor are those of this ladder.
  @inline(never)
  mutating func grow(_ ladder: inout Ladder) {
    let old = ladder
    move(&ladder, toBlockOf: old.nextSizeClass)
    if old.capacity > 0 { giveBack(old) }
  }

  /// Halves the room of a ladder that has fewer entries than its block is for: without any, it has no
  /// block.
  @inline(never)
  mutating func shrink(_ ladder: inout Ladder) {
    let old = ladder
    if old.nextSizeClass == 1 {
      ladder = Ladder()
    } else {
      move(&ladder, toBlockOf: old.nextSizeClass - 2)
    }
    giveBack(old)
  }

  private mutating func move(_ ladder: inout Ladder, toBlockOf sizeClass: UInt32) {
    let old = ladder
    let line: UInt32
    if freeBlocks[Int(sizeClass)] != UInt32.max {
      line = freeBlocks[Int(sizeClass)]
      // SAFETY: a free block keeps the next free block in its first entry.
      freeBlocks[Int(sizeClass)] = unsafe entries[Int(line) * Self.entriesPerLine].level
    } else {
      let lineCount = UInt32(1) << sizeClass
      precondition(
        lineCapacity - lineWatermark >= lineCount,
        "LadderStorage.grow: expected no more levels than the storage was made for")
      line = lineWatermark
      lineWatermark += lineCount
    }
    ladder = Ladder(line: line, sizeClass: sizeClass, count: old.count)
    // SAFETY: both blocks hold as many entries, and are not the same one.
    unsafe base(ladder).update(from: base(old), count: Int(old.count))
  }

  private mutating func giveBack(_ old: Ladder) {
    let sizeClass = Int(old.nextSizeClass) - 1
    // SAFETY: nothing looks at the block any more.
    unsafe entries[Int(old.line) * Self.entriesPerLine].level = freeBlocks[sizeClass]
    freeBlocks[sizeClass] = old.line
  }
}

/// How much ladders may need at once.
struct LadderExtent {
  /// Levels in all ladders.
  var levelCount: Int
  /// Ladders there are.
  var ladderCount: Int
  /// Levels of one ladder, at most: lowered where what they take could not be numbered.
  private(set) var priceCountMax: Int

  init(levelCount: Int, ladderCount: Int, priceCountMax: Int) {
    self.levelCount = levelCount
    self.ladderCount = ladderCount
    self.priceCountMax = min(priceCountMax, levelCount)
    while lineCount > LadderStorage.lineCountMax { self.priceCountMax /= 2 }
  }

  /// Cache lines that suffice, whatever the ladders go through: of each size as many blocks as can be
  /// in use at once.
  var lineCount: Int {
    var lines = 0
    var sizeClass = 0
    repeat {
      lines += min(ladderCount, levelCount / ((2 << sizeClass) - 1)) << sizeClass
      sizeClass += 1
    } while 4 << sizeClass < priceCountMax
    return lines
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
