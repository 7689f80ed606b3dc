// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusRings

extension MessageProducer {
  /// Pushes a command and what belongs to it, as ``MessageInput`` takes it, if there is room.
  ///
  /// - Parameters:
  ///   - command: Plain, without padding.
  ///   - attachment: Up to what the engine's commands may have: a host skips and counts a longer one, so
  ///     compare with ``Engine/attachmentByteCountMax`` first.
  /// - Returns: `.pushed`, `.full`, `.closed` or `.tooLong`, for more than half of the ring.
  /// - Complexity: O(bytes); no allocation.
  @inlinable @inline(__always)
  public mutating func tryPush<Command: BitwiseCopyable>(
    _ command: Command, attachment: RawSpan
  ) -> PushOutcome {
    let commandByteCount = MemoryLayout<Command>.size
    return withClaim(byteCount: commandByteCount &+ attachment.byteCount) { span in
      unsafe span.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        // SAFETY: the claim is as long as both.
        unsafe base.storeBytes(of: command, as: Command.self)
        unsafe attachment.withUnsafeBytes { source in
          guard let from = source.baseAddress else { return }
          unsafe (base + commandByteCount).copyMemory(from: from, byteCount: source.count)
        }
      }
      return span.byteCount
    }
  }
}
