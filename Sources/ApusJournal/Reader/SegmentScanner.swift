// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// A record's fixed fields.
@frozen
public struct JournalRecord: Equatable, Sendable {
  /// Number in the journal; each is one more than the one before.
  public var sequence: UInt64
  /// When it was appended, as the appender said. Unit: nanoseconds.
  public var timeNanoseconds: UInt64
  /// What the payload is, as the appender said.
  public var type: UInt16
  /// Length of the payload. Unit: bytes.
  public var payloadByteCount: Int
  /// Its checksum, chained to all records before: equal checksums, equal history.
  public var checksum: UInt32
}

/// Walks the commits and records of one segment, checking each.
struct SegmentScanner: ~Copyable {
  /// What stands where the scanner stands.
  enum Step: Equatable {
    /// A record that holds; it is `record` and was stepped over.
    case record
    /// No further record that holds. `detail` says what there is in its place; nil where the
    /// segment simply ends.
    case none(detail: String?)
  }

  let storage: any JournalStorage
  let file: StorageFile
  let name: String
  let header: SegmentHeader
  /// First byte that was not stepped over. Unit: bytes into the segment.
  private(set) var offset: Int
  /// The last record that holds, and the chain it ends.
  private(set) var record: JournalRecord
  private(set) var commitCount: UInt64 = 0
  /// Where the commit of that record begins.
  private(set) var recordCommitOffset = JournalFormat.segmentHeaderByteCount

  /// Whether bytes that no checksum covers are held to be zero, as they were written.
  var checksUnused = false

  private var commitEnd: Int
  /// Where the commit begins while none of its records was stepped over.
  private var commitStart: Int?
  private var commitHeaderOffset = 0
  private var payloadStart = 0
  private var window: MemoryRegion
  private var windowStart = 0
  private var windowByteCount = 0
  /// How much the next read takes.
  private var readByteCount = SegmentScanner.readByteCountMin

  static let windowByteCountMin = 1 << 20
  /// The first read where a live writer may have written, twice as much with each that follows it: who looks
  /// for the next few records every now and then does not read a mebibyte each time from the disk that the writer
  /// waits for. Unit: bytes.
  private static let readByteCountMin = 1 << 15

  init(storage: any JournalStorage, name: String) throws(JournalError) {
    let file = try storage.open(name, .alignedRead)
    do throws(JournalError) {
      let region = try Self.region(byteCount: Self.windowByteCountMin, path: storage.path(name))
      header = try unsafe Self.header(
        storage, file, name,
        UnsafeMutableRawBufferPointer(
          start: region.baseAddress, count: JournalFormat.segmentHeaderByteCount))
      window = region
    } catch {
      storage.close(file)
      throw error
    }
    self.storage = storage
    self.file = file
    self.name = name
    offset = JournalFormat.segmentHeaderByteCount
    commitEnd = offset
    record = JournalRecord(
      sequence: header.firstSequence &- 1, timeNanoseconds: 0, type: 0, payloadByteCount: 0,
      checksum: header.chain)
  }

  deinit { storage.close(file) }

  /// The header of a segment that has the name it should have. Shape: a block for its bytes.
  private static func header(
    _ storage: any JournalStorage, _ file: StorageFile, _ name: String,
    _ block: UnsafeMutableRawBufferPointer
  ) throws(JournalError) -> SegmentHeader {
    let count = try unsafe storage.readAll(file, name: name, at: 0, into: block)
    let header = try unsafe SegmentHeader.decode(
      UnsafeRawBufferPointer(rebasing: block.prefix(count)), path: storage.path(name))
    guard name == JournalFormat.segmentName(firstSequence: header.firstSequence) else {
      throw .foreign(
        path: storage.path(name), found: "begins with sequence \(header.firstSequence)")
    }
    return header
  }

  static func region(byteCount: Int, path: String) throws(JournalError) -> MemoryRegion {
    do throws(MemoryError) {
      return try MemoryRegion(byteCount: byteCount, options: .init(pages: .transparentHuge))
    } catch {
      throw .system(operation: "mmap of \(byteCount) bytes", path: path, errno: 12)
    }
  }

  /// The payload of the record that was stepped over last; valid until the next step.
  @inline(__always)
  var payload: UnsafeRawBufferPointer {
    // SAFETY: the step has loaded the payload; nothing was loaded since.
    unsafe UnsafeRawBufferPointer(
      start: window.baseAddress + (payloadStart - windowStart), count: record.payloadByteCount)
  }

  /// Goes to the next record.
  mutating func step() throws(JournalError) -> Step {
    if offset == commitEnd, let refusal = try enterCommit() { return refusal }
    let refusal = try stepOverRecord()
    guard let refusal else { return .record }
    // Where a recovery has cut this commit, the next one follows at the next boundary.
    if commitStart == nil {
      let previousEnd = commitEnd
      commitEnd = offset
      if try enterCommit() == nil {
        if let refusal = try stepOverRecord() { return rewound(refusal) }
        return .record
      }
      commitEnd = previousEnd
    }
    return rewound(refusal)
  }

