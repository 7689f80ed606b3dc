// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension UInt8: ITCHField {
  /// Itself.
  @inlinable @inline(__always)
  public var itchBits: UInt8 { self }
  /// Itself.
  @inlinable @inline(__always)
  public init(itchBits: UInt8) { self = itchBits }
}

extension UInt16: ITCHField {
  /// Itself.
  @inlinable @inline(__always)
  public var itchBits: UInt16 { self }
  /// Itself.
  @inlinable @inline(__always)
  public init(itchBits: UInt16) { self = itchBits }
}

extension UInt32: ITCHField {
  /// Itself.
  @inlinable @inline(__always)
  public var itchBits: UInt32 { self }
  /// Itself.
  @inlinable @inline(__always)
  public init(itchBits: UInt32) { self = itchBits }
}

extension UInt64: ITCHField {
  /// Itself.
  @inlinable @inline(__always)
  public var itchBits: UInt64 { self }
  /// Itself.
  @inlinable @inline(__always)
  public init(itchBits: UInt64) { self = itchBits }
}

/// An instrument's name: 8 ASCII characters, padded with spaces, as one integer.
@frozen
public struct ITCHSymbol: ITCHField, Hashable, Sendable, CustomStringConvertible {
  /// The characters, first one in the most significant byte.
  public var rawValue: UInt64

  /// Text of these characters.
  @inlinable @inline(__always)
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The first 8 bytes of a text, padded with spaces.
  public init(_ text: String) {
    var bytes = text.utf8.makeIterator()
    var value: UInt64 = 0
    for _ in 0..<8 { value = value << 8 | UInt64(bytes.next() ?? 0x20) }
    rawValue = value
  }

  /// The text without its padding; bytes that are not printable ASCII read as `?`.
  public var description: String {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> (56 - 8 * $0)) }
    while let last = bytes.last, last == 0x20 || last == 0 { bytes.removeLast() }
    return String(
      decoding: bytes.map { (0x21...0x7E).contains($0) || $0 == 0x20 ? $0 : 0x3F }, as: UTF8.self)
  }

  /// The characters as an integer.
  @inlinable @inline(__always)
  public var itchBits: UInt64 { rawValue }
  /// Text of these characters.
  @inlinable @inline(__always)
  public init(itchBits: UInt64) { rawValue = itchBits }
}

/// A participant or a reason: 4 ASCII characters, padded with spaces, as one integer.
@frozen
public struct ITCHText4: ITCHField, Hashable, Sendable, CustomStringConvertible {
  /// The characters, first one in the most significant byte.
  public var rawValue: UInt32

  /// Text of these characters.
  @inlinable @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The first 4 bytes of a text, padded with spaces.
  public init(_ text: String) {
    var bytes = text.utf8.makeIterator()
    var value: UInt32 = 0
    for _ in 0..<4 { value = value << 8 | UInt32(bytes.next() ?? 0x20) }
    rawValue = value
  }

  /// The text without its padding; bytes that are not printable ASCII read as `?`.
  public var description: String {
    var bytes = (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (24 - 8 * $0)) }
    while let last = bytes.last, last == 0x20 || last == 0 { bytes.removeLast() }
    return String(
      decoding: bytes.map { (0x21...0x7E).contains($0) || $0 == 0x20 ? $0 : 0x3F }, as: UTF8.self)
  }

  /// The characters as an integer.
  @inlinable @inline(__always)
  public var itchBits: UInt32 { rawValue }
  /// Text of these characters.
  @inlinable @inline(__always)
  public init(itchBits: UInt32) { rawValue = itchBits }
}

/// A sub-type: 2 ASCII characters, padded with spaces, as one integer.
@frozen
public struct ITCHText2: ITCHField, Hashable, Sendable, CustomStringConvertible {
  /// The characters, first one in the most significant byte.
  public var rawValue: UInt16

  /// Text of these characters.
  @inlinable @inline(__always)
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The first 2 bytes of a text, padded with spaces.
  public init(_ text: String) {
    var bytes = text.utf8.makeIterator()
    var value: UInt16 = 0
    for _ in 0..<2 { value = value << 8 | UInt16(bytes.next() ?? 0x20) }
    rawValue = value
  }

  /// The text without its padding; bytes that are not printable ASCII read as `?`.
  public var description: String {
    var bytes = (0..<2).map { UInt8(truncatingIfNeeded: rawValue >> (8 - 8 * $0)) }
    while let last = bytes.last, last == 0x20 || last == 0 { bytes.removeLast() }
    return String(
      decoding: bytes.map { (0x21...0x7E).contains($0) || $0 == 0x20 ? $0 : 0x3F }, as: UTF8.self)
  }

  /// The characters as an integer.
  @inlinable @inline(__always)
  public var itchBits: UInt16 { rawValue }
  /// Text of these characters.
  @inlinable @inline(__always)
  public init(itchBits: UInt16) { rawValue = itchBits }
}
