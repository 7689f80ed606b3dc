// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads
internal import Glibc
public import Synchronization

/// Where a reader begins.
public enum EventLogStart: Equatable, Sendable {
  /// With the first event that is still there.
  case first
  /// With the next one that is published.
  case end
  /// With the event of this index.
  case index(UInt64)
}

/// What became of a read.
public enum EventReadOutcome: Equatable, Sendable {
  /// Events were handed out, and so many of them taken.
  case read(count: Int)
  /// There is no new event.
  case nothing
  /// The next event is no longer there: seek to this index, or begin from a snapshot.
  case removed(firstAvailable: UInt64)
  /// Events from this index on were cut off, since the journal does not have their commands: what was read
  /// of them never happened. The next read begins there.
  case cut(from: UInt64)
  /// The log cannot be read.
  case failed(EventLogError)
}

/// Reads an event log by index, in place, in any process.
///
/// It holds nothing up: segments stay for it only where it has a registered cursor. What it has been
/// handed stays readable while it is handed out, also after the segment was removed.
///
/// - Threading: one thread at a time; move it to hand it over.
@safe
@frozen
public struct EventLogReader<Event: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  // SAFETY: words and records are in mappings that `files` retains; records below the published index
  // are never written again.
  @usableFromInline let files: EventLogReading
  @usableFromInline let published: UnsafeMutablePointer<Atomic<UInt64>>
  /// Where the cursor's index and its owner are kept; nil without one.
  @usableFromInline let cursor: UnsafeMutablePointer<Atomic<UInt64>>?
  @usableFromInline let cursorOwner: UnsafeMutablePointer<Atomic<UInt64>>?
  /// How often the log was cut back, and how many of those times are known here.
  @usableFromInline let cuts: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline var cutsSeen: UInt64
  /// This process, as the owner of a cursor.
  @usableFromInline let owner: UInt64
  @usableFromInline var next: UInt64
  /// What was published at the last look.
  @usableFromInline var limit: UInt64 = 0
  /// The mapped segment's events; empty at first.
  @usableFromInline var segmentStart: UInt64 = 0
  @usableFromInline var segmentEnd: UInt64 = 0
  @usableFromInline var records: UnsafePointer<SequencedEvent<Event>>?

  /// Opens a log.
  ///
  /// - Parameters:
  ///   - type: The engine's events.
  ///   - path: The log's folder.
  ///   - format: The engine: a log of another one, or of another version, is refused.
  ///   - name: Registers a cursor of this name, or resumes it where it was: segments from there on
  ///     stay. Shape: 1 to 32 bytes. Nil reads without one.
  ///   - start: Where to begin; not looked at where a cursor is resumed.
  /// - Throws: ``EventLogError`` for files that are not of such a log, and where the cursor cannot be
  ///   had.
  public init(
    of type: Event.Type = Event.self, path: String, format: SnapshotFormat, name: String? = nil,
    start: EventLogStart = .first
  ) throws(EventLogError) {
    let files = try EventLogReading(
      path: path, format: format, layout: EventRecordLayout(type), needsWriting: name != nil)
    let control = files.control
    let index =
      switch start {
      case .first: control.load(.firstIndex)
      case .end: control.load(.position)
      case .index(let index): index
      }
    if let name {
      let slot = try control.takeCursor(name, start: index)
      files.slot = slot
      files.cursorName = name
      // SAFETY: the word lies in the table of cursors, which `files` keeps mapped.
      let word = unsafe control.cursorIndex(slot)
      unsafe cursor = word
      unsafe cursorOwner = control.cursorOwner(slot)
      owner = unsafe control.cursorOwner(slot).pointee.load(ordering: .relaxed)
      next = unsafe word.pointee.load(ordering: .acquiring)
    } else {
      unsafe cursor = nil
      unsafe cursorOwner = nil
      owner = 0
      next = index
    }
    unsafe cuts = control.atomic(.cutCount)
    let isCut = files.slot.map { control.isCursorCut($0) } ?? false
    // One that its cursor has not been told of.
    cutsSeen = control.raw(.cutCount) &- (isCut ? 1 : 0)
    self.files = files
    unsafe published = control.atomic(.position)
    unsafe records = nil
  }

  /// Index of the next event.
  @inlinable
  public var index: UInt64 { next }

  /// Index after the last published event.
  @inlinable
  public var position: UInt64 {
    // Pairs with the release in `EventLogWriter.take`.
    // SAFETY: `files` keeps the word mapped.
    unsafe published.pointee.load(ordering: .acquiring)
  }

  /// Index of the first event that is still there.
  public var firstIndex: UInt64 { files.control.load(.firstIndex) }

  /// Hands out the next events, as many as lie in one piece and at most `countMax`.
  ///
  /// - Parameter body: Takes events from the first on and returns how many it took.
  /// - Complexity: O(1) beside the body; no system call unless a segment ends.
  @inlinable @inline(__always)
  public mutating func tryRead(
    countMax: Int = .max, _ body: (Span<SequencedEvent<Event>>) -> Int
  ) -> EventReadOutcome {
    if next >= limit { limit = position }
    // Behind the load of the position: who sees an event that follows a cut sees the cut.
    if _slowPath(isDisturbed), let outcome = disturbance() { return outcome }
    if next >= limit { return .nothing }
    if _slowPath(next < segmentStart || next >= segmentEnd) {
      if let outcome = changeSegment() { return outcome }
    }
    guard let records = unsafe records else { return .nothing }
    let count = min(countMax, Int(truncatingIfNeeded: min(limit, segmentEnd) &- next))
    // SAFETY: events from `next` to the limit are published and lie in the mapped segment.
    let taken = unsafe body(
      Span(
        _unsafeStart: records + Int(truncatingIfNeeded: next &- segmentStart), count: max(0, count))
    )
    precondition(
      taken >= 0 && taken <= count, "EventLogReader.tryRead: expected a count of the events given")
    move(to: next &+ UInt64(truncatingIfNeeded: taken))
    return .read(count: taken)
  }

  /// Whether the log was cut back, or the cursor is not as this reader left it.
  @inlinable @inline(__always)
  var isDisturbed: Bool {
    // SAFETY: `files` keeps the three words mapped.
    if unsafe cuts.pointee.load(ordering: .acquiring) != cutsSeen { return true }
    guard let cursor = unsafe cursor, let cursorOwner = unsafe cursorOwner else { return false }
    return unsafe cursorOwner.pointee.load(ordering: .relaxed) != owner
      || cursor.pointee.load(ordering: .relaxed) != next
  }

  /// What to tell of a cut or a lost cursor; nil where it does not concern this reader.
  ///
  /// A cursor is lost where it was removed although its reader lives, which one of another process
  /// namespace cannot see: nothing stays for it any more, and its slot may be another reader's.
  @usableFromInline @inline(never)
  mutating func disturbance() -> EventReadOutcome? {
    let control = files.control
    let count = control.raw(.cutCount)
    var cut: UInt64?
    if let slot = files.slot {
      // SAFETY: `files` keeps the word mapped.
      guard unsafe control.cursorOwner(slot).pointee.load(ordering: .acquiring) == owner else {
        return .failed(files.cursorLost)
      }
      cut = control.takeCursorCut(slot)
      // SAFETY: as above.
      let index = unsafe control.cursorIndex(slot).pointee.load(ordering: .acquiring)
      guard cut != nil || index == next else { return .failed(files.cursorLost) }
    } else if let lowest = control.lowestCut(after: cutsSeen), lowest < next {
      cut = lowest
    }
    // The segment with the cut is another file now, and the events behind it are others.
    cutsSeen = count
    leaveSegment()
    files.closeSegment()
    limit = position
    guard let cut else { return nil }
    next = cut
    return .cut(from: cut)
  }

  @inlinable @inline(__always)
  mutating func move(to index: UInt64) {
    if let cursor = unsafe cursor {
      // Not a store: where the slot has become another reader's, its index stays, and the next read
      // sees that this one is no longer there.
      // SAFETY: `files` keeps the word mapped.
      _ = unsafe cursor.pointee.compareExchange(
        expected: next, desired: index, successOrdering: .releasing, failureOrdering: .relaxed)
    }
    next = index
  }

  @usableFromInline @inline(never)
  mutating func changeSegment() -> EventReadOutcome? {
    // A log may begin within a segment.
    let start = files.control.header.firstIndex
    if next < start { return .removed(firstAvailable: max(start, firstIndex)) }
    do throws(EventLogError) {
      let segment = try files.segment(containing: next)
      // Who maps the file that a cut has left sees the position that it has left, and reads no further.
      limit = min(limit, position)
      if next >= limit { return .nothing }
      segmentStart = segment.firstIndex
      segmentEnd = segment.endIndex
      // SAFETY: records begin at a page and are laid out as the type is, which opening has checked.
      unsafe records = UnsafePointer(
        segment.address(of: segmentStart).assumingMemoryBound(to: SequencedEvent<Event>.self))
      return nil
    } catch {
      let first = firstIndex
      if case .missing = error, next < first { return .removed(firstAvailable: first) }
      return .failed(error)
    }
  }

  /// Waits until there is an event to read or the strategy's limit has passed.
  ///
  /// Where the log may not be written, a wait that would sleep looks every millisecond instead.
  ///
  /// - Returns: Whether there is one, or something else to be told with the next read.
  public mutating func wait(_ strategy: WaitStrategy) -> Bool {
    let deadline = strategy.deadline()
    if files.control.isWritable || strategy.kind != .park {
      return strategy.wait(at: files.control.spot, until: deadline) {
        position > next || isDisturbed
      }
    }
    while position <= next, !isDisturbed {
      if deadline.hasPassed { return position > next }
      usleep(1_000)
    }
    return true
  }

  /// Whether the process that writes the log is there; nil where none was.
  public var writerState: ProcessState? {
    let word = ProcessIdentity.Word(rawValue: files.control.raw(.writer))
    return word.rawValue == 0 ? nil : word.state()
  }

  /// Goes to an index; a later one than the end's is waited for.
  public mutating func seek(toIndex index: UInt64) {
    leaveSegment()
    move(to: index)
  }

  /// Goes to the first event of a command from this one on; to the end where there is none yet.
  ///
  /// - Throws: ``EventLogError`` for a segment that cannot be read.
  /// - Complexity: O(log n) of the events that are there.
  public mutating func seek(toSequence sequence: UInt64) throws(EventLogError) {
    // The search maps other segments in the place of this one.
    leaveSegment()
    move(to: try files.firstIndex(ofSequence: sequence))
  }

  private mutating func leaveSegment() {
    (segmentStart, segmentEnd) = (0, 0)
    unsafe records = nil
  }

  /// Ends the registration of the cursor: no segment stays for it any more.
  ///
  /// Without this a cursor stays registered when its reader ends, so that it can be resumed.
  public consuming func unregister() throws(EventLogError) { try files.unregister() }
}

