// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The body of one message type of ITCH 5.0.
///
/// Reading one field of a value made from bytes compiles to one load: what is not used is not read.
public protocol ITCHMessageBody: BitwiseCopyable, Sendable {
  /// The type letter.
  static var messageType: UInt8 { get }
  /// The length, the type byte included. Unit: bytes.
  static var byteCount: Int { get }
  /// Locate, tracking number and time.
  var header: ITCHHeader { get set }
  /// Reads a message; the caller has `byteCount` readable bytes.
  @unsafe init(unsafeBytes: UnsafeRawPointer)
  /// Writes the message; the caller has `byteCount` writable bytes.
  @unsafe func encode(toUnsafeBytes: UnsafeMutableRawPointer)
}

/// What every message begins with, but for its type.
@frozen
public struct ITCHHeader: BitwiseCopyable, Equatable, Sendable {
  /// Number of the instrument for the day; 0 where the message concerns none.
  public var locate: UInt16
  /// The exchange's own number.
  public var trackingNumber: UInt16
  /// Unit: nanoseconds since midnight; 48 bits on the wire.
  public var timestampNanoseconds: UInt64

  /// A header of these values.
  @inlinable
  public init(locate: UInt16, trackingNumber: UInt16 = 0, timestampNanoseconds: UInt64) {
    self.locate = locate
    self.trackingNumber = trackingNumber
    self.timestampNanoseconds = timestampNanoseconds
  }

  /// Reads the 11 bytes that begin a message.
  @inlinable @inline(__always)
  @unsafe
  public init(unsafeBytes bytes: UnsafeRawPointer) {
    // SAFETY: the caller has 11 readable bytes. One load of 8 bytes at 3 covers the tracking
    // number and the 48 bits of time.
    locate = unsafe bytes.bigEndianValue(at: 1)
    let word: UInt64 = unsafe bytes.bigEndianValue(at: 3)
    trackingNumber = UInt16(truncatingIfNeeded: word >> 48)
    timestampNanoseconds = word & 0xFFFF_FFFF_FFFF
  }

  /// Writes the 11 bytes that begin a message.
  @inlinable @inline(__always)
  @unsafe
  public func encode(type: UInt8, toUnsafeBytes bytes: UnsafeMutableRawPointer) {
    // SAFETY: the caller has 11 writable bytes.
    unsafe bytes.storeBytes(of: type, as: UInt8.self)
    unsafe bytes.storeBigEndian(locate, at: 1)
    let word = UInt64(trackingNumber) << 48 | timestampNanoseconds & 0xFFFF_FFFF_FFFF
    unsafe bytes.storeBigEndian(word, at: 3)
  }
}

/// Side of the book.
@frozen
public enum Side: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// `B`.
  case buy = 0x42
  /// `S`.
  case sell = 0x53

  /// The other side.
  @inlinable public var opposite: Side { self == .buy ? .sell : .buy }
}

/// A value that stands in a message as big-endian bytes.
public protocol ITCHField: BitwiseCopyable {
  /// The unsigned integer of the same width.
  associatedtype Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable
  /// The value as an integer; its most significant byte comes first on the wire.
  var itchBits: Bits { get }
  /// The value of these bits.
  init(itchBits: Bits)
}

extension UnsafeRawPointer {
  /// Reads a field at any alignment.
  @inlinable @inline(__always)
  @unsafe
  public func bigEndianValue<Field: ITCHField>(at offset: Int) -> Field {
    // SAFETY: the caller has the field's bytes.
    let bits = unsafe (self + offset).loadUnaligned(as: Field.Bits.self)
    return Field(itchBits: Field.Bits(bigEndian: bits))
  }
}

extension UnsafeMutableRawPointer {
  /// Writes a field at any alignment.
  @inlinable @inline(__always)
  @unsafe
  public func storeBigEndian<Field: ITCHField>(_ field: Field, at offset: Int) {
    // SAFETY: the caller has the field's bytes.
    unsafe (self + offset).storeBytes(of: field.itchBits.bigEndian, as: Field.Bits.self)
  }
}
