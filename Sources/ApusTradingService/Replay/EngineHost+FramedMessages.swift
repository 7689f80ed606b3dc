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
  /// - Returns: Bytes consumed; 0 as well when there is no room for the events: take them first.
  mutating func step(framed: RawSpan, streamOffset: UInt64, messageCountMax: Int) -> Int {
    FramedMessages.withCommand(
      framed: framed, streamOffset: streamOffset, messageCountMax: messageCountMax
    ) { command in
      guard step(now: command.time, command: command) else { return 0 }
      return engine.consumedByteCount
    }
  }
}
