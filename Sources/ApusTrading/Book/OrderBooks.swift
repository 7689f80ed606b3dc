// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols
public import ApusMemory

/// The full-depth order books of a whole market: every order of every instrument, in price-time
/// priority, addressed by the feed's stock locate code.
///
/// An order is found by its reference (``OrderReferenceIndex``), names its level, and its level
/// names its neighbours, so that executing, cancelling, deleting and replacing never search. Prices
/// are kept sorted, best last. All links are 32-bit slab indices.
///
/// A crossed or locked book is data, not an error: before the open it is the normal state.
///
/// - Threading: one writer; queries on the writer's thread.
/// - Complexity: every change is O(1) in orders and O(prices between it and the touch), of which one
///   side of one book has at most ``Configuration/priceCountMax``: a new price moves that many
///   entries of 8 bytes at worst. Memory is reserved at `init` and touched as it is used; nothing
///   allocates but the reference table when it grows, which moves all of its entries.
@safe
public struct OrderBooks: ~Copyable {
  /// Limits of a set of books. Memory is reserved for them and committed only as it is touched.
  public struct Configuration: Sendable {
    /// Orders that may rest at the same time. Unit: orders, 1...2^31.
    public var orderCapacity: Int
    /// Prices that may be present at the same time, over all books and both sides.
    public var levelCapacity: Int
    /// Which pages back the books.
    public var pages: MemoryRegion.PagePolicy
    /// Orders whose memory is there from the start: none of their pages is first touched by a message,
    /// which takes up to two milliseconds a huge page. Unit: orders, at most `orderCapacity`.
    public var residentOrderCount = 0
    /// Prices that one side of one book may have: what bounds the cost of a new price far from the
    /// touch. An order at one more is refused as one for which there is no capacity. Lists of prices
    /// have 8 GiB of address space, enough for this default with a `levelCapacity` of 2^24: where
    /// either is greater, a side may have fewer.
    public var priceCountMax = 1 << 16
    /// What the hash of order references is keyed with: a secret of the host, so that nobody can choose
    /// references that collide. Drawn from the system unless it is set; nothing but time depends on it.
    public var hashSeed = UInt64.random(in: .min ... .max)
    /// Whether there are ladders for the other sets of a matching engine's orders.
    var hasOrderSets = false

    /// A configuration; `OrderBooks.init` checks it.
    public init(
      orderCapacity: Int, levelCapacity: Int, pages: MemoryRegion.PagePolicy = .transparentHuge
    ) {
      self.orderCapacity = orderCapacity
      self.levelCapacity = levelCapacity
      self.pages = pages
    }

    /// Sixteen million live orders: ten times the most that a Nasdaq day has had at once.
    public static let wholeMarket = Configuration(
      orderCapacity: 1 << 24, levelCapacity: 1 << 23)
  }

  /// Locate codes are 16 bits, so every bit pattern of an untrusted message names a book.
  static let bookCount = 1 << 16

  /// `bids` and `asks` come first and in this order: `ladder(_:_:)` counts on it.
  struct Book: BitwiseCopyable {
    var bids = Ladder()
    var asks = Ladder()
    /// The instrument's name, or zero where nothing named this locate.
    var symbolRaw: UInt64 = 0
    /// Messages that carried this locate.
    var messageCount: UInt32 = 0
    /// Whether the feed's directory named it, rather than its first order.
    var isListed = false
  }

  var orders: Slab<BookOrder>
  var levels: Slab<PriceLevel>
  var index: OrderReferenceIndex
  var ladders: LadderStorage
  private let bookRegion: MemoryRegion
  private let setRegion: MemoryRegion
  let books: UnsafeMutablePointer<Book>
  let places: BookLadders
  let orderBase: UnsafeMutablePointer<BookOrder>
  let levelBase: UnsafeMutablePointer<PriceLevel>
  let priceCountMax: UInt32
  var liveCountMax = 0
  /// The book that the last applied change belonged to.
  var touchedLocate: UInt16 = 0
  private var bookWatermark = 0

