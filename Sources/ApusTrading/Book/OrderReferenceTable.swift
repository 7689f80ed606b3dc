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
///
/// The table grows by a quarter: 10.7 to 13.3 bytes an order, where doubling took up to 21.3. Its hash
/// is keyed, so that references chosen to collide do not.
@safe
struct OrderReferenceTable: ~Copyable {
  struct Entry: BitwiseCopyable {
    var fingerprint: UInt32
    /// Slot plus one; 0 where the entry is empty.
    var handle: UInt32
  }

  /// What a look-up needs beside the entries, in the cache line before the first of them: so a caller
  /// that seldom comes here loads one pointer and not the whole of a borrowed table.
  private struct Header: BitwiseCopyable {
    var capacity: Int
    var hash: KeyedHash
  }

  private static let headerByteCount = 64

  private var region: MemoryRegion
  private(set) var entries: UnsafeMutablePointer<Entry>
  /// Entries in all; a hash is scaled to it, so it need not be a power of two.
  private(set) var capacity: Int
  private(set) var count = 0
  private let pages: MemoryRegion.PagePolicy
  private let hash: KeyedHash

  static let initialCapacity = 1 << 13
  /// A hash of 32 bits has homes in no larger table.
  static let capacityMax = 1 << 31

  /// - Parameter residentCount: Entries for which there is room, and memory, from the start.
  init(
    pages: MemoryRegion.PagePolicy, hashSeed: UInt64, residentCount: Int = 0
  ) throws(MemoryError) {
    self.pages = pages
    hash = KeyedHash(seed: hashSeed)
    capacity = max(Self.initialCapacity, residentCount * 4 / 3 + 1)
    region = try Self.makeRegion(
      capacity, pages, prefaulted: residentCount > 0)
    unsafe entries = Self.bind(region, capacity, hash)
  }

  var byteCount: Int { capacity * MemoryLayout<Entry>.stride }

  @inline(__always)
  func fingerprint(_ reference: UInt64) -> UInt32 { hash.full(reference) }

  @inline(__always)
  func home(_ fingerprint: UInt32) -> Int { (Int(fingerprint) &* capacity) >> 32 }

  @inline(__always)
  private func after(_ position: Int) -> Int {
    position &+ 1 == capacity ? 0 : position &+ 1
  }

  /// Steps from one position on to another, around the end.
  @inline(__always)
  private func steps(from first: Int, to second: Int) -> Int {
    second >= first ? second &- first : second &- first &+ capacity
  }

  func find(_ reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>) -> UInt32? {
    unsafe Self.find(reference, entries: entries, in: orders)
  }

  /// As ``find(_:in:)``, of a table's entries: a borrowed table is copied before a call.
  @inline(never)
  static func find(
    _ reference: UInt64, entries: UnsafeMutablePointer<Entry>,
    in orders: UnsafeMutablePointer<BookOrder>
  ) -> UInt32? {
    // SAFETY: `bind` left the header before the entries.
    let header = unsafe (UnsafeRawPointer(entries) - headerByteCount).load(as: Header.self)
    guard
      let position = unsafe position(
        of: reference, header.hash.full(reference), entries, header.capacity, in: orders)
    else { return nil }
    // SAFETY: `position` is below the capacity.
    return unsafe entries[position].handle &- 1
  }

  /// - Complexity: O(1) expected; the load factor stays below 3/4.
  @inline(__always)
  private static func position(
    of reference: UInt64, _ fingerprint: UInt32, _ entries: UnsafeMutablePointer<Entry>,
    _ capacity: Int, in orders: UnsafeMutablePointer<BookOrder>
  ) -> Int? {
    var position = (Int(fingerprint) &* capacity) >> 32
    while true {
      // SAFETY: positions are below the capacity; a non-zero handle names a live order's slot; the load
      // factor leaves an empty entry, so the loop ends.
      let entry = unsafe entries[position]
      if entry.handle == 0 { return nil }
      if entry.fingerprint == fingerprint,
        unsafe orders[Int(entry.handle &- 1)].reference == reference
      {
        return position
      }
      position = position &+ 1 == capacity ? 0 : position &+ 1
    }
  }

