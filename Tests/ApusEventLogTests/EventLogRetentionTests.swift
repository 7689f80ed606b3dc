// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

/// What stays, for whom, and what those find who come too late. Segments have 128 events.
@Suite struct EventLogRetentionTests {
  /// A log of 1,000 events with two marks behind them, its last segment beginning at 896.
  private func fill(_ log: EventLog) throws -> EventLogWriterBox {
    let box = try EventLogWriterBox(log)
    box.take(0..<999)
    try log.sync()
    box.take(999..<1_000)
    try log.sync()
    return box
  }

  @Test func segmentsGoOnceTheJournalIsDurablePastThem() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try fill(log)
    #expect(try log.removeSegments(durableThrough: SampleEvents.sequence(127) - 1) == 0)
    #expect(try log.removeSegments(durableThrough: SampleEvents.sequence(127)) == 1)
    #expect(log.firstIndex == 128)
    #expect(try log.removeSegments(durableThrough: SampleEvents.sequence(400)) == 2)
    #expect(try folder.segmentNames().first == EventLogFormat.segmentName(firstIndex: 384))
    // The one that is being written stays.
    #expect(try log.removeSegments(durableThrough: .max) == 4)
    #expect(log.firstIndex == 896)
    #expect(try log.removeSegments(durableThrough: .max) == 0)
    box.take(1_000..<1_100)
    var reader = try EventLogRig.reader(folder)
    expect(reader.readAll().range, 896..<1_100)
  }

  @Test func segmentsThatAMarkMayLeadBackToStay() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<300)
    #expect(try log.removeSegments(durableThrough: .max) == 0)
    try log.sync()
    #expect(try log.removeSegments(durableThrough: .max) == 0)
    box.take(300..<600)
    try log.sync()
    // The older mark, at 300, needs the segment with event 299.
    #expect(try log.removeSegments(durableThrough: .max) == 2)
    #expect(log.firstIndex == 256)
  }

  @Test func asManyBytesStayAsWereAskedFor() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder, EventLogRig.configuration(keptByteCount: 3 * 8_192))
    let box = try fill(log)
    #expect(try log.removeSegments(durableThrough: .max) == 5)
    #expect(log.firstIndex == 640)
    withExtendedLifetime(box) {}
  }

  @Test func aRegisteredCursorKeepsItsSegments() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try fill(log)
    do {
      var reader = try EventLogRig.reader(folder, name: "feed")
      expect(reader.tryRead(countMax: 128) { $0.count }, .read(count: 128))
      expect(reader.tryRead(countMax: 10) { $0.count }, .read(count: 10))
      #expect(try log.removeSegments(durableThrough: .max) == 1)
      #expect(
        log.cursors == [EventLogCursor(name: "feed", index: 138, processID: getpid())])
      #expect(
        throws: EventLogError.cursorInUse(
          path: log.control.path, name: "feed", processID: getpid())
      ) { _ = try EventLogRig.reader(folder, name: "feed") }
      #expect(throws: EventLogError.self) { try log.removeCursor(named: "feed") }
    }
    // Its reader is gone and it stays, until it is resumed or removed.
    #expect(log.cursors == [EventLogCursor(name: "feed", index: 138, processID: nil)])
    #expect(try log.removeSegments(durableThrough: .max) == 0)
    do {
      var resumed = try EventLogRig.reader(folder, name: "feed", start: .end)
      expect(resumed.index, 138)
      expect(resumed.readAll().range, 138..<1_000)
      #expect(try log.removeSegments(durableThrough: .max) == 6)
    }
    try log.removeCursor(named: "feed")
    #expect(log.cursors.isEmpty)
    #expect(throws: EventLogError.noSuchCursor(path: log.control.path, name: "feed")) {
      try log.removeCursor(named: "feed")
    }
    withExtendedLifetime(box) {}
  }

  @Test func theHindmostCursorCounts() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try fill(log)
    let first = try EventLogRig.reader(folder, name: "first", start: .index(700))
    let second = try EventLogRig.reader(folder, name: "second", start: .index(300))
    let third = try EventLogRig.reader(folder, name: "third", start: .index(900))
    #expect(try log.removeSegments(durableThrough: .max) == 2)
    try second.unregister()
    #expect(try log.removeSegments(durableThrough: .max) == 3)
    try first.unregister()
    #expect(try log.removeSegments(durableThrough: .max) == 2)
    try third.unregister()
    #expect(log.firstIndex == 896)
    withExtendedLifetime(box) {}
  }

  @Test func anUnregisteredReaderIsToldThatItWasOvertaken() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try fill(log)
    var reader = try EventLogRig.reader(folder)
    expect(reader.tryRead(countMax: 10) { $0.count }, .read(count: 10))
    #expect(try log.removeSegments(durableThrough: .max) == 7)
    // What it has mapped it still reads.
    let (range, outcome) = reader.readAll()
    expect(range, 10..<128)
    expect(outcome, .removed(firstAvailable: 896))
    reader.seek(toIndex: 896)
    expect(reader.readAll().range, 896..<1_000)
    try reader.seek(toSequence: 1)
    expect(reader.index, 896)
    withExtendedLifetime(box) {}
  }

  @Test(arguments: [1, 3, 64])
  func theTableOfCursorsMayBeFull(count: Int) throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder, EventLogRig.configuration(cursorCount: count))
    for index in 0..<count {
      _ = try EventLogRig.reader(folder, name: "reader \(index)")
    }
    #expect(log.cursors.count == count)
    #expect(throws: EventLogError.cursorTableFull(path: log.control.path, count: count)) {
      _ = try EventLogRig.reader(folder, name: "one more")
    }
    // Its own is there, and so is one without a cursor.
    let last = try EventLogRig.reader(folder, name: "reader \(count - 1)")
    _ = try EventLogRig.reader(folder)
    try last.unregister()
    #expect(log.cursors.count == count - 1)
    _ = try EventLogRig.reader(folder, name: "one more")
    for name in ["", String(repeating: "x", count: 33), "a\nb"] {
      #expect(throws: EventLogError.self) { _ = try EventLogRig.reader(folder, name: name) }
    }
    try log.removeCursor(named: "one more")
    _ = try EventLogRig.reader(folder, name: String(repeating: "x", count: 32))
  }
}

/// A writer that closures of tests can reach.
final class EventLogWriterBox {
  private var writer: EventLogWriter<PeerElement>

  init(_ log: EventLog, resumingAfter sequence: UInt64 = 0) throws(EventLogError) {
    writer = try log.makeWriter(of: PeerElement.self, resumingAfter: sequence)
  }

  var position: UInt64 { writer.position }

  @discardableResult
  func take(_ range: Range<UInt64>) -> Int { writer.take(range) }
}
