// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

/// Logs that give way to one that begins later, as those of a replica that has got a snapshot. Segments have 128
/// events.
@Suite struct EventLogReplacementTests {
  /// The first event of the new log, and the last command before it: within a segment.
  private let start: UInt64 = 1_000
  private var startSequence: UInt64 { SampleEvents.sequence(start) - 1 }

  private func replaced(_ folder: ScratchFolder) throws(EventLogError) -> EventLog {
    var configuration = EventLogRig.configuration()
    configuration.startIndex = start
    configuration.startSequence = startSequence
    return try EventLog(
      of: PeerElement.self, path: folder.path("log"), configuration: configuration,
      replaces: true)
  }

  private func fill(_ folder: ScratchFolder, _ count: UInt64) throws {
    let log = try EventLogRig.open(folder)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    expect(writer.take(0..<count), Int(count))
    try log.sync()
  }

  @Test func itBeginsWithTheIndexItIsGiven() throws {
    let folder = try ScratchFolder()
    try fill(folder, 300)
    do {
      let log = try replaced(folder)
      #expect(log.recovery.trust == .created && log.position == start)
      #expect(log.firstIndex == start && log.completeSequence == startSequence)
      #expect(try folder.segmentNames().isEmpty, "nothing of the old one is left")
      var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: startSequence)
      expect(writer.take(start..<start + 500), 500)
      var reader = try EventLogRig.reader(folder)
      expect(reader.readAll().range, start..<start + 500)
      try log.sync()
    }
    // It is opened as any other, after the process and after the host.
    for isHostNew in [false, true] {
      if isHostNew { try EventLogRig.restartHost(folder) }
      let log = try EventLogRig.open(folder)
      #expect(log.firstIndex == start && log.position == start + 500)
      #expect(log.recovery.trust == (isHostNew ? .synced : .published))
      let report = try EventLogInspection.verify(path: folder.path("log"))
      #expect(report.firstIndex == start && report.position == start + 500)
    }
  }

  /// One that is as it would be made is kept: nothing is done twice.
  @Test func aNewOneStays() throws {
    let folder = try ScratchFolder()
    do { _ = try replaced(folder) }
    let before = try EventLogRig.bytes(folder, EventLogFormat.positionName)
    let log = try replaced(folder)
    #expect(log.firstIndex == start && log.position == start && log.startSequence == startSequence)
    #expect(before.count == (try EventLogRig.bytes(folder, EventLogFormat.positionName)).count)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: startSequence)
    expect(writer.take(start..<start + 10), 10)
  }

  @Test func cursorsStayAndTheirReadersAreTold() throws {
    let folder = try ScratchFolder()
    try fill(folder, 300)
    do {
      var reader = try EventLogRig.reader(folder, name: "feed")
      expect(reader.tryRead(countMax: 40) { $0.count }, .read(count: 40))
    }
    var old = try EventLogRig.reader(folder)
    expect(old.tryRead(countMax: 10) { $0.count }, .read(count: 10))
    let log = try replaced(folder)
    #expect(log.cursors.map(\.name) == ["feed"] && log.cursors.map(\.index) == [40])
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: startSequence)
    expect(writer.take(start..<start + 10), 10)
    var reader = try EventLogRig.reader(folder, name: "feed")
    expect(reader.tryRead { $0.count }, .removed(firstAvailable: start))
    reader.seek(toIndex: start)
    expect(reader.readAll().range, start..<start + 10)
    // Who has the old one open gets the rest of the segment that it had mapped, and nothing that is not of it.
    let rest = old.readAll()
    #expect(rest.range == 10..<128 && rest.outcome == .removed(firstAvailable: start))
    #expect(old.writerState == nil)
  }

  /// An interruption leaves the old log or the new one.
  @Test func segmentsOfTheOldOneDoNoHarm() throws {
    let folder = try ScratchFolder()
    try fill(folder, 300)
    let stale = try folder.segmentNames().map { ($0, try EventLogRig.bytes(folder, $0)) }
    do { _ = try replaced(folder) }
    for (name, bytes) in stale {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.path("log/\(name)")))
    }
    let log = try EventLogRig.open(folder)
    #expect(log.position == start && log.firstIndex == start)
    #expect(try folder.segmentNames().isEmpty)
  }

  /// Commands without events were complete, and are cut off: others in their place may have some.
  @Test func whatIsCutOffIsNotCompleteEvenWithoutEvents() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
      expect(writer.take(0..<100), 100)
      try log.sync(completeThrough: 5_000)
      #expect(log.completeSequence == 5_000)
    }
    let last = SampleEvents.sequence(99)
    do {
      let log = try EventLogRig.open(folder, cutAfter: last + 5)
      #expect(log.position == 100 && log.recovery.cutCount == 0)
      #expect(log.completeSequence == last + 5)
    }
    try EventLogRig.restartHost(folder)
    let log = try EventLogRig.open(folder)
    #expect(log.position == 100 && log.completeSequence == last + 5)
  }
}
