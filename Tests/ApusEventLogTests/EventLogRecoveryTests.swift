// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import CApusSystemFaults
import Foundation
import Testing

@testable import ApusEventLog

/// What a log that is opened again has, and how a replay completes it.
@Suite struct EventLogRecoveryTests {
  /// Writes 0..<`end`, with a sync at `mark`.
  private func write(
    _ folder: ScratchFolder, _ end: UInt64, mark: UInt64? = nil, complete: UInt64? = nil
  ) throws {
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    if let mark {
      box.take(0..<mark)
      try log.sync(completeThrough: complete)
      box.take(mark..<end)
    } else {
      box.take(0..<end)
    }
  }

  private func expectEvents(_ folder: ScratchFolder, _ range: Range<UInt64>) throws {
    var reader = try EventLogRig.reader(folder)
    expect(reader.readAll().range, range)
  }

  @Test(arguments: [0, 1, 127, 128, 129, 1_000] as [UInt64])
  func whatWasPublishedOutlivesTheProcess(count: UInt64) throws {
    let folder = try ScratchFolder()
    try write(folder, count)
    let log = try EventLogRig.open(folder)
    #expect(log.recovery.trust == .published)
    #expect(log.position == count)
    #expect(log.completeSequence == (count == 0 ? 0 : SampleEvents.sequence(count - 1) - 1))
    // A replay of the whole journal completes it.
    let box = try EventLogWriterBox(log)
    #expect(box.take(0..<count + 300) == Int(count + 300))
    #expect(box.position == count + 300)
    try expectEvents(folder, 0..<count + 300)
  }