/// A reader's files.
@usableFromInline
final class EventLogReading: @unchecked Sendable {
  // SAFETY: used by the one reader that has it.
  let control: EventLogControl
  var slot: Int?
  var cursorName = ""
  private var segments: EventLogSegments

  init(
    path: String, format: SnapshotFormat, layout: EventRecordLayout, needsWriting: Bool
  ) throws(EventLogError) {
    let folder = try EventLogFolder(path: path, creates: false)
    control = try Self.openControl(folder, needsWriting: needsWriting)
    segments = EventLogSegments(folder: folder, control: control)
    let configuration = EventLogConfiguration(
      format: format, journalHigh: 0, journalLow: 0, segmentByteCount: 0)
    try control.header.check(
      equals: EventLogHeader(configuration, layout),
      ignoring: [
        "segmentByteCount", "journalHigh", "journalLow", "firstIndex", "startSequence",
        "cursorCount",
      ], path: control.path)
  }

  deinit { if let slot { control.releaseCursor(slot) } }

  /// A reader without a cursor writes nothing but that it sleeps, and can do without that.
  private static func openControl(
    _ folder: EventLogFolder, needsWriting: Bool
  ) throws(EventLogError) -> EventLogControl {
    do throws(EventLogError) {
      return try EventLogControl.open(folder, isWritable: true)
    } catch {
      // EPERM, EACCES, EROFS
      guard case .system("open", _, let errno) = error, [1, 13, 30].contains(errno), !needsWriting
      else { throw error }
    }
    return try EventLogControl.open(folder, isWritable: false)
  }

  /// Why a reader whose cursor is no longer its own reads no more.
  @usableFromInline
  var cursorLost: EventLogError { .cursorLost(path: control.path, name: cursorName) }

  func segment(containing index: UInt64) throws(EventLogError) -> EventSegment {
    try segments.segment(containing: index)
  }

  /// Forgets the mapped segment: its name may be another file's now.
  func closeSegment() { segments = EventLogSegments(folder: segments.folder, control: control) }

  func firstIndex(ofSequence sequence: UInt64) throws(EventLogError) -> UInt64 {
    try segments.firstIndex(ofSequence: sequence)
  }

  func unregister() throws(EventLogError) {
    guard let slot else { return }
    guard try control.unregisterCursor(slot) else { throw cursorLost }
    self.slot = nil
  }
}
