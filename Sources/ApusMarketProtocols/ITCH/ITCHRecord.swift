// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One message in one form for all types: the fields that order flow and trades have.
///
/// A field that the message's type does not have is zero. Messages of other types (directory,
/// auctions, halts) have their header and ``byteOffset`` only: `ITCHDecoder` reads the rest.
@frozen
public struct ITCHRecord: BitwiseCopyable, Equatable, Sendable {
  /// Unit: nanoseconds since midnight.
  public var timestampNanoseconds: UInt64
  /// The order: A, F, E, C, X, D, P, and U, where it is the original one.
  public var reference: UInt64
  /// The new order of U; the match number of E, C and P.
  public var secondReference: UInt64
  /// The instrument: A, F, P.
  public var symbol: ITCHSymbol
  /// Added, executed, cancelled or traded: A, F, E, C, X, U, P. Unit: shares.
  public var quantity: UInt32
  /// A, F, C, U, P. Unit: 1/10,000 dollar.
  public var price: UInt32
  /// The participant: F.
  public var attribution: ITCHText4
  /// Where the message begins in the bytes that were decoded. Unit: bytes.
  public var byteOffset: UInt32
  /// Number of the instrument for the day.
  public var locate: UInt16
  /// The exchange's own number.
  public var trackingNumber: UInt16
  /// The type letter.
  public var messageType: UInt8
  /// `B` or `S`: A, F, P.
  public var sideCode: UInt8
  /// `Y` or `N`: C.
  public var printable: UInt8
  /// Whether the type is one whose fields are all here: A, F, E, C, X, D, U, P.
  public var isOrderFlow: Bool

  /// A record of these values.
  @inlinable @inline(__always)
  public init(
    timestampNanoseconds: UInt64, reference: UInt64, secondReference: UInt64, symbol: ITCHSymbol,
    quantity: UInt32, price: UInt32, attribution: ITCHText4, byteOffset: UInt32, locate: UInt16,
    trackingNumber: UInt16, messageType: UInt8, sideCode: UInt8, printable: UInt8,
    isOrderFlow: Bool
  ) {
    self.timestampNanoseconds = timestampNanoseconds
    self.reference = reference
    self.secondReference = secondReference
    self.symbol = symbol
    self.quantity = quantity
    self.price = price
    self.attribution = attribution
    self.byteOffset = byteOffset
    self.locate = locate
    self.trackingNumber = trackingNumber
    self.messageType = messageType
    self.sideCode = sideCode
    self.printable = printable
    self.isOrderFlow = isOrderFlow
  }
}