  /// Forgets what was read, so that another try sees what a live writer has written meanwhile.
  private mutating func rewound(_ refusal: Step) -> Step {
    if let start = commitStart {
      offset = start
      commitEnd = start
      commitStart = nil
    }
    windowByteCount = 0
    readByteCount = Self.readByteCountMin
    return refusal
  }

  /// Reads the commit header at the next boundary; nil when it holds.
  private mutating func enterCommit() throws(JournalError) -> Step? {
    let start = JournalFormat.alignUp(offset, header.commitAlignment)
    let headerEnd = start + JournalFormat.commitHeaderByteCount
    guard headerEnd < header.segmentByteCount, let base = try unsafe load(start..<headerEnd) else {
      return rewound(.none(detail: nil))
    }
    // SAFETY: `load` gives as many bytes as were asked for.
    guard let commit = unsafe CommitHeader.decode(base, at: start, segment: header.checksum) else {
      let isZero = unsafe UnsafeRawBufferPointer(
        start: base, count: JournalFormat.commitHeaderByteCount
      ).allSatisfy { $0 == 0 }
      return rewound(.none(detail: isZero ? nil : "the header of a commit does not hold"))
    }
    guard commit.byteCount <= header.segmentByteCount - headerEnd else {
      return rewound(.none(detail: "a commit goes past the end of the segment"))
    }
    guard commit.firstSequence == record.sequence &+ 1, commit.chain == record.checksum else {
      return rewound(
        .none(
          detail: "a commit begins with sequence \(commit.firstSequence) where "
            + "\(record.sequence &+ 1) is next"))
    }
    if checksUnused, let at = try firstNonZero(offset..<start) {
      throw .damaged(
        path: storage.path(name), offset: UInt64(at),
        detail: "a byte between two commits is not zero")
    }
    commitStart = offset
    commitHeaderOffset = start
    offset = headerEnd
    commitEnd = headerEnd + commit.byteCount
    return nil
  }

  /// Reads the record at `offset`; nil when it holds.
  @inline(__always)
  private mutating func stepOverRecord() throws(JournalError) -> Step? {
    let headerByteCount = JournalFormat.recordHeaderByteCount
    guard commitEnd &- offset >= headerByteCount,
      let head = try unsafe load(offset..<offset &+ headerByteCount)
    else { return Step.none(detail: "a record goes past the end of its commit") }
    // SAFETY: 32 bytes are loaded.
    let length = Int(unsafe head.get(UInt32.self, at: 4))
    let sequence = unsafe head.get(UInt64.self, at: 8)
    guard sequence == record.sequence &+ 1, sequence <= JournalFormat.sequenceRange.upperBound
    else {
      if sequence == record.sequence &+ 1 {
        throw .damaged(
          path: storage.path(name), offset: UInt64(offset + 8),
          detail: "a record has sequence \(sequence), expected \(JournalFormat.sequenceRange)")
      }
      if sequence == 0, length == 0, unsafe head.get(UInt32.self, at: 0) == 0 {
        return Step.none(detail: nil)
      }
      return Step.none(
        detail: "a record of sequence \(sequence) where \(record.sequence &+ 1) is next")
    }
    let byteCount = JournalFormat.recordByteCount(payloadByteCount: length)
    guard byteCount <= commitEnd &- offset,
      let base = try unsafe load(offset..<offset &+ byteCount)
    else { return Step.none(detail: "a record goes past the end of its commit") }
    // SAFETY: byteCount bytes are loaded.
    let checksum = unsafe base.get(UInt32.self, at: 0)
    guard unsafe base.checksum(4..<byteCount, seed: record.checksum) == checksum else {
      return Step.none(detail: "the checksum of record \(sequence) does not hold")
    }
    record = JournalRecord(
      sequence: sequence, timeNanoseconds: unsafe base.get(UInt64.self, at: 16),
      type: unsafe base.get(UInt16.self, at: 24), payloadByteCount: length, checksum: checksum)
    payloadStart = offset &+ headerByteCount
    offset &+= byteCount
    if commitStart != nil {
      recordCommitOffset = commitHeaderOffset
      commitStart = nil
      commitCount &+= 1
    }
    return nil
  }

  /// The bytes of a range, nil where the file ends before.
  @inline(__always)
  private mutating func load(_ range: Range<Int>) throws(JournalError) -> UnsafeRawPointer? {
    if range.lowerBound < windowStart || range.upperBound > windowStart &+ windowByteCount {
      guard try refill(range) else { return nil }
    }
    // SAFETY: the range lies in the window.
    return unsafe UnsafeRawPointer(window.baseAddress + (range.lowerBound &- windowStart))
  }

