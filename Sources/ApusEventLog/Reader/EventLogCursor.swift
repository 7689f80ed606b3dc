// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import Synchronization

/// A registered cursor, as others see it.
public struct EventLogCursor: Equatable, Sendable {
  /// Its name.
  public var name: String
  /// Index of the next event that it wants: from there on segments stay.
  public var index: UInt64
  /// Process that has it; nil where none does or it has died.
  public var processID: Int32?
}

extension EventLogControl {
  private func checked(_ name: String) throws(EventLogError) -> [UInt8] {
    let bytes = Array(name.utf8)
    let range = 1...EventLogFormat.cursorNameByteCountMax
    guard range.contains(bytes.count), bytes.allSatisfy({ $0 >= 0x20 }) else {
      throw .configuration(
        field: "cursor name", value: name, expected: "\(range) bytes without control characters")
    }
    return bytes
  }

  private func owner(_ slot: Int) -> ProcessIdentity.Word? {
    // SAFETY: the word lies in the slot.
    let raw = unsafe cursorOwner(slot).pointee.load(ordering: .sequentiallyConsistent)
    let word = ProcessIdentity.Word(rawValue: raw)
    return raw == 0 || word.state() == .dead ? nil : word
  }

  /// Takes the cursor of a name for this process, where it was, or registers it.
  ///
  /// - Parameter start: Index for a cursor that is new.
  /// - Returns: The slot.
  func takeCursor(_ name: String, start: UInt64) throws(EventLogError) -> Int {
    let bytes = try checked(name)
    return try withCursorsLocked { () throws(EventLogError) in
      let slot: Int
      if let found = (0..<cursorCount).first(where: { cursorName($0) == bytes }) {
        if let owner = owner(found) {
          throw .cursorInUse(path: path, name: name, processID: owner.processID)
        }
        slot = found
      } else {
        guard let free = (0..<cursorCount).first(where: { cursorName($0) == nil }) else {
          throw .cursorTableFull(path: path, count: cursorCount)
        }
        // The index first: with its name the cursor counts.
        // SAFETY: the word lies in the slot.
        unsafe cursorIndex(free).pointee.store(start, ordering: .sequentiallyConsistent)
        unsafe cursorCut(free).pointee.store(0, ordering: .sequentiallyConsistent)
        setCursorName(free, bytes)
        slot = free
      }
      // SAFETY: as above.
      unsafe cursorOwner(slot).pointee.store(
        ProcessIdentity.Word.current().rawValue, ordering: .sequentiallyConsistent)
      return slot
    }
  }

  /// Gives a cursor back, where this process has it; it stays registered.
  func releaseCursor(_ slot: Int) {
    // SAFETY: the word lies in the slot.
    _ = unsafe cursorOwner(slot).pointee.compareExchange(
      expected: ProcessIdentity.Word.current().rawValue, desired: 0,
      ordering: .sequentiallyConsistent)
  }

  /// Ends a registration: the slot is free, and who had it sees that by its owner and its index.
  private func clearCursor(_ slot: Int) {
    setCursorName(slot, [])
    // SAFETY: the words lie in the slot.
    unsafe cursorOwner(slot).pointee.store(0, ordering: .sequentiallyConsistent)
    unsafe cursorIndex(slot).pointee.store(.max, ordering: .sequentiallyConsistent)
  }

  /// Ends the registration of a cursor that this process has.
  ///
  /// - Returns: Whether it had it.
  func unregisterCursor(_ slot: Int) throws(EventLogError) -> Bool {
    try withCursorsLocked { () throws(EventLogError) in
      // SAFETY: the word lies in the slot.
      let raw = unsafe cursorOwner(slot).pointee.load(ordering: .sequentiallyConsistent)
      guard raw == ProcessIdentity.Word.current().rawValue else { return false }
      clearCursor(slot)
      return true
    }
  }

  /// Ends the registration of a cursor that no living process has.
  func removeCursor(_ name: String) throws(EventLogError) {
    let bytes = try checked(name)
    try withCursorsLocked { () throws(EventLogError) in
      guard let slot = (0..<cursorCount).first(where: { cursorName($0) == bytes }) else {
        throw .noSuchCursor(path: path, name: name)
      }
      if let owner = owner(slot) {
        throw .cursorInUse(path: path, name: name, processID: owner.processID)
      }
      clearCursor(slot)
    }
  }

  /// Moves cursors that stand behind the log's end to it, and notes in each that its reader is to be told:
  /// events from there on will be others than it has read.
  func cutCursors(to position: UInt64) throws(EventLogError) {
    try withCursorsLocked { () throws(EventLogError) in
      for slot in 0..<cursorCount where cursorName(slot) != nil {
        // SAFETY: the words lie in the slot.
        guard unsafe cursorIndex(slot).pointee.load(ordering: .sequentiallyConsistent) > position
        else { continue }
        unsafe cursorCut(slot).pointee.store(1, ordering: .sequentiallyConsistent)
        unsafe cursorIndex(slot).pointee.store(position, ordering: .sequentiallyConsistent)
      }
    }
  }

  /// Whether a cursor was moved back, and its reader not told yet.
  func isCursorCut(_ slot: Int) -> Bool {
    // SAFETY: the word lies in the slot.
    unsafe cursorCut(slot).pointee.load(ordering: .sequentiallyConsistent) != 0
  }

  /// Where a cursor was moved back to, once; nil where it was not.
  func takeCursorCut(_ slot: Int) -> UInt64? {
    // SAFETY: the words lie in the slot.
    guard unsafe cursorCut(slot).pointee.exchange(0, ordering: .sequentiallyConsistent) != 0
    else { return nil }
    return unsafe cursorIndex(slot).pointee.load(ordering: .sequentiallyConsistent)
  }

  var cursors: [EventLogCursor] {
    (0..<cursorCount).compactMap { slot in
      guard let name = cursorName(slot) else { return nil }
      // SAFETY: the word lies in the slot.
      return EventLogCursor(
        name: String(decoding: name, as: UTF8.self),
        index: unsafe cursorIndex(slot).pointee.load(ordering: .sequentiallyConsistent),
        processID: owner(slot)?.processID)
    }
  }
}

extension EventLog {
  /// Every registered cursor.
  public var cursors: [EventLogCursor] { control.cursors }

  /// Moves cursors that stand behind the log's end to it, as the opening does after a cut. Call it when a
  /// recovery has written all events of the journal: after a power cut that took commands whose events had
  /// left already, cursors stand behind events that will be others. Their readers are told with the next
  /// read: ``EventReadOutcome/cut(from:)``.
  public func cutCursors() throws(EventLogError) {
    try control.cutCursors(to: position)
    control.spot.wake()
  }

  /// Ends the registration of a cursor that no living process has, so that it keeps no segments.
  ///
  /// - Throws: ``EventLogError/cursorInUse(path:name:processID:)``,
  ///   ``EventLogError/noSuchCursor(path:name:)``.
  public func removeCursor(named name: String) throws(EventLogError) {
    try control.removeCursor(name)
  }
}
