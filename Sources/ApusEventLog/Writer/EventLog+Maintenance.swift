// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import Glibc
internal import Synchronization

extension EventLog {
  /// Makes the next segment, so that the writer only changes over to it, and unmaps the last one.
  ///
  /// Call it at least once in the time that a segment takes to fill.
  ///
  /// - Throws: ``EventLogError/diskFull(operation:path:errno:)`` and others; the writer still has the
  ///   rest of its segment.
  public func prepare() throws(EventLogError) {
    let (retired, first) = state.withLock { state -> (EventSegment?, UInt64?) in
      let retired = state.retired
      state.retired = nil
      guard state.next == nil, !state.isPreparing else { return (retired, nil) }
      state.isPreparing = true
      return (
        retired,
        state.current?.endIndex ?? EventLogSegments.start(of: position, control.header)
      )
    }
    withExtendedLifetime(retired) {}
    guard let first else { return }
    do throws(EventLogError) {
      let segment = try EventSegment.create(
        folder, log: control.header, firstIndex: first, populates: true)
      state.withLock { state in
        state.next = segment
        state.isPreparing = false
      }
    } catch {
      state.withLock { $0.isPreparing = false }
      throw error
    }
  }

  /// Puts what is published on the disk and leaves a mark: after a power cut the log begins there.
  ///
  /// - Parameter sequence: All events of commands up to this one were taken by the writer, as the
  ///   host's `acknowledgedSequence` says; nil where that is not known.
  /// - Throws: ``EventLogError`` where the disk does not take it; the mark then stays where it was.
  public func sync(completeThrough sequence: UInt64? = nil) throws(EventLogError) {
    // In this order: whatever is complete now is below the position that is read after it.
    if let sequence, sequence > control.load(.completeSequence) {
      control.store(sequence, .completeSequence)
    }
    let complete = control.load(.completeSequence)
    let position = self.position
    try withMaintenance { marks throws(EventLogError) in
      // Once both say so: the older one would keep segments that nobody else needs.
      if let newest = marks.newest, newest.position == position,
        newest.completeSequence >= complete, marks.older?.position == position
      {
        return
      }
      let checksum = try syncSegments(after: marks.newest, to: position)
      let last = try lastSequence(before: position)
      let mark = EventLogMark(
        number: (marks.newest?.number ?? 0) + 1, position: position,
        completeSequence: max(complete, last > 0 ? last - 1 : 0), checksum: checksum)
      try control.write(mark)
      marks.older = marks.newest
      marks.newest = mark
    }
  }

  private func withMaintenance<Result: Sendable>(
    _ body: (inout EventLogMarks) throws(EventLogError) -> Result
  ) throws(EventLogError) -> Result {
    // The result carries the error across the lock, which knows no typed one.
    let result = maintenance.withLock { marks -> Swift.Result<Result, EventLogError> in
      do throws(EventLogError) { return .success(try body(&marks)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Syncs every segment with an event of the range, and their names.
  ///
  /// - Returns: Checksum of the last segment's records up to the range's end.
  private func syncSegments(
    after mark: EventLogMark?, to position: UInt64
  ) throws(EventLogError) -> UInt32 {
    guard position > firstIndex else { return 0 }
    let header = control.header
    var index = EventLogSegments.start(of: max(mark?.position ?? 0, firstIndex), header)
    while index < position {
      let name = EventLogFormat.segmentName(firstIndex: index)
      let file = try folder.open(name, O_RDONLY)
      defer { close(file) }
      try folder.sync(file, name)
      index += header.capacity
    }
    let isNameOld = mark.map {
      $0.position > 0
        && EventLogSegments.start(of: $0.position - 1, header)
          == EventLogSegments.start(of: position - 1, header)
    }
    if isNameOld != true { try folder.sync() }
    let writing = state.withLock { $0.current }
    if let writing, writing.contains(position - 1) {
      // From where the last mark's ends: the segment is read once, not at every sync.
      if let mark, mark.position > writing.firstIndex, mark.position <= position {
        return writing.checksum(from: mark.position, to: position, seed: mark.checksum)
      }
      return writing.checksum(before: position)
    }
    var reading = EventLogSegments(folder: folder, control: control)
    return try reading.segment(containing: position - 1).checksum(before: position)
  }

  private func lastSequence(before position: UInt64) throws(EventLogError) -> UInt64 {
    guard position > firstIndex else { return 0 }
    var reading = EventLogSegments(folder: folder, control: control)
    return try reading.sequence(of: position - 1)
  }

  /// Removes the oldest segments that nobody needs any more: every registered cursor has passed
  /// them, the journal is durable past them, two marks are behind them and the newest
  /// `keptByteCount` bytes are without them.
  ///
  /// - Parameter sequence: The journal is durable up to it.
  /// - Returns: How many were removed.
  @discardableResult
  public func removeSegments(durableThrough sequence: UInt64) throws(EventLogError) -> Int {
    try withMaintenance { marks throws(EventLogError) in
      let first = firstIndex
      var target = try removable(durableThrough: sequence, held: marks.heldPosition)
      guard target > first else { return 0 }
      // A cursor is registered before its owner looks at the first index, and this is stored before
      // the cursors are looked at again: one of the two sees the other.
      control.store(target, .firstIndex)
      if let hindmost = control.hindmostCursor, hindmost < target {
        target = max(first, EventLogSegments.start(of: hindmost, control.header))
        control.store(target, .firstIndex)
      }
      var count = 0
      var index = EventLogSegments.start(of: first, control.header)
      while index + control.header.capacity <= target {
        try folder.remove(EventLogFormat.segmentName(firstIndex: index))
        index += control.header.capacity
        count += 1
      }
      return count
    }
  }

  /// Where the log could begin.
  private func removable(
    durableThrough sequence: UInt64, held: UInt64
  ) throws(EventLogError) -> UInt64 {
    let (header, first, position) = (control.header, firstIndex, self.position)
    guard position > first else { return first }
    let last = EventLogSegments.start(of: position - 1, header)
    let keptCount =
      (UInt64(configuration.keptByteCount) + header.segmentByteCount - 1) / header.segmentByteCount
    let limit = min(control.hindmostCursor ?? .max, held, last)
    var reading = EventLogSegments(folder: folder, control: control)
    var target = first
    while true {
      let end = EventLogSegments.start(of: target, header) + header.capacity
      guard end <= limit, (last - end) / header.capacity + 1 >= keptCount,
        try reading.sequence(of: end - 1) <= sequence
      else { return target }
      target = end
    }
  }
}