  @Test func aReplayFromASnapshotCompletesTheLog() throws {
    for after in [0, 3, 4, 5, 100, 436] as [UInt64] {
      let folder = try ScratchFolder()
      // The last event, 499, is the second of the three of command 438.
      try write(folder, 500)
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log, resumingAfter: after)
      let first = SampleEvents.firstIndex(after: after)
      #expect(box.take(first..<700) == Int(700 - first))
      #expect(log.stall == nil)
      try expectEvents(folder, 0..<700)
    }
  }

  @Test func eventsThatNobodyWillGiveAreAGap() throws {
    let folder = try ScratchFolder()
    try write(folder, 500)
    do {
      let log = try EventLogRig.open(folder)
      let complete = log.completeSequence
      #expect(
        throws: EventLogError.gap(
          path: log.path, completeSequence: complete, resumedAfter: complete + 1)
      ) { _ = try log.makeWriter(of: PeerElement.self, resumingAfter: complete + 1) }
      // Told that later commands have no event, it takes a later start.
      try log.sync(completeThrough: 600)
    }
    let log = try EventLogRig.open(folder)
    _ = try EventLogWriterBox(log, resumingAfter: 600)
  }

  @Test func aReplayOfAnotherHistoryIsRefused() throws {
    let folder = try ScratchFolder()
    try write(folder, 500)
    let log = try EventLogRig.open(folder)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    expect(writer.take(0..<200), 200)
    var events = EventLogRig.events(200..<210)
    events[3].event = PeerElement(7)
    expect(unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }, 3)
    expect(unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }, 0)
    guard case .divergence(let path, let offset, 203, _)? = log.stall else {
      Issue.record("\(String(describing: log.stall))")
      return
    }
    #expect(path.hasSuffix(EventLogFormat.segmentName(firstIndex: 128)))
    #expect(offset == 4_096 + 75 * 32)
    #expect(log.position == 500)
  }

  @Test func aReplayThatBeginsInRemovedSegmentsCompletesTheLog() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<500)
      try log.sync()
      box.take(500..<501)
      try log.sync()
      #expect(try log.removeSegments(durableThrough: .max) == 3)
    }
    let log = try EventLogRig.open(folder)
    #expect(log.firstIndex == 384)
    let box = try EventLogWriterBox(log, resumingAfter: 10)
    let first = SampleEvents.firstIndex(after: 10)
    #expect(box.take(first..<700) == Int(700 - first))
    #expect(log.stall == nil)
    try expectEvents(folder, 384..<700)
  }

  /// A command whose events fill more than a segment, of which only the last part is there.
  @Test func aCommandMayBeginInARemovedSegment() throws {
    let folder = try ScratchFolder()
    let events = (0..<600).map { index -> SampleEvent in
      SampleEvent(sequence: index < 10 ? 1 : index < 500 ? 2 : 3, event: PeerElement(UInt64(index)))
    }
    do {
      let log = try EventLogRig.open(folder)
      var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
      let part = Array(events[..<450])
      expect(unsafe part.withUnsafeBufferPointer { unsafe writer.take($0) }, 450)
      try log.sync()
      try log.sync(completeThrough: 1)
      #expect(try log.removeSegments(durableThrough: .max) == 3)
    }
    let log = try EventLogRig.open(folder)
    #expect(log.completeSequence == 1)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    expect(unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }, 600)
    #expect(log.stall == nil)
    #expect(log.position == 600)
    var reader = try EventLogRig.reader(folder)
    var found: [UInt64] = []
    while case .read = reader.tryRead({ events in
      for offset in 0..<events.count { found.append(events[offset].event.position) }
      return events.count
    }) {}
    #expect(found == Array(384..<600))
  }

  @Test func afterAPowerCutTheMarkCounts() throws {
    for (mark, end) in [(0, 500), (100, 500), (128, 500), (200, 201), (500, 500)]
      as [(UInt64, UInt64)]
    {
      let folder = try ScratchFolder()
      try write(folder, end, mark: mark)
      try EventLogRig.restartHost(folder)
      // What the disk did not get may be anything.
      for name in try folder.segmentNames() {
        let first = try #require(EventLogFormat.firstIndex(inName: name))
        try EventLogRig.change(folder, name) { bytes in
          for index in first..<first + 128 where index >= mark {
            let record = 4_096 + Int(index - first) * 32
            for offset in record..<record + 32 { bytes[offset] = 0xA5 }
          }
        }
      }
      do {
        let log = try EventLogRig.open(folder)
        #expect(log.recovery.trust == .synced)
        #expect(log.position == mark)
        #expect(log.recovery.lostCount == end - mark)
        // Nothing of what was not synced is left.
        if mark % 128 != 0 {
          let name = EventLogFormat.segmentName(firstIndex: mark - mark % 128)
          let tail = try EventLogRig.bytes(folder, name)[(4_096 + Int(mark % 128) * 32)...]
          #expect(tail.allSatisfy { $0 == 0 })
        }
        #expect(try folder.segmentNames().count == Int(mark + 127) / 128)
        let box = try EventLogWriterBox(log)
        #expect(box.take(0..<600) == 600)
        #expect(log.stall == nil)
      }
      try expectEvents(folder, 0..<600)
    }
  }

  @Test func withoutAMarkAPowerCutLeavesNothing() throws {
    let folder = try ScratchFolder()
    try write(folder, 500)
    try EventLogRig.restartHost(folder)
    let log = try EventLogRig.open(folder)
    #expect(log.position == 0)
    #expect(try folder.segmentNames().isEmpty)
    let box = try EventLogWriterBox(log)
    #expect(box.take(0..<600) == 600)
    try expectEvents(folder, 0..<600)
  }

  @Test func aTornMarkLeavesTheOneBefore() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<150)
      try log.sync()
      box.take(150..<300)
      try log.sync()
    }
    try EventLogRig.restartHost(folder)
    // The second mark, number 2, is in the first place.
    try EventLogRig.change(folder, EventLogFormat.positionName) { $0[1_024 + 9] ^= 1 }
    let log = try EventLogRig.open(folder)
    #expect(log.position == 150)
  }

  /// A mark that the segments do not bear out is not believed.
  @Test func recordsBelowTheMarkAreChecked() throws {
    let folder = try ScratchFolder()
    try write(folder, 300, mark: 200)
    try EventLogRig.restartHost(folder)
    let name = EventLogFormat.segmentName(firstIndex: 128)
    try EventLogRig.change(folder, name) { $0[4_096 + 40] ^= 1 }
    #expect(
      throws: EventLogError.checksum(path: folder.path("log/\(name)"), offset: 4_096)
    ) { _ = try EventLogRig.open(folder) }
  }

  @Test func eventsThatTheJournalDoesNotHaveAreCutOff() throws {
    let folder = try ScratchFolder()
    try write(folder, 500, mark: 490)
    let end = SampleEvents.firstIndex(after: 300)
    for restarts in [false, true] {
      if restarts { try EventLogRig.restartHost(folder) }
      let log = try EventLogRig.open(folder, cutAfter: 300)
      #expect(log.position == end)
      #expect(log.recovery.cutCount == (restarts ? 0 : 500 - end))
      #expect(log.completeSequence <= 300)
    }
    let log = try EventLogRig.open(folder, cutAfter: 1_000_000)
    #expect(log.position == end)
    let box = try EventLogWriterBox(log, resumingAfter: 200)
    let first = SampleEvents.firstIndex(after: 200)
    #expect(box.take(first..<600) == Int(600 - first))
    #expect(log.stall == nil)
    try expectEvents(folder, 0..<600)
  }

  @Test func aFailedSyncMovesNoMark() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<100)
      try log.sync()
      box.take(100..<200)
      for after in 0..<3 as Range<Int32> {
        capus_faults_fail_sync(after, EIO)
        #expect(throws: EventLogError.self) { try log.sync() }
        capus_faults_fail_sync(-1, 0)
        #expect(log.syncedSequence == SampleEvents.sequence(99) - 1)
      }
      try log.sync()
      #expect(log.syncedSequence == SampleEvents.sequence(199) - 1)
    }
  }
}
