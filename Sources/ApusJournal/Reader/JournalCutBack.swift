// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What was taken off the end of a journal.
public struct JournalCut: Equatable, Sendable {
  /// Records that were taken off; empty where there was nothing behind the last to stay.
  public var sequences: Range<UInt64>
  /// Files that are gone, segments and snapshots, in the order of their removal.
  public var removedFiles: [String]
}

extension JournalRecovery {
  /// Takes every record behind `sequence` off a journal, and the snapshots that have them.
  ///
  /// Recoveries never do this: it takes back what the journal acknowledged. It is for an old primary
  /// whose last records the new one never had. Each step leaves a journal that can be opened; a cut
  /// that was interrupted is done by calling it again.
  ///
  /// - Parameters:
  ///   - storage: The folder stays locked until the storage ends.
  ///   - sequence: Last record that stays: from one below the journal's first to its last.
  /// - Throws: ``JournalError/sequenceUnavailable(path:asked:first:last:)`` for another sequence,
  ///   ``JournalError/locked(path:)`` while a writer has the journal, and ``JournalError`` of damage.
  /// - Complexity: O(bytes of the journal): everything is checked first.
  public static func cutBack(
    _ storage: any JournalStorage, after sequence: UInt64
  ) throws(JournalError) -> JournalCut {
    try storage.lock()
    let report = try JournalInspection.report(storage, depth: .everything)
    guard let identifier = report.identifier, let first = report.segments.first else {
      throw .noJournal(path: storage.location)
    }
    guard sequence <= report.lastSequence, sequence + 1 >= report.firstSequence else {
      throw .sequenceUnavailable(
        path: storage.location, asked: sequence, first: report.firstSequence - 1,
        last: report.lastSequence)
    }
    var cut = JournalCut(
      sequences: sequence + 1..<max(sequence, report.lastSequence) + 1, removedFiles: [])
    guard !cut.sequences.isEmpty else { return cut }
    // What was acknowledged is taken back before it goes, so that no step looks like damage.
    try lowerPosition(storage, identifier, to: sequence)
    cut.removedFiles += try SnapshotStore(storage: storage).removeAll(after: sequence)
    let last = report.segments.last { $0.firstSequence <= sequence } ?? first
    // From the newest on: what an interruption leaves has no gap.
    for segment in report.segments.reversed() where segment.firstSequence > last.firstSequence {
      try storage.remove(segment.name)
      try storage.syncFolder()
      cut.removedFiles.append(segment.name)
    }
    try shorten(storage, last.name, after: sequence)
    return cut
  }

  private static func lowerPosition(
    _ storage: any JournalStorage, _ identifier: JournalIdentifier, to sequence: UInt64
  ) throws(JournalError) {
    let name = JournalFormat.positionName
    let region = try SegmentScanner.region(
      byteCount: JournalWriter.blockByteCount, path: storage.path(name))
    let file = try storage.open(name, .readWrite)
    defer { storage.close(file) }
    // SAFETY: the region is a block.
    try unsafe DurablePosition(identifier: identifier, sequence: sequence).write(
      storage, file,
      block: UnsafeMutableRawBufferPointer(
        start: region.baseAddress, count: JournalWriter.blockByteCount))
    try storage.syncAll(file, name: name)
    try storage.syncFolder()
  }

  /// Puts a copy of the segment's beginning in its place: the old one or the new one is there,
  /// whenever the power goes.
  private static func shorten(
    _ storage: any JournalStorage, _ name: String, after sequence: UInt64
  ) throws(JournalError) {
    var scanner = try SegmentScanner(storage: storage, name: name)
    while scanner.record.sequence < sequence {
      guard case .record = try scanner.step() else {
        throw .damaged(
          path: storage.path(name), offset: UInt64(scanner.offset),
          detail: "the segment became shorter while it was cut")
      }
    }
    let spare = JournalFormat.spareName
    if try storage.exists(spare) { try storage.remove(spare) }
    let target = try storage.open(spare, .readWrite)
    defer { storage.close(target) }
    let byteCount = min(
      scanner.header.segmentByteCount, try storage.byteCount(scanner.file, name: name))
    try storage.allocate(target, name: spare, byteCount: byteCount)
    try copy(storage, scanner.file, name, to: target, spare, byteCount: scanner.offset)
    try storage.syncAll(target, name: spare)
    try storage.rename(spare, to: name)
    try storage.syncFolder()
  }

  private static func copy(
    _ storage: any JournalStorage, _ source: StorageFile, _ sourceName: String,
    to target: StorageFile, _ targetName: String, byteCount: Int
  ) throws(JournalError) {
    let region = try SegmentScanner.region(
      byteCount: min(byteCount, JournalWriter.zeroByteCount), path: storage.path(targetName))
    var offset = 0
    while offset < byteCount {
      // SAFETY: the count is at most the region's.
      let bytes = unsafe UnsafeMutableRawBufferPointer(
        start: region.baseAddress, count: min(region.byteCount, byteCount - offset))
      let count = try unsafe storage.readAll(source, name: sourceName, at: offset, into: bytes)
      guard count == bytes.count else {
        throw .damaged(
          path: storage.path(sourceName), offset: UInt64(offset + count),
          detail: "the file became shorter while it was cut")
      }
      try unsafe storage.writeAll(
        target, name: targetName, at: offset, UnsafeRawBufferPointer(bytes))
      offset += count
    }
  }
}
