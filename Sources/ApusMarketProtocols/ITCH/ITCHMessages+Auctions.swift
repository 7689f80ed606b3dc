// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Paired and unpaired quantity before an auction. Type `I`, 50 bytes.
@frozen
public struct NetOrderImbalance: ITCHMessageBody, Equatable {
  /// The type letter `I`.
  @inlinable public static var messageType: UInt8 { 0x49 }
  /// 50, the type byte included.
  @inlinable public static var byteCount: Int { 50 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Unit: shares. Offset 11.
  public var pairedQuantity: UInt64
  /// Unit: shares. Offset 19.
  public var imbalanceQuantity: UInt64
  /// `B`, `S`, `N` none, `O` too few orders, `P` paused. Offset 27.
  public var imbalanceDirection: UInt8
  /// Symbol. Offset 28.
  public var symbol: ITCHSymbol
  /// Unit: 1/10,000 dollar. Offset 36.
  public var farPrice: UInt32
  /// Unit: 1/10,000 dollar. Offset 40.
  public var nearPrice: UInt32
  /// Unit: 1/10,000 dollar. Offset 44.
  public var currentReferencePrice: UInt32
  /// Cross type. Offset 48.
  public var crossType: UInt8
  /// Price variation. Offset 49.
  public var priceVariation: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, pairedQuantity: UInt64, imbalanceQuantity: UInt64,
    imbalanceDirection: UInt8, symbol: ITCHSymbol, farPrice: UInt32, nearPrice: UInt32,
    currentReferencePrice: UInt32, crossType: UInt8, priceVariation: UInt8
  ) {
    self.header = header
    self.pairedQuantity = pairedQuantity
    self.imbalanceQuantity = imbalanceQuantity
    self.imbalanceDirection = imbalanceDirection
    self.symbol = symbol
    self.farPrice = farPrice
    self.nearPrice = nearPrice
    self.currentReferencePrice = currentReferencePrice
    self.crossType = crossType
    self.priceVariation = priceVariation
  }

  /// Reads a message of 50 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    pairedQuantity = unsafe bytes.bigEndianValue(at: 11)
    imbalanceQuantity = unsafe bytes.bigEndianValue(at: 19)
    imbalanceDirection = unsafe bytes.bigEndianValue(at: 27)
    symbol = unsafe bytes.bigEndianValue(at: 28)
    farPrice = unsafe bytes.bigEndianValue(at: 36)
    nearPrice = unsafe bytes.bigEndianValue(at: 40)
    currentReferencePrice = unsafe bytes.bigEndianValue(at: 44)
    crossType = unsafe bytes.bigEndianValue(at: 48)
    priceVariation = unsafe bytes.bigEndianValue(at: 49)
  }

  /// Writes the message's 50 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(pairedQuantity, at: 11)
    unsafe bytes.storeBigEndian(imbalanceQuantity, at: 19)
    unsafe bytes.storeBigEndian(imbalanceDirection, at: 27)
    unsafe bytes.storeBigEndian(symbol, at: 28)
    unsafe bytes.storeBigEndian(farPrice, at: 36)
    unsafe bytes.storeBigEndian(nearPrice, at: 40)
    unsafe bytes.storeBigEndian(currentReferencePrice, at: 44)
    unsafe bytes.storeBigEndian(crossType, at: 48)
    unsafe bytes.storeBigEndian(priceVariation, at: 49)
  }
}

/// Retail interest in an instrument. Type `N`, 20 bytes.
@frozen
public struct RetailPriceImprovement: ITCHMessageBody, Equatable {
  /// The type letter `N`.
  @inlinable public static var messageType: UInt8 { 0x4E }
  /// 20, the type byte included.
  @inlinable public static var byteCount: Int { 20 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// `B`, `S`, `A` both or `N` none. Offset 19.
  public var interestFlag: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, interestFlag: UInt8
  ) {
    self.header = header
    self.symbol = symbol
    self.interestFlag = interestFlag
  }

  /// Reads a message of 20 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    interestFlag = unsafe bytes.bigEndianValue(at: 19)
  }

  /// Writes the message's 20 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(interestFlag, at: 19)
  }
}

/// Price discovery of a direct listing with capital raise. Type `O`, 48 bytes.
@frozen
public struct DirectListingCapitalRaise: ITCHMessageBody, Equatable {
  /// The type letter `O`.
  @inlinable public static var messageType: UInt8 { 0x4F }
  /// 48, the type byte included.
  @inlinable public static var byteCount: Int { 48 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// `Y` or `N`. Offset 19.
  public var openEligibility: UInt8
  /// Unit: 1/10,000 dollar. Offset 20.
  public var minimumPrice: UInt32
  /// Unit: 1/10,000 dollar. Offset 24.
  public var maximumPrice: UInt32
  /// Unit: 1/10,000 dollar. Offset 28.
  public var nearExecutionPrice: UInt32
  /// Unit: nanoseconds since midnight. Offset 32.
  public var nearExecutionTime: UInt64
  /// Unit: 1/10,000 dollar. Offset 40.
  public var lowerPriceCollar: UInt32
  /// Unit: 1/10,000 dollar. Offset 44.
  public var upperPriceCollar: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, openEligibility: UInt8, minimumPrice: UInt32,
    maximumPrice: UInt32, nearExecutionPrice: UInt32, nearExecutionTime: UInt64,
    lowerPriceCollar: UInt32, upperPriceCollar: UInt32
  ) {
    self.header = header
    self.symbol = symbol
    self.openEligibility = openEligibility
    self.minimumPrice = minimumPrice
    self.maximumPrice = maximumPrice
    self.nearExecutionPrice = nearExecutionPrice
    self.nearExecutionTime = nearExecutionTime
    self.lowerPriceCollar = lowerPriceCollar
    self.upperPriceCollar = upperPriceCollar
  }

  /// Reads a message of 48 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    openEligibility = unsafe bytes.bigEndianValue(at: 19)
    minimumPrice = unsafe bytes.bigEndianValue(at: 20)
    maximumPrice = unsafe bytes.bigEndianValue(at: 24)
    nearExecutionPrice = unsafe bytes.bigEndianValue(at: 28)
    nearExecutionTime = unsafe bytes.bigEndianValue(at: 32)
    lowerPriceCollar = unsafe bytes.bigEndianValue(at: 40)
    upperPriceCollar = unsafe bytes.bigEndianValue(at: 44)
  }

  /// Writes the message's 48 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(openEligibility, at: 19)
    unsafe bytes.storeBigEndian(minimumPrice, at: 20)
    unsafe bytes.storeBigEndian(maximumPrice, at: 24)
    unsafe bytes.storeBigEndian(nearExecutionPrice, at: 28)
    unsafe bytes.storeBigEndian(nearExecutionTime, at: 32)
    unsafe bytes.storeBigEndian(lowerPriceCollar, at: 40)
    unsafe bytes.storeBigEndian(upperPriceCollar, at: 44)
  }
}
