// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusThreads
internal import Synchronization

/// Opening a log for its writer: finds the last position that holds, and leaves nothing behind it.
struct OpenedEventLog {
  let control: EventLogControl
  private(set) var current: EventSegment?
  private(set) var recovery: EventLogRecovery
  private let folder: EventLogFolder

  init(
    folder: EventLogFolder, header: EventLogHeader, cutAfter sequence: UInt64?
  ) throws(EventLogError) {
    self.folder = folder
    control = try Self.openControl(folder, header)
    recovery = EventLogRecovery(
      trust: .created, position: control.header.firstIndex, firstIndex: control.header.firstIndex,
      completeSequence: control.header.startSequence, lostCount: 0, cutCount: 0)
    let process = ProcessIdentity.current()
    let boot = (control.raw(.bootHigh), control.raw(.bootLow))
    let isSameBoot = boot == (process.bootIDHigh, process.bootIDLow) && boot != (0, 0)
    if isSameBoot {
      try trustPublished()
    } else if boot != (0, 0) || !control.marks.isEmpty {
      try trustMark()
    }
    if let sequence { try cut(after: sequence) }
    // Also one that a process before this one did not finish.
    let pending = control.raw(.cutPending)
    try settle(isCut: pending != 0)
    if !isSameBoot { releaseCursors() }
    if pending != 0 {
      let end = max(header.firstIndex, min(pending - 1, recovery.position))
      try control.cutCursors(to: end)
      control.recordCut(to: end)
    }
    control.store(recovery.position, .position)
    control.store(recovery.firstIndex, .firstIndex)
    control.store(recovery.completeSequence, .completeSequence)
    control.store(process.bootIDHigh, .bootHigh)
    control.store(process.bootIDLow, .bootLow)
    control.store(ProcessIdentity.Word.current().rawValue, .writer)
  }

  private static func openControl(
    _ folder: EventLogFolder, _ header: EventLogHeader
  ) throws(EventLogError) -> EventLogControl {
    do throws(EventLogError) {
      let control = try EventLogControl.open(folder, isWritable: true)
      // Where a log began was decided when it was made.
      try control.header.check(
        equals: header, ignoring: ["firstIndex", "startSequence"], path: control.path)
      return control
    } catch {
      guard case .missing = error, try folder.segments().isEmpty else { throw error }
    }
    try EventLogControl.create(folder, header)
    return try EventLogControl.open(folder, isWritable: true)
  }

  private var header: EventLogHeader { control.header }

  private func start(of index: UInt64) -> UInt64 { EventLogSegments.start(of: index, header) }

  // MARK: What is trusted

  /// The page cache outlives a process: everything published is there.
  private mutating func trustPublished() throws(EventLogError) {
    let position = control.raw(.position)
    let first = control.raw(.firstIndex)
    let range = header.firstIndex...Sequencer.sequenceMax
    guard range.contains(position) else {
      throw .value(
        path: control.path, name: "position", offset: EventLogControl.Word.position.rawValue,
        found: position, expected: "\(range)")
    }
    guard first >= header.firstIndex, first <= position else {
      throw .value(
        path: control.path, name: "firstIndex", offset: EventLogControl.Word.firstIndex.rawValue,
        found: first, expected: "\(header.firstIndex)...\(position)")
    }
    recovery.trust = .published
    recovery.position = position
    recovery.firstIndex = first
    recovery.completeSequence = min(control.load(.completeSequence), Sequencer.sequenceMax)
    try checkSegments()
  }

