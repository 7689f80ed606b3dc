// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// Decodes framed messages into records, in order, without a branch on their type.
///
/// Types follow each other nearly at random (44 % adds, 43 % deletes), so a `switch` for each
/// message is mispredicted about every other time, which costs more than the decoding itself. Here
/// a table says where each type has each field; a field it does not have is loaded all the same and
/// masked to zero. Measured against the `switch`: docs/decisions/0004-branch-free-decoding.md.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct ITCHRecordDecoder: ~Copyable {
  /// Why ``forEach(in:_:)`` stopped.
  @frozen
  public enum Stop: Equatable, Sendable {
    /// Every whole message was decoded; what is left is the beginning of one, or nothing.
    case incomplete
    /// What stands after the bytes consumed is no message; ``malformed(framed:)`` tells why.
    case malformed
  }

  /// Where a type has its fields, offsets counted from the type byte; what masks out those it does
  /// not have. A cache line, so that one type's masks and offsets come together.
  @usableFromInline
  struct FieldTable: BitwiseCopyable {
    @usableFromInline var referenceMask: UInt64 = 0
    @usableFromInline var secondMask: UInt64 = 0
    @usableFromInline var symbolMask: UInt64 = 0
    @usableFromInline var quantityMask: UInt32 = 0
    @usableFromInline var priceMask: UInt32 = 0
    @usableFromInline var byteCount: UInt16 = 0
    @usableFromInline var secondOffset: UInt8 = 0
    @usableFromInline var quantityOffset: UInt8 = 0
    @usableFromInline var priceOffset: UInt8 = 0
    @usableFromInline var sideMask: UInt8 = 0
    @usableFromInline var isOrderFlow = false
    /// Whether it has a field that so few messages have that a branch is cheaper: F and C.
    @usableFromInline var hasRareField = false
    @usableFromInline var reserved: (UInt64, UInt64, UInt64) = (0, 0, 0)
  }

  /// What is read behind the frame of any message: the longest one has 50 bytes.
  @usableFromInline static var readByteCount: Int { 52 }

  @usableFromInline let region: MemoryRegion
  @usableFromInline let fields: UnsafeMutablePointer<FieldTable>
  @usableFromInline let tail: UnsafeMutableRawPointer

  /// The last messages of a buffer are read from a copy of this size, with room behind it.
  @usableFromInline static var tailByteCount: Int { 512 }

  /// A decoder: a table of 16 KiB.
  public init() throws(MemoryError) {
    let tableByteCount = 256 * MemoryLayout<FieldTable>.stride
    let region = try MemoryRegion(
      byteCount: tableByteCount + Self.tailByteCount * 2, options: .init(pages: .plain))
    // SAFETY: the region holds the table and the tail, in this order, zero-filled.
    let base = unsafe region.baseAddress
    unsafe fields = base.bindMemory(to: FieldTable.self, capacity: 256)
    unsafe tail = base + tableByteCount
    self.region = region
    for type in 0..<256 { unsafe fields[type] = Self.table(of: UInt8(type)) }
  }

  private static func table(of type: UInt8) -> FieldTable {
    var table = FieldTable()
    table.byteCount = UInt16(ITCHDecoder.byteCount(ofType: type))
    func has(
      second: UInt8? = nil, quantity: UInt8? = nil, price: UInt8? = nil, symbol: Bool = false
    ) {
      table.isOrderFlow = true
      table.referenceMask = .max
      if let second { (table.secondMask, table.secondOffset) = (.max, second) }
      if let quantity { (table.quantityMask, table.quantityOffset) = (.max, quantity) }
      if let price { (table.priceMask, table.priceOffset) = (.max, price) }
      if symbol { (table.symbolMask, table.sideMask) = (.max, .max) }
    }
    switch type {
    case AddOrder.messageType: has(quantity: 20, price: 32, symbol: true)
    case AddOrderAttributed.messageType: has(quantity: 20, price: 32, symbol: true)
    case Trade.messageType: has(second: 36, quantity: 20, price: 32, symbol: true)
    case OrderExecuted.messageType: has(second: 23, quantity: 19)
    case OrderExecutedWithPrice.messageType: has(second: 23, quantity: 19, price: 32)
    case OrderCancel.messageType: has(quantity: 19)
    case OrderDelete.messageType: has()
    case OrderReplace.messageType: has(second: 19, quantity: 27, price: 31)
    default: break
    }
    table.hasRareField =
      type == AddOrderAttributed.messageType || type == OrderExecutedWithPrice.messageType
    return table
  }

  /// Calls `body` with each whole message from the front of `framed`, in order.
  ///
  /// `body` is inlined: fields that it does not read are not decoded.
  ///
  /// - Returns: Bytes consumed, and why it stopped there.
  /// - Complexity: O(messages); no allocation.
  @inlinable @inline(__always)
  public borrowing func forEach(
    in framed: RawSpan, _ body: (ITCHRecord) -> Void
  ) -> (byteCount: Int, stop: Stop) {
    unsafe framed.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return (0, .incomplete) }
      // SAFETY: frames that begin `readByteCount` bytes or more before the end are read in place;
      // the last ones are read from a copy with room behind it.
      let end = bytes.count &- Self.readByteCount &- 2
      var (position, stop) = unsafe forEach(base, 0, end, bytes.count, body)
      while stop == .incomplete, position < bytes.count {
        let left = bytes.count &- position
        let copied = left < Self.tailByteCount ? left : Self.tailByteCount
        unsafe tail.copyMemory(from: base + position, byteCount: copied)
        let (taken, tailStop) = unsafe forEach(tail, position, copied, copied, body)
        stop = tailStop
        if taken == 0 { break }
        position &+= taken
      }
      return (position, stop)
    }
  }

  /// Decodes messages that begin before `end`, where `readByteCount` bytes are readable behind each.
  ///
  /// - Parameter byteCount: Messages lie inside this many bytes.
  @inlinable @inline(__always)
  borrowing func forEach(
    _ base: UnsafeRawPointer, _ offset: Int, _ end: Int, _ byteCount: Int,
    _ body: (ITCHRecord) -> Void
  ) -> (byteCount: Int, stop: Stop) {
    var position = 0
    let fields = unsafe self.fields
    while position < end {
      // SAFETY: the caller has `readByteCount` bytes behind every frame that begins below `end`,
      // and no offset of the table with 8 more is beyond them.
      let message = unsafe base + (position &+ 2)
      let length: UInt16 = unsafe message.bigEndianValue(at: -2)
      let type = unsafe message.load(as: UInt8.self)
      let field = unsafe fields + Int(type)
      let next = position &+ 2 &+ Int(length)
      guard unsafe field.pointee.byteCount == length, length != 0, next <= byteCount else {
        return (position, next <= byteCount ? .malformed : .incomplete)
      }
      unsafe body(Self.record(message, type, field, offset &+ position &+ 2))
      position = next
    }
    return (position, .incomplete)
  }

  /// One record. The caller has `readByteCount` bytes from the message on.
  @inlinable @inline(__always)
  static func record(
    _ message: UnsafeRawPointer, _ type: UInt8, _ field: UnsafeMutablePointer<FieldTable>,
    _ byteOffset: Int
  ) -> ITCHRecord {
    // SAFETY: the caller has the bytes.
    let header = unsafe ITCHHeader(unsafeBytes: message)
    let reference: UInt64 = unsafe message.bigEndianValue(at: 11)
    let second: UInt64 = unsafe message.bigEndianValue(at: Int(field.pointee.secondOffset))
    let symbol: UInt64 = unsafe message.bigEndianValue(at: 24)
    let quantity: UInt32 = unsafe message.bigEndianValue(at: Int(field.pointee.quantityOffset))
    let price: UInt32 = unsafe message.bigEndianValue(at: Int(field.pointee.priceOffset))
    let side = unsafe message.load(fromByteOffset: 19, as: UInt8.self)
    var attribution: UInt32 = 0
    var printable: UInt8 = 0
    if unsafe field.pointee.hasRareField {
      if type == AddOrderAttributed.messageType {
        attribution = unsafe message.bigEndianValue(at: 36)
      } else {
        printable = unsafe message.load(fromByteOffset: 31, as: UInt8.self)
      }
    }
    return unsafe ITCHRecord(
      timestampNanoseconds: header.timestampNanoseconds,
      reference: reference & field.pointee.referenceMask,
      secondReference: second & field.pointee.secondMask,
      symbol: ITCHSymbol(rawValue: symbol & field.pointee.symbolMask),
      quantity: quantity & field.pointee.quantityMask, price: price & field.pointee.priceMask,
      attribution: ITCHText4(rawValue: attribution),
      byteOffset: UInt32(truncatingIfNeeded: byteOffset), locate: header.locate,
      trackingNumber: header.trackingNumber, messageType: type,
      sideCode: side & field.pointee.sideMask, printable: printable,
      isOrderFlow: field.pointee.isOrderFlow)
  }

  /// Why the message at the front is none, and its length with its frame; nil where it is one, or
  /// not whole.
  public static func malformed(framed: RawSpan) -> (byteCount: Int, reason: ITCHRejection)? {
    guard framed.byteCount >= 2 else { return nil }
    // SAFETY: two bytes are there; any bit pattern is a valid integer.
    let length = unsafe Int(
      UInt16(bigEndian: framed.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt16.self)))
    guard framed.byteCount >= 2 + length else { return nil }
    guard length > 0 else { return (2, .empty) }
    // SAFETY: the message has at least one byte.
    let type = unsafe framed.unsafeLoad(fromByteOffset: 2, as: UInt8.self)
    let expected = ITCHDecoder.byteCount(ofType: type)
    if expected == length { return nil }
    return (
      2 + length,
      expected == 0
        ? .unknownType(type) : .wrongLength(type: type, expected: expected, actual: length)
    )
  }
}
