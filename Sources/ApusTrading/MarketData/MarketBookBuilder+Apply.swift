// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusMemory

extension MarketBookBuilder {
  // MARK: Pass 4: apply

  @inline(__always)
  mutating func apply<Sink: BestPriceSink & ~Copyable>(
    _ batch: Int, _ base: UnsafeRawPointer, _ streamOffset: UInt64, _ sink: inout Sink
  ) {
    for position in 0..<batch {
      // SAFETY: pass 1 filled messageBytes[0..<batch] with complete messages of the right length.
      guard let message = unsafe scratch.pointee.messageBytes[position] else { continue }
      let type = unsafe message.load(as: UInt8.self)
      unsafe scratch.pointee.countsByType[Int(type)] &+= 1
      let header = unsafe ITCHHeader(unsafeBytes: message)
      unsafe books.books[Int(header.locate)].messageCount &+= 1
      countSecond(header.timestampNanoseconds)
      guard unsafe selection.isEverything || isSelected(type, header.locate, message) else {
        continue
      }
      let offset = streamOffset &+ UInt64(unsafe message - base) &- 2
      if unsafe apply(type, header, message, offset) {
        sink.touched(books.touchedLocate, at: header.timestampNanoseconds, in: books)
      }
    }
  }

  /// Applies one message. True when it changed a book.
  @inline(__always)
  private mutating func apply(
    _ type: UInt8, _ header: ITCHHeader, _ message: UnsafeRawPointer, _ offset: UInt64
  ) -> Bool {
    // SAFETY: the message has the length of its type, so every field lies inside it.
    let outcome: BookOutcome
    switch type {
    case AddOrder.messageType, AddOrderAttributed.messageType:
      // An attributed order is an order with four bytes more at the end.
      return add(unsafe AddOrder(unsafeBytes: message), offset)
    case OrderDelete.messageType:
      outcome = books.delete(reference: unsafe OrderDelete(unsafeBytes: message).reference)
    case OrderReplace.messageType:
      let replace = unsafe OrderReplace(unsafeBytes: message)
      outcome = books.replace(
        originalReference: replace.originalReference, newReference: replace.newReference,
        quantity: replace.quantity, priceTicks: replace.price)
    case OrderExecuted.messageType:
      let executed = unsafe OrderExecuted(unsafeBytes: message)
      outcome = books.reduce(
        reference: executed.reference, quantity: executed.executedQuantity)
    case OrderExecutedWithPrice.messageType:
      let executed = unsafe OrderExecutedWithPrice(unsafeBytes: message)
      outcome = books.reduce(
        reference: executed.reference, quantity: executed.executedQuantity)
    case OrderCancel.messageType:
      let cancel = unsafe OrderCancel(unsafeBytes: message)
      outcome = books.reduce(reference: cancel.reference, quantity: cancel.cancelledQuantity)
    case StockDirectory.messageType:
      name(header.locate, unsafe StockDirectory(unsafeBytes: message).symbol, isListed: true)
      return false
    default:
      return false
    }
    return judge(outcome, header.locate, offset)
  }

  @inline(__always)
  private mutating func add(_ order: AddOrder, _ offset: UInt64) -> Bool {
    guard let side = Side(rawValue: order.sideCode) else {
      anomalies.count(.invalidSide, offset: offset)
      return false
    }
    // SAFETY: every locate names a book.
    if unsafe !books.books[Int(order.header.locate)].isListed {
      anomalies.count(.unknownLocate, offset: offset)
      name(order.header.locate, order.symbol, isListed: false)
    }
    let outcome = books.add(
      reference: order.reference, locate: order.header.locate, side: side,
      quantity: order.quantity, priceTicks: order.price)
    return judge(outcome, order.header.locate, offset)
  }

  @inline(__always)
  private mutating func judge(_ outcome: BookOutcome, _ locate: UInt16, _ offset: UInt64) -> Bool {
    if outcome == .applied, books.touchedLocate == locate { return true }
    return countAnomaly(outcome, locate, offset)
  }

  @inline(never)
  private mutating func countAnomaly(
    _ outcome: BookOutcome, _ locate: UInt16, _ offset: UInt64
  ) -> Bool {
    if outcome == .applied {
      anomalies.count(.locateMismatch, offset: offset)
    } else {
      anomalies.count(MarketAnomaly(outcome), offset: offset)
    }
    // The original of a refused replacement and an over-executed order have left their book;
    // telling an unchanged best price tells nothing.
    return outcome != .unknownReference
  }

  // MARK: Names, selection, time

  @inline(never)
  mutating func name(_ locate: UInt16, _ symbol: ITCHSymbol, isListed: Bool) {
    // SAFETY: every locate names a book.
    let book = unsafe books.books + Int(locate)
    if unsafe book.pointee.symbolRaw == symbol.rawValue, unsafe book.pointee.isListed == isListed {
      return
    }
    unsafe book.pointee.symbolRaw = symbol.rawValue
    if isListed { unsafe book.pointee.isListed = true }
    selection.name(locate, symbol)
  }

  /// Whether a message concerns an instrument that was asked for. Naming messages always do.
  @inline(never)
  private mutating func isSelected(
    _ type: UInt8, _ locate: UInt16, _ message: UnsafeRawPointer
  ) -> Bool {
    switch type {
    case StockDirectory.messageType: return true
    case AddOrder.messageType, AddOrderAttributed.messageType:
      // SAFETY: the message has the length of its type.
      if symbol(locate: locate) == nil {
        name(locate, unsafe AddOrder(unsafeBytes: message).symbol, isListed: false)
      }
      return selection.contains(locate)
    default: return selection.contains(locate)
    }
  }

  @inline(__always)
  private mutating func countSecond(_ timestampNanoseconds: UInt64) {
    lastTimestampNanoseconds = timestampNanoseconds
    // One comparison covers both a later second and a clock that went back.
    if timestampNanoseconds &- secondStart >= 1_000_000_000 { beginSecond(timestampNanoseconds) }
    countInSecond &+= 1
  }

  @inline(never)
  private mutating func beginSecond(_ timestampNanoseconds: UInt64) {
    // SAFETY: `second(of:)` is below secondsPerDay.
    unsafe secondCounts[Self.second(of: secondStart)] &+= countInSecond
    countInSecond = 0
    secondStart = timestampNanoseconds / 1_000_000_000 * 1_000_000_000
  }
}