  /// Reserves the memory of all books.
  ///
  /// - Throws: ``MemoryError`` when the address space could not be had.
  /// - Precondition: capacities are positive and at most 2^31; so is the most prices of a side.
  public init(configuration: Configuration) throws(MemoryError) {
    precondition(
      (1...(1 << 31)).contains(configuration.orderCapacity)
        && (1...(1 << 31)).contains(configuration.levelCapacity)
        && (1...(1 << 31)).contains(configuration.priceCountMax),
      "OrderBooks.init: expected capacities of 1...2^31")
    let options = MemoryRegion.Options(pages: configuration.pages)
    let resident = min(configuration.residentOrderCount, configuration.orderCapacity)
    let residentLevels = min(resident, configuration.levelCapacity)
    var residentOptions = options
    residentOptions.prefaultedByteCount = resident * MemoryLayout<BookOrder>.stride
    let orders = try Slab<BookOrder>(
      capacity: configuration.orderCapacity, options: residentOptions)
    residentOptions.prefaultedByteCount = residentLevels * MemoryLayout<PriceLevel>.stride
    let levels = try Slab<PriceLevel>(
      capacity: configuration.levelCapacity, options: residentOptions)
    let index = try OrderReferenceIndex(
      pages: configuration.pages, hashSeed: configuration.hashSeed,
      residentOrderCount: resident)
    residentOptions.prefaultedByteCount = residentLevels * MemoryLayout<LadderEntry>.stride * 2
    let setCount = configuration.hasOrderSets ? 6 : 1
    let extent = LadderExtent(
      levelCount: configuration.levelCapacity, ladderCount: setCount * Self.bookCount * 2,
      priceCountMax: configuration.priceCountMax)
    let ladders = try LadderStorage(extent: extent, options: residentOptions)
    let bookRegion = try MemoryRegion(
      byteCount: Self.bookCount * MemoryLayout<Book>.stride, options: options)
    let setLadderCount = max(1, (setCount - 1) * Self.bookCount * 2)
    let setRegion = try MemoryRegion(
      byteCount: setLadderCount * MemoryLayout<Ladder>.stride, options: options)
    // SAFETY: the regions are this long, zero-filled, and live as long as self. Slot 0 exists since
    // capacities are positive.
    unsafe books = bookRegion.baseAddress.bindMemory(to: Book.self, capacity: Self.bookCount)
    unsafe places = BookLadders(
      books: books,
      setLadders: setRegion.baseAddress.bindMemory(to: Ladder.self, capacity: setLadderCount),
      entries: ladders.entries)
    unsafe orderBase = orders.pointer(to: SlabIndex(rawValue: 0))
    unsafe levelBase = levels.pointer(to: SlabIndex(rawValue: 0))
    priceCountMax = UInt32(extent.priceCountMax)
    self.orders = orders
    self.levels = levels
    self.index = index
    self.ladders = ladders
    self.bookRegion = bookRegion
    self.setRegion = setRegion
  }

  /// Live orders in all books.
  public var orderCount: Int { orders.count }

  /// The most orders that were live at the same time.
  public var orderCountMax: Int { liveCountMax }

  /// Prices present, over all books and both sides.
  public var levelCount: Int { levels.count }

  /// Bytes of the structures that were ever in use: orders, levels, ladders, index, books.
  public var memoryByteCount: Int {
    orders.usedByteCount + levels.usedByteCount + ladders.usedByteCount + index.usedByteCount
      + bookWatermark * MemoryLayout<Book>.stride
  }

  // MARK: Changes

  /// Adds an order behind all others at its price.
  ///
  /// - Parameters:
  ///   - quantity: Unit: lots of the feed (shares). Zero is refused.
  ///   - priceTicks: Unit: the feed's price unit (ITCH: 1/10,000 dollar).
  public mutating func add(
    reference: UInt64, locate: UInt16, side: Side, quantity: UInt32, priceTicks: UInt32
  ) -> BookOutcome {
    guard quantity > 0 else { return .zeroQuantity }
    guard let slot = orders.allocate() else { return .capacityExceeded }
    switch unsafe index.insert(reference, slot: slot.rawValue, in: orderBase) {
    case .inserted: break
    case .duplicate:
      orders.free(slot)
      return .duplicateReference
    case .full:
      orders.free(slot)
      return .capacityExceeded
    }
    // SAFETY: `slot` was just allocated.
    unsafe orderBase[Int(slot.rawValue)] = BookOrder(
      reference: reference, quantity: quantity, priceTicks: priceTicks, level: .none, next: .none,
      previous: .none, locate: locate, side: side)
    guard link(slot) else {
      _ = unsafe index.remove(reference, in: orderBase)
      orders.free(slot)
      return .capacityExceeded
    }
    if orders.count > liveCountMax { liveCountMax = orders.count }
    touchedLocate = locate
    return .applied
  }

