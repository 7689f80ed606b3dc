// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

extension FrameLink {
  /// Closes a connection whose other side sends a frame, or takes what waits for it, too slowly.
  ///
  /// Call it after ``flush()``.
  func endIfSlow(silenceNanoseconds: UInt64, now: Nanoseconds) {
    if held == nil, let since = partialSince {
      let limit = LinkPace.limit(
        byteCount: UInt64(takenByteCountMax), silenceNanoseconds: silenceNanoseconds)
      if now.elapsed(since: since) > limit { return close(.slow) }
    }
    let queued = queuedByteCount
    guard queued > 0 else {
      departure = nil
      return
    }
    let sent = sentByteCount
    if let departure, sent < departure.byteCount {
      if now > departure.due { close(.slow) }
      return
    }
    let limit = LinkPace.limit(
      byteCount: UInt64(queued), silenceNanoseconds: silenceNanoseconds)
    departure = (sent &+ UInt64(queued), now.adding(limit))
  }
}
