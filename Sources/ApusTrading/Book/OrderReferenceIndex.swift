// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Finds an order's slot by its exchange reference number.
///
/// Exchanges number orders densely and in increasing order, so young orders are found by a **paged
/// direct index**: 8,192 consecutive references a page of 32-bit cells. Most orders die young and
/// leave old pages nearly empty; such a page is given up and its survivors move to a **hash table**
/// of 8 bytes an entry. So a look-up costs one dependent cache miss before the order itself in
/// either place, and the index never holds more than `fixed + 32 bytes × live orders`, whatever the
/// references look like: a stream of scattered or hostile references merely lives in the table.
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
  /// A page with fewer live orders than this may be given up.
  static let sparseLiveCount: UInt32 = 1_024
  /// Pages that may exist whatever the number of live orders: 2 MiB.
  static let pageAllowance = 64
  /// The youngest pages are still filling up, so they are never given up.
  static let youngPageCount: UInt32 = 16

  /// Directory states; any greater value is a page slot plus `firstSlotState`.
  static let unseen: UInt32 = 0
  static let hashed: UInt32 = 1
  static let firstSlotState: UInt32 = 2

  let directory: UnsafeMutablePointer<UInt32>
  let cells: UnsafeMutablePointer<UInt32>
  private let slots: UnsafeMutablePointer<PageSlot>
  private let slotCapacity: Int
  private let directoryRegion: MemoryRegion
  private let cellRegion: MemoryRegion
  private let slotRegion: MemoryRegion
  var table: OrderReferenceTable

  private(set) var liveCount = 0
  private(set) var slotsInUse = 0
  private var slotWatermark = 0
  private var freeSlot = UInt32.max
  private var clockHand = 0
  private var birthCount: UInt32 = 0

  private struct PageSlot: BitwiseCopyable {
    var liveCount: UInt32
    /// Which page of references; `UInt32.max` where the slot is free.
    var pageNumber: UInt32
    var birth: UInt32
    var nextFree: UInt32
  }

  init(orderCapacity: Int, pages: MemoryRegion.PagePolicy) throws(MemoryError) {
    let slotCapacity = Self.pageAllowance + orderCapacity / Int(Self.sparseLiveCount) + 1
    let options = MemoryRegion.Options(pages: pages)
    let directoryRegion = try MemoryRegion(
      byteCount: Int(Self.directoryCount) * 4, options: options)
    let cellRegion = try MemoryRegion(
      byteCount: slotCapacity * Self.cellsPerPage * 4, options: options)
    let slotRegion = try MemoryRegion(
      byteCount: slotCapacity * MemoryLayout<PageSlot>.stride, options: options)
    table = try OrderReferenceTable(pages: pages)
    // SAFETY: each region is at least as long as the array bound to it, zero-filled by the kernel,
    // and lives as long as self.
    unsafe directory = directoryRegion.baseAddress.bindMemory(
      to: UInt32.self, capacity: Int(Self.directoryCount))
    unsafe cells = cellRegion.baseAddress.bindMemory(
      to: UInt32.self, capacity: slotCapacity * Self.cellsPerPage)
    unsafe slots = slotRegion.baseAddress.bindMemory(to: PageSlot.self, capacity: slotCapacity)
    self.slotCapacity = slotCapacity
    self.directoryRegion = directoryRegion
    self.cellRegion = cellRegion
    self.slotRegion = slotRegion
  }

  /// Bytes this index has touched.
  var usedByteCount: Int {
    slotWatermark * (Self.cellsPerPage * 4 + MemoryLayout<PageSlot>.stride) + table.byteCount
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
    return unsafe table.find(reference, in: orders)
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
      countLive(reference, by: 1)
      liveCount &+= 1
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
      countLive(reference, by: UInt32.max)
      liveCount &-= 1
      return value &- 1
    }
    guard let handle = unsafe table.remove(reference, in: orders) else { return nil }
    liveCount &-= 1
    return handle
  }

  /// Adds one or, by wrapping, subtracts one from the live count of the page of a paged reference.
  @inline(__always)
  private func countLive(_ reference: UInt64, by delta: UInt32) {
    // SAFETY: the caller found a cell for this reference, so its page has a slot.
    let state = unsafe directory[Int(truncatingIfNeeded: reference >> Self.pageShift)]
    unsafe slots[Int(truncatingIfNeeded: state &- Self.firstSlotState)].liveCount &+= delta
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
    liveCount += 1
    return .inserted
  }

  // MARK: Pages

  private mutating func makePage(_ pageNumber: UInt32) -> Bool {
    if slotsInUse >= Self.pageAllowance + liveCount / Int(Self.sparseLiveCount) {
      guard giveUpSparsePage() else { return false }
    }
    let slot: Int
    if freeSlot != UInt32.max {
      slot = Int(freeSlot)
      // SAFETY: the free list holds slots below the watermark.
      freeSlot = unsafe slots[slot].nextFree
    } else {
      guard slotWatermark < slotCapacity else { return false }
      slot = slotWatermark
      slotWatermark += 1
    }
    birthCount &+= 1
    slotsInUse += 1
    // SAFETY: slot < watermark; pageNumber < directoryCount was checked by the caller.
    unsafe slots[slot] = PageSlot(
      liveCount: 0, pageNumber: pageNumber, birth: birthCount, nextFree: UInt32.max)
    unsafe directory[Int(pageNumber)] = UInt32(slot) + Self.firstSlotState
    return true
  }

  /// Moves the survivors of one sparse page to the table and frees the page.
  ///
  /// With more pages than `pageAllowance + liveCount / sparseLiveCount` some page older than the
  /// youngest must be sparse, so the clock finds one within one turn.
  private mutating func giveUpSparsePage() -> Bool {
    for _ in 0..<slotWatermark {
      let slot = clockHand
      clockHand = clockHand + 1 == slotWatermark ? 0 : clockHand + 1
      // SAFETY: slot < watermark.
      let page = unsafe slots[slot]
      guard page.pageNumber != UInt32.max, page.liveCount < Self.sparseLiveCount,
        birthCount &- page.birth >= Self.youngPageCount
      else { continue }
      return moveToTable(slot)
    }
    return false
  }

  private mutating func moveToTable(_ slot: Int) -> Bool {
    // SAFETY: slot is in use, so its page number is below directoryCount and its cells are mapped.
    let page = unsafe slots[slot]
    guard table.reserve(Int(page.liveCount)) else { return false }
    let base = unsafe cells + slot * Self.cellsPerPage
    for offset in 0..<Self.cellsPerPage {
      let value = unsafe base[offset]
      guard value != 0 else { continue }
      _ = table.insert(UInt64(page.pageNumber) << Self.pageShift | UInt64(offset), value - 1)
      unsafe base[offset] = 0
    }
    unsafe directory[Int(page.pageNumber)] = Self.hashed
    unsafe slots[slot] = PageSlot(
      liveCount: 0, pageNumber: UInt32.max, birth: 0, nextFree: freeSlot)
    freeSlot = UInt32(slot)
    slotsInUse -= 1
    return true
  }
}
