// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

typealias SampleEvent = SequencedEvent<PeerElement>

/// An event log of sample events in a folder of its own.
enum EventLogRig {
  static let format = SnapshotFormat(name: "sample", version: 1)

  /// Segments of `capacity` events. A page holds 128 records of 32 bytes.
  static func configuration(pageCount: Int = 1, keptByteCount: Int = 0, cursorCount: Int = 64)
    -> EventLogConfiguration
  {
    EventLogConfiguration(
      format: format, journalHigh: 1, journalLow: 2,
      segmentByteCount: EventLogFormat.headerByteCount + pageCount * 4_096,
      keptByteCount: keptByteCount, cursorCount: cursorCount)
  }

  static func open(
    _ folder: ScratchFolder, _ configuration: EventLogConfiguration = configuration(),
    name: String = "log", cutAfter: UInt64? = nil
  ) throws(EventLogError) -> EventLog {
    try EventLog(
      of: PeerElement.self, path: folder.path(name), configuration: configuration,
      cutAfter: cutAfter)
  }

  static func events(_ range: Range<UInt64>) -> [SampleEvent] {
    range.map {
      SampleEvent(sequence: SampleEvents.sequence($0), event: SampleEvents.event($0))
    }
  }

  static func reader(
    _ folder: ScratchFolder, name: String? = nil, start: EventLogStart = .first
  ) throws(EventLogError) -> EventLogReader<PeerElement> {
    try EventLogReader(path: folder.path("log"), format: format, name: name, start: start)
  }

  /// What a file of the log has.
  static func bytes(_ folder: ScratchFolder, _ name: String) throws -> [UInt8] {
    try folder.bytes("log/\(name)")
  }

  static func change(
    _ folder: ScratchFolder, _ name: String, _ body: (inout [UInt8]) -> Void
  ) throws {
    var bytes = try folder.bytes("log/\(name)")
    body(&bytes)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("log/\(name)")))
    try handle.truncate(atOffset: UInt64(bytes.count))
    try handle.seek(toOffset: 0)
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }

  /// As if the host had been down since the log was written.
  static func restartHost(_ folder: ScratchFolder) throws {
    try change(folder, EventLogFormat.positionName) { bytes in
      for offset in 280..<296 where offset < bytes.count { bytes[offset] ^= 0x5A }
    }
  }
}

extension EventLogWriter where Event == PeerElement {
  /// Gives it events in batches; returns how many it took.
  mutating func take(_ range: Range<UInt64>, batch: Int = 17) -> Int {
    var taken = 0
    let events = EventLogRig.events(range)
    while taken < events.count {
      let part = Array(events[taken..<min(taken + batch, events.count)])
      // SAFETY: the events are there during the call.
      let count = unsafe part.withUnsafeBufferPointer { unsafe take($0) }
      taken += count
      if count < part.count { break }
    }
    return taken
  }
}

extension EventLogReader where Event == PeerElement {
  /// Reads what there is and says which indices were right; a wrong event ends it.
  mutating func readAll(countMax: Int = .max) -> (range: Range<UInt64>, outcome: EventReadOutcome) {
    let start = index
    while true {
      let first = index
      var isRight = true
      let outcome = tryRead(countMax: countMax) { events in
        for offset in 0..<events.count {
          let index = first + UInt64(offset)
          if events[offset].event != SampleEvents.event(index)
            || events[offset].sequence != SampleEvents.sequence(index)
          {
            isRight = false
          }
        }
        return events.count
      }
      if !isRight { Issue.record("an event from \(first) on is wrong") }
      guard case .read = outcome, isRight else { return (start..<index, outcome) }
    }
  }
}

/// `#expect` cannot take what cannot be copied.
func expect<T: Equatable>(
  _ found: T, _ expected: T, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found == expected, comment, sourceLocation: sourceLocation)
}
