// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A point of the day: start and end of messages, system hours and market hours. Type `S`, 12 bytes.
@frozen
public struct SystemEvent: ITCHMessageBody, Equatable {
  /// The type letter `S`.
  @inlinable public static var messageType: UInt8 { 0x53 }
  /// 12, the type byte included.
  @inlinable public static var byteCount: Int { 12 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// `O`, `S`, `Q`, `M`, `E` or `C`. Offset 11.
  public var eventCode: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, eventCode: UInt8
  ) {
    self.header = header
    self.eventCode = eventCode
  }

  /// Reads a message of 12 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    eventCode = unsafe bytes.bigEndianValue(at: 11)
  }

  /// Writes the message's 12 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(eventCode, at: 11)
  }
}

/// The prices at which market-wide circuit breakers trip. Type `V`, 35 bytes.
@frozen
public struct MWCBDeclineLevel: ITCHMessageBody, Equatable {
  /// The type letter `V`.
  @inlinable public static var messageType: UInt8 { 0x56 }
  /// 35, the type byte included.
  @inlinable public static var byteCount: Int { 35 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Unit: 1/100,000,000 of a point. Offset 11.
  public var level1: UInt64
  /// Unit: 1/100,000,000 of a point. Offset 19.
  public var level2: UInt64
  /// Unit: 1/100,000,000 of a point. Offset 27.
  public var level3: UInt64

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, level1: UInt64, level2: UInt64, level3: UInt64
  ) {
    self.header = header
    self.level1 = level1
    self.level2 = level2
    self.level3 = level3
  }

  /// Reads a message of 35 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    level1 = unsafe bytes.bigEndianValue(at: 11)
    level2 = unsafe bytes.bigEndianValue(at: 19)
    level3 = unsafe bytes.bigEndianValue(at: 27)
  }

  /// Writes the message's 35 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(level1, at: 11)
    unsafe bytes.storeBigEndian(level2, at: 19)
    unsafe bytes.storeBigEndian(level3, at: 27)
  }
}

/// A market-wide circuit breaker tripped. Type `W`, 12 bytes.
@frozen
public struct MWCBStatus: ITCHMessageBody, Equatable {
  /// The type letter `W`.
  @inlinable public static var messageType: UInt8 { 0x57 }
  /// 12, the type byte included.
  @inlinable public static var byteCount: Int { 12 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// `1`, `2` or `3`. Offset 11.
  public var breachedLevel: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, breachedLevel: UInt8
  ) {
    self.header = header
    self.breachedLevel = breachedLevel
  }

  /// Reads a message of 12 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    breachedLevel = unsafe bytes.bigEndianValue(at: 11)
  }

  /// Writes the message's 12 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(breachedLevel, at: 11)
  }
}

/// When quoting of a new issue begins. Type `K`, 28 bytes.
@frozen
public struct IPOQuotingPeriodUpdate: ITCHMessageBody, Equatable {
  /// The type letter `K`.
  @inlinable public static var messageType: UInt8 { 0x4B }
  /// 28, the type byte included.
  @inlinable public static var byteCount: Int { 28 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// Unit: seconds since midnight. Offset 19.
  public var releaseTimeSeconds: UInt32
  /// `A` anticipated or `C` cancelled. Offset 23.
  public var releaseQualifier: UInt8
  /// IPO price. Unit: 1/10,000 dollar. Offset 24.
  public var price: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, releaseTimeSeconds: UInt32, releaseQualifier: UInt8,
    price: UInt32
  ) {
    self.header = header
    self.symbol = symbol
    self.releaseTimeSeconds = releaseTimeSeconds
    self.releaseQualifier = releaseQualifier
    self.price = price
  }

  /// Reads a message of 28 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    releaseTimeSeconds = unsafe bytes.bigEndianValue(at: 19)
    releaseQualifier = unsafe bytes.bigEndianValue(at: 23)
    price = unsafe bytes.bigEndianValue(at: 24)
  }

  /// Writes the message's 28 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(releaseTimeSeconds, at: 19)
    unsafe bytes.storeBigEndian(releaseQualifier, at: 23)
    unsafe bytes.storeBigEndian(price, at: 24)
  }
}

/// Price collar of an auction after a limit-up limit-down pause. Type `J`, 35 bytes.
@frozen
public struct LULDAuctionCollar: ITCHMessageBody, Equatable {
  /// The type letter `J`.
  @inlinable public static var messageType: UInt8 { 0x4A }
  /// 35, the type byte included.
  @inlinable public static var byteCount: Int { 35 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// Unit: 1/10,000 dollar. Offset 19.
  public var referencePrice: UInt32
  /// Unit: 1/10,000 dollar. Offset 23.
  public var upperPrice: UInt32
  /// Unit: 1/10,000 dollar. Offset 27.
  public var lowerPrice: UInt32
  /// How often the auction was extended. Offset 31.
  public var extensionCount: UInt32

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, referencePrice: UInt32, upperPrice: UInt32,
    lowerPrice: UInt32, extensionCount: UInt32
  ) {
    self.header = header
    self.symbol = symbol
    self.referencePrice = referencePrice
    self.upperPrice = upperPrice
    self.lowerPrice = lowerPrice
    self.extensionCount = extensionCount
  }

  /// Reads a message of 35 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    referencePrice = unsafe bytes.bigEndianValue(at: 19)
    upperPrice = unsafe bytes.bigEndianValue(at: 23)
    lowerPrice = unsafe bytes.bigEndianValue(at: 27)
    extensionCount = unsafe bytes.bigEndianValue(at: 31)
  }

  /// Writes the message's 35 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(referencePrice, at: 19)
    unsafe bytes.storeBigEndian(upperPrice, at: 23)
    unsafe bytes.storeBigEndian(lowerPrice, at: 27)
    unsafe bytes.storeBigEndian(extensionCount, at: 31)
  }
}

/// One market interrupted or resumed an instrument. Type `h`, 21 bytes.
@frozen
public struct OperationalHalt: ITCHMessageBody, Equatable {
  /// The type letter `h`.
  @inlinable public static var messageType: UInt8 { 0x68 }
  /// 21, the type byte included.
  @inlinable public static var byteCount: Int { 21 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// `Q` Nasdaq, `B` BX, `X` PSX. Offset 19.
  public var marketCode: UInt8
  /// `H` halted, `T` resumed. Offset 20.
  public var action: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, marketCode: UInt8, action: UInt8
  ) {
    self.header = header
    self.symbol = symbol
    self.marketCode = marketCode
    self.action = action
  }

  /// Reads a message of 21 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    marketCode = unsafe bytes.bigEndianValue(at: 19)
    action = unsafe bytes.bigEndianValue(at: 20)
  }

  /// Writes the message's 21 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(marketCode, at: 19)
    unsafe bytes.storeBigEndian(action, at: 20)
  }
}