  /// Asks for the cache line where a reference's entry would be.
  @inline(__always)
  func prefetch(_ reference: UInt64) {
    // SAFETY: a home is below the capacity.
    unsafe capus_prefetch(entries + home(fingerprint(reference)))
  }

  /// The slot of the entry at a reference's home if its fingerprint agrees, else 0: a guess for
  /// prefetching, never for deciding.
  @inline(__always)
  func peek(_ reference: UInt64) -> UInt32 {
    let fingerprint = fingerprint(reference)
    // SAFETY: a home is below the capacity.
    let entry = unsafe entries[home(fingerprint)]
    return entry.handle != 0 && entry.fingerprint == fingerprint ? entry.handle &- 1 : 0
  }

  /// Adds a reference that is not in the table. False when no memory could be had to grow.
  mutating func insert(_ reference: UInt64, _ handle: UInt32) -> Bool {
    guard reserve(1) else { return false }
    place(Entry(fingerprint: fingerprint(reference), handle: handle &+ 1))
    count += 1
    return true
  }

  private func place(_ entry: Entry) {
    var position = home(entry.fingerprint)
    // SAFETY: positions are below the capacity; `reserve` left an empty entry.
    while unsafe entries[position].handle != 0 { position = after(position) }
    unsafe entries[position] = entry
  }

  mutating func remove(
    _ reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>
  ) -> UInt32? {
    guard
      var hole = unsafe Self.position(
        of: reference, fingerprint(reference), entries, capacity, in: orders)
    else { return nil }
    // SAFETY: every position is below the capacity.
    let handle = unsafe entries[hole].handle &- 1
    var next = after(hole)
    while unsafe entries[next].handle != 0 {
      let distance = steps(from: home(unsafe entries[next].fingerprint), to: next)
      // An entry may move back into the hole when the hole is not before its home.
      if distance >= steps(from: hole, to: next) {
        unsafe entries[hole] = entries[next]
        hole = next
      }
      next = after(next)
    }
    unsafe entries[hole] = Entry(fingerprint: 0, handle: 0)
    count -= 1
    return handle
  }

  /// Makes room for more entries at a load factor below 3/4.
  mutating func reserve(_ additional: Int) -> Bool {
    let needed = (count + additional) * 4 / 3 + 1
    guard needed > capacity else { return true }
    let wanted = max(capacity + capacity / 4, needed)
    guard wanted <= Self.capacityMax, let larger = try? Self.makeRegion(wanted, pages) else {
      return false
    }
    let old = unsafe entries
    let oldCount = capacity
    unsafe entries = Self.bind(larger, wanted, hash)
    capacity = wanted
    // SAFETY: `old` stays mapped until `region` is replaced below.
    for position in 0..<oldCount where unsafe old[position].handle != 0 {
      unsafe place(old[position])
    }
    region = larger
    return true
  }

  private static func makeRegion(
    _ capacity: Int, _ pages: MemoryRegion.PagePolicy, prefaulted: Bool = false
  ) throws(MemoryError) -> MemoryRegion {
    try MemoryRegion(
      byteCount: headerByteCount + capacity * MemoryLayout<Entry>.stride,
      options: MemoryRegion.Options(pages: pages, prefaulted: prefaulted))
  }

  private static func bind(
    _ region: borrowing MemoryRegion, _ capacity: Int, _ hash: KeyedHash
  ) -> UnsafeMutablePointer<Entry> {
    // SAFETY: the region is zero-filled by the kernel, begins at a page, and has room for the header and
    // these entries.
    unsafe region.baseAddress.storeBytes(
      of: Header(capacity: capacity, hash: hash), as: Header.self)
    return unsafe (region.baseAddress + headerByteCount).bindMemory(
      to: Entry.self, capacity: capacity)
  }
}
