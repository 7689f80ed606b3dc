// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Reads a journal from any sequence on, checking every record, also while it is written.
///
/// Records are read in blocks of a mebibyte and more, and handed out in place. A record is seen only
/// when it is complete, its checksum holds and it is chained to the one before.
///
/// A live journal's reader may see records that are not durable yet, and that a power cut would
/// take: ``Mode/durable`` holds it back to what the writer has acknowledged.
///
/// - Threading: one thread at a time; any number of readers, in any process, beside one writer.
public struct JournalReader: ~Copyable {
  /// What counts as the end.
  public enum Mode: Sendable {
    /// A journal that nobody writes: what holds no record at the end is an unfinished commit, or
    /// damage, and damage is an error.
    case recorded
    /// A journal that is written: what is not there yet may come.
    case live
    /// As `live`, up to what the writer has acknowledged.
    case durable
  }

  /// How it was opened.
  public let mode: Mode
  /// Name of the journal.
  public let identifier: JournalIdentifier
  /// The record that was read last; ``sequence`` one below the first where none was.
  public private(set) var lastRecord: JournalRecord

  private let storage: any JournalStorage
  private var scanner: SegmentScanner
  private var positionFile: StorageFile?
  /// As far as the writer has acknowledged, when it was looked at last.
  public private(set) var acknowledgedSequence: UInt64 = 0
  /// A record that was found and not handed out yet.
  private var hasPending = false
  /// Name of the segment that would begin with ``nextSequence``. Its memory is kept: a reader that
  /// follows a writer looks for the next segment at the end of every commit.
  private var nextName = ""
  private var nextSequence: UInt64 = 0

  /// Opens a journal so that the next record is the one of `sequence`; nil begins with the first.
  ///
  /// - Throws: ``JournalError/sequenceUnavailable(path:asked:first:last:)`` for a sequence that was
  ///   removed or is more than one past the end; ``JournalError`` of damage before it.
  /// - Complexity: O(bytes of the segment before the sequence).
  public init(
    storage: any JournalStorage, from sequence: UInt64? = nil, mode: Mode = .recorded
  ) throws(JournalError) {
    self.init(storage: storage, mode: mode, scanner: try Self.scanner(storage, from: sequence))
  }

  /// The segment that has the record, or would have it next.
  private static func scanner(
    _ storage: any JournalStorage, from sequence: UInt64?
  ) throws(JournalError) -> SegmentScanner {
    let names = try JournalInspection.segmentNames(storage)
    guard !names.isEmpty else { throw .noJournal(path: storage.location) }
    let numbers = names.compactMap {
      JournalFormat.number(inName: $0, suffix: JournalFormat.segmentSuffix)
    }
    let first = numbers.first ?? 0
    let wanted = sequence ?? first
    let index = numbers.lastIndex { $0 <= wanted }
    guard let index else {
      throw .sequenceUnavailable(
        path: storage.location, asked: wanted, first: first, last: numbers.last ?? first)
    }
    var scanner = try SegmentScanner(storage: storage, name: names[index])
    while scanner.record.sequence &+ 1 < wanted {
      guard case .none(let detail) = try scanner.step() else { continue }
      if index < names.count - 1 {
        throw .damaged(
          path: storage.path(names[index]), offset: UInt64(scanner.offset),
          detail: (detail ?? "records are missing")
            + "; the next segment begins with sequence \(numbers[index + 1])")
      }
      throw .sequenceUnavailable(
        path: storage.location, asked: wanted, first: first, last: scanner.record.sequence)
    }
    return scanner
  }

  private init(storage: any JournalStorage, mode: Mode, scanner: consuming SegmentScanner) {
    self.storage = storage
    self.mode = mode
    identifier = scanner.header.identifier
    lastRecord = scanner.record
    self.scanner = scanner
  }

  deinit {
    if let positionFile { storage.close(positionFile) }
  }

  /// Hands out the next records, as many as there are and at most `countMax`.
  ///
  /// - Parameters:
  ///   - countMax: Records at most.
  ///   - body: Gets each record and its payload, which is valid inside the call; false stops after
  ///     it.
  /// - Returns: Records handed out; 0 where the journal has none more for now.
  /// - Throws: ``JournalError`` of damage, with its file and offset; what was handed out before holds.
  public mutating func read(
    countMax: Int = .max, _ body: (JournalRecord, RawSpan) -> Bool
  ) throws(JournalError) -> Int {
    var count = 0
    while count < countMax {
      if !hasPending {
        guard try advance() else { break }
      }
      if mode == .durable, scanner.record.sequence > acknowledgedSequence {
        try lookAtPosition()
        guard scanner.record.sequence <= acknowledgedSequence else { break }
      }
      hasPending = false
      lastRecord = scanner.record
      count += 1
      // SAFETY: the payload stays in the window until the next step.
      let payload = unsafe RawSpan(_unsafeBytes: scanner.payload)
      if !body(lastRecord, payload) { break }
    }
    return count
  }

