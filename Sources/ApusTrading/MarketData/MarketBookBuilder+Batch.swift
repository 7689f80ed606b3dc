// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusMemory
internal import CApusPlatform

/// Where best-price changes go; the one that ignores them compiles to nothing.
protocol BestPriceSink: ~Copyable {
  var hasRoomForBatch: Bool { get }
  mutating func touched(
    _ locate: UInt16, at timestampNanoseconds: UInt64, in books: borrowing OrderBooks)
}

struct NoBestPriceChanges: BestPriceSink {
  @inline(__always)
  var hasRoomForBatch: Bool { true }
  @inline(__always)
  mutating func touched(
    _ locate: UInt16, at timestampNanoseconds: UInt64, in books: borrowing OrderBooks
  ) {}
}

extension BestPriceChanges: BestPriceSink {
  @inline(__always)
  var hasRoomForBatch: Bool { remainingCapacity >= MarketBookBuilder.batchCount }
  @inline(__always)
  mutating func touched(
    _ locate: UInt16, at timestampNanoseconds: UInt64, in books: borrowing OrderBooks
  ) {
    tell(locate, at: timestampNanoseconds, in: books)
  }
}

extension MarketBookBuilder {
  mutating func process<Sink: BestPriceSink & ~Copyable>(
    _ framed: RawSpan, _ streamOffset: UInt64, _ messageCountMax: Int, _ sink: inout Sink
  ) -> Int {
    unsafe framed.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      var cursor = 0
      var remaining = messageCountMax
      while remaining > 0, sink.hasRoomForBatch {
        let batch = unsafe findBatch(base, bytes.count, &cursor, min(remaining, Self.batchCount))
        if batch == 0 {
          guard unsafe skipMalformed(base, bytes.count, &cursor, streamOffset) else { break }
          remaining -= 1
          continue
        }
        remaining -= batch
        messageCount &+= UInt64(batch)
        prefetchOrders(batch)
        prefetchLevels(batch)
        unsafe apply(batch, base, streamOffset, &sink)
      }
      return cursor
    }
  }

  // MARK: Pass 1: framing

  /// Finds up to `countMax` well-formed messages and prefetches where the index has their orders.
  ///
  /// Stops before the first message that is incomplete or malformed.
  @inline(__always)
  private func findBatch(
    _ base: UnsafeRawPointer, _ byteCount: Int, _ cursor: inout Int, _ countMax: Int
  ) -> Int {
    var position = cursor
    var found = 0
    // SAFETY: every read is below byteCount: the frame's 2 bytes are checked by the loop, the
    // message by `end`, and a reference only in messages that are long enough for one.
    while found < countMax, position &+ 2 < byteCount {
      let length = unsafe Int(
        UInt16(bigEndian: (base + position).loadUnaligned(as: UInt16.self)))
      let end = position &+ 2 &+ length
      guard end <= byteCount else { break }
      let message = unsafe base + (position &+ 2)
      let type = unsafe message.load(as: UInt8.self)
      guard unsafe Int(scratch.pointee.byteCounts[Int(type)]) == length, length > 0 else { break }
      unsafe scratch.pointee.messageBytes[found] = message
      if length >= 19 {
        let reference = unsafe UInt64(
          bigEndian: (message + 11).loadUnaligned(as: UInt64.self))
        prefetchIndex(reference)
      }
      found &+= 1
      position = end
    }
    cursor = position
    return found
  }

  /// Counts and skips one malformed message. False when there is none: the rest is incomplete.
  @inline(never)
  private mutating func skipMalformed(
    _ base: UnsafeRawPointer, _ byteCount: Int, _ cursor: inout Int, _ streamOffset: UInt64
  ) -> Bool {
    // SAFETY: reads stay below byteCount.
    guard cursor + 2 <= byteCount else { return false }
    let length = unsafe Int(UInt16(bigEndian: (base + cursor).loadUnaligned(as: UInt16.self)))
    guard cursor + 2 + length <= byteCount else { return false }
    let offset = streamOffset &+ UInt64(cursor)
    if length == 0 {
      anomalies.count(.wrongMessageLength, offset: offset)
    } else {
      let type = unsafe (base + cursor + 2).load(as: UInt8.self)
      let isKnown = unsafe scratch.pointee.byteCounts[Int(type)] != 0
      anomalies.count(isKnown ? .wrongMessageLength : .unknownMessageType, offset: offset)
    }
    messageCount &+= 1
    cursor += 2 + length
    return true
  }

  @inline(__always)
  private func prefetchIndex(_ reference: UInt64) {
    // SAFETY: a prefetch of a computed address does not fault; the cell's address is in range.
    if let cell = unsafe books.index.cell(of: reference) {
      unsafe capus_prefetch(cell)
    } else {
      books.index.table.prefetch(reference)
    }
  }

  // MARK: Pass 2 and 3: prefetch

  @inline(__always)
  private func prefetchOrders(_ batch: Int) {
    // SAFETY: pass 1 filled messageBytes[0..<batch] with complete messages; a handle is used for
    // reading only where an index gave it, and names a slot that was allocated once.
    for position in 0..<batch {
      guard let message = unsafe scratch.pointee.messageBytes[position] else { continue }
      let type = unsafe message.load(as: UInt8.self)
      let locate = unsafe UInt16(bigEndian: (message + 1).loadUnaligned(as: UInt16.self))
      unsafe capus_prefetch(books.books + Int(locate))
      var handle: UInt32 = 0
      if Self.namesOrder(type) {
        let reference = unsafe UInt64(bigEndian: (message + 11).loadUnaligned(as: UInt64.self))
        handle = books.index.peek(reference)
        unsafe capus_prefetch(books.orderBase + Int(handle))
      }
      unsafe scratch.pointee.handles[position] = handle
    }
  }

  @inline(__always)
  private func prefetchLevels(_ batch: Int) {
    // SAFETY: as in pass 2; links are masked by nothing since a prefetch does not fault.
    for position in 0..<batch {
      let handle = unsafe scratch.pointee.handles[position]
      if handle != 0 {
        let order = unsafe books.orderBase + Int(handle)
        unsafe capus_prefetch(books.levelBase + Int(order.pointee.level.rawValue))
        unsafe capus_prefetch(books.orderBase + Int(order.pointee.next.rawValue))
        unsafe capus_prefetch(books.orderBase + Int(order.pointee.previous.rawValue))
      } else {
        guard let message = unsafe scratch.pointee.messageBytes[position] else { continue }
        let locate = unsafe UInt16(bigEndian: (message + 1).loadUnaligned(as: UInt16.self))
        let book = unsafe books.books + Int(locate)
        unsafe capus_prefetch(
          books.ladders.base(book.pointee.bids) + Int(book.pointee.bids.count) - 1)
        unsafe capus_prefetch(
          books.ladders.base(book.pointee.asks) + Int(book.pointee.asks.count) - 1)
      }
    }
  }

  /// Whether messages of this type begin with the reference of a live order: E, C, X, D, U.
  @inline(__always)
  private static func namesOrder(_ type: UInt8) -> Bool {
    // One bit a letter from C (0x43) on: C, D, E, U, X.
    let bit = type &- 0x43
    return bit < 32 && (0b10_0100_0000_0000_0000_0111 as UInt32) >> UInt32(bit) & 1 == 1
  }
}
