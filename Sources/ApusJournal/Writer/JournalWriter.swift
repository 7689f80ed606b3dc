// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// What became of a record that was to be appended.
public enum JournalAppendOutcome: Equatable, Sendable {
  /// It is in the buffer; it is durable once ``JournalWriter/durableSequence`` has reached it.
  case appended(sequence: UInt64)
  /// Both buffers are taken: ``JournalWriter/poll()``, then try again.
  case full
  /// Sequences go up by one; nothing was appended.
  case outOfSequence(expected: UInt64)
  /// The payload does not fit a commit; nothing was appended.
  case tooLarge(payloadByteCountMax: Int)
  /// The journal failed earlier: ``JournalWriter/failure``.
  case failed
}

/// The one writer of a journal.
///
/// Appending copies a record into a buffer in memory. ``poll()`` hands the buffer to the disk as
/// one commit as soon as the commit before is durable, and takes the other buffer for what comes
/// meanwhile: under load commits grow, without load they are small and quick. A record is
/// acknowledged, and may be answered, once `durableSequence` has reached it.
///
/// After any failure of the disk the writer refuses to go on: what a failed `fdatasync` left behind
/// is unknown, and only a recovery finds out.
///
/// - Threading: one thread at a time. Only ``init(storage:configuration:)``, ``poll()``,
///   ``flush()`` and ``close()`` make system calls.
@safe
public struct JournalWriter: ~Copyable {
  /// What was there, and what was cut.
  public let recovery: JournalReport
  /// Name of the journal.
  public let identifier: JournalIdentifier
  /// Sequence of the record that was appended last.
  public internal(set) var lastSequence: UInt64
  /// Everything up to here is durable.
  public internal(set) var durableSequence: UInt64
  /// Why the journal does not go on; nil while it does.
  public internal(set) var failure: JournalError?
  /// Commits that became durable since it was opened.
  public internal(set) var commitCount: UInt64 = 0

  let storage: any JournalStorage
  let configuration: JournalConfiguration
  let region: MemoryRegion

  // The segment that is written.
  var segment: SegmentHeader
  var segmentName: String
  /// Memory for the name of the next one; the two change places.
  var nextSegmentName: String
  var segmentFile: StorageFile
  /// Where the next commit begins.
  var segmentOffset: Int
  let positionFile: StorageFile
  var spare = SpareSegment()

  // The buffer that fills. A commit header is left free at its start.
  var fillsSecondBuffer = false
  var used = JournalFormat.commitHeaderByteCount
  /// Bytes that may be used: up to the buffer's or the segment's end.
  var limit: Int
  var filledCount = 0
  /// Whether the commit goes to a new segment.
  var opensSegment = false
  /// Whether a record had to wait for the disk since the last commit was begun.
  var isHeldUp = false
  /// Commits in a row before which that was so.
  var heldUpCount = 0
  /// Checksum of the last record, and of the last in the commit before this one.
  var chain: UInt32
  var chainBefore: UInt32

  // The commit in flight.
  var flight = CommitFlight()

  /// A commit that was handed to the storage.
  struct CommitFlight {
    var isActive = false
    var lastSequence: UInt64 = 0
    /// What is left to be written.
    var offset = 0
    var bytesStart = 0
    var byteCount = 0
    var stallCount = 0
  }

  /// Bytes of zeros behind the two buffers, for padding and preparing.
  static let zeroByteCount = 1 << 20
  static let blockByteCount = 4_096
  /// So many commits in a row that records had to wait for say that the disk is behind, and not only
  /// the moment.
  static let heldUpCountMax = 8

  /// Opens a journal, or begins one where the folder has none.
  ///
  /// An unfinished commit at the end is cut and told in ``recovery``. What is there is made durable
  /// before this returns.
  ///
  /// - Throws: ``JournalError`` for a folder that another writer has, damage, gaps, foreign and newer
  ///   files, and for what the disk refuses.
  public init(
    storage: any JournalStorage, configuration: JournalConfiguration
  ) throws(JournalError) {
    self.init(
      storage: storage, configuration: configuration,
      opened: try OpenedJournal(storage, configuration))
  }

  private init(
    storage: any JournalStorage, configuration: JournalConfiguration,
    opened: consuming OpenedJournal
  ) {
    let current = opened.segment
    self.storage = storage
    self.configuration = configuration
    positionFile = opened.positionFile
    segment = current.header
    segmentName = current.name
    nextSegmentName = JournalFormat.segmentName(firstSequence: current.header.firstSequence)
    segmentFile = current.file
    segmentOffset = current.offset
    recovery = current.report
    identifier = current.header.identifier
    lastSequence = current.report.lastSequence
    durableSequence = current.report.lastSequence
    chain = current.report.lastChecksum
    chainBefore = chain
    limit = 0
    region = opened.intoRegion()
    beginBuffer()
  }

  deinit {
    // The storage reads the buffers until its writes have ended.
    _ = storage.commitProgress(wait: true)
    _ = storage.backgroundResult(wait: true)
    if let file = spare.file { storage.close(file) }
    storage.close(segmentFile)
    storage.close(positionFile)
  }

  /// Checksum of the record that was appended last: equal checksums, equal history.
  public var lastChecksum: UInt32 { chain }

  // MARK: Buffers

  /// First byte of the buffer that fills.
  @inline(__always)
  var fillStart: Int { fillsSecondBuffer ? configuration.bufferByteCount : 0 }

  var zeros: UnsafeMutableRawPointer {
    // SAFETY: the region has them behind the buffers.
    unsafe region.baseAddress + 2 * configuration.bufferByteCount
  }

  /// A block for headers, aligned for O_DIRECT.
  var block: UnsafeMutableRawBufferPointer {
    // SAFETY: the region has it behind the zeros.
    unsafe UnsafeMutableRawBufferPointer(
      start: zeros + Self.zeroByteCount, count: Self.blockByteCount)
  }

  /// Makes the filling buffer empty, for a commit at `segmentOffset`.
  mutating func beginBuffer() {
    used = JournalFormat.commitHeaderByteCount
    filledCount = 0
    opensSegment = false
    chainBefore = chain
    limit = min(configuration.bufferByteCount, max(0, segment.segmentByteCount - segmentOffset))
    // Once a commit, so that no record has to be looked at: even one full of empty records ends below.
    let recordCountMax = configuration.bufferByteCount / JournalFormat.recordHeaderByteCount
    if lastSequence > JournalFormat.sequenceRange.upperBound - UInt64(recordCountMax) {
      failure = .configuration(
        field: "sequence", value: "\(lastSequence)",
        expected: "room for a commit below 2^63; begin a new journal from a snapshot")
      limit = 0
    }
  }
}

// SAFETY: a value has one owner, who may hand it to another thread; its storage is used by one thread
// at a time, as ``JournalStorage`` asks of whoever gave it.
extension JournalWriter: @unchecked Sendable {}