  /// The next records with copies of their payloads, at most `countMax`; none where the journal has
  /// no more for now. For tools: every payload is allocated.
  ///
  /// - Throws: As ``read(countMax:_:)``; what ends the records behind some is thrown by the next call.
  public mutating func copies(
    countMax: Int
  ) throws(JournalError) -> [(record: JournalRecord, payload: [UInt8])] {
    var records: [(record: JournalRecord, payload: [UInt8])] = []
    do throws(JournalError) {
      _ = try read(countMax: countMax) { record, payload in
        records.append((record, unsafe payload.withUnsafeBytes { unsafe Array($0) }))
        return true
      }
    } catch {
      // The next call comes upon the same place.
      if records.isEmpty { throw error }
    }
    return records
  }

  /// Looks how far the writer has acknowledged now.
  ///
  /// - Throws: ``JournalError`` for a position that cannot be opened or read.
  public mutating func acknowledgedSequenceNow() throws(JournalError) -> UInt64 {
    try lookAtPosition()
    return acknowledgedSequence
  }

  /// Steps to the next record, over the end of segments; false where there is none for now.
  private mutating func advance() throws(JournalError) -> Bool {
    var hasLooked = false
    while true {
      let detail: String?
      switch try scanner.step() {
      case .record:
        hasPending = true
        return true
      case .none(let found): detail = found
      }
      if try openNextSegment() { continue }
      if mode == .recorded {
        try refuseDamage(detail)
        return false
      }
      // What the writer has acknowledged must hold. It may have been written after this looked, so
      // one more look follows the position.
      try lookAtPosition()
      guard scanner.record.sequence < acknowledgedSequence else { return false }
      if hasLooked {
        throw .damaged(
          path: storage.path(scanner.name), offset: UInt64(scanner.offset),
          detail: (detail ?? "records are missing") + "; it was acknowledged up to "
            + "\(acknowledgedSequence)")
      }
      hasLooked = true
    }
  }

  /// Goes to the next segment where the one read is complete.
  private mutating func openNextSegment() throws(JournalError) -> Bool {
    let next = scanner.record.sequence &+ 1
    guard next != scanner.header.firstSequence else { return false }
    if nextSequence != next {
      JournalFormat.write(next, suffix: JournalFormat.segmentSuffix, into: &nextName)
      nextSequence = next
    }
    guard try storage.exists(nextName) else { return false }
    let name = nextName
    let opened = try SegmentScanner(storage: storage, name: name)
    guard opened.header.identifier == identifier else {
      throw .foreign(
        path: storage.path(name),
        found: "is of journal \(opened.header.identifier), the others are of \(identifier)")
    }
    guard opened.header.firstSequence == next, opened.header.chain == scanner.record.checksum else {
      throw .damaged(
        path: storage.path(name), offset: 32, detail: "is not chained to the segment before it")
    }
    scanner = opened
    return true
  }

  /// At the end of a recorded journal: an unfinished commit is no error, damage is.
  private mutating func refuseDamage(_ detail: String?) throws(JournalError) {
    let path = storage.path(scanner.name)
    let later = try JournalInspection.segmentNames(storage).compactMap {
      JournalFormat.number(inName: $0, suffix: JournalFormat.segmentSuffix)
    }.first { $0 > scanner.header.firstSequence }
    if let later {
      throw .damaged(
        path: path, offset: UInt64(scanner.offset),
        detail: (detail ?? "records are missing")
          + "; the next segment begins with sequence \(later)")
    }
    let rest = try scanner.inspectRest()
    if let laterOffset = rest.laterCommitOffset {
      throw .damaged(
        path: path, offset: UInt64(scanner.offset),
        detail: (detail ?? "records are missing")
          + "; the commit at offset \(laterOffset) was begun after this was durable")
    }
    try lookAtPosition()
    guard acknowledgedSequence <= scanner.record.sequence else {
      throw .acknowledgedMissing(
        path: path, offset: UInt64(scanner.offset), acknowledged: acknowledgedSequence,
        found: scanner.record.sequence)
    }
  }

  /// Reads how far the writer has acknowledged. A torn read keeps the old value: it is a bound.
  private mutating func lookAtPosition() throws(JournalError) {
    let name = JournalFormat.positionName
    if positionFile == nil, try storage.exists(name) {
      positionFile = try storage.open(name, .read)
    }
    guard let positionFile else { return }
    var bytes = (
      0 as UInt64, 0 as UInt64, 0 as UInt64, 0 as UInt64,
      0 as UInt64, 0 as UInt64, 0 as UInt64, 0 as UInt64
    )
    // SAFETY: any bytes are valid integers; the buffer is used inside the closure only.
    let outcome = unsafe withUnsafeMutableBytes(of: &bytes) {
      buffer -> Result<DurablePosition?, JournalError> in
      do throws(JournalError) {
        let count = try unsafe storage.readAll(positionFile, name: name, at: 0, into: buffer)
        return .success(
          unsafe DurablePosition.decode(UnsafeRawBufferPointer(rebasing: buffer.prefix(count))))
      } catch {
        return .failure(error)
      }
    }
    let position = try outcome.get()
    guard let position, position.identifier == identifier else { return }
    acknowledgedSequence = max(acknowledgedSequence, position.sequence)
  }
}

// SAFETY: a value has one owner, who may hand it to another thread; its storage is used by one thread
// at a time, as ``JournalStorage`` asks of whoever gave it.
extension JournalReader: @unchecked Sendable {}
