// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// The command of ``BookReplayEngine``: a run of framed messages, where they lie.
///
/// One command for thousands of messages, not one for each: the engine takes messages in batches so
/// that their cache misses overlap, and copying each into a command of its own would cost more than
/// the host does.
@safe
@frozen
public struct FramedMessages: BitwiseCopyable {
  @usableFromInline let baseAddress: UnsafeRawPointer?
  @usableFromInline let byteCount: Int
  /// Offset of the first byte in the stream, for the anomalies.
  public let streamOffset: UInt64
  /// Messages at most.
  public let messageCountMax: Int
  /// Time of the first message; zero where it is not complete.
  public let time: Nanoseconds

  /// Messages that stay where they are until the command was applied.
  ///
  /// - Parameters:
  ///   - bytes: Length-prefixed messages. The last one may be incomplete.
  ///   - streamOffset: Offset of the first byte in the stream.
  ///   - messageCountMax: Messages at most.
  @unsafe
  public init(_ bytes: UnsafeRawBufferPointer, streamOffset: UInt64, messageCountMax: Int) {
    unsafe baseAddress = bytes.baseAddress
    byteCount = bytes.count
    self.streamOffset = streamOffset
    self.messageCountMax = messageCountMax
    // SAFETY: the caller's bytes are there for this call.
    let timestamp = unsafe MarketBookBuilder.timestampNanoseconds(
      framed: RawSpan(_unsafeBytes: bytes))
    time = Nanoseconds(timestamp ?? 0)
  }

  /// Gives a command of messages to `body`, which must not keep it.
  ///
  /// - Parameters:
  ///   - framed: Length-prefixed messages. The last one may be incomplete.
  ///   - streamOffset: Offset of the first byte in the stream.
  ///   - messageCountMax: Messages at most.
  @inlinable
  public static func withCommand<Result>(
    framed: RawSpan, streamOffset: UInt64, messageCountMax: Int, _ body: (FramedMessages) -> Result
  ) -> Result {
    unsafe framed.withUnsafeBytes { bytes in
      // SAFETY: the bytes are there until the command was applied, which is inside this call.
      body(
        unsafe FramedMessages(
          bytes, streamOffset: streamOffset, messageCountMax: messageCountMax))
    }
  }
}
