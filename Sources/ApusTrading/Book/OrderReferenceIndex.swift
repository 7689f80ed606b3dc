// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Finds an order's slot by its exchange reference number.
///
/// Exchanges number orders densely and in increasing order, so young orders are found by a **paged
/// direct index**: 8,192 consecutive references a page of 32-bit cells, a window of 64 pages or more. Most
/// orders die young and leave old pages nearly empty; the oldest page is given up for a new one and
/// its survivors move to a **hash table** of 8 bytes an entry. So a look-up costs one dependent
/// cache miss before the order itself in either place, and the index holds 2 MiB and 11 to 14 bytes
/// a live order, whatever the references look like: a stream of scattered or hostile references
/// merely lives in the table. Giving up a page looks at all of its cells, so a page takes the place of
/// another only when so many orders have come since the last one did; where they have not, its
/// references live in the table from the start. Figures: docs/decisions/0001-order-index.md.
///
/// The directory says of each page number where its references are. A page number that was given
/// up once stays with the table, so that a reference has exactly one possible place.
///
/// Goals: bounded memory, no allocation but table growth, one probe. Non-goals: iteration order.
@safe
struct OrderReferenceIndex: ~Copyable {
  static let pageShift: UInt64 = 13
  static let cellsPerPage = 1 << 13
  /// Page numbers below this one may be paged: references below 2^33.
  static let directoryCount: UInt64 = 1 << 20
  /// Pages in the window, at least: 2 MiB of cells for the youngest 524,288 references.
  static let pageCountMin = 64
  /// Orders that have to come between two pages that take another's place: 16 cells an order.
  static let insertsPerPage: UInt64 = 512

  /// Directory states; any greater value is a page slot plus `firstSlotState`.
  static let unseen: UInt32 = 0
  static let hashed: UInt32 = 1
  static let firstSlotState: UInt32 = 2

  let directory: UnsafeMutablePointer<UInt32>
  let cells: UnsafeMutablePointer<UInt32>
  /// Which page of references each slot holds; `UInt32.max` where none.
  private let pageCount: Int
  private let pageNumbers: UnsafeMutablePointer<UInt32>
  private let directoryRegion: MemoryRegion
  private let cellRegion: MemoryRegion
  private let slotRegion: MemoryRegion
  var table: OrderReferenceTable

  private var insertCount: UInt64 = 0
  private var removeCount: UInt64 = 0
  /// `insertCount` when a page last took the place of another.
  private var insertCountAtLastPage: UInt64 = 0
  private(set) var slotsInUse = 0
  /// Pages that were given up for others.
  private(set) var givenUpPageCount = 0
  /// The slot whose page is the oldest once the window is full.
  private var oldestSlot = 0

  /// - Parameters:
  ///   - hashSeed: What the table's hash is keyed with.
  ///   - residentOrderCount: Live orders for which there is room, and memory, from the start; the window
  ///     holds twice as many references.
  init(
    pages: MemoryRegion.PagePolicy, hashSeed: UInt64, residentOrderCount: Int = 0
  ) throws(MemoryError) {
    pageCount = max(Self.pageCountMin, 2 * residentOrderCount >> Self.pageShift)
    let options = MemoryRegion.Options(pages: pages, prefaulted: residentOrderCount > 0)
    let directoryRegion = try MemoryRegion(
      byteCount: Int(Self.directoryCount) * 4, options: options)
    let cellRegion = try MemoryRegion(
      byteCount: pageCount * Self.cellsPerPage * 4, options: options)
    let slotRegion = try MemoryRegion(
      byteCount: pageCount * 4, options: MemoryRegion.Options(pages: .plain))
    table = try OrderReferenceTable(
      pages: pages, hashSeed: hashSeed, residentCount: residentOrderCount)
    // SAFETY: each region is at least as long as the array bound to it, zero-filled by the kernel,
    // and lives as long as self.
    unsafe directory = directoryRegion.baseAddress.bindMemory(
      to: UInt32.self, capacity: Int(Self.directoryCount))
    unsafe cells = cellRegion.baseAddress.bindMemory(
      to: UInt32.self, capacity: pageCount * Self.cellsPerPage)
    unsafe pageNumbers = slotRegion.baseAddress.bindMemory(
      to: UInt32.self, capacity: pageCount)
    self.directoryRegion = directoryRegion
    self.cellRegion = cellRegion
    self.slotRegion = slotRegion
  }

  /// References that it finds.
  var liveCount: Int { Int(truncatingIfNeeded: insertCount &- removeCount) }

  /// Bytes this index has touched.
  var usedByteCount: Int {
    slotsInUse * (Self.cellsPerPage * 4 + 4) + table.byteCount
  }

