// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A new order without attribution. Type `A`, 36 bytes.
@frozen
public struct AddOrder: ITCHMessageBody, Equatable {
  /// The type letter `A`.
  @inlinable public static var messageType: UInt8 { 0x41 }
  /// 36, the type byte included.
  @inlinable public static var byteCount: Int { 36 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Number of the order, unique in the day. Offset 11.
  public var reference: UInt64
  /// `B` or `S`; any byte on untrusted input. Offset 19.
  public var sideCode: UInt8
  /// Unit: shares. Offset 20.
  public var quantity: UInt32
  /// Symbol. Offset 24.
  public var symbol: ITCHSymbol
  /// Unit: 1/10,000 dollar. Offset 32.
  public var price: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64, sideCode: UInt8, quantity: UInt32, symbol: ITCHSymbol,
    price: UInt32
  ) {
    self.header = header
    self.reference = reference
    self.sideCode = sideCode
    self.quantity = quantity
    self.symbol = symbol
    self.price = price
  }

  /// Reads a message of 36 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    reference = unsafe bytes.bigEndianValue(at: 11)
    sideCode = unsafe bytes.bigEndianValue(at: 19)
    quantity = unsafe bytes.bigEndianValue(at: 20)
    symbol = unsafe bytes.bigEndianValue(at: 24)
    price = unsafe bytes.bigEndianValue(at: 32)
  }

  /// Writes the message's 36 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(reference, at: 11)
    unsafe bytes.storeBigEndian(sideCode, at: 19)
    unsafe bytes.storeBigEndian(quantity, at: 20)
    unsafe bytes.storeBigEndian(symbol, at: 24)
    unsafe bytes.storeBigEndian(price, at: 32)
  }
}

/// A new order with its participant. Type `F`, 40 bytes.
@frozen
public struct AddOrderAttributed: ITCHMessageBody, Equatable {
  /// The type letter `F`.
  @inlinable public static var messageType: UInt8 { 0x46 }
  /// 40, the type byte included.
  @inlinable public static var byteCount: Int { 40 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Number of the order, unique in the day. Offset 11.
  public var reference: UInt64
  /// `B` or `S`; any byte on untrusted input. Offset 19.
  public var sideCode: UInt8
  /// Unit: shares. Offset 20.
  public var quantity: UInt32
  /// Symbol. Offset 24.
  public var symbol: ITCHSymbol
  /// Unit: 1/10,000 dollar. Offset 32.
  public var price: UInt32
  /// Attribution. Offset 36.
  public var attribution: ITCHText4

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64, sideCode: UInt8, quantity: UInt32, symbol: ITCHSymbol,
    price: UInt32, attribution: ITCHText4
  ) {
    self.header = header
    self.reference = reference
    self.sideCode = sideCode
    self.quantity = quantity
    self.symbol = symbol
    self.price = price
    self.attribution = attribution
  }

  /// Reads a message of 40 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    reference = unsafe bytes.bigEndianValue(at: 11)
    sideCode = unsafe bytes.bigEndianValue(at: 19)
    quantity = unsafe bytes.bigEndianValue(at: 20)
    symbol = unsafe bytes.bigEndianValue(at: 24)
    price = unsafe bytes.bigEndianValue(at: 32)
    attribution = unsafe bytes.bigEndianValue(at: 36)
  }

  /// Writes the message's 40 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(reference, at: 11)
    unsafe bytes.storeBigEndian(sideCode, at: 19)
    unsafe bytes.storeBigEndian(quantity, at: 20)
    unsafe bytes.storeBigEndian(symbol, at: 24)
    unsafe bytes.storeBigEndian(price, at: 32)
    unsafe bytes.storeBigEndian(attribution, at: 36)
  }
}

/// Part or all of an order traded at its price. Type `E`, 31 bytes.
@frozen
public struct OrderExecuted: ITCHMessageBody, Equatable {
  /// The type letter `E`.
  @inlinable public static var messageType: UInt8 { 0x45 }
  /// 31, the type byte included.
  @inlinable public static var byteCount: Int { 31 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Reference. Offset 11.
  public var reference: UInt64
  /// Unit: shares. Offset 19.
  public var executedQuantity: UInt32
  /// Match number. Offset 23.
  public var matchNumber: UInt64

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64, executedQuantity: UInt32, matchNumber: UInt64
  ) {
    self.header = header
    self.reference = reference
    self.executedQuantity = executedQuantity
    self.matchNumber = matchNumber
  }

  /// Reads a message of 31 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    reference = unsafe bytes.bigEndianValue(at: 11)
    executedQuantity = unsafe bytes.bigEndianValue(at: 19)
    matchNumber = unsafe bytes.bigEndianValue(at: 23)
  }

  /// Writes the message's 31 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(reference, at: 11)
    unsafe bytes.storeBigEndian(executedQuantity, at: 19)
    unsafe bytes.storeBigEndian(matchNumber, at: 23)
  }
}

