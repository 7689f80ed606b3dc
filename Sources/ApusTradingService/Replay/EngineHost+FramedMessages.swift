// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusTrading

extension EngineHost
where E == BookReplayEngine, Input: ~Copyable, Journal: ~Copyable, Output: ~Copyable {
  /// Takes whole messages from the front of `framed`, at their recorded time.
  ///
  /// - Parameters:
  ///   - framed: Length-prefixed messages. The last one may be incomplete.
  ///   - streamOffset: Offset of the first byte in the stream, for the anomalies.
  ///   - messageCountMax: Messages at most; also limited by the engine's configuration.
  /// - Returns: Bytes consumed; 0 where not even one message is complete, and where there is no room for
  ///   the events or the record: move, or take the events, and try again.
  mutating func step(framed: RawSpan, streamOffset: UInt64, messageCountMax: Int) -> Int {
    let byteCount = FramedMessages.wholeByteCount(
      of: framed, messageCountMax: min(messageCountMax, engine.messageCountMax),
      byteCountMax: E.attachmentByteCountMax)
    guard byteCount > 0 else { return 0 }
    let outcome = step(
      now: Nanoseconds(MarketBookBuilder.timestampNanoseconds(framed: framed) ?? 0),
      command: FramedMessages(streamOffset: streamOffset),
      attachment: framed.extracting(0..<byteCount))
    return outcome == .applied ? byteCount : 0
  }
}
