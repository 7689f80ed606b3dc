// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

extension FrameLink {
  /// Queues a message; false where there is no room.
  @discardableResult
  func send<M: ReplicationMessage>(
    _ message: M, epoch: UInt64, sequence: UInt64, now: Nanoseconds
  ) -> Bool {
    // SAFETY: the body is as long as the message.
    unsafe send(M.kind, bodyByteCount: M.byteCount, epoch: epoch, sequence: sequence, now: now) {
      if let base = $0.baseAddress { unsafe message.encode(base) }
    }
  }

  /// Queues a frame without a body; false where there is no room.
  @discardableResult
  func send(_ kind: FrameKind, epoch: UInt64, sequence: UInt64, now: Nanoseconds) -> Bool {
    unsafe send(kind, bodyByteCount: 0, epoch: epoch, sequence: sequence, now: now) { _ in }
  }

  private func send(
    _ kind: FrameKind, bodyByteCount: Int, epoch: UInt64, sequence: UInt64, now: Nanoseconds,
    _ encode: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Bool {
    let header = FrameHeader(
      kind: kind, bodyByteCount: bodyByteCount, epoch: epoch, sequence: sequence)
    guard closure == nil, outgoingRoom >= header.byteCount else { return false }
    unsafe enqueue(now: now) { target in
      // SAFETY: there is room for the whole frame.
      let body = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[ReplicationFormat.headerByteCount..<header.byteCount])
      unsafe body.initializeMemory(as: UInt8.self, repeating: 0)
      unsafe encode(body)
      if let base = target.baseAddress { unsafe header.encode(base) }
      return header.byteCount
    }
    return true
  }

  /// Whether a frame of records, or of a snapshot, may be begun: nothing of the one before is left.
  var hasRoomForRecords: Bool { closure == nil && outgoingRoom >= frameByteCountMax }

  /// Queues a frame of a long message that `body` fills; it says with how many bytes.
  ///
  /// - Returns: That count; nothing is queued for 0.
  func send(
    _ kind: FrameKind, filling byteCountMax: Int, epoch: UInt64, sequence: UInt64,
    now: Nanoseconds, _ body: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    precondition(hasRoomForRecords, "FrameLink.send: expected room for the longest frame")
    var count = 0
    unsafe enqueue(now: now) { target in
      let limit = min(byteCountMax, frameByteCountMax)
      // SAFETY: there is room for the longest frame.
      count = unsafe body(
        UnsafeMutableRawBufferPointer(
          rebasing: target[ReplicationFormat.headerByteCount..<limit]))
      guard count > 0, let base = target.baseAddress else { return 0 }
      let header = FrameHeader(
        kind: kind, bodyByteCount: count, epoch: epoch, sequence: sequence)
      unsafe header.encode(base)
      return header.byteCount
    }
    return count
  }

  /// Queues a frame that `body` fills with records.
  ///
  /// - Returns: Its last sequence; nil where there was no record.
  func sendRecords(
    epoch: UInt64, byteCountMax: Int, now: Nanoseconds,
    _ body: (inout RecordBatchEncoder, UnsafeMutableRawBufferPointer) -> Void
  ) -> UInt64? {
    precondition(
      hasRoomForRecords, "FrameLink.sendRecords: expected room for the longest frame")
    var last: UInt64?
    unsafe enqueue(now: now) { target in
      let limit = min(byteCountMax, frameByteCountMax)
      // SAFETY: there is room for the longest frame.
      let area = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[ReplicationFormat.headerByteCount..<limit])
      var encoder = RecordBatchEncoder()
      unsafe body(&encoder, area)
      guard encoder.recordCount > 0, let base = target.baseAddress else { return 0 }
      unsafe encoder.finish(area)
      last = encoder.lastSequence
      let header = FrameHeader(
        kind: .records, bodyByteCount: encoder.byteCount, epoch: epoch,
        sequence: encoder.firstSequence)
      unsafe header.encode(base)
      return header.byteCount
    }
    return last
  }
}
