// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Holdings by owner and instrument: records in order of first use, found through an open-addressing
/// table with linear probing. Nothing is ever taken out.
///
/// Its hash is keyed, since clients choose among instruments and venues hand out owners in rows.
///
/// Goals: one probe, no allocation, numbers that stay. Non-goals: deletion.
struct HoldingTable: BitwiseCopyable {
  let records: RecordTable<Holding>
  /// Record number plus one; 0 where free.
  let cells: RecordTable<UInt32>
  private let mask: UInt32
  private let hash: KeyedHash
  private(set) var count: UInt32 = 0
  let capacity: Int

  /// - Precondition: 1...2^24 records.
  init(
    capacity: Int, isResident: Bool, hashSeed: UInt64, memory: TableMemory
  ) throws(MemoryError) {
    var cellCount = 4
    while cellCount < capacity * 2 { cellCount <<= 1 }
    records = try memory.records(
      count: capacity, residentCount: isResident ? min(capacity, 1 << 15) : 0)
    cells = try memory.records(count: cellCount, residentCount: isResident ? cellCount : 0)
    mask = UInt32(cellCount - 1)
    hash = KeyedHash(seed: hashSeed)
    self.capacity = capacity
  }

  var isFull: Bool { Int(count) >= capacity }

  @inline(__always)
  static func key(_ owner: UInt16, _ instrument: UInt16) -> UInt32 {
    UInt32(owner) << 16 | UInt32(instrument)
  }

  @inline(__always)
  func home(_ key: UInt32) -> UInt32 { hash.quick(key) & mask }

  /// The number of a holding, or nil where there is none yet.
  @inline(__always)
  func find(owner: UInt16, instrument: UInt16) -> UInt32? {
    var position = home(Self.key(owner, instrument))
    while true {
      let cell = cells[position]
      if cell == 0 { return nil }
      if records[cell &- 1].owner == owner, records[cell &- 1].instrument == instrument {
        return cell &- 1
      }
      position = (position &+ 1) & mask
    }
  }

  /// A new, empty holding; nil when the table is full.
  ///
  /// - Precondition: There is none of this owner and instrument.
  mutating func insert(owner: UInt16, instrument: UInt16) -> UInt32? {
    guard !isFull else { return nil }
    var position = home(Self.key(owner, instrument))
    while cells[position] != 0 { position = (position &+ 1) & mask }
    let number = count
    records[number] = Holding(
      owner: owner, instrument: instrument, head: Holding.none, tail: Holding.none, next: 0,
      quoteBid: Holding.none, quoteAsk: Holding.none, isRestricted: false, isListed: false,
      position: 0, openQuantity: [0, 0], positionMargin: 0)
    cells[position] = number &+ 1
    count &+= 1
    return number
  }
}
