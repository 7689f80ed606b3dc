// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusThreads
internal import Glibc
internal import Synchronization

/// Where a replay of the journal stands in the events that the log has already.
struct EventLogReplay {
  /// Events of commands up to this one are no longer in the log, or not looked at.
  var skippedSequence: UInt64
  /// So many more events of the command after it are no longer in the log.
  var skippedCount: UInt64
  /// The event that the next one has to equal.
  var index: UInt64
  var reading: EventLogSegments
}

/// What became of an event of a replay.
enum EventLogReplayOutcome {
  /// The log has it.
  case present
  /// It is the first that the log does not have.
  case new
  /// It is another one than the log has, or the log cannot be read.
  case failed
}

extension EventLog {
  /// The writer; a log has one at a time.
  ///
  /// What it is given first may be there already: it drops those events, after comparing each with
  /// what the log has, and appends the others. So a recovery that replays the journal completes the log.
  ///
  /// - Parameters:
  ///   - type: What the log was opened with.
  ///   - sequence: The writer will be given all events of all commands after this one: the
  ///     sequence of the snapshot that the replay begins with, or the last one that was applied.
  /// - Throws: ``EventLogError/gap(path:completeSequence:resumedAfter:)`` where events are missing
  ///   between the log and those.
  public func makeWriter<Event: BitwiseCopyable>(
    of type: Event.Type = Event.self, resumingAfter sequence: UInt64
  ) throws(EventLogError) -> EventLogWriter<Event> {
    precondition(
      EventRecordLayout(type) == layout, "EventLog.makeWriter: expected the log's type of events")
    let complete = completeSequence
    guard sequence <= complete else {
      throw .gap(path: path, completeSequence: complete, resumedAfter: sequence)
    }
    let replay = try makeReplay(after: sequence)
    let position = try checkedPosition()
    let isFree = state.withLock { state in
      guard !state.hasWriter else { return false }
      state.hasWriter = true
      state.replay = replay
      state.failure = nil
      return true
    }
    guard isFree else { throw .locked(path: path) }
    control.store(ProcessIdentity.Word.current().rawValue, .writer)
    return EventLogWriter(self, at: position, isReplaying: true)
  }

  /// The published position, which another process may have written since the log was opened, within the
  /// segment that the writer resumes in.
  private func checkedPosition() throws(EventLogError) -> UInt64 {
    let position = self.position
    let range =
      state.withLock { $0.current.map { $0.firstIndex...$0.endIndex } } ?? position...position
    guard range.contains(position) else {
      throw .value(
        path: control.path, name: "position", offset: EventLogControl.Word.position.rawValue,
        found: position, expected: "\(range)")
    }
    return position
  }

  private func makeReplay(after sequence: UInt64) throws(EventLogError) -> EventLogReplay {
    var reading = EventLogSegments(folder: folder, control: control)
    let (first, position) = (firstIndex, self.position)
    guard first < position else {
      return EventLogReplay(
        skippedSequence: max(sequence, control.header.startSequence), skippedCount: 0,
        index: position, reading: reading)
    }
    let segment = try reading.segment(containing: first)
    let oldest = segment.sequence(of: first)
    if sequence < oldest {
      // Where nothing was removed, nothing is skipped: the first event has to be the log's first.
      let isWhole = first == control.header.firstIndex
      let start = control.header.startSequence
      guard !isWhole || start < oldest else {
        throw .value(
          path: control.path, name: "startSequence", offset: 72, found: start,
          expected: "less than the first event's command, \(oldest)")
      }
      try checkOrder(&reading, from: oldest, to: position - 1)
      return EventLogReplay(
        skippedSequence: isWhole ? max(sequence, start) : oldest &- 1,
        skippedCount: isWhole ? 0 : segment.ordinal, index: first, reading: reading)
    }
    return EventLogReplay(
      skippedSequence: sequence, skippedCount: 0,
      index: try reading.firstIndex(ofSequence: sequence &+ 1, in: first..<position),
      reading: reading)
  }