  /// The cell of a reference, or nil where the reference belongs to the table.
  @inline(__always)
  func cell(of reference: UInt64) -> UnsafeMutablePointer<UInt32>? {
    let page = reference >> Self.pageShift
    guard page < Self.directoryCount else { return nil }
    // SAFETY: page < directoryCount; a state from firstSlotState on names a slot below the watermark.
    let state = unsafe directory[Int(truncatingIfNeeded: page)]
    guard state >= Self.firstSlotState else { return nil }
    let slot = Int(truncatingIfNeeded: state &- Self.firstSlotState)
    let offset = Int(truncatingIfNeeded: reference) & (Self.cellsPerPage - 1)
    return unsafe cells + (slot &* Self.cellsPerPage &+ offset)
  }

  /// Slot of the live order with this reference.
  @inline(__always)
  func find(_ reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>) -> UInt32? {
    if let cell = unsafe cell(of: reference) {
      // SAFETY: `cell` points into the cells of a slot in use.
      let value = unsafe cell.pointee
      return value == 0 ? nil : value &- 1
    }
    return unsafe OrderReferenceTable.find(reference, entries: table.entries, in: orders)
  }

  /// The slot of a paged order, for prefetching only; 0 where it is not paged or not known.
  ///
  /// Slot 0 is a real slot: prefetching it in place of another one does no harm.
  @inline(__always)
  func peek(_ reference: UInt64) -> UInt32 {
    // SAFETY: `cell` points into the cells of a slot in use.
    if let cell = unsafe cell(of: reference) {
      let value = unsafe cell.pointee
      return value == 0 ? 0 : value &- 1
    }
    return table.peek(reference)
  }

  enum InsertOutcome { case inserted, duplicate, full }

  @inline(__always)
  mutating func insert(
    _ reference: UInt64, slot handle: UInt32, in orders: UnsafeMutablePointer<BookOrder>
  ) -> InsertOutcome {
    if let cell = unsafe cell(of: reference) {
      // SAFETY: `cell` points into the cells of a slot in use.
      guard unsafe cell.pointee == 0 else { return .duplicate }
      unsafe cell.pointee = handle &+ 1
      insertCount &+= 1
      return .inserted
    }
    return unsafe insertOutsidePages(reference, handle, orders)
  }

  /// Forgets a reference and returns the slot it named.
  @inline(__always)
  mutating func remove(_ reference: UInt64, in orders: UnsafeMutablePointer<BookOrder>) -> UInt32? {
    if let cell = unsafe cell(of: reference) {
      // SAFETY: `cell` points into the cells of a slot in use.
      let value = unsafe cell.pointee
      guard value != 0 else { return nil }
      unsafe cell.pointee = 0
      removeCount &+= 1
      return value &- 1
    }
    guard let handle = unsafe table.remove(reference, in: orders) else { return nil }
    removeCount &+= 1
    return handle
  }

  @inline(never)
  private mutating func insertOutsidePages(
    _ reference: UInt64, _ handle: UInt32, _ orders: UnsafeMutablePointer<BookOrder>
  ) -> InsertOutcome {
    let page = reference >> Self.pageShift
    // SAFETY: page < directoryCount is checked before the directory is read.
    if page < Self.directoryCount, unsafe directory[Int(page)] == Self.unseen {
      if makePage(UInt32(page)) { return unsafe insert(reference, slot: handle, in: orders) }
      unsafe directory[Int(page)] = Self.hashed
    }
    if unsafe table.find(reference, in: orders) != nil { return .duplicate }
    guard table.insert(reference, handle) else { return .full }
    insertCount &+= 1
    return .inserted
  }

  // MARK: Pages

  /// Gives a page of references a slot. False when the oldest page could not be given up for it, or too
  /// few orders have come since one was.
  private mutating func makePage(_ pageNumber: UInt32) -> Bool {
    let slot: Int
    if slotsInUse < pageCount {
      slot = slotsInUse
      slotsInUse += 1
    } else {
      slot = oldestSlot
      guard insertCount &- insertCountAtLastPage >= Self.insertsPerPage, giveUp(slot) else {
        return false
      }
      insertCountAtLastPage = insertCount
      givenUpPageCount += 1
      oldestSlot = (slot + 1) % pageCount
    }
    // SAFETY: slot < pageCount; pageNumber < directoryCount was checked by the caller.
    unsafe pageNumbers[slot] = pageNumber
    unsafe directory[Int(pageNumber)] = UInt32(slot) + Self.firstSlotState
    return true
  }

  /// Moves the survivors of a page to the table. False, with nothing moved, when it has no room.
  private mutating func giveUp(_ slot: Int) -> Bool {
    // SAFETY: slot is in use, so its page number is below directoryCount.
    let base = unsafe cells + slot * Self.cellsPerPage
    let pageNumber = unsafe pageNumbers[slot]
    var survivorCount = 0
    for offset in 0..<Self.cellsPerPage where unsafe base[offset] != 0 { survivorCount += 1 }
    guard table.reserve(survivorCount) else { return false }
    for offset in 0..<Self.cellsPerPage {
      let value = unsafe base[offset]
      guard value != 0 else { continue }
      _ = table.insert(UInt64(pageNumber) << Self.pageShift | UInt64(offset), value - 1)
      unsafe base[offset] = 0
    }
    unsafe directory[Int(pageNumber)] = Self.hashed
    return true
  }
}