  /// Takes an executed or cancelled quantity off an order, which keeps its place in the queue; at
  /// zero it leaves the book.
  ///
  /// More than is left takes all that is left and says `overExecution`.
  public mutating func reduce(reference: UInt64, quantity: UInt32) -> BookOutcome {
    guard let raw = unsafe index.find(reference, in: orderBase) else { return .unknownReference }
    // SAFETY: the index names live slots; a live order names a live level.
    let order = unsafe orderBase + Int(raw)
    let resting = unsafe order.pointee.quantity
    touchedLocate = unsafe order.pointee.locate
    guard quantity < resting else {
      removeOrder(reference, SlabIndex(rawValue: raw))
      return quantity == resting ? .applied : .overExecution
    }
    unsafe order.pointee.quantity = resting &- quantity
    unsafe (levelBase + Int(order.pointee.level.rawValue)).pointee.quantity &-= UInt64(quantity)
    return .applied
  }

  /// Takes an order off its book.
  public mutating func delete(reference: UInt64) -> BookOutcome {
    guard let raw = unsafe index.remove(reference, in: orderBase) else { return .unknownReference }
    let slot = SlabIndex<BookOrder>(rawValue: raw)
    // SAFETY: the index named a live slot.
    touchedLocate = unsafe orderBase[Int(raw)].locate
    unlink(slot)
    orders.free(slot)
    return .applied
  }

  /// Takes an order off and puts another behind all others at its own price, same side and book.
  ///
  /// The original leaves the book even where the new order is refused (its reference is live
  /// already, or its quantity is zero), since the exchange has taken it off as well.
  public mutating func replace(
    originalReference: UInt64, newReference: UInt64, quantity: UInt32, priceTicks: UInt32
  ) -> BookOutcome {
    guard let raw = unsafe index.remove(originalReference, in: orderBase) else {
      return .unknownReference
    }
    let slot = SlabIndex<BookOrder>(rawValue: raw)
    // SAFETY: the index named a live slot.
    let order = unsafe orderBase + Int(raw)
    touchedLocate = unsafe order.pointee.locate
    unlink(slot)
    guard quantity > 0 else {
      orders.free(slot)
      return .zeroQuantity
    }
    let inserted = unsafe index.insert(newReference, slot: raw, in: orderBase)
    guard inserted == .inserted else {
      orders.free(slot)
      return inserted == .duplicate ? .duplicateReference : .capacityExceeded
    }
    unsafe order.pointee.reference = newReference
    unsafe order.pointee.quantity = quantity
    unsafe order.pointee.priceTicks = priceTicks
    guard link(slot) else {
      _ = unsafe index.remove(newReference, in: orderBase)
      orders.free(slot)
      return .capacityExceeded
    }
    return .applied
  }

  @inline(__always)
  private mutating func removeOrder(_ reference: UInt64, _ slot: SlabIndex<BookOrder>) {
    _ = unsafe index.remove(reference, in: orderBase)
    unlink(slot)
    orders.free(slot)
  }

  // MARK: Queues and ladders

  @inline(__always)
  func ladder(_ locate: UInt16, _ side: Side) -> UnsafeMutablePointer<Ladder> {
    unsafe places.ladder(locate, side)
  }

  /// The ladder of one side of a set that has one.
  ///
  /// - Precondition: The books were made with order sets, or the set is `main`.
  @inline(__always)
  func ladder(_ set: OrderSet, _ locate: UInt16, _ side: Side) -> UnsafeMutablePointer<Ladder> {
    unsafe places.ladder(set, locate, side)
  }

  /// The key of an order in its ladder. Stops are sorted the other way: the lowest buy trigger and
  /// the highest sell trigger come first.
  @inline(__always)
  static func key(_ order: BookOrder) -> UInt32 {
    let side = order.tag.setCode == OrderSet.stop.rawValue ? order.side.opposite : order.side
    return key(side, order.priceTicks)
  }

  @inline(__always)
  static func key(_ side: Side, _ priceTicks: UInt32) -> UInt32 {
    side == .buy ? priceTicks : ~priceTicks
  }

  /// Puts an order at the end of the queue at its price. False when no level could be had.
  @inline(__always)
  private mutating func link(_ slot: SlabIndex<BookOrder>) -> Bool {
    // SAFETY: `slot` is allocated and filled in.
    let order = unsafe orderBase + Int(slot.rawValue)
    let ladder = unsafe ladder(order.pointee.locate, order.pointee.side)
    return unsafe link(slot, ladder, Self.key(order.pointee.side, order.pointee.priceTicks))
  }

