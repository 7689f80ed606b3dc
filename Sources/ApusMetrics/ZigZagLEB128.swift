// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Signed integers in 1 to 9 bytes: zig-zag (small magnitudes become small numbers), then seven bits
/// a byte, lowest first, the top bit meaning "more"; a ninth byte carries eight bits.
///
/// - Source: the counts of the HdrHistogram V2 encoding.
enum ZigZagLEB128 {
  /// The most bytes that one value takes.
  static let byteCountMax = 9

  static func append(_ value: Int64, to bytes: inout [UInt8]) {
    var rest = UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    for _ in 0..<(byteCountMax - 1) {
      if rest < 0x80 { break }
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Reads one value and moves `offset` past it; nil when the bytes end inside it.
  static func read(_ bytes: [UInt8], at offset: inout Int) -> Int64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count {
      let byte = UInt64(bytes[offset])
      offset += 1
      if shift == 56 {
        return unzigzag(value | byte &<< 56)
      }
      value |= (byte & 0x7F) &<< shift
      if byte < 0x80 { return unzigzag(value) }
      shift += 7
    }
    return nil
  }

  private static func unzigzag(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
