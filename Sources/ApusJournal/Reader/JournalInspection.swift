// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// How a journal ends.
public enum JournalTail: Equatable, Sendable {
  /// After its last record there is nothing.
  case clean
  /// A commit was not finished: `byteCount` bytes from `offset` on hold no record.
  case torn(path: String, offset: UInt64, byteCount: UInt64)
}

/// What is in a journal, as an inspection or a recovery found it.
public struct JournalReport: Equatable, Sendable {
  /// One segment.
  public struct Segment: Equatable, Sendable {
    /// File name.
    public var name: String
    /// Sequence of its first record.
    public var firstSequence: UInt64
    /// Records that were checked; 0 where only its header was.
    public var recordCount: UInt64
    /// Commits that were checked.
    public var commitCount: UInt64
    /// Length of its file. Unit: bytes.
    public var byteCount: UInt64
  }

  /// Name of the journal; nil where it has no segment.
  public var identifier: JournalIdentifier?
  /// In ascending order.
  public var segments: [Segment]
  /// First record that is here; ``lastSequence`` + 1 where there is none.
  public var firstSequence: UInt64
  /// Last record that holds.
  public var lastSequence: UInt64
  /// Its chained checksum.
  public var lastChecksum: UInt32
  /// Its time. Unit: nanoseconds.
  public var lastTimeNanoseconds: UInt64
  /// Up to where records were acknowledged for certain; nil where that is not known.
  public var acknowledgedSequence: UInt64?
  /// Whether the file of that sequence holds; nil where there is none. A power cut may tear it: then
  /// nothing is known of what was acknowledged.
  public var positionHolds: Bool?
  /// How it ends.
  public var tail: JournalTail

  /// Records that are here.
  public var recordCount: UInt64 { lastSequence &+ 1 &- firstSequence }
}

/// Where a writer goes on.
struct JournalEnd {
  var segment: SegmentHeader
  var name: String
  /// End of the last record.
  var offset: Int
  /// Records from the commit here on may be in the page cache alone: after a failed sync the kernel
  /// takes pages for clean that never reached the disk. `offset` where all are durable.
  var unprovenStart: Int
  /// What is to be cut: it begins behind the padding of a commit that was durable, so that cutting
  /// touches no sector with acknowledged records.
  var dirty: Range<Int>
}

/// Finds out what is in a journal without changing it.
public enum JournalInspection {
  /// What is looked at.
  public enum Depth: Sendable {
    /// Headers of all segments and the records of the last: what a writer needs.
    case tail
    /// Every record, and that the bytes between and behind them, which no checksum covers, are zero.
    case everything
  }

