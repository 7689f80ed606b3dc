// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
internal import CApusPlatform

/// Open-addressing hash table from order references to slots: linear probing, backward-shift
/// deletion, 8 bytes an entry.
///
/// An entry keeps 32 bits of the reference's hash, which give its home position in a table of any
/// size, so that neither deletion nor growth reads an order. The reference itself is compared in
/// the order's slot, which the caller is about to read anyway.
@safe
struct OrderReferenceTable: ~Copyable {
  struct Entry: BitwiseCopyable {
    var fingerprint: UInt32
    /// Slot plus one; 0 where the entry is empty.
    var handle: UInt32
  }

  private var region: MemoryRegion
  private(set) var entries: UnsafeMutablePointer<Entry>
  private(set) var capacityLog2: UInt32
  private(set) var count = 0
  private let pages: MemoryRegion.PagePolicy

  static let initialCapacityLog2: UInt32 = 13

  init(pages: MemoryRegion.PagePolicy) throws(MemoryError) {
    self.pages = pages
    capacityLog2 = Self.initialCapacityLog2
    region = try Self.makeRegion(capacityLog2, pages)
    unsafe entries = Self.bind(region, capacityLog2)
  }

  var byteCount: Int { (1 << Int(capacityLog2)) * MemoryLayout<Entry>.stride }

  /// The finalizer of MurmurHash3 (public domain): every input bit reaches the upper 32 bits.
  @inline(__always)
  static func fingerprint(_ reference: UInt64) -> UInt32 {
    var hash = reference
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return UInt32(truncatingIfNeeded: hash >> 32)
  }

  @inline(__always)
  func home(_ fingerprint: UInt32) -> Int { Int(fingerprint >> (32 &- capacityLog2)) }

  @inline(__always)
  private var mask: Int { (1 << Int(capacityLog2)) &- 1 }

  func find(_ reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>) -> UInt32? {
    guard let position = unsafe position(of: reference, in: orders) else { return nil }
    // SAFETY: `position` is masked.
    return unsafe entries[position].handle &- 1
  }

  /// - Complexity: O(1) expected; the load factor stays below 3/4.
  @inline(__always)
  private func position(
    of reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>
  ) -> Int? {
    let fingerprint = Self.fingerprint(reference)
    var position = home(fingerprint)
    while true {
      // SAFETY: positions are masked; a non-zero handle names a live order's slot; the load
      // factor leaves an empty entry, so the loop ends.
      let entry = unsafe entries[position]
      if entry.handle == 0 { return nil }
      if entry.fingerprint == fingerprint,
        unsafe orders[Int(entry.handle &- 1)].reference == reference
      {
        return position
      }
      position = (position &+ 1) & mask
    }
  }

  /// Asks for the cache line where a reference's entry would be.
  @inline(__always)
  func prefetch(_ reference: UInt64) {
    // SAFETY: a home is below the capacity.
    unsafe capus_prefetch(entries + home(Self.fingerprint(reference)))
  }

  /// The slot of the entry at a reference's home if its fingerprint agrees, else 0: a guess for
  /// prefetching, never for deciding.
  @inline(__always)
  func peek(_ reference: UInt64) -> UInt32 {
    let fingerprint = Self.fingerprint(reference)
    // SAFETY: a home is below the capacity.
    let entry = unsafe entries[home(fingerprint)]
    return entry.handle != 0 && entry.fingerprint == fingerprint ? entry.handle &- 1 : 0
  }

  /// Adds a reference that is not in the table. False when no memory could be had to grow.
  mutating func insert(_ reference: UInt64, _ handle: UInt32) -> Bool {
    guard reserve(1) else { return false }
    place(Entry(fingerprint: Self.fingerprint(reference), handle: handle &+ 1))
    count += 1
    return true
  }

  private func place(_ entry: Entry) {
    var position = home(entry.fingerprint)
    // SAFETY: positions are masked; `reserve` left an empty entry.
    while unsafe entries[position].handle != 0 { position = (position &+ 1) & mask }
    unsafe entries[position] = entry
  }

  mutating func remove(
    _ reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>
  ) -> UInt32? {
    guard var hole = unsafe position(of: reference, in: orders) else { return nil }
    // SAFETY: every position below is masked.
    let handle = unsafe entries[hole].handle &- 1
    var next = (hole &+ 1) & mask
    while unsafe entries[next].handle != 0 {
      let distance = (next &- home(unsafe entries[next].fingerprint)) & mask
      // An entry may move back into the hole when the hole is not before its home.
      if distance >= (next &- hole) & mask {
        unsafe entries[hole] = entries[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    unsafe entries[hole] = Entry(fingerprint: 0, handle: 0)
    count -= 1
    return handle
  }

  /// Makes room for more entries at a load factor below 3/4.
  mutating func reserve(_ additional: Int) -> Bool {
    var wanted = capacityLog2
    while (count + additional) * 4 >= (1 << Int(wanted)) * 3 { wanted += 1 }
    if wanted == capacityLog2 { return true }
    guard wanted <= 31, let larger = try? Self.makeRegion(wanted, pages) else { return false }
    let old = unsafe entries
    let oldCount = 1 << Int(capacityLog2)
    unsafe entries = Self.bind(larger, wanted)
    capacityLog2 = wanted
    // SAFETY: `old` stays mapped until `region` is replaced below.
    for position in 0..<oldCount where unsafe old[position].handle != 0 {
      unsafe place(old[position])
    }
    region = larger
    return true
  }

  private static func makeRegion(
    _ capacityLog2: UInt32, _ pages: MemoryRegion.PagePolicy
  ) throws(MemoryError) -> MemoryRegion {
    let byteCount = (1 << Int(capacityLog2)) * MemoryLayout<Entry>.stride
    return try MemoryRegion(byteCount: byteCount, options: MemoryRegion.Options(pages: pages))
  }

  private static func bind(
    _ region: borrowing MemoryRegion, _ capacityLog2: UInt32
  ) -> UnsafeMutablePointer<Entry> {
    // SAFETY: the region is zero-filled by the kernel and exactly this long or longer.
    unsafe region.baseAddress.bindMemory(to: Entry.self, capacity: 1 << Int(capacityLog2))
  }
}
