// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Walks over length-framed messages.
public enum ITCHFileFraming {
  /// Calls `body` with each complete frame's message and the offset of its frame.
  ///
  /// - Returns: Bytes consumed; the rest is an incomplete frame.
  /// - Complexity: O(messages); no allocation.
  public static func forEachMessage(
    in framed: RawSpan, _ body: (_ message: RawSpan, _ offset: Int) -> Void
  ) -> Int {
    var cursor = 0
    while framed.byteCount - cursor >= 2 {
      // SAFETY: two bytes are there; any bit pattern is a valid integer.
      let length = unsafe Int(
        UInt16(bigEndian: framed.unsafeLoadUnaligned(fromByteOffset: cursor, as: UInt16.self)))
      guard framed.byteCount - cursor - 2 >= length else { break }
      body(framed.extracting(cursor + 2..<cursor + 2 + length), cursor)
      cursor += 2 + length
    }
    return cursor
  }
}