  /// The disk has what was synced when the newest mark was written, and perhaps parts of the rest.
  private mutating func trustMark() throws(EventLogError) {
    recovery.trust = .synced
    var failure: EventLogError?
    for mark in control.marks {
      do throws(EventLogError) {
        try trust(mark)
        failure = nil
        break
      } catch {
        // The older mark may hold; of two that do not, the newer one's reason says more.
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    let published = control.raw(.position)
    if published <= Sequencer.sequenceMax, published > recovery.position {
      recovery.lostCount = published - recovery.position
    }
  }

  private mutating func trust(_ mark: EventLogMark) throws(EventLogError) {
    guard mark.position >= header.firstIndex else {
      throw .value(
        path: control.path, name: "position of mark \(mark.number)", offset: 1_024,
        found: mark.position, expected: "\(header.firstIndex) or more")
    }
    // Segments are removed from the front, and a removal may not have reached the disk.
    let segments = Set(try folder.segments())
    var first = start(of: max(mark.position, header.firstIndex + 1) - 1)
    while first >= header.capacity, segments.contains(first - header.capacity) {
      first -= header.capacity
    }
    recovery.position = mark.position
    recovery.firstIndex = max(first, header.firstIndex)
    recovery.completeSequence = max(mark.completeSequence, header.startSequence)
    try checkSegments()
    guard mark.position > recovery.firstIndex else { return }
    var reading = EventLogSegments(folder: folder, control: control)
    let last = try reading.segment(containing: mark.position - 1)
    guard last.checksum(before: mark.position) == mark.checksum else {
      throw .checksum(path: last.path, offset: EventLogFormat.headerByteCount)
    }
  }

  /// Opens every segment from the first event to the last: that is where sizes and headers are checked.
  private mutating func checkSegments() throws(EventLogError) {
    guard recovery.firstIndex < recovery.position else { return }
    var reading = EventLogSegments(folder: folder, control: control)
    var index = start(of: recovery.firstIndex)
    while index < recovery.position {
      _ = try reading.segment(containing: index)
      index += header.capacity
    }
    // The command before the last event's has no more to come.
    let last = try reading.sequence(of: recovery.position - 1)
    recovery.completeSequence = max(
      recovery.completeSequence, last > 0 ? min(last, Sequencer.sequenceMax) - 1 : 0)
  }

  // MARK: What stays

  /// Leaves no event of a later command, and no word that those were complete: others may come in their place.
  private mutating func cut(after sequence: UInt64) throws(EventLogError) {
    let (first, position) = (recovery.firstIndex, recovery.position)
    var reading = EventLogSegments(folder: folder, control: control)
    let end = try reading.firstIndex(ofSequence: sequence &+ 1, in: first..<position)
    let marks = control.marks
    let isMarked = marks.contains { $0.position > end || $0.completeSequence > sequence }
    guard end < position || recovery.completeSequence > sequence || isMarked else { return }
    recovery.position = end
    recovery.completeSequence = min(recovery.completeSequence, sequence)
    recovery.cutCount = position - end
    if end < position {
      // Of two cuts the lower one is what readers have to know.
      let pending = control.raw(.cutPending)
      control.store(pending == 0 ? end + 1 : min(pending, end + 1), .cutPending)
    }
    control.store(end, .position)
    control.store(recovery.completeSequence, .completeSequence)
    // A mark behind the cut would bring back what was cut off. What is before it is on the disk.
    guard isMarked, let newest = marks.first else { return }
    let checksum =
      end > first ? try reading.segment(containing: end - 1).checksum(before: end) : 0
    for number in 1...2 {
      try control.write(
        EventLogMark(
          number: newest.number + UInt64(number), position: end,
          completeSequence: recovery.completeSequence, checksum: checksum))
    }
  }

  /// Removes segments before the first event and after the last, and opens the one to go on in.
  ///
  /// - Parameter isCut: Whether readers may have mapped, and may yet read, what is behind the last event:
  ///   its file stays theirs as it is, and a copy takes its place.
  private mutating func settle(isCut: Bool) throws(EventLogError) {
    let position = recovery.position
    let isInside = position > start(of: position) && position > recovery.firstIndex
    for segment in try folder.segments() {
      let isBehind = isInside ? segment > start(of: position) : segment >= start(of: position)
      if isBehind || segment < start(of: recovery.firstIndex) {
        try folder.remove(EventLogFormat.segmentName(firstIndex: segment))
      }
    }
    guard isInside else { return }
    if isCut { try EventSegment.replace(folder, log: header, before: position) }
    let segment = try EventSegment.open(
      folder, log: header, firstIndex: start(of: position), isWritable: true)
    if recovery.trust == .synced, !isCut { segment.zero(from: position) }
    current = segment
  }

  /// After a restart of the host no process has a cursor, whatever its number.
  private func releaseCursors() {
    for slot in 0..<control.cursorCount {
      // SAFETY: the word lies in the slot.
      unsafe control.cursorOwner(slot).pointee.store(0, ordering: .sequentiallyConsistent)
    }
  }
}

extension EventSegment {
  /// Clears every record from an index on.
  fileprivate func zero(from index: UInt64) {
    let start = unsafe address(of: index)
    // SAFETY: from the record to the end of the mapping.
    unsafe start.initializeMemory(
      as: UInt8.self, repeating: 0, count: byteCount - offset(of: index))
  }
}