  @inline(never)
  private mutating func refill(_ range: Range<Int>) throws(JournalError) -> Bool {
    // In whole blocks: see `StorageAccess.alignedRead`.
    let block = JournalFormat.segmentHeaderByteCount
    let start = range.lowerBound / block * block
    let needed = JournalFormat.alignUp(range.upperBound, block) - start
    if needed > window.byteCount {
      // What a length asks for is given only where the file is that long.
      guard try storage.byteCount(file, name: name) >= range.upperBound else { return false }
      window = try Self.region(byteCount: needed, path: storage.path(name))
    }
    // Up to the segment's end: what lies behind it is not ours.
    let wanted = min(window.byteCount, max(needed, readByteCount))
    let left = max(0, header.segmentByteCount - start)
    let byteCount = min(wanted, JournalFormat.alignUp(left, block))
    readByteCount = min(window.byteCount, readByteCount * 2)
    // SAFETY: byteCount <= window.byteCount.
    let target = unsafe UnsafeMutableRawBufferPointer(start: window.baseAddress, count: byteCount)
    windowByteCount = 0
    windowStart = start
    windowByteCount = min(
      left, try unsafe storage.readAll(file, name: name, at: start, into: target))
    return range.upperBound <= windowStart + windowByteCount
  }

  /// End of the commit that the scanner stands in, with its padding; `offset` between commits.
  var unfinishedEnd: Int {
    offset == commitEnd ? offset : JournalFormat.alignUp(commitEnd, header.commitAlignment)
  }

  /// The first byte of a range that is not zero. Shape: at most a block; what lies behind the file's
  /// end counts as zero.
  mutating func firstNonZero(_ range: Range<Int>) throws(JournalError) -> Int? {
    guard !range.isEmpty, let base = try unsafe load(range) else { return nil }
    // SAFETY: `load` gives as many bytes as were asked for.
    return unsafe UnsafeRawBufferPointer(start: base, count: range.count).firstIndex { $0 != 0 }
      .map { range.lowerBound + $0 }
  }

  /// What lies behind the last record that holds.
  struct Rest: Equatable {
    /// Where a commit begins that holds: proof that everything before it was durable once.
    var laterCommitOffset: Int?
    /// From the first to behind the last byte that is not zero; empty where all are zero.
    var dirty: Range<Int>
  }

  /// Looks through the rest of the segment.
  ///
  /// A writer begins a commit only after the one before is durable. So a commit that holds behind
  /// one that does not means damage of durable data; none behind it means that the last commit was
  /// not finished.
  ///
  /// - Complexity: O(bytes left).
  mutating func inspectRest() throws(JournalError) -> Rest {
    var rest = Rest(laterCommitOffset: nil, dirty: offset..<offset)
    let alignment = header.commitAlignment
    var at = offset
    windowByteCount = 0
    while at < header.segmentByteCount {
      // Blocks begin at multiples of the alignment, but for the first.
      let end = min(
        JournalFormat.alignUp(at + 1, alignment) + Self.windowByteCountMin - alignment,
        header.segmentByteCount)
      _ = try unsafe load(at..<end)
      let count = min(windowStart + windowByteCount, end) - at
      guard count > 0 else { break }
      // SAFETY: `count` bytes from `at` on are in the window.
      let start = unsafe UnsafeRawPointer(window.baseAddress + (at - windowStart))
      let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
      if let last = unsafe Self.lastNonZero(bytes) {
        if rest.dirty.isEmpty {
          let first = unsafe bytes.firstIndex { $0 != 0 } ?? last
          rest.dirty = at + first..<at + last + 1
        } else {
          rest.dirty = rest.dirty.lowerBound..<at + last + 1
        }
        var boundary = JournalFormat.alignUp(at, alignment) - at
        while boundary + JournalFormat.commitHeaderByteCount <= count {
          // SAFETY: the header's bytes are in the window.
          if at + boundary > alignedOffset,
            unsafe CommitHeader.decode(
              start + boundary, at: at + boundary, segment: header.checksum) != nil
          {
            rest.laterCommitOffset = at + boundary
            return rest
          }
          boundary += alignment
        }
      }
      at += count
    }
    windowByteCount = 0
    return rest
  }

  /// The boundary at or behind `offset`: where the commit begins that does not hold, if `offset` is
  /// the end of the one before.
  private var alignedOffset: Int {
    offset == commitEnd ? JournalFormat.alignUp(offset, header.commitAlignment) : offset
  }

  /// Index of the last byte that is not zero.
  private static func lastNonZero(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var end = bytes.count
    while end >= 8 {
      // SAFETY: 8 bytes end at `end`.
      if unsafe bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) != 0 { break }
      end -= 8
    }
    while end > 0 {
      if unsafe bytes[end - 1] != 0 { return end - 1 }
      end -= 1
    }
    return nil
  }
}
