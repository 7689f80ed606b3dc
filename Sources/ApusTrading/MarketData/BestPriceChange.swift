// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// The best bid and offer of one book after a message changed either.
public struct BestPriceChange: BitwiseCopyable, Equatable, Sendable {
  /// Time of the message. Unit: nanoseconds since midnight.
  public var timestampNanoseconds: UInt64
  /// Best bid; meaningless where `bidQuantity` is zero. Unit: the feed's price unit.
  public var bidPriceTicks: UInt32
  /// Best offer; meaningless where `askQuantity` is zero.
  public var askPriceTicks: UInt32
  /// Quantity at the best bid; zero where no bid rests.
  public var bidQuantity: UInt64
  /// Quantity at the best offer; zero where no offer rests.
  public var askQuantity: UInt64
  /// The book.
  public var locate: UInt16

  /// A change of these values.
  public init(
    timestampNanoseconds: UInt64, locate: UInt16, bidPriceTicks: UInt32, bidQuantity: UInt64,
    askPriceTicks: UInt32, askQuantity: UInt64
  ) {
    self.timestampNanoseconds = timestampNanoseconds
    self.locate = locate
    self.bidPriceTicks = bidPriceTicks
    self.bidQuantity = bidQuantity
    self.askPriceTicks = askPriceTicks
    self.askQuantity = askQuantity
  }
}

/// Where a book builder leaves best-price changes: a fixed buffer that its owner empties.
@safe
public struct BestPriceChanges: ~Copyable {
  private let region: MemoryRegion
  private let told: ToldPrices
  private let changes: UnsafeMutablePointer<BestPriceChange>

  /// Changes held now.
  public private(set) var count = 0
  /// Changes it has room for.
  public let capacity: Int

  /// An empty buffer.
  ///
  /// - Precondition: `capacity` is at least one batch of messages, 64.
  public init(capacity: Int) throws(MemoryError) {
    precondition(capacity >= 64, "BestPriceChanges.init: expected a capacity of at least 64")
    self.capacity = capacity
    let options = MemoryRegion.Options()
    let region = try MemoryRegion(
      byteCount: capacity * MemoryLayout<BestPriceChange>.stride, options: options)
    let told = try ToldPrices()
    // SAFETY: the region is this long, zero-filled and lives as long as self.
    unsafe changes = region.baseAddress.bindMemory(to: BestPriceChange.self, capacity: capacity)
    self.region = region
    self.told = told
  }

  /// Room left.
  public var remainingCapacity: Int { capacity - count }

  /// One change, oldest first.
  public subscript(index: Int) -> BestPriceChange {
    precondition(index >= 0 && index < count, "BestPriceChanges: expected an index below count")
    // SAFETY: index < count <= capacity.
    return unsafe changes[index]
  }

  /// Empties the buffer; what was told stays told.
  public mutating func removeAll() { count = 0 }

  /// Tells the best prices of a book if they are not those last told.
  @inline(__always)
  mutating func tell(
    _ locate: UInt16, at timestampNanoseconds: UInt64, in books: borrowing OrderBooks
  ) {
    guard let change = told.handle.change(of: locate, at: timestampNanoseconds, in: books) else {
      return
    }
    // SAFETY: the caller stops while there is room for a batch.
    unsafe changes[count] = change
    count &+= 1
  }
}

/// Best prices last told, one pair a locate, so that only changes are told.
@safe
struct ToldPrices: ~Copyable {
  struct Told: BitwiseCopyable {
    var bidQuantity: UInt64
    var askQuantity: UInt64
    var bidPriceTicks: UInt32
    var askPriceTicks: UInt32
  }

  /// Reads and writes them; valid while they are there.
  @safe
  struct Handle: BitwiseCopyable {
    let told: UnsafeMutablePointer<Told>

    /// What to tell of a book: nil where its best prices are those last told.
    @inline(__always)
    func change(
      of locate: UInt16, at timestampNanoseconds: UInt64, in books: borrowing OrderBooks
    ) -> BestPriceChange? {
      let bid = books.best(.buy, locate: locate)
      let ask = books.best(.sell, locate: locate)
      let now = Told(
        bidQuantity: bid?.quantity ?? 0, askQuantity: ask?.quantity ?? 0,
        bidPriceTicks: bid?.priceTicks ?? 0, askPriceTicks: ask?.priceTicks ?? 0)
      // SAFETY: every locate is below bookCount.
      let last = unsafe told[Int(locate)]
      if now.bidQuantity == last.bidQuantity, now.askQuantity == last.askQuantity,
        now.bidPriceTicks == last.bidPriceTicks, now.askPriceTicks == last.askPriceTicks
      {
        return nil
      }
      unsafe told[Int(locate)] = now
      return BestPriceChange(
        timestampNanoseconds: timestampNanoseconds, locate: locate,
        bidPriceTicks: now.bidPriceTicks, bidQuantity: now.bidQuantity,
        askPriceTicks: now.askPriceTicks, askQuantity: now.askQuantity)
    }
  }

  private let region: MemoryRegion
  let handle: Handle

  /// Nothing told yet.
  init() throws(MemoryError) {
    let region = try MemoryRegion(
      byteCount: OrderBooks.bookCount * MemoryLayout<Told>.stride, options: .init())
    // SAFETY: the region is this long, zero-filled and lives as long as self.
    handle = unsafe Handle(
      told: region.baseAddress.bindMemory(to: Told.self, capacity: OrderBooks.bookCount))
    self.region = region
  }

  /// What was told of one locate.
  subscript(locate: Int) -> Told {
    get {
      precondition(locate < OrderBooks.bookCount, "ToldPrices: expected a locate")
      // SAFETY: checked above.
      return unsafe handle.told[locate]
    }
    nonmutating set {
      precondition(locate < OrderBooks.bookCount, "ToldPrices: expected a locate")
      // SAFETY: checked above.
      unsafe handle.told[locate] = newValue
    }
  }
}