  /// Looks at a journal, whether or not a writer has it; of a live one it sees a moment.
  ///
  /// - Throws: ``JournalError`` for damage, gaps, foreign and newer files: with file and offset.
  /// - Complexity: O(bytes looked at).
  public static func report(
    _ storage: any JournalStorage, depth: Depth,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(JournalError) -> JournalReport {
    try inspect(storage, depth: depth, progress: progress).report
  }

  static func inspect(
    _ storage: any JournalStorage, depth: Depth,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(JournalError) -> (report: JournalReport, end: JournalEnd?) {
    let names = try segmentNames(storage)
    let (position, positionHolds) = try readPosition(storage)
    var report = JournalReport(
      identifier: nil, segments: [], firstSequence: 1, lastSequence: 0, lastChecksum: 0,
      lastTimeNanoseconds: 0, acknowledgedSequence: nil, positionHolds: positionHolds, tail: .clean)
    var end: JournalEnd?
    if names.isEmpty, let position, position.sequence > 0 {
      throw .acknowledgedMissing(
        path: storage.location, offset: 0, acknowledged: position.sequence, found: 0)
    }
    for (index, name) in names.enumerated() {
      let isLast = index == names.count - 1
      let path = storage.path(name)
      var scanner = try SegmentScanner(storage: storage, name: name)
      let header = scanner.header
      if let identifier = report.identifier, identifier != header.identifier {
        throw .foreign(
          path: path, found: "is of journal \(header.identifier), the others are of \(identifier)")
      }
      if index == 0 { report.firstSequence = header.firstSequence }
      report.identifier = header.identifier
      if index > 0, depth == .everything {
        guard header.firstSequence == report.lastSequence + 1 else {
          throw .sequenceGap(
            path: path, offset: 0, expected: report.lastSequence + 1, found: header.firstSequence)
        }
        guard header.chain == report.lastChecksum else {
          throw .damaged(
            path: path, offset: 40, detail: "is not chained to the segment before it")
        }
      }
      if depth == .everything {
        scanner.checksUnused = true
        if let at = try scanner.firstNonZero(64..<JournalFormat.segmentHeaderByteCount) {
          throw .damaged(
            path: path, offset: UInt64(at), detail: "a reserved byte of the header is not zero")
        }
      }
      if isLast || depth == .everything {
        var refusal: String?
        var unprovenStart: Int?
        let acknowledged = position?.sequence ?? 0
        scan: while true {
          switch try scanner.step() {
          case .record:
            if unprovenStart == nil, scanner.record.sequence > acknowledged {
              unprovenStart = scanner.recordCommitOffset
            }
          case .none(let detail):
            refusal = detail
            break scan
          }
        }
        report.lastTimeNanoseconds =
          scanner.record.sequence >= header.firstSequence
          ? scanner.record.timeNanoseconds : report.lastTimeNanoseconds
        let next =
          isLast
          ? nil
          : JournalFormat.number(
            inName: names[index + 1], suffix: JournalFormat.segmentSuffix)
        if let next, next != scanner.record.sequence + 1 {
          throw .damaged(
            path: path, offset: UInt64(scanner.offset),
            detail: (refusal ?? "records are missing")
              + "; the next segment begins with sequence \(next)")
        }
        if !isLast {
          // No commit was on its way here any more when the next segment was begun.
          let rest = try scanner.inspectRest()
          guard rest.dirty.isEmpty else {
            throw .damaged(
              path: path, offset: UInt64(rest.dirty.lowerBound),
              detail: "a byte behind the last record of a segment that others follow is not zero")
          }
        }
        if isLast {
          end = try examineTail(&scanner, refusal, position, &report)
          if let unprovenStart { end?.unprovenStart = unprovenStart }
        }
      }
      report.lastSequence = scanner.record.sequence
      report.lastChecksum = scanner.record.checksum
      report.segments.append(
        .init(
          name: name, firstSequence: header.firstSequence,
          recordCount: scanner.record.sequence + 1 - header.firstSequence,
          commitCount: scanner.commitCount,
          byteCount: UInt64(try storage.byteCount(scanner.file, name: name))))
      progress(UInt64(index + 1), UInt64(names.count))
    }
    return (report, end)
  }

  /// Tells an unfinished commit from damage.
  private static func examineTail(
    _ scanner: inout SegmentScanner, _ refusal: String?, _ position: DurablePosition?,
    _ report: inout JournalReport
  ) throws(JournalError) -> JournalEnd {
    let path = scanner.storage.path(scanner.name)
    let rest = try scanner.inspectRest()
    if let later = rest.laterCommitOffset {
      throw .damaged(
        path: path, offset: UInt64(scanner.offset),
        detail: (refusal ?? "records are missing")
          + "; the commit at offset \(later) was begun after this was durable")
    }
    if let position {
      guard position.identifier == scanner.header.identifier else {
        throw .foreign(
          path: scanner.storage.path(JournalFormat.positionName),
          found: "is of journal \(position.identifier), the segments are of "
            + "\(scanner.header.identifier)")
      }
      guard position.sequence <= scanner.record.sequence else {
        throw .acknowledgedMissing(
          path: path, offset: UInt64(scanner.offset), acknowledged: position.sequence,
          found: scanner.record.sequence)
      }
      report.acknowledgedSequence = position.sequence
    }
    if !rest.dirty.isEmpty {
      report.tail = .torn(
        path: path, offset: UInt64(scanner.offset),
        byteCount: UInt64(rest.dirty.upperBound - scanner.offset))
    }
    // The rest of an unfinished commit is cut even where it reads as zeros: see `unprovenStart`.
    let unfinishedEnd = scanner.unfinishedEnd
    let dirty =
      unfinishedEnd > scanner.offset
      ? scanner.offset..<max(unfinishedEnd, rest.dirty.upperBound) : rest.dirty
    return JournalEnd(
      segment: scanner.header, name: scanner.name, offset: scanner.offset,
      unprovenStart: scanner.offset, dirty: dirty)
  }

  /// The first record that a journal has, or would have; 1 where there is none.
  ///
  /// - Throws: ``JournalError`` where the folder cannot be listed.
  public static func firstSequence(_ storage: any JournalStorage) throws(JournalError) -> UInt64 {
    try segmentNames(storage).first.flatMap {
      JournalFormat.number(inName: $0, suffix: JournalFormat.segmentSuffix)
    } ?? 1
  }

  /// Names of the segments, ascending.
  ///
  /// - Throws: ``JournalError/damaged(path:offset:detail:)`` of a segment whose name or header says
  ///   that it begins with what is no sequence: left out it would be records that are missed.
  static func segmentNames(_ storage: any JournalStorage) throws(JournalError) -> [String] {
    let suffix = JournalFormat.segmentSuffix
    let names = try storage.list().filter { JournalFormat.isNumbered($0, suffix: suffix) }.sorted()
    for name in names where (JournalFormat.number(inName: name, suffix: suffix) ?? 0) == 0 {
      // Its header says more than its name.
      _ = try SegmentScanner(storage: storage, name: name)
    }
    return names
  }

  /// Name of a journal that may be written meanwhile.
  static func identifier(_ storage: any JournalStorage) throws(JournalError) -> JournalIdentifier {
    // The newest segment: old ones may be removed between these two lines.
    guard let name = try segmentNames(storage).last else {
      throw .noJournal(path: storage.location)
    }
    return try SegmentScanner(storage: storage, name: name).header.identifier
  }

  /// The position where it holds; whether it does, nil where there is none.
  static func readPosition(
    _ storage: any JournalStorage
  ) throws(JournalError) -> (position: DurablePosition?, holds: Bool?) {
    let name = JournalFormat.positionName
    guard try storage.exists(name) else { return (nil, nil) }
    let file = try storage.open(name, .read)
    defer { storage.close(file) }
    let position = try unsafe withUnsafeTemporaryBytes { buffer throws(JournalError) in
      let count = try unsafe storage.readAll(file, name: name, at: 0, into: buffer)
      return unsafe DurablePosition.decode(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
    }
    return (position, position != nil)
  }

  /// 64 zeroed bytes for a moment.
  static func withUnsafeTemporaryBytes<T>(
    _ body: (UnsafeMutableRawBufferPointer) throws(JournalError) -> T
  ) throws(JournalError) -> T {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: JournalFormat.positionByteCount, alignment: 8)
    defer { unsafe buffer.deallocate() }
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    return try unsafe body(buffer)
  }
}