  /// Puts an order at the end of the queue at a key of a ladder. False when no level could be had.
  @inline(__always)
  mutating func link(
    _ slot: SlabIndex<BookOrder>, _ ladder: UnsafeMutablePointer<Ladder>, _ key: UInt32
  ) -> Bool {
    // SAFETY: `slot` is allocated and filled in; ladder blocks and level indices are in use.
    let order = unsafe orderBase + Int(slot.rawValue)
    let entries = unsafe ladders.base(ladder.pointee)
    let position = unsafe entries.upperBound(key, count: Int(ladder.pointee.count))
    if position > 0, unsafe entries[position &- 1].key == key {
      let levelRaw = unsafe entries[position &- 1].level
      let level = unsafe levelBase + Int(levelRaw)
      let tail = unsafe level.pointee.tail
      unsafe order.pointee.level = SlabIndex(rawValue: levelRaw)
      unsafe order.pointee.previous = tail
      unsafe order.pointee.next = .none
      unsafe orderBase[Int(tail.rawValue)].next = slot
      unsafe level.pointee.tail = slot
      unsafe level.pointee.orderCount &+= 1
      unsafe level.pointee.quantity &+= UInt64(order.pointee.quantity)
      return true
    }
    return unsafe openLevel(slot, ladder, position, key)
  }

  @inline(never)
  private mutating func openLevel(
    _ slot: SlabIndex<BookOrder>, _ ladder: UnsafeMutablePointer<Ladder>, _ position: Int,
    _ key: UInt32
  ) -> Bool {
    // SAFETY: as in `link`; after `grow` the block holds at least one entry more than `count`.
    guard unsafe ladder.pointee.count < priceCountMax, let level = levels.allocate() else {
      return false
    }
    if unsafe ladder.pointee.count == ladder.pointee.capacity {
      unsafe ladders.grow(&ladder.pointee)
    }
    let order = unsafe orderBase + Int(slot.rawValue)
    let count = unsafe Int(ladder.pointee.count)
    let entries = unsafe ladders.base(ladder.pointee)
    var moving = count
    while moving > position {
      unsafe entries[moving] = entries[moving &- 1]
      moving &-= 1
    }
    unsafe entries[position] = LadderEntry(key: key, level: level.rawValue)
    unsafe ladder.pointee.count = UInt32(count &+ 1)
    unsafe levelBase[Int(level.rawValue)] = PriceLevel(
      quantity: UInt64(order.pointee.quantity), orderCount: 1, head: slot, tail: slot)
    unsafe order.pointee.level = level
    unsafe order.pointee.previous = .none
    unsafe order.pointee.next = .none
    bookWatermark = max(bookWatermark, unsafe Int(order.pointee.locate) &+ 1)
    return true
  }

  /// Takes an order out of its queue, and its level off the ladder when it was the last.
  @inline(__always)
  private mutating func unlink(_ slot: SlabIndex<BookOrder>) {
    // SAFETY: a live order names a live level.
    let order = unsafe orderBase + Int(slot.rawValue)
    let ladder = unsafe ladder(order.pointee.locate, order.pointee.side)
    unsafe unlink(slot, ladder, Self.key(order.pointee.side, order.pointee.priceTicks))
  }

  /// Takes an order out of its queue, and its level off the ladder when it was the last.
  @inline(__always)
  mutating func unlink(
    _ slot: SlabIndex<BookOrder>, _ ladder: UnsafeMutablePointer<Ladder>, _ key: UInt32
  ) {
    // SAFETY: a live order names a live level and live neighbours or `none`.
    let order = unsafe orderBase + Int(slot.rawValue)
    let level = unsafe levelBase + Int(order.pointee.level.rawValue)
    if unsafe level.pointee.orderCount == 1 {
      unsafe closeLevel(order.pointee.level, ladder, key)
      return
    }
    let next = unsafe order.pointee.next
    let previous = unsafe order.pointee.previous
    unsafe level.pointee.orderCount &-= 1
    unsafe level.pointee.quantity &-= UInt64(order.pointee.quantity)
    if previous.isNone {
      unsafe level.pointee.head = next
    } else {
      unsafe orderBase[Int(previous.rawValue)].next = next
    }
    if next.isNone {
      unsafe level.pointee.tail = previous
    } else {
      unsafe orderBase[Int(next.rawValue)].previous = previous
    }
  }

  @inline(never)
  private mutating func closeLevel(
    _ level: SlabIndex<PriceLevel>, _ ladder: UnsafeMutablePointer<Ladder>, _ key: UInt32
  ) {
    // SAFETY: a live level has exactly one entry, with this key, in this ladder.
    let entries = unsafe ladders.base(ladder.pointee)
    let count = unsafe Int(ladder.pointee.count)
    var moving = unsafe entries.upperBound(key, count: count)
    while moving < count {
      unsafe entries[moving &- 1] = entries[moving]
      moving &+= 1
    }
    unsafe ladder.pointee.count = UInt32(count &- 1)
    if unsafe ladder.pointee.count < ladder.pointee.countMin {
      unsafe ladders.shrink(&ladder.pointee)
    }
    levels.free(level)
  }
}
