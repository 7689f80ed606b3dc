// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Names an instrument and its locate for the day. Type `R`, 39 bytes.
@frozen
public struct StockDirectory: ITCHMessageBody, Equatable {
  /// The type letter `R`.
  @inlinable public static var messageType: UInt8 { 0x52 }
  /// 39, the type byte included.
  @inlinable public static var byteCount: Int { 39 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// Market category. Offset 19.
  public var marketCategory: UInt8
  /// Financial status. Offset 20.
  public var financialStatus: UInt8
  /// Unit: shares. Offset 21.
  public var roundLotSize: UInt32
  /// `Y` or `N`. Offset 25.
  public var roundLotsOnly: UInt8
  /// Issue classification. Offset 26.
  public var issueClassification: UInt8
  /// Issue sub type. Offset 27.
  public var issueSubType: ITCHText2
  /// `P` live, `T` test. Offset 29.
  public var authenticity: UInt8
  /// Short sale threshold. Offset 30.
  public var shortSaleThreshold: UInt8
  /// Ipo flag. Offset 31.
  public var ipoFlag: UInt8
  /// Luld reference price tier. Offset 32.
  public var luldReferencePriceTier: UInt8
  /// Etp flag. Offset 33.
  public var etpFlag: UInt8
  /// Etp leverage factor. Offset 34.
  public var etpLeverageFactor: UInt32
  /// Inverse indicator. Offset 38.
  public var inverseIndicator: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, marketCategory: UInt8, financialStatus: UInt8,
    roundLotSize: UInt32, roundLotsOnly: UInt8, issueClassification: UInt8, issueSubType: ITCHText2,
    authenticity: UInt8, shortSaleThreshold: UInt8, ipoFlag: UInt8, luldReferencePriceTier: UInt8,
    etpFlag: UInt8, etpLeverageFactor: UInt32, inverseIndicator: UInt8
  ) {
    self.header = header
    self.symbol = symbol
    self.marketCategory = marketCategory
    self.financialStatus = financialStatus
    self.roundLotSize = roundLotSize
    self.roundLotsOnly = roundLotsOnly
    self.issueClassification = issueClassification
    self.issueSubType = issueSubType
    self.authenticity = authenticity
    self.shortSaleThreshold = shortSaleThreshold
    self.ipoFlag = ipoFlag
    self.luldReferencePriceTier = luldReferencePriceTier
    self.etpFlag = etpFlag
    self.etpLeverageFactor = etpLeverageFactor
    self.inverseIndicator = inverseIndicator
  }

  /// Reads a message of 39 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    marketCategory = unsafe bytes.bigEndianValue(at: 19)
    financialStatus = unsafe bytes.bigEndianValue(at: 20)
    roundLotSize = unsafe bytes.bigEndianValue(at: 21)
    roundLotsOnly = unsafe bytes.bigEndianValue(at: 25)
    issueClassification = unsafe bytes.bigEndianValue(at: 26)
    issueSubType = unsafe bytes.bigEndianValue(at: 27)
    authenticity = unsafe bytes.bigEndianValue(at: 29)
    shortSaleThreshold = unsafe bytes.bigEndianValue(at: 30)
    ipoFlag = unsafe bytes.bigEndianValue(at: 31)
    luldReferencePriceTier = unsafe bytes.bigEndianValue(at: 32)
    etpFlag = unsafe bytes.bigEndianValue(at: 33)
    etpLeverageFactor = unsafe bytes.bigEndianValue(at: 34)
    inverseIndicator = unsafe bytes.bigEndianValue(at: 38)
  }

  /// Writes the message's 39 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(marketCategory, at: 19)
    unsafe bytes.storeBigEndian(financialStatus, at: 20)
    unsafe bytes.storeBigEndian(roundLotSize, at: 21)
    unsafe bytes.storeBigEndian(roundLotsOnly, at: 25)
    unsafe bytes.storeBigEndian(issueClassification, at: 26)
    unsafe bytes.storeBigEndian(issueSubType, at: 27)
    unsafe bytes.storeBigEndian(authenticity, at: 29)
    unsafe bytes.storeBigEndian(shortSaleThreshold, at: 30)
    unsafe bytes.storeBigEndian(ipoFlag, at: 31)
    unsafe bytes.storeBigEndian(luldReferencePriceTier, at: 32)
    unsafe bytes.storeBigEndian(etpFlag, at: 33)
    unsafe bytes.storeBigEndian(etpLeverageFactor, at: 34)
    unsafe bytes.storeBigEndian(inverseIndicator, at: 38)
  }
}