  /// Checks that the event of an index may follow one of a command.
  private func checkOrder(
    _ reading: inout EventLogSegments, from sequence: UInt64, to index: UInt64
  ) throws(EventLogError) {
    let segment = try reading.segment(containing: index)
    let last = segment.sequence(of: index)
    guard sequence <= last else {
      throw .order(
        path: segment.path, offset: UInt64(segment.offset(of: index)), index: index,
        sequence: last, before: sequence)
    }
  }

  /// Compares an event of a replay with what the log has.
  func replay(sequence: UInt64, event: UnsafeRawBufferPointer) -> EventLogReplayOutcome {
    // SAFETY: the bytes are compared inside the call.
    nonisolated(unsafe) let event = unsafe event
    return state.withLock { state in
      guard state.failure == nil, var replay = state.replay else { return .failed }
      if sequence <= replay.skippedSequence { return .present }
      if replay.skippedCount > 0, sequence == replay.skippedSequence &+ 1 {
        state.replay?.skippedCount -= 1
        return .present
      }
      do throws(EventLogError) {
        guard replay.index < position else {
          try checkNew(&replay.reading, sequence)
          state.replay = nil
          return .new
        }
        let segment = try replay.reading.segment(containing: replay.index)
        guard unsafe segment.has(sequence, event, at: replay.index, offset: layout.eventOffset)
        else {
          throw .divergence(
            path: segment.path, offset: UInt64(segment.offset(of: replay.index)),
            index: replay.index, sequence: sequence)
        }
      } catch {
        state.failure = error
        return .failed
      }
      replay.index += 1
      state.replay = replay
      return .present
    }
  }

  /// Checks that an event of a command may follow the last one.
  private func checkNew(
    _ reading: inout EventLogSegments, _ sequence: UInt64
  ) throws(EventLogError) {
    let position = self.position
    guard position > firstIndex else { return }
    let segment = try reading.segment(containing: position - 1)
    let last = segment.sequence(of: position - 1)
    guard sequence >= last else {
      throw .order(
        path: segment.path, offset: UInt64(segment.offset(of: position - 1)), index: position,
        sequence: sequence, before: last)
    }
  }

  /// The segment that begins with the next event: prepared, or else made now.
  ///
  /// - Parameter sequence: Of the event's command.
  /// - Returns: Nil where there is none yet: it is being prepared, or cannot be made.
  func changeSegment(at index: UInt64, sequence: UInt64) -> EventSegment? {
    state.withLock { state in
      guard state.failure == nil, !state.isPreparing else { return nil }
      if state.stall != nil, !state.retry.hasPassed { return nil }
      do throws(EventLogError) {
        let segment: EventSegment
        if let next = state.next, next.contains(index) {
          segment = next
        } else {
          segment = try EventSegment.create(
            folder, log: control.header,
            firstIndex: EventLogSegments.start(of: index, control.header), populates: false)
        }
        segment.ordinal = state.current?.count(of: sequence, before: index) ?? 0
        state.retired = state.current
        state.current = segment
        state.next = nil
        state.stall = nil
        return segment
      } catch {
        state.stall = error
        // Each try costs system calls, and the host asks without a pause.
        state.retry = WaitDeadline(afterNanoseconds: 10_000_000)
        return nil
      }
    }
  }
}

extension EventSegment {
  /// Whether a record is of these.
  fileprivate func has(
    _ sequence: UInt64, _ event: UnsafeRawBufferPointer, at index: UInt64, offset: Int
  ) -> Bool {
    // SAFETY: the record lies in the mapping.
    let bytes = unsafe UnsafeRawBufferPointer(
      start: address(of: index) + offset, count: event.count)
    return unsafe self.sequence(of: index) == sequence && bytes.elementsEqual(event)
  }

  /// How many events directly before an index are of a command, also in segments before this one.
  ///
  /// - Complexity: O(that count).
  fileprivate func count(of sequence: UInt64, before index: UInt64) -> UInt64 {
    var start = index
    while start > firstIndex, self.sequence(of: start - 1) == sequence { start -= 1 }
    return index - start + (start == firstIndex && index > start ? ordinal : 0)
  }
}
