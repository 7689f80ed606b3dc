// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A trade against an order that the book does not show. Type `P`, 44 bytes.
@frozen
public struct Trade: ITCHMessageBody, Equatable {
  /// The type letter `P`.
  @inlinable public static var messageType: UInt8 { 0x50 }
  /// 44, the type byte included.
  @inlinable public static var byteCount: Int { 44 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Zero since 2010. Offset 11.
  public var reference: UInt64
  /// `B` or `S`. Offset 19.
  public var sideCode: UInt8
  /// Unit: shares. Offset 20.
  public var quantity: UInt32
  /// Symbol. Offset 24.
  public var symbol: ITCHSymbol
  /// Unit: 1/10,000 dollar. Offset 32.
  public var price: UInt32
  /// Match number. Offset 36.
  public var matchNumber: UInt64

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, reference: UInt64, sideCode: UInt8, quantity: UInt32, symbol: ITCHSymbol,
    price: UInt32, matchNumber: UInt64
  ) {
    self.header = header
    self.reference = reference
    self.sideCode = sideCode
    self.quantity = quantity
    self.symbol = symbol
    self.price = price
    self.matchNumber = matchNumber
  }

  /// Reads a message of 44 bytes.
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
    matchNumber = unsafe bytes.bigEndianValue(at: 36)
  }

  /// Writes the message's 44 bytes.
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
    unsafe bytes.storeBigEndian(matchNumber, at: 36)
  }
}

/// The result of an auction. Type `Q`, 40 bytes.
@frozen
public struct CrossTrade: ITCHMessageBody, Equatable {
  /// The type letter `Q`.
  @inlinable public static var messageType: UInt8 { 0x51 }
  /// 40, the type byte included.
  @inlinable public static var byteCount: Int { 40 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Unit: shares. Offset 11.
  public var quantity: UInt64
  /// Symbol. Offset 19.
  public var symbol: ITCHSymbol
  /// Unit: 1/10,000 dollar. Offset 27.
  public var crossPrice: UInt32
  /// Match number. Offset 31.
  public var matchNumber: UInt64
  /// `O` opening, `C` closing, `H` halt or IPO. Offset 39.
  public var crossType: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, quantity: UInt64, symbol: ITCHSymbol, crossPrice: UInt32,
    matchNumber: UInt64, crossType: UInt8
  ) {
    self.header = header
    self.quantity = quantity
    self.symbol = symbol
    self.crossPrice = crossPrice
    self.matchNumber = matchNumber
    self.crossType = crossType
  }

  /// Reads a message of 40 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    quantity = unsafe bytes.bigEndianValue(at: 11)
    symbol = unsafe bytes.bigEndianValue(at: 19)
    crossPrice = unsafe bytes.bigEndianValue(at: 27)
    matchNumber = unsafe bytes.bigEndianValue(at: 31)
    crossType = unsafe bytes.bigEndianValue(at: 39)
  }

  /// Writes the message's 40 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(quantity, at: 11)
    unsafe bytes.storeBigEndian(symbol, at: 19)
    unsafe bytes.storeBigEndian(crossPrice, at: 27)
    unsafe bytes.storeBigEndian(matchNumber, at: 31)
    unsafe bytes.storeBigEndian(crossType, at: 39)
  }
}

/// A trade was annulled; the book is unchanged. Type `B`, 19 bytes.
@frozen
public struct BrokenTrade: ITCHMessageBody, Equatable {
  /// The type letter `B`.
  @inlinable public static var messageType: UInt8 { 0x42 }
  /// 19, the type byte included.
  @inlinable public static var byteCount: Int { 19 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Match number. Offset 11.
  public var matchNumber: UInt64

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, matchNumber: UInt64
  ) {
    self.header = header
    self.matchNumber = matchNumber
  }

  /// Reads a message of 19 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    matchNumber = unsafe bytes.bigEndianValue(at: 11)
  }

  /// Writes the message's 19 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(matchNumber, at: 11)
  }
}
