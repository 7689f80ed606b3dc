// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusJournal

/// Writes records one after the other into the body of a frame.
struct RecordBatchEncoder {
  private(set) var recordCount: UInt32 = 0
  /// Bytes of the body so far.
  private(set) var byteCount = ReplicationFormat.recordsPrefixByteCount
  private(set) var firstSequence: UInt64 = 0
  private(set) var lastSequence: UInt64 = 0
  private var checksum: UInt32 = 0

  /// Adds a record.
  ///
  /// - Returns: False where it does not fit; nothing was added.
  mutating func append(
    _ record: JournalRecord, _ payload: RawSpan, to body: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let count = ReplicationFormat.recordByteCount(payloadByteCount: payload.byteCount)
    guard count <= body.count &- byteCount, let base = body.baseAddress else { return false }
    // SAFETY: `count` bytes are left in the body.
    let target = unsafe base + byteCount
    if count > ReplicationFormat.recordHeaderByteCount {
      unsafe target.put(UInt64(0), at: count - 8)
    }
    unsafe target.put(UInt32(payload.byteCount), at: 0)
    unsafe target.put(record.type, at: 4)
    unsafe target.put(UInt16(0), at: 6)
    unsafe target.put(record.timeNanoseconds, at: 8)
    unsafe payload.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      unsafe (target + ReplicationFormat.recordHeaderByteCount).copyMemory(
        from: from, byteCount: source.count)
    }
    if recordCount == 0 { firstSequence = record.sequence }
    recordCount &+= 1
    byteCount &+= count
    lastSequence = record.sequence
    checksum = record.checksum
    return true
  }

  /// Writes what stands before the records.
  func finish(_ body: UnsafeMutableRawBufferPointer) {
    guard let base = body.baseAddress else { return }
    // SAFETY: a body has room for the prefix.
    unsafe base.put(recordCount, at: 0)
    unsafe base.put(checksum, at: 4)
  }
}

/// One record of a batch.
struct BatchedRecord: Equatable {
  var timeNanoseconds: UInt64
  var type: UInt16
  /// Where its payload lies in the body.
  var payload: Range<Int>
}

/// Where a reader stands in the body of a frame with records.
///
/// The body may be anything: its shape is checked whole before the first record is taken, so that a
/// batch is taken in full or not at all.
struct RecordBatchCursor: Equatable {
  private(set) var recordsLeft: UInt32
  /// Checksum that the journal must have after the last record.
  let lastChecksum: UInt32
  private var offset = ReplicationFormat.recordsPrefixByteCount

  /// Checks a body; nil where it is no batch.
  init?(_ body: RawSpan) {
    guard body.byteCount >= ReplicationFormat.recordsPrefixByteCount else { return nil }
    recordsLeft = body.integer(UInt32.self, at: 0)
    lastChecksum = body.integer(UInt32.self, at: 4)
    guard recordsLeft > 0 else { return nil }
    var check = self
    while check.recordsLeft > 0 {
      guard check.next(body) != nil else { return nil }
    }
    guard check.offset == body.byteCount else { return nil }
  }

  /// The next record; nil after the last.
  mutating func next(_ body: RawSpan) -> BatchedRecord? {
    let headerByteCount = ReplicationFormat.recordHeaderByteCount
    guard recordsLeft > 0, body.byteCount &- offset >= headerByteCount else { return nil }
    let length = Int(body.integer(UInt32.self, at: offset))
    let count = ReplicationFormat.recordByteCount(payloadByteCount: length)
    guard count <= body.byteCount &- offset else { return nil }
    let start = offset &+ headerByteCount
    let time = body.integer(UInt64.self, at: offset &+ 8)
    // An engine's time never goes back: it would stay there for good.
    guard time <= ReplicationFormat.timeMax else { return nil }
    let record = BatchedRecord(
      timeNanoseconds: time,
      type: body.integer(UInt16.self, at: offset &+ 4), payload: start..<start &+ length)
    offset &+= count
    recordsLeft &-= 1
    return record
  }
}
