// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusCore
public import ApusEventLog

/// What `apus journal verify` finds in an event log, as JSON and as text. The JSON keys are stable.
public struct EventLogSummary: Encodable, Sendable {
  /// A registered cursor.
  public struct Cursor: Encodable, Sendable {
    /// Its name.
    public var name: String
    /// Index of the next event that it wants.
    public var index: UInt64
    /// Process that has it; nil where none does.
    public var process: Int32?
  }

  /// The folder.
  public var folder: String
  /// The engine whose events these are.
  public var engine: String
  /// Version of the engine's layout.
  public var engineVersion: UInt32
  /// Name of the journal.
  public var journal: String
  /// Index of the first event.
  public var firstIndex: UInt64
  /// Index after the last event.
  public var position: UInt64
  /// Command of the first event.
  public var firstSequence: UInt64?
  /// Command of the last event.
  public var lastSequence: UInt64?
  /// Up to here the log survives a power cut.
  public var syncedPosition: UInt64
  /// Length of an event. Unit: bytes.
  public var eventBytes: Int
  /// Files with events.
  public var segments: Int
  /// Length of each. Unit: bytes.
  public var segmentBytes: UInt64
  /// Checksum of all events, hexadecimal: equal checksums, equal events.
  public var checksum: String
  /// Registered cursors.
  public var cursors: [Cursor]

  init(folder: String, report: EventLogReport) {
    self.folder = folder
    engine = report.engine
    engineVersion = report.engineVersion
    journal = JournalIdentifier(high: report.journal.high, low: report.journal.low).description
    firstIndex = report.firstIndex
    position = report.position
    firstSequence = report.firstSequence
    lastSequence = report.lastSequence
    syncedPosition = report.syncedPosition
    eventBytes = report.eventByteCount
    segments = report.segmentCount
    segmentBytes = report.segmentByteCount
    checksum = HumanText.hexadecimal(report.checksum)
    cursors = report.cursors.map {
      Cursor(name: $0.name, index: $0.index, process: $0.processID)
    }
  }

  /// A few lines for people.
  public func renderText() -> String {
    var lines = [
      "event log of \(engine) version \(engineVersion), journal \(journal)",
      "events    \(HumanText.count(position - firstIndex)) of \(eventBytes) bytes, indices "
        + "\(firstIndex)..<\(position), checksum \(checksum)",
    ]
    if let firstSequence, let lastSequence {
      lines.append("commands  \(firstSequence) to \(lastSequence)")
    }
    lines.append(
      "segments  \(segments), \(HumanText.bytes(UInt64(segments) &* segmentBytes))")
    lines.append("synced    up to index \(syncedPosition)")
    lines += cursors.map { cursor in
      let owner = cursor.process.map { "process \($0)" } ?? "nobody"
      return "cursor    \(TopReport.printable(cursor.name)) at \(cursor.index), \(owner)"
    }
    return lines.joined(separator: "\n")
  }
}

/// One event as `apus journal dump` prints it. The JSON keys are stable.
public struct EventLogDumpEvent: Encodable, Sendable {
  /// Its index.
  public var index: UInt64
  /// Its command.
  public var sequence: UInt64
  /// Its bytes, hexadecimal.
  public var event: String

  /// One line for people, with at most 64 bytes of the event.
  public func renderText() -> String {
    "\(index)  command \(sequence)  " + (event.count > 128 ? event.prefix(128) + "…" : event[...])
  }
}

/// The work of `apus journal` on event logs.
public enum EventLogTool {
  /// Whether the folder is an event log's.
  public static func isLog(_ folder: String) -> Bool { EventLogInspection.isLog(folder) }

  /// Checks headers, sizes and the order of all events. Changes nothing.
  public static func verify(
    folder: String, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(EventLogError) -> EventLogSummary {
    EventLogSummary(
      folder: folder, report: try EventLogInspection.verify(path: folder, progress: progress))
  }

  /// Hands out events from an index on.
  ///
  /// - Throws: `EventLogError`, behind the events before it, and whatever `body` throws.
  public static func dump(
    folder: String, from index: UInt64?, countMax: Int, _ body: (EventLogDumpEvent) throws -> Void
  ) throws {
    try EventLogInspection.dump(path: folder, from: index, countMax: countMax) { event in
      try body(
        EventLogDumpEvent(
          index: event.index, sequence: event.sequence,
          event: HumanText.hexadecimal(event.bytes)))
    }
  }
}
