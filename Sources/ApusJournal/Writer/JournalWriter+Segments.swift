// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The next segment's file, made ready beside the commits.
struct SpareSegment {
  var file: StorageFile?
  /// Bytes from the start that are zeros on the disk.
  var zeroedByteCount = 0
  var isWriting = false
  /// Why there is none; tried again when a segment is needed.
  var failure: JournalError?
}

extension JournalWriter {
  /// Continues preparing the next segment: takes its space once, then writes zeros block by block.
  ///
  /// - Parameter hasTime: Whether the disk has time for zeros.
  mutating func prepareSpare(hasTime: Bool) {
    guard let file = spare.file else {
      // One attempt ahead of need; a full disk is told of when the segment is needed.
      guard spare.failure == nil, segmentOffset > JournalFormat.segmentHeaderByteCount else {
        return
      }
      do throws(JournalError) { try createSpare() } catch { spare.failure = error }
      return
    }
    if spare.isWriting {
      guard let result = storage.backgroundResult(wait: false) else { return }
      spare.isWriting = false
      // A zero that could not be written only makes a later commit slower.
      guard case .count(let count) = result, count >= Self.blockByteCount else {
        spare.zeroedByteCount = configuration.segmentByteCount
        return
      }
      spare.zeroedByteCount += count & ~(Self.blockByteCount - 1)
    }
    let left = configuration.segmentByteCount - spare.zeroedByteCount
    guard hasTime, configuration.preallocation == .zeroFill, left > 0 else { return }
    // SAFETY: the zeros are that long and are never written to.
    spare.isWriting = unsafe storage.beginBackgroundWrite(
      file, at: spare.zeroedByteCount,
      UnsafeRawBufferPointer(start: zeros, count: min(left, Self.zeroByteCount)))
  }

  private mutating func createSpare() throws(JournalError) {
    let name = JournalFormat.spareName
    let file = try storage.open(
      name, configuration.access(alignment: configuration.commitAlignment))
    do throws(JournalError) {
      try storage.allocate(file, name: name, byteCount: configuration.segmentByteCount)
    } catch {
      storage.close(file)
      throw error
    }
    spare = SpareSegment(file: file)
  }

  /// Makes the spare the segment that is written. The commit before is durable: a segment with a
  /// header is proof that the one before it is complete.
  ///
  /// - Complexity: Three syncs and a rename; no allocation.
  mutating func openNextSegment() throws(JournalError) {
    if spare.file == nil {
      spare.failure = nil
      try createSpare()
    }
    guard let file = spare.file else { return }
    // Zeros that failed only make commits slower; zeros still to come would fall on a commit.
    if spare.isWriting, storage.backgroundResult(wait: true) == nil {
      throw .system(
        operation: "write of zeros", path: storage.path(JournalFormat.spareName), errno: 5)
    }
    let firstSequence = lastSequence &+ 1 &- UInt64(filledCount)
    var header = SegmentHeader(
      identifier: identifier, firstSequence: firstSequence, chain: chainBefore,
      commitAlignment: configuration.commitAlignment,
      segmentByteCount: configuration.segmentByteCount)
    JournalFormat.write(firstSequence, suffix: JournalFormat.segmentSuffix, into: &nextSegmentName)
    try unsafe OpenedSegment.publish(storage, file, &header, as: nextSegmentName, block: block)
    storage.close(segmentFile)
    segmentFile = file
    segment = header
    swap(&segmentName, &nextSegmentName)
    segmentOffset = JournalFormat.segmentHeaderByteCount
    spare = SpareSegment()
  }

  // MARK: Retention

  /// Removes the oldest segments all of whose records are below `sequence`: what a snapshot at
  /// `sequence` - 1 makes superfluous. The segment that is written always stays.
  ///
  /// - Parameters:
  ///   - sequence: First record that must stay.
  ///   - segmentCountMin: Segments to keep in any case, for readers that lag.
  /// - Returns: Names of the segments that were removed.
  /// - Throws: ``JournalError`` for a file that could not be removed.
  @discardableResult
  public mutating func removeSegments(
    below sequence: UInt64, segmentCountMin: Int = 1
  ) throws(JournalError) -> [String] {
    try JournalRetention.removeSegments(
      storage, below: sequence, durableSequence: durableSequence, segmentCountMin: segmentCountMin)
  }
}

/// Removes segments that nobody needs any more.
///
/// A writer touches none but the newest segment, so another thread or process may do this beside it,
/// through a storage of its own.
enum JournalRetention {
  /// Removes the oldest segments all of whose records are below `sequence`.
  ///
  /// - Parameter durableSequence: Everything up to here is durable; segments behind it stay.
  /// - Returns: Names of the segments that were removed.
  static func removeSegments(
    _ storage: any JournalStorage, below sequence: UInt64, durableSequence: UInt64,
    segmentCountMin: Int
  ) throws(JournalError) -> [String] {
    let names = try JournalInspection.segmentNames(storage)
    var removed: [String] = []
    // From the oldest on, so that what a crash leaves has no gap.
    for (name, next) in zip(names, names.dropFirst()) {
      guard names.count - removed.count > max(1, segmentCountMin),
        let nextFirst = JournalFormat.number(
          inName: next, suffix: JournalFormat.segmentSuffix), nextFirst <= sequence,
        nextFirst <= durableSequence + 1
      else { break }
      try storage.remove(name)
      try storage.syncFolder()
      removed.append(name)
    }
    return removed
  }
}
