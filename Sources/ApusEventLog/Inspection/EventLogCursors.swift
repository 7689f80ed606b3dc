// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// How far the registered cursors of a log are, and what stays for them.
public struct EventLogCursorReport: Equatable, Sendable {
  /// A registered cursor.
  public struct Cursor: Equatable, Sendable {
    /// What it is called, where it is and who has it.
    public var cursor: EventLogCursor
    /// Published events that it has not read.
    public var eventsBehind: UInt64
    /// Their records. Unit: bytes.
    public var bytesBehind: UInt64
    /// Whether segments stay for it: none is further behind, and there is a whole one, not counting the
    /// last, that it has not read.
    public var holdsSegments: Bool
  }

  /// Index of the first event that is still there.
  public var firstIndex: UInt64
  /// Index after the last published event.
  public var position: UInt64
  /// Every registered cursor, the hindmost first.
  public var cursors: [Cursor]

  init(_ control: EventLogControl) {
    let header = control.header
    // Before the position: a cursor that is read first is not in front of it.
    let cursors = control.cursors.sorted { ($0.index, $0.name) < ($1.index, $1.name) }
    let position = control.load(.position)
    let last = EventLogSegments.start(of: max(position, 1) - 1, header)
    firstIndex = control.load(.firstIndex)
    self.position = position
    self.cursors = cursors.map { cursor in
      let behind = position - min(position, cursor.index)
      return Cursor(
        cursor: cursor, eventsBehind: behind,
        bytesBehind: behind.multipliedReportingOverflow(by: UInt64(header.recordByteCount))
          .partialValue,
        holdsSegments: cursor.index == cursors[0].index && cursor.index < last)
    }
  }
}

extension EventLogInspection {
  /// Looks at the registered cursors of a log, also while it is written.
  public static func cursors(path: String) throws(EventLogError) -> EventLogCursorReport {
    let folder = try EventLogFolder(path: path, creates: false)
    return EventLogCursorReport(try EventLogControl.open(folder, isWritable: false))
  }

  /// Ends the registration of a cursor that no living process has, also while the log is written: the
  /// writer's process removes the segments that nobody wants any more.
  ///
  /// A reader of it that lives in another process namespace, and so looks dead, is told with its next
  /// read: ``EventLogError/cursorLost(path:name:)``.
  ///
  /// - Returns: The cursors that are left.
  /// - Throws: ``EventLogError/cursorInUse(path:name:processID:)``,
  ///   ``EventLogError/noSuchCursor(path:name:)``.
  public static func removeCursor(
    named name: String, path: String
  ) throws(EventLogError) -> EventLogCursorReport {
    let folder = try EventLogFolder(path: path, creates: false)
    let control = try EventLogControl.open(folder, isWritable: true)
    try control.removeCursor(name)
    return EventLogCursorReport(control)
  }
}