/// Part or all of an order traded at another price than its own. Type `C`, 36 bytes.
@frozen
public struct OrderExecutedWithPrice: ITCHMessageBody, Equatable {
  /// The type letter `C`.
  @inlinable public static var messageType: UInt8 { 0x43 }
  /// 36, the type byte included.
  @inlinable public static var byteCount: Int { 36 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Reference. Offset 11.
  public var reference: UInt64
  /// Unit: shares. Offset 19.
  public var executedQuantity: UInt32
  /// Match number. Offset 23.
  public var matchNumber: UInt64
  /// `Y` or `N`. Offset 31.
  public var printable: UInt8
  /// Unit: 1/10,000 dollar. Offset 32.
  public var price: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64, executedQuantity: UInt32, matchNumber: UInt64,
    printable: UInt8, price: UInt32
  ) {
    self.header = header
    self.reference = reference
    self.executedQuantity = executedQuantity
    self.matchNumber = matchNumber
    self.printable = printable
    self.price = price
  }

  /// Reads a message of 36 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    reference = unsafe bytes.bigEndianValue(at: 11)
    executedQuantity = unsafe bytes.bigEndianValue(at: 19)
    matchNumber = unsafe bytes.bigEndianValue(at: 23)
    printable = unsafe bytes.bigEndianValue(at: 31)
    price = unsafe bytes.bigEndianValue(at: 32)
  }

  /// Writes the message's 36 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(reference, at: 11)
    unsafe bytes.storeBigEndian(executedQuantity, at: 19)
    unsafe bytes.storeBigEndian(matchNumber, at: 23)
    unsafe bytes.storeBigEndian(printable, at: 31)
    unsafe bytes.storeBigEndian(price, at: 32)
  }
}

/// Part of an order was cancelled. Type `X`, 23 bytes.
@frozen
public struct OrderCancel: ITCHMessageBody, Equatable {
  /// The type letter `X`.
  @inlinable public static var messageType: UInt8 { 0x58 }
  /// 23, the type byte included.
  @inlinable public static var byteCount: Int { 23 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Reference. Offset 11.
  public var reference: UInt64
  /// Unit: shares. Offset 19.
  public var cancelledQuantity: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64, cancelledQuantity: UInt32
  ) {
    self.header = header
    self.reference = reference
    self.cancelledQuantity = cancelledQuantity
  }

  /// Reads a message of 23 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    reference = unsafe bytes.bigEndianValue(at: 11)
    cancelledQuantity = unsafe bytes.bigEndianValue(at: 19)
  }

  /// Writes the message's 23 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(reference, at: 11)
    unsafe bytes.storeBigEndian(cancelledQuantity, at: 19)
  }
}

/// An order left the book. Type `D`, 19 bytes.
@frozen
public struct OrderDelete: ITCHMessageBody, Equatable {
  /// The type letter `D`.
  @inlinable public static var messageType: UInt8 { 0x44 }
  /// 19, the type byte included.
  @inlinable public static var byteCount: Int { 19 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Reference. Offset 11.
  public var reference: UInt64

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64
  ) {
    self.header = header
    self.reference = reference
  }

  /// Reads a message of 19 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    reference = unsafe bytes.bigEndianValue(at: 11)
  }

  /// Writes the message's 19 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(reference, at: 11)
  }
}

/// An order was replaced by another of the same side and instrument. Type `U`, 35 bytes.
@frozen
public struct OrderReplace: ITCHMessageBody, Equatable {
  /// The type letter `U`.
  @inlinable public static var messageType: UInt8 { 0x55 }
  /// 35, the type byte included.
  @inlinable public static var byteCount: Int { 35 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Original reference. Offset 11.
  public var originalReference: UInt64
  /// New reference. Offset 19.
  public var newReference: UInt64
  /// Unit: shares. Offset 27.
  public var quantity: UInt32
  /// Unit: 1/10,000 dollar. Offset 31.
  public var price: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, originalReference: UInt64, newReference: UInt64, quantity: UInt32,
    price: UInt32
  ) {
    self.header = header
    self.originalReference = originalReference
    self.newReference = newReference
    self.quantity = quantity
    self.price = price
  }

  /// Reads a message of 35 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    originalReference = unsafe bytes.bigEndianValue(at: 11)
    newReference = unsafe bytes.bigEndianValue(at: 19)
    quantity = unsafe bytes.bigEndianValue(at: 27)
    price = unsafe bytes.bigEndianValue(at: 31)
  }

  /// Writes the message's 35 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(originalReference, at: 11)
    unsafe bytes.storeBigEndian(newReference, at: 19)
    unsafe bytes.storeBigEndian(quantity, at: 27)
    unsafe bytes.storeBigEndian(price, at: 31)
  }
}
