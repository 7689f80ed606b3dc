// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols
public import ApusMemory

/// Builds the books of a whole market from ITCH 5.0 messages.
///
/// Messages come framed as in the exchange's files: a 2-byte big-endian length before each. They
/// are taken in batches of up to 32, in four passes: find the messages and prefetch where the index
/// has their orders; read the index and prefetch the orders; read the orders and prefetch their
/// levels and neighbours; apply. So the cache misses of 32 messages overlap instead of adding up.
///
/// Anomalies are counted and skipped (``MarketAnomaly``); no byte pattern traps.
///
/// - Threading: one thread at a time.
@safe
public struct MarketBookBuilder: ~Copyable {
  /// The books. Query them between calls.
  public internal(set) var books: OrderBooks
  /// What was wrong in the feed so far.
  public internal(set) var anomalies = AnomalyCounts()
  /// Messages taken so far, malformed ones included.
  public internal(set) var messageCount: UInt64 = 0
  /// Time of the last message taken. Unit: nanoseconds since midnight.
  public internal(set) var lastTimestampNanoseconds: UInt64 = 0

  static let batchCount = 32
  static let secondsPerDay = 86_400
  private let scratchRegion: MemoryRegion
  let scratch: UnsafeMutablePointer<Scratch>
  let secondCounts: UnsafeMutablePointer<UInt32>
  /// The messages of the second that began at `secondStart` and are not in `secondCounts` yet.
  var secondStart: UInt64 = 0
  var countInSecond: UInt32 = 0
  var selection: SymbolSelection

  /// What a batch needs between its passes, and tables that every message reads.
  @unsafe
  struct Scratch {
    var messageBytes: [32 of UnsafeRawPointer?]
    var handles: [32 of UInt32]
    var countsByType: [256 of UInt64]
    /// Length of each message type; 0 for types that do not exist.
    var byteCounts: [256 of UInt8]
  }

  /// Empty books.
  ///
  /// - Parameter symbols: Only these instruments are built; nil for all.
  public init(
    configuration: OrderBooks.Configuration, symbols: [ITCHSymbol]? = nil
  ) throws(MemoryError) {
    let books = try OrderBooks(configuration: configuration)
    let options = MemoryRegion.Options(pages: .plain)
    let scratchByteCount = unsafe MemoryLayout<Scratch>.stride
    let scratchRegion = try MemoryRegion(
      byteCount: scratchByteCount + Self.secondsPerDay * 4, options: options)
    // SAFETY: the region holds one Scratch and a day of seconds, zero-filled, as long as self lives.
    let base = unsafe scratchRegion.baseAddress
    unsafe scratch = base.bindMemory(to: Scratch.self, capacity: 1)
    unsafe secondCounts = (base + scratchByteCount).bindMemory(
      to: UInt32.self, capacity: Self.secondsPerDay)
    self.books = books
    self.scratchRegion = scratchRegion
    selection = SymbolSelection(symbols)
    for type in 0..<256 {
      unsafe scratch.pointee.byteCounts[type] = UInt8(
        ITCHDecoder.byteCount(ofType: UInt8(type)))
    }
  }

  /// Messages of one type taken so far.
  public func messageCount(ofType type: UInt8) -> UInt64 {
    // SAFETY: scratch is initialised; an 8-bit type is below 256.
    unsafe scratch.pointee.countsByType[Int(type)]
  }

  /// Messages in one second of the day. Unit: seconds since midnight.
  public func messageCount(inSecond second: Int) -> Int {
    guard (0..<Self.secondsPerDay).contains(second) else { return 0 }
    let pending = second == Self.second(of: secondStart) ? Int(countInSecond) : 0
    // SAFETY: second < secondsPerDay.
    return unsafe Int(secondCounts[second]) + pending
  }

  /// The name of a locate, or nil where neither the directory nor an order named it.
  public func symbol(locate: UInt16) -> ITCHSymbol? {
    // SAFETY: every locate names a book.
    let raw = unsafe books.books[Int(locate)].symbolRaw
    return raw == 0 ? nil : ITCHSymbol(rawValue: raw)
  }

  /// Whether the directory named a locate.
  public func isListed(locate: UInt16) -> Bool {
    // SAFETY: every locate names a book.
    unsafe books.books[Int(locate)].isListed
  }

  /// Messages that carried a locate.
  public func messageCount(locate: UInt16) -> UInt64 {
    // SAFETY: every locate names a book.
    unsafe UInt64(books.books[Int(locate)].messageCount)
  }

  /// The time of the first message in `framed`, or nil where it is not complete or malformed.
  public static func timestampNanoseconds(framed: RawSpan) -> UInt64? {
    unsafe framed.withUnsafeBytes { bytes in
      // SAFETY: reads stay below count: 2 bytes of length and the 11 of a header.
      guard bytes.count >= 13, let base = bytes.baseAddress else { return nil }
      let length = unsafe Int(UInt16(bigEndian: base.loadUnaligned(as: UInt16.self)))
      guard length >= 11, bytes.count >= 2 + length else { return nil }
      return unsafe ITCHHeader(unsafeBytes: base + 2).timestampNanoseconds
    }
  }

  /// The locates that were named, ascending.
  public var locates: [UInt16] {
    (0..<OrderBooks.bookCount).lazy.map { UInt16($0) }.filter {
      symbol(locate: $0) != nil && selection.contains($0)
    }
  }

  /// Takes whole messages from the front of `framed`.
  ///
  /// - Parameters:
  ///   - framed: Length-prefixed messages. The last one may be incomplete.
  ///   - streamOffset: Offset of the first byte in the stream, for the anomalies.
  ///   - messageCountMax: Stop after this many messages.
  /// - Returns: Bytes consumed. The rest is an incomplete message, or what `messageCountMax` left.
  /// - Complexity: O(messages); no allocation, no system call, but for the growth of the
  ///   reference table.
  public mutating func process(
    framed: RawSpan, streamOffset: UInt64, messageCountMax: Int = .max
  ) -> Int {
    var changes = NoBestPriceChanges()
    return process(framed, streamOffset, messageCountMax, &changes)
  }

  /// Takes whole messages and tells every change of a best bid or offer.
  ///
  /// Stops as well when `changes` has no room for another batch: empty it and call again.
  public mutating func process(
    framed: RawSpan, streamOffset: UInt64, messageCountMax: Int = .max,
    changes: inout BestPriceChanges
  ) -> Int {
    process(framed, streamOffset, messageCountMax, &changes)
  }

  static func second(of timestampNanoseconds: UInt64) -> Int {
    min(Int(timestampNanoseconds / 1_000_000_000), secondsPerDay - 1)
  }
}

/// Which instruments a builder builds.
struct SymbolSelection {
  private let wanted: [ITCHSymbol]?
  /// One entry a locate; empty when all are wanted.
  private var selected: [Bool]

  init(_ symbols: [ITCHSymbol]?) {
    wanted = symbols
    selected = symbols == nil ? [] : Array(repeating: false, count: OrderBooks.bookCount)
  }

  @inline(__always)
  var isEverything: Bool { selected.isEmpty }

  @inline(__always)
  func contains(_ locate: UInt16) -> Bool { isEverything || selected[Int(locate)] }

  mutating func name(_ locate: UInt16, _ symbol: ITCHSymbol) {
    guard let wanted else { return }
    selected[Int(locate)] = wanted.contains(symbol)
  }
}
