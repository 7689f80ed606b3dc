// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusServiceKit
internal import ApusCommandKit
public import ApusEventLog

/// What `apus journal cursors` finds, as JSON and as text. The JSON keys are stable.
public struct EventLogCursorSummary: Encodable, Sendable {
  /// A registered cursor.
  public struct Cursor: Encodable, Sendable {
    /// Its name.
    public var name: String
    /// Index of the next event that it wants.
    public var index: UInt64
    /// Published events that it has not read.
    public var eventsBehind: UInt64
    /// Length of their records. Unit: bytes.
    public var bytesBehind: UInt64
    /// Whether segments stay for it that nobody further in front needs.
    public var holdsSegments: Bool
    /// Process that has it; nil where none does.
    public var process: Int32?
  }

  /// Folder of the event log.
  public var folder: String
  /// Index of the first event that is there.
  public var firstIndex: UInt64
  /// Index after the last event.
  public var position: UInt64
  /// The cursor that was removed; nil where none was to be.
  public var removed: String?
  /// Registered cursors, the one furthest behind first.
  public var cursors: [Cursor]

  init(folder: String, report: EventLogCursorReport, removed: String?) {
    self.folder = folder
    firstIndex = report.firstIndex
    position = report.position
    self.removed = removed
    cursors = report.cursors.map {
      Cursor(
        name: $0.cursor.name, index: $0.cursor.index, eventsBehind: $0.eventsBehind,
        bytesBehind: $0.bytesBehind, holdsSegments: $0.holdsSegments,
        process: $0.cursor.processID)
    }
  }

  /// A few lines for people.
  public func renderText() -> String {
    var lines = removed.map { ["removed   \($0)"] } ?? []
    lines.append("events    indices \(firstIndex)..<\(position)")
    lines += cursors.map { cursor in
      "cursor    \(TopReport.printable(cursor.name)) at \(cursor.index), \(HumanText.count(cursor.eventsBehind)) events ("
        + "\(HumanText.bytes(cursor.bytesBehind))) behind, "
        + (cursor.process.map { "process \($0)" } ?? "nobody")
        + (cursor.holdsSegments ? ", keeps old segments" : "")
    }
    if cursors.isEmpty { lines.append("cursors   none") }
    return lines.joined(separator: "\n")
  }
}

extension EventLogTool {
  /// Folder of the event log: the one that is named, or the one in a service's folder; nil where
  /// neither is one.
  public static func log(in folder: String) -> String? {
    [folder, ServiceFolder(folder).events].first { isLog($0) }
  }

  /// Looks at the registered cursors, also while a service runs.
  public static func cursors(folder: String) throws(EventLogError) -> EventLogCursorSummary {
    EventLogCursorSummary(
      folder: folder, report: try EventLogInspection.cursors(path: folder), removed: nil)
  }

  /// Removes a cursor that no living process has, also while a service runs.
  public static func removeCursor(
    named name: String, folder: String
  ) throws(EventLogError) -> EventLogCursorSummary {
    EventLogCursorSummary(
      folder: folder, report: try EventLogInspection.removeCursor(named: name, path: folder),
      removed: name)
  }
}
