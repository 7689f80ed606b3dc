// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Base64 with the standard alphabet and padding.
///
/// - Source: RFC 4648 section 4.
enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let available = min(3, bytes.count - start)
      var group: UInt32 = 0
      for index in 0..<3 {
        group = group << 8 | (index < available ? UInt32(bytes[start + index]) : 0)
      }
      for digit in 0..<4 {
        let isPadding = digit > available
        text.append(isPadding ? padding : alphabet[Int(group >> UInt32(18 - 6 * digit) & 63)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Throws: ``HistogramError/invalidBase64(byteOffset:)`` at the first byte that does not belong.
  static func decode(_ text: some Collection<UInt8>) throws(HistogramError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var digitCount = 0
    var paddingCount = 0
    var offset = 0
    for byte in text {
      if byte == padding {
        // Only the third and fourth place of the last group may be padding.
        guard digitCount >= 2, digitCount + paddingCount < 4 else {
          throw .invalidBase64(byteOffset: offset)
        }
        paddingCount += 1
      } else {
        guard paddingCount == 0, let digit = value(of: byte) else {
          throw .invalidBase64(byteOffset: offset)
        }
        group = group << 6 | digit
        digitCount += 1
        if digitCount == 4 {
          for shift: UInt32 in [16, 8, 0] {
            bytes.append(UInt8(truncatingIfNeeded: group >> shift))
          }
          group = 0
          digitCount = 0
        }
      }
      offset += 1
    }
    guard digitCount == 0 || digitCount + paddingCount == 4 else {
      throw .invalidBase64(byteOffset: offset)
    }
    if digitCount >= 2 {
      bytes.append(UInt8(truncatingIfNeeded: group >> (digitCount == 2 ? 4 : 10)))
    }
    if digitCount == 3 { bytes.append(UInt8(truncatingIfNeeded: group >> 2)) }
    return bytes
  }

  private static func value(of byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a") + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0") + 52)
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
