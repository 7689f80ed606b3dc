// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What an order log begins with.
///
/// - Source: docs/formats/order-log.md.
public struct OrderLogHeader: Sendable, Equatable {
  /// Bytes of a header.
  public static let byteCount = 64
  /// What every log begins with: `ApusOrds`.
  public static let magic: [UInt8] = Array("ApusOrds".utf8)
  /// The version that is written and read.
  public static let version: UInt32 = 1
  /// Most bytes of a kind's name.
  public static let kindByteCountMax = 16

  /// What the stream is: the name of a kind of generated stream, or of its source.
  public var kind: String
  /// What it was generated from; 0 for a stream that was not.
  public var seed: UInt64
  /// Records that follow.
  public var recordCount: UInt64

  /// Bytes that are no header.
  public enum Rejection: Error, Equatable, Sendable {
    /// Too few bytes.
    case short
    /// Not the magic of an order log.
    case magic
    /// A version that is not read.
    case version(UInt32)
    /// Another length of records.
    case recordByteCount(UInt32)
    /// A name that is no printable ASCII, or bytes behind its end.
    case kind
    /// Reserved bytes that are not zero.
    case reserved

    /// The offset of the field. Unit: bytes.
    public var byteOffset: Int {
      switch self {
      case .short, .magic: 0
      case .version: 8
      case .recordByteCount: 12
      case .kind: 16
      case .reserved: 48
      }
    }
  }

  /// A header.
  ///
  /// - Precondition: `kind` is 1 to 16 printable ASCII characters without a space.
  public init(kind: String, seed: UInt64, recordCount: UInt64) {
    precondition(
      Self.isKind(Array(kind.utf8)),
      "OrderLogHeader.init: expected a kind of 1 to 16 printable ASCII characters")
    self.kind = kind
    self.seed = seed
    self.recordCount = recordCount
  }

  /// Reads a header.
  ///
  /// - Throws: ``Rejection`` for bytes that are none.
  public init(bytes: RawSpan) throws(Rejection) {
    let fields = [UInt8](prefixOf: bytes, countMax: Self.byteCount)
    guard fields.prefix(8) == Self.magic.prefix(fields.count) else { throw .magic }
    guard fields.count == Self.byteCount else { throw .short }
    let version = UInt32(truncatingIfNeeded: Self.integer(fields[8..<12]))
    guard version == Self.version else { throw .version(version) }
    let recordByteCount = UInt32(truncatingIfNeeded: Self.integer(fields[12..<16]))
    guard recordByteCount == OrderLogRecord.byteCount else {
      throw .recordByteCount(recordByteCount)
    }
    let name = Array(fields[16..<32].prefix { $0 != 0 })
    guard Self.isKind(name), fields[(16 + name.count)..<32].allSatisfy({ $0 == 0 }) else {
      throw .kind
    }
    guard fields[48..<64].allSatisfy({ $0 == 0 }) else { throw .reserved }
    kind = String(decoding: name, as: UTF8.self)
    seed = Self.integer(fields[32..<40])
    recordCount = Self.integer(fields[40..<48])
  }

  /// The 64 bytes.
  public var bytes: [UInt8] {
    var bytes = Self.magic
    func append(_ value: UInt64, byteCount: Int) {
      for index in 0..<byteCount {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
      }
    }
    append(UInt64(Self.version), byteCount: 4)
    append(UInt64(OrderLogRecord.byteCount), byteCount: 4)
    let name = Array(kind.utf8)
    bytes += name + Array(repeating: 0, count: Self.kindByteCountMax - name.count)
    append(seed, byteCount: 8)
    append(recordCount, byteCount: 8)
    append(0, byteCount: 8)
    append(0, byteCount: 8)
    return bytes
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func isKind(_ name: [UInt8]) -> Bool {
    (1...kindByteCountMax).contains(name.count) && name.allSatisfy { (0x21...0x7E).contains($0) }
  }
}

extension [UInt8] {
  /// The first bytes of a span, at most so many.
  fileprivate init(prefixOf bytes: RawSpan, countMax: Int) {
    self = (0..<Swift.min(countMax, bytes.byteCount)).map {
      // SAFETY: the index is below the count.
      unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
    }
  }
}
