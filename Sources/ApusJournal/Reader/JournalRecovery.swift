// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Repairs a journal without opening it for appending.
public enum JournalRecovery {
  /// Cuts an unfinished commit at the end, makes what stays durable and says what there is: what a
  /// writer does when it opens the journal.
  ///
  /// - Throws: ``JournalError/noJournal(path:)`` for a folder without segments,
  ///   ``JournalError/locked(path:)`` while a writer has it, and ``JournalError`` of damage, which is
  ///   never repaired by leaving records out.
  public static func recover(_ storage: any JournalStorage) throws(JournalError) -> JournalReport {
    let found = try JournalInspection.inspect(storage, depth: .tail)
    guard let identifier = found.report.identifier else {
      throw .noJournal(path: storage.location)
    }
    try storage.lock()
    let again = try JournalInspection.inspect(storage, depth: .tail)
    guard let end = again.end else { throw .noJournal(path: storage.location) }
    let region = try SegmentScanner.region(
      byteCount: JournalWriter.zeroByteCount + JournalWriter.blockByteCount,
      path: storage.location)
    try unsafe OpenedSegment.settle(storage, end, zeros: region.baseAddress)
    let file = try storage.open(JournalFormat.positionName, .readWrite)
    defer { storage.close(file) }
    // SAFETY: the block lies behind the zeros.
    try unsafe DurablePosition(identifier: identifier, sequence: again.report.lastSequence).write(
      storage, file,
      block: UnsafeMutableRawBufferPointer(
        start: region.baseAddress + JournalWriter.zeroByteCount,
        count: JournalWriter.blockByteCount))
    try storage.syncAll(file, name: JournalFormat.positionName)
    try storage.syncFolder()
    return again.report
  }
}
