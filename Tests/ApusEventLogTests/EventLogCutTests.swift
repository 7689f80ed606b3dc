// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

/// What readers find when the end of a log was cut off, because the journal lacks its commands.
@Suite struct EventLogCutTests {
  /// Event `index` of another history.
  private static func other(_ index: UInt64) -> PeerElement { PeerElement(index + 1_000_000) }

  private static func takeOther(_ log: EventLog, _ range: Range<UInt64>, after: UInt64) throws {
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: after)
    let events = range.map {
      SampleEvent(sequence: SampleEvents.sequence($0), event: other($0))
    }
    // SAFETY: the events are there during the call.
    let taken = unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }
    #expect(taken == events.count)
  }

  /// Reads what there is, and returns the first event's index of the other history and the outcome.
  private static func readAll(
    _ reader: inout EventLogReader<PeerElement>
  ) -> (found: [PeerElement], outcome: EventReadOutcome) {
    var found: [PeerElement] = []
    while true {
      let outcome = reader.tryRead { events in
        for offset in 0..<events.count { found.append(events[offset].event) }
        return events.count
      }
      guard case .read = outcome else { return (found, outcome) }
    }
  }

  /// A reader of the process, which lives while the writer is another one.
  @Test(arguments: [nil, "feed"] as [String?], [UInt64(150), 300, 384, 500])
  func aLivingReaderIsToldAndReadsOn(name: String?, readCount: UInt64) throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<500)
    }
    var reader = try EventLogRig.reader(folder, name: name)
    // So far, with what was published then still to come.
    while reader.index < readCount {
      expect(reader.tryRead(countMax: 1) { $0.count }, .read(count: 1))
    }
    let sequence = SampleEvents.sequence(300)
    let log = try EventLogRig.open(folder, cutAfter: sequence)
    let end = SampleEvents.firstIndex(after: sequence)
    #expect(log.position == end && end > 300 && end < 384)
    if readCount > end {
      expect(reader.wait(.park(timeoutNanoseconds: 0)), true)
      expect(reader.tryRead { $0.count }, .cut(from: end))
      expect(reader.index, end)
      expect(reader.tryRead { $0.count }, .nothing)
    }
    let start = reader.index
    try Self.takeOther(log, end..<600, after: sequence)
    let (found, outcome) = Self.readAll(&reader)
    #expect(outcome == .nothing)
    let expected = (start..<600).map { $0 < end ? SampleEvents.event($0) : Self.other($0) }
    let isRight = found == expected
    #expect(isRight, "\(found.count) events from \(start) on")
    if name != nil { #expect(log.cursors.map(\.index) == [600]) }
  }

  /// What a reader has in its hands while the log is cut stays what it was.
  @Test func whatIsHandedOutDoesNotChange() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<100)
    }
    var reader = try EventLogRig.reader(folder)
    _ = reader.tryRead { events in
      do {
        let log = try EventLogRig.open(folder, cutAfter: 5)
        let end = SampleEvents.firstIndex(after: 5)
        try Self.takeOther(log, end..<100, after: 5)
      } catch { Issue.record("\(error)") }
      for offset in 0..<events.count {
        #expect(events[offset].event == SampleEvents.event(UInt64(offset)))
      }
      return events.count
    }
    expect(reader.tryRead { $0.count }, .cut(from: SampleEvents.firstIndex(after: 5)))
  }

  @Test func aCursorWithoutAReaderIsMovedBackAndToldOnce() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<500)
      _ = try EventLogRig.reader(folder, name: "behind", start: .index(450))
      _ = try EventLogRig.reader(folder, name: "before", start: .index(100))
    }
    let end = SampleEvents.firstIndex(after: 100)
    let log = try EventLogRig.open(folder, cutAfter: 100)
    #expect(log.cursors.map(\.index) == [end, 100])
    do {
      var reader = try EventLogRig.reader(folder, name: "behind")
      expect(reader.tryRead { $0.count }, .cut(from: end))
      expect(reader.tryRead { $0.count }, .nothing)
      var other = try EventLogRig.reader(folder, name: "before")
      expect(other.tryRead(countMax: 1) { $0.count }, .read(count: 1))
    }
    var again = try EventLogRig.reader(folder, name: "behind")
    expect(again.tryRead { $0.count }, .nothing)
    expect(again.index, end)
  }

  /// A power cut takes events and, of some, the commands too: recovery writes fewer of them again.
  @Test func afterAPowerCutCursorsAreMovedBackWhenTheLogIsComplete() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<200)
      try log.sync()
      box.take(200..<500)
      _ = try EventLogRig.reader(folder, name: "lost", start: .index(450))
      _ = try EventLogRig.reader(folder, name: "kept", start: .index(350))
    }
    try EventLogRig.restartHost(folder)
    let sequence = SampleEvents.sequence(400)
    let log = try EventLogRig.open(folder, cutAfter: sequence)
    #expect(log.position == 200)
    // Not yet: what is written again are the same events.
    #expect(log.cursors.map(\.index) == [450, 350])
    let end = SampleEvents.firstIndex(after: sequence)
    let box = try EventLogWriterBox(log)
    box.take(0..<end)
    try log.cutCursors()
    #expect(log.cursors.map(\.index) == [end, 350])
    var reader = try EventLogRig.reader(folder, name: "lost")
    expect(reader.tryRead { $0.count }, .cut(from: end))
    box.take(end..<600)
    expect(reader.readAll().range, end..<600)
  }

  /// A process that died in the middle of a cut leaves the rest of it to the next one.
  @Test func aCutThatWasNotFinishedIsFinished() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<500)
      _ = try EventLogRig.reader(folder, name: "feed", start: .end)
    }
    var reader = try EventLogRig.reader(folder, start: .end)
    // The two words that a cut begins with.
    try EventLogRig.change(folder, EventLogFormat.positionName) { bytes in
      bytes[304] = 145
      bytes[128] = 144
      (bytes[305], bytes[129]) = (1, 1)
    }
    let log = try EventLogRig.open(folder)
    #expect(log.position == 400)
    #expect(log.cursors.map(\.index) == [400])
    expect(reader.tryRead { $0.count }, .cut(from: 400))
    let left = try EventLogRig.bytes(folder, EventLogFormat.positionName)[304..<312]
    #expect(left.allSatisfy { $0 == 0 })
  }

  /// Who slept through more cuts than are kept begins with the log's first event.
  @Test(arguments: [8, 9])
  func manyCutsLeadToTheLowest(count: Int) throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let box = try EventLogWriterBox(log)
      box.take(0..<500)
    }
    var reader = try EventLogRig.reader(folder, start: .end)
    for cut in 0..<count {
      let log = try EventLogRig.open(folder, cutAfter: UInt64(300 - cut * 20))
      #expect(log.recovery.cutCount > 0)
    }
    let lowest = SampleEvents.firstIndex(after: UInt64(300 - (count - 1) * 20))
    expect(reader.tryRead { $0.count }, .cut(from: count == 8 ? lowest : 0))
  }
}
