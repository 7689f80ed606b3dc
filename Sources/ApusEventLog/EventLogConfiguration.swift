// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// What an event log is of and how large its parts are. Everything but ``keptByteCount`` is in the
/// files, and a log is only opened with the values that it was made with.
public struct EventLogConfiguration: Sendable, Equatable {
  /// The engine whose events these are: a log of another one, or of another version, is refused.
  public var format: SnapshotFormat
  /// The journal's identifier, upper half.
  public var journalHigh: UInt64
  /// The journal's identifier, lower half.
  public var journalLow: UInt64
  /// Length of a segment's file. Unit: bytes, a multiple of 4,096.
  public var segmentByteCount: Int
  /// The newest segments that are kept, whether or not anybody still wants them. Unit: bytes.
  public var keptByteCount: Int
  /// How many cursors can be registered.
  public var cursorCount: Int
  /// Index of the first event of a new log.
  public var startIndex: UInt64
  /// A new log has no event of commands up to this one.
  public var startSequence: UInt64

  /// A configuration.
  public init(
    format: SnapshotFormat, journalHigh: UInt64, journalLow: UInt64, segmentByteCount: Int,
    keptByteCount: Int = 0, cursorCount: Int = 64, startIndex: UInt64 = 0,
    startSequence: UInt64 = 0
  ) {
    self.format = format
    self.journalHigh = journalHigh
    self.journalLow = journalLow
    self.segmentByteCount = segmentByteCount
    self.keptByteCount = keptByteCount
    self.cursorCount = cursorCount
    self.startIndex = startIndex
    self.startSequence = startSequence
  }
}

/// How an event lies in a record: the command's sequence, then the event's bytes.
struct EventRecordLayout: Equatable, Sendable {
  let eventByteCount: Int
  let eventOffset: Int
  let recordByteCount: Int

  init<Event: BitwiseCopyable>(_ type: Event.Type) {
    let alignment = MemoryLayout<Event>.alignment
    eventByteCount = MemoryLayout<Event>.size
    eventOffset = (8 + alignment - 1) & ~(alignment - 1)
    recordByteCount = MemoryLayout<SequencedEvent<Event>>.stride
  }

  /// Events that a segment's file has room for.
  func capacity(segmentByteCount: Int) -> Int {
    (segmentByteCount - EventLogFormat.headerByteCount) / recordByteCount
  }
}

extension EventLogConfiguration {
  func validate(_ layout: EventRecordLayout) throws(EventLogError) {
    let sizes = EventLogFormat.segmentByteCounts
    guard sizes.contains(segmentByteCount), segmentByteCount % EventLogFormat.pageByteCount == 0
    else {
      throw .configuration(
        field: "segmentByteCount", value: "\(segmentByteCount)",
        expected: "a multiple of 4096 in \(sizes)")
    }
    guard layout.capacity(segmentByteCount: segmentByteCount) > 0 else {
      throw .configuration(
        field: "segmentByteCount", value: "\(segmentByteCount)",
        expected: "room for a record of \(layout.recordByteCount) bytes after the header's 4096")
    }
    guard EventLogFormat.cursorCounts.contains(cursorCount) else {
      throw .configuration(
        field: "cursorCount", value: "\(cursorCount)", expected: "\(EventLogFormat.cursorCounts)")
    }
    guard keptByteCount >= 0 else {
      throw .configuration(field: "keptByteCount", value: "\(keptByteCount)", expected: "0 or more")
    }
    for (field, value) in [("startIndex", startIndex), ("startSequence", startSequence)]
    where value > Sequencer.sequenceMax {
      throw .configuration(
        field: field, value: "\(value)", expected: "at most \(Sequencer.sequenceMax)")
    }
  }
}
