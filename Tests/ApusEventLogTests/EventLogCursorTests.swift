// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

/// Which cursors there are, and what a reader finds whose cursor was removed. Segments have 128 events.
@Suite struct EventLogCursorTests {
  /// As if the process that has the first cursor could not be seen from here.
  private func hideOwner(_ log: EventLog) {
    // SAFETY: the log keeps the word mapped.
    unsafe log.control.cursorOwner(0).pointee.store(0x7FFF_FFFF, ordering: .sequentiallyConsistent)
  }

  @Test func theReportSaysHowFarEachIsBehind() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<1_000)
    #expect(try EventLogInspection.cursors(path: log.path).cursors.isEmpty)
    let front = try EventLogRig.reader(folder, name: "front", start: .index(950))
    do {
      _ = try EventLogRig.reader(folder, name: "back", start: .index(300))
      _ = try EventLogRig.reader(folder, name: "future", start: .index(2_000))
    }
    let report = try EventLogInspection.cursors(path: log.path)
    #expect(report.position == 1_000 && report.firstIndex == 0)
    #expect(report.cursors.map(\.cursor.name) == ["back", "front", "future"])
    #expect(report.cursors.map(\.eventsBehind) == [700, 50, 0])
    #expect(report.cursors.map(\.bytesBehind) == [700 * 32, 50 * 32, 0])
    #expect(report.cursors.map(\.holdsSegments) == [true, false, false])
    #expect(report.cursors.map(\.cursor.processID) == [nil, getpid(), nil])
    // The hindmost one that is in the last segment keeps nothing that would not stay anyway.
    let left = try EventLogInspection.removeCursor(named: "back", path: log.path)
    #expect(left.cursors.map(\.cursor.name) == ["front", "future"])
    #expect(left.cursors.map(\.holdsSegments) == [false, false])
    withExtendedLifetime(front.index) {}
    withExtendedLifetime(box) {}
  }

  @Test func aRemovedCursorLetsSegmentsGo() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<999)
    try log.sync()
    box.take(999..<1_000)
    try log.sync()
    do { _ = try EventLogRig.reader(folder, name: "dead", start: .index(200)) }
    #expect(try log.removeSegments(durableThrough: .max) == 1)
    _ = try EventLogInspection.removeCursor(named: "dead", path: log.path)
    #expect(try log.removeSegments(durableThrough: .max) == 6)
    withExtendedLifetime(box) {}
  }

  @Test func aReaderWhoseCursorWasRemovedIsTold() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<1_000)
    var reader = try EventLogRig.reader(folder, name: "feed")
    expect(reader.tryRead(countMax: 10) { $0.count }, .read(count: 10))
    hideOwner(log)
    try log.removeCursor(named: "feed")
    let lost = EventReadOutcome.failed(.cursorLost(path: log.control.path, name: "feed"))
    expect(reader.tryRead { $0.count }, lost)
    reader.seek(toIndex: 500)
    expect(reader.tryRead { $0.count }, lost)
    #expect(log.cursors.isEmpty)
    do {
      try reader.unregister()
      Issue.record("a cursor that is gone was unregistered")
    } catch { #expect(error == .cursorLost(path: log.control.path, name: "feed")) }
  }

  /// The slot of a removed cursor is the next reader's, which the old one may not move or give back.
  @Test(arguments: [UInt64(10), 700])
  func aReaderThatLostItsCursorLeavesTheNextOneAlone(start: UInt64) throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<1_000)
    do {
      var reader = try EventLogRig.reader(folder, name: "feed")
      expect(reader.tryRead(countMax: 10) { $0.count }, .read(count: 10))
      // In the middle of a read, so that it has looked before and moves after it.
      let outcome = reader.tryRead(countMax: 5) { events in
        hideOwner(log)
        do { try log.removeCursor(named: "feed") } catch { Issue.record("\(error)") }
        do { _ = try EventLogRig.reader(folder, name: "next", start: .index(700)) } catch {
          Issue.record("\(error)")
        }
        return events.count
      }
      expect(outcome, .read(count: 5))
      expect(
        reader.tryRead { $0.count },
        .failed(.cursorLost(path: log.control.path, name: "feed")))
      let next = try EventLogRig.reader(folder, name: "next")
      expect(next.index, 700)
      reader.seek(toIndex: start)
      #expect(log.cursors == [EventLogCursor(name: "next", index: 700, processID: getpid())])
      withExtendedLifetime(next.index) {}
    }
    #expect(log.cursors == [EventLogCursor(name: "next", index: 700, processID: nil)])
    withExtendedLifetime(box) {}
  }
}
