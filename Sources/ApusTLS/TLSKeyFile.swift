// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The file that a pre-shared key is in: hexadecimal digits, in one line.
///
/// `openssl rand -hex 32 > link.key && chmod 600 link.key` makes one.
public enum TLSKeyFile {
  /// Reads a key.
  ///
  /// - Throws: ``TLSError/system(operation:path:errno:)``; ``TLSError/exposedFile(path:mode:)`` where its
  ///   mode lets anyone but its owner at it; ``TLSError/file(path:reason:)`` for anything but 32 to 128
  ///   digits, an even number of them, in one line. No error says what is in the file.
  public static func read(_ path: String) throws(TLSError) -> TLSKey {
    var text = try TLSFile.read(path, isSecret: true, byteCountMax: 4096)
    defer { TLSFile.cleanse(&text) }
    // No slice: one that shares the array's memory would have it copied, and the copy wiped.
    var count = text.count
    if count > 0, text[count - 1] == UInt8(ascii: "\n") { count -= 1 }
    if count > 0, text[count - 1] == UInt8(ascii: "\r") { count -= 1 }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count / 2)
    defer { TLSFile.cleanse(&bytes) }
    guard !(0..<count).contains(where: { text[$0] == UInt8(ascii: "\n") }) else {
      throw .file(path: path, reason: "expected one line of hexadecimal digits, found more lines")
    }
    for offset in 0..<count {
      guard let value = value(text[offset]) else {
        throw .file(
          path: path, reason: "expected hexadecimal digits, found another byte at offset \(offset)")
      }
      if offset % 2 == 0 {
        bytes.append(value << 4)
      } else {
        bytes[offset / 2] |= value
      }
    }
    guard count % 2 == 0, TLSKey.byteCounts.contains(count / 2) else {
      throw .file(
        path: path,
        reason: "expected 32 to 128 hexadecimal digits, an even number, found \(count)")
    }
    do throws(TLSError) {
      return try TLSKey(bytes)
    } catch {
      throw .file(path: path, reason: "expected a random key, found one byte repeated")
    }
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
