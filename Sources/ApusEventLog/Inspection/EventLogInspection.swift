// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a look at an event log found.
public struct EventLogReport: Equatable, Sendable {
  /// Name of the engine.
  public var engine: String
  /// Version of the engine's layout.
  public var engineVersion: UInt32
  /// The journal's identifier, upper and lower half.
  public var journal: (high: UInt64, low: UInt64) { (journalHigh, journalLow) }
  var journalHigh: UInt64
  var journalLow: UInt64
  /// Length of an event, and of a record of it. Unit: bytes.
  public var eventByteCount: Int
  /// Length of a record. Unit: bytes.
  public var recordByteCount: Int
  /// Length of a segment's file. Unit: bytes.
  public var segmentByteCount: UInt64
  /// Segments with events.
  public var segmentCount: Int
  /// Index of the first event.
  public var firstIndex: UInt64
  /// Index after the last event.
  public var position: UInt64
  /// Command of the first event; nil without one.
  public var firstSequence: UInt64?
  /// Command of the last event; nil without one.
  public var lastSequence: UInt64?
  /// Up to here the log survives a power cut.
  public var syncedPosition: UInt64
  /// Checksum of all events that are there, CRC32C of their records.
  public var checksum: UInt32
  /// Registered cursors.
  public var cursors: [EventLogCursor]
}

/// An event as it is in the file.
public struct RecordedEvent: Equatable, Sendable {
  /// Its index.
  public var index: UInt64
  /// Its command.
  public var sequence: UInt64
  /// Its bytes.
  public var bytes: [UInt8]
}

/// Looks through event logs of any engine. Changes nothing.
public enum EventLogInspection {
  /// Whether a folder has an event log.
  public static func isLog(_ path: String) -> Bool {
    guard let folder = try? EventLogFolder(path: path, creates: false) else { return false }
    return (try? EventLogControl.open(folder, isWritable: false)) != nil
      || (try? folder.segments().isEmpty) == false
  }

  /// Checks headers and sizes of all segments, and that no event's command is before the one of the
  /// event in front of it.
  ///
  /// - Throws: ``EventLogError`` of the first thing that does not hold.
  public static func verify(
    path: String, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(EventLogError) -> EventLogReport {
    let folder = try EventLogFolder(path: path, creates: false)
    let control = try EventLogControl.open(folder, isWritable: false)
    let (header, first, position) = (
      control.header, control.load(.firstIndex), control.load(.position)
    )
    var report = EventLogReport(
      engine: name(header.formatName), engineVersion: header.formatVersion,
      journalHigh: header.journalHigh, journalLow: header.journalLow,
      eventByteCount: Int(header.eventByteCount), recordByteCount: Int(header.recordByteCount),
      segmentByteCount: header.segmentByteCount, segmentCount: 0, firstIndex: first,
      position: position, syncedPosition: control.marks.first?.position ?? header.firstIndex,
      checksum: 0, cursors: control.cursors)
    guard first >= header.firstIndex, first <= position else {
      throw .value(
        path: control.path, name: "firstIndex", offset: EventLogControl.Word.firstIndex.rawValue,
        found: first, expected: "\(header.firstIndex)...\(position)")
    }
    var segments = EventLogSegments(folder: folder, control: control)
    var index = first
    while index < position {
      let segment = try segments.segment(containing: index)
      let end = min(segment.endIndex, position)
      report.checksum = segment.checksum(from: index, to: end, seed: report.checksum)
      if report.firstSequence == nil { report.firstSequence = segment.sequence(of: index) }
      for event in index..<end {
        let sequence = segment.sequence(of: event)
        if let before = report.lastSequence, sequence < before {
          throw .order(
            path: segment.path, offset: UInt64(segment.offset(of: event)), index: event,
            sequence: sequence, before: before)
        }
        report.lastSequence = sequence
      }
      report.segmentCount += 1
      index = end
      progress(index - first, position - first)
    }
    return report
  }

  /// Hands out events from an index on, at most `countMax`.
  ///
  /// - Throws: ``EventLogError``, behind the events before it, and whatever `body` throws.
  public static func dump(
    path: String, from start: UInt64?, countMax: Int, _ body: (RecordedEvent) throws -> Void
  ) throws {
    let folder = try EventLogFolder(path: path, creates: false)
    let control = try EventLogControl.open(folder, isWritable: false)
    let (header, first, position) = (
      control.header, control.load(.firstIndex), control.load(.position)
    )
    var index = start ?? first
    guard index >= first, index <= position else {
      throw EventLogError.configuration(
        field: "index", value: "\(index)", expected: "\(first)...\(position)")
    }
    var segments = EventLogSegments(folder: folder, control: control)
    var left = countMax
    while index < position, left > 0 {
      let segment = try segments.segment(containing: index)
      try body(
        RecordedEvent(
          index: index, sequence: segment.sequence(of: index),
          bytes: segment.event(
            of: index, offset: Int(header.eventOffset), byteCount: Int(header.eventByteCount))))
      index += 1
      left -= 1
    }
  }

  /// Up to eight characters of ASCII; others are shown as dots.
  private static func name(_ word: UInt64) -> String {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
    return String(
      decoding: bytes.prefix { $0 != 0 }.map { (0x21...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }
}

extension EventSegment {
  fileprivate func event(of index: UInt64, offset: Int, byteCount: Int) -> [UInt8] {
    // SAFETY: the header was checked: the event lies in its record, and that in the mapping.
    unsafe Array(UnsafeRawBufferPointer(start: address(of: index) + offset, count: byteCount))
  }
}
