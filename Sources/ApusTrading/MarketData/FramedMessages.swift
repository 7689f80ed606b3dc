// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The command of ``BookReplayEngine``: a run of framed messages, which are its attachment.
///
/// One command for thousands of messages, not one for each: the engine takes messages in batches so
/// that their cache misses overlap.
@frozen
public struct FramedMessages: BitwiseCopyable, Sendable, Equatable {
  /// Offset of the attachment's first byte in the stream, for the anomalies.
  public var streamOffset: UInt64
  /// Messages at most.
  public var messageCountMax: UInt64

  /// A run of messages.
  @inlinable
  public init(streamOffset: UInt64, messageCountMax: UInt64 = .max) {
    self.streamOffset = streamOffset
    self.messageCountMax = messageCountMax
  }

  /// Bytes of whole messages at the front: what an attachment may have of a window.
  ///
  /// - Parameters:
  ///   - framed: Length-prefixed messages: two bytes, the greater first, then as many bytes. The last one
  ///     may be incomplete.
  ///   - messageCountMax: Messages at most.
  ///   - byteCountMax: Bytes at most.
  /// - Returns: 0 where the first message is not complete, or longer than that.
  /// - Complexity: O(messages).
  public static func wholeByteCount(
    of framed: RawSpan, messageCountMax: Int, byteCountMax: Int = .max
  ) -> Int {
    unsafe framed.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      let end = min(bytes.count, byteCountMax)
      var position = 0
      var remaining = messageCountMax
      while remaining > 0, end &- position >= 2 {
        // SAFETY: two bytes are there.
        let length = UInt16(
          bigEndian: unsafe (base + position).loadUnaligned(as: UInt16.self))
        let next = position &+ 2 &+ Int(length)
        if next > end { break }
        position = next
        remaining &-= 1
      }
      return position
    }
  }
}