/// Trading state of an instrument. Type `H`, 25 bytes.
@frozen
public struct StockTradingAction: ITCHMessageBody, Equatable {
  /// The type letter `H`.
  @inlinable public static var messageType: UInt8 { 0x48 }
  /// 25, the type byte included.
  @inlinable public static var byteCount: Int { 25 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// `H` halted, `P` paused, `Q` quotation only, `T` trading. Offset 19.
  public var tradingState: UInt8
  /// Reserved. Offset 20.
  public var reserved: UInt8
  /// Reason. Offset 21.
  public var reason: ITCHText4

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, tradingState: UInt8, reserved: UInt8, reason: ITCHText4
  ) {
    self.header = header
    self.symbol = symbol
    self.tradingState = tradingState
    self.reserved = reserved
    self.reason = reason
  }

  /// Reads a message of 25 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    tradingState = unsafe bytes.bigEndianValue(at: 19)
    reserved = unsafe bytes.bigEndianValue(at: 20)
    reason = unsafe bytes.bigEndianValue(at: 21)
  }

  /// Writes the message's 25 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(tradingState, at: 19)
    unsafe bytes.storeBigEndian(reserved, at: 20)
    unsafe bytes.storeBigEndian(reason, at: 21)
  }
}

/// Short-sale price test of an instrument. Type `Y`, 20 bytes.
@frozen
public struct RegSHORestriction: ITCHMessageBody, Equatable {
  /// The type letter `Y`.
  @inlinable public static var messageType: UInt8 { 0x59 }
  /// 20, the type byte included.
  @inlinable public static var byteCount: Int { 20 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Symbol. Offset 11.
  public var symbol: ITCHSymbol
  /// `0`, `1` or `2`. Offset 19.
  public var action: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, symbol: ITCHSymbol, action: UInt8
  ) {
    self.header = header
    self.symbol = symbol
    self.action = action
  }

  /// Reads a message of 20 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    symbol = unsafe bytes.bigEndianValue(at: 11)
    action = unsafe bytes.bigEndianValue(at: 19)
  }

  /// Writes the message's 20 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(symbol, at: 11)
    unsafe bytes.storeBigEndian(action, at: 19)
  }
}

/// A market maker's standing in an instrument. Type `L`, 26 bytes.
@frozen
public struct MarketParticipantPosition: ITCHMessageBody, Equatable {
  /// The type letter `L`.
  @inlinable public static var messageType: UInt8 { 0x4C }
  /// 26, the type byte included.
  @inlinable public static var byteCount: Int { 26 }

  /// Locate, tracking number and time. Offset 1.
  public var header: ITCHHeader
  /// Mpid. Offset 11.
  public var mpid: ITCHText4
  /// Symbol. Offset 15.
  public var symbol: ITCHSymbol
  /// Primary market maker. Offset 23.
  public var primaryMarketMaker: UInt8
  /// Market maker mode. Offset 24.
  public var marketMakerMode: UInt8
  /// Participant state. Offset 25.
  public var participantState: UInt8

  /// A message of these values.
  @inlinable
  public init(
    header: ITCHHeader, mpid: ITCHText4, symbol: ITCHSymbol, primaryMarketMaker: UInt8,
    marketMakerMode: UInt8, participantState: UInt8
  ) {
    self.header = header
    self.mpid = mpid
    self.symbol = symbol
    self.primaryMarketMaker = primaryMarketMaker
    self.marketMakerMode = marketMakerMode
    self.participantState = participantState
  }

  /// Reads a message of 26 bytes.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has `byteCount` readable bytes; any bit pattern is a valid field.
    header = unsafe ITCHHeader(unsafeBytes: bytes)
    mpid = unsafe bytes.bigEndianValue(at: 11)
    symbol = unsafe bytes.bigEndianValue(at: 15)
    primaryMarketMaker = unsafe bytes.bigEndianValue(at: 23)
    marketMakerMode = unsafe bytes.bigEndianValue(at: 24)
    participantState = unsafe bytes.bigEndianValue(at: 25)
  }

  /// Writes the message's 26 bytes.
  @inlinable @inline(__always)
  @unsafe
  public func encode(toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has `byteCount` writable bytes.
    unsafe header.encode(type: Self.messageType, toUnsafeBytes: bytes)
    unsafe bytes.storeBigEndian(mpid, at: 11)
    unsafe bytes.storeBigEndian(symbol, at: 15)
    unsafe bytes.storeBigEndian(primaryMarketMaker, at: 23)
    unsafe bytes.storeBigEndian(marketMakerMode, at: 24)
    unsafe bytes.storeBigEndian(participantState, at: 25)
  }
}
