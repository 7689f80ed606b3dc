// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusTestKit
import ApusTestSupport
import Testing

/// Records made by hand.
struct HandMadeRecording: CommandRecording {
  var records: [(record: CommandRecord, payload: [UInt8])] = []
  var next = 0

  mutating func append(
    _ command: LedgerCommand, sequence: UInt64, time: UInt64, byteCount: Int = 24,
    kind: UInt16 = 1
  ) {
    let bytes = unsafe withUnsafeBytes(of: command) { unsafe Array($0) }
    records.append(
      (
        CommandRecord(sequence: sequence, time: Nanoseconds(time), kind: kind),
        Array((bytes + bytes).prefix(byteCount))
      ))
  }

  mutating func append(kind: UInt16, payload: [UInt8], sequence: UInt64, time: UInt64) {
    records.append(
      (CommandRecord(sequence: sequence, time: Nanoseconds(time), kind: kind), payload))
  }

  mutating func append(digest: UInt64, sequence: UInt64, time: UInt64, byteCount: Int = 8) {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: digest >> (8 * UInt64($0))) }
    records.append(
      (
        CommandRecord(sequence: sequence, time: Nanoseconds(time), kind: 2),
        Array(bytes.prefix(byteCount))
      ))
  }

  mutating func readCommands(
    countMax: Int, _ body: (CommandRecord, RawSpan) -> Bool
  ) throws(ReplayError) -> Int {
    var count = 0
    while count < countMax, next < records.count {
      let (record, payload) = records[next]
      next += 1
      count += 1
      if unsafe !body(record, payload.span.bytes) { break }
    }
    return count
  }
}

@Suite struct ReplayTests {
  typealias Replay = EngineReplay<LedgerEngine, NoOutput<LedgerEvent>>

  /// What a recording ends with.
  static func error(_ recording: HandMadeRecording) throws -> ReplayError? {
    var recording = recording
    var replay = try Replay(engine: LedgerEngine(), output: NoOutput())
    do throws(ReplayError) {
      try replay.run(&recording)
      return nil
    } catch {
      // What failed once is not gone on with.
      do throws(ReplayError) {
        _ = try replay.step(&recording)
        Issue.record("went on after \(error)")
      } catch let again {
        #expect(again == error)
      }
      return error
    }
  }

  static func recording() -> HandMadeRecording {
    var recording = HandMadeRecording()
    recording.append(.open(1), sequence: 1, time: 10)
    recording.append(.deposit(7, to: 1), sequence: 2, time: 20)
    return recording
  }

  @Test func aJournalReplaysToTheSameStateAndEvents() throws {
    let disk = SimulatedJournalStorage(seed: 4)
    var host = try JournalRig.host(disk, release: .durable, digestInterval: 9)
    var random = SeededRandom(seed: 4)
    var live: [SequencedEvent<LedgerEvent>] = []
    for index in UInt64(0)..<500 {
      let command = LedgerCommand.random(&random, accountCount: 24)
      while !host.step(now: Nanoseconds(index * 13), command: command) {}
      host.takeEvents { live.append($0) }
    }
    expect(host.flush())
    host.takeEvents { live.append($0) }
    let digest = host.engine.digest
    let lastSequence = host.lastSequence
    _ = host.finish()

    var reader = try JournalReader(storage: disk)
    var replay = try EngineReplay(
      engine: LedgerEngine(), output: Collector())
    try replay.run(&reader)
    let report = replay.report
    #expect(report.commandCount == 500)
    #expect(report.digestCheckCount == 500 / 9)
    #expect(report.lastSequence == lastSequence)
    #expect(report.eventCount == UInt64(live.count))
    let events = replay.collected.events
    #expect(events == live)
    let replayed = replay.engine.digest
    #expect(replayed == digest)
  }

  /// Takes a few events at a time.
  struct Collector: EventOutput {
    var events: [SequencedEvent<LedgerEvent>] = []
    @unsafe
    mutating func take(_ events: UnsafeBufferPointer<SequencedEvent<LedgerEvent>>) -> Int {
      unsafe self.events.append(contentsOf: events)
      return events.count
    }
  }

  @Test func anEqualDigestIsCountedAndAnotherOneEndsTheReplay() throws {
    var events: [SequencedEvent<LedgerEvent>] = []
    let reached = try reference(
      [
        AppliedCommand(command: .open(1), time: 10, sequence: 1),
        AppliedCommand(command: .deposit(7, to: 1), time: 20, sequence: 2),
      ], &events
    ).digest
    var good = Self.recording()
    good.append(digest: reached, sequence: 3, time: 20)
    #expect(try Self.error(good) == nil)
    var bad = Self.recording()
    bad.append(digest: reached ^ 1, sequence: 3, time: 20)
    #expect(
      try Self.error(bad) == .digest(sequence: 3, recorded: reached ^ 1, reached: reached))
  }

  @Test func recordsThatCannotBeEndTheReplay() throws {
    var gap = Self.recording()
    gap.append(.open(2), sequence: 4, time: 30)
    #expect(try Self.error(gap) == .sequence(expected: 3, found: 4))

    var short = Self.recording()
    short.append(.open(2), sequence: 3, time: 30, byteCount: 23)
    #expect(try Self.error(short) == .payload(sequence: 3, byteCount: 23, expected: 24))

    var long = Self.recording()
    long.append(.open(2), sequence: 3, time: 30, byteCount: 32)
    #expect(try Self.error(long) == .payload(sequence: 3, byteCount: 32, expected: 24))

    var unknown = Self.recording()
    unknown.append(.open(2), sequence: 3, time: 30, kind: 77)
    #expect(try Self.error(unknown) == .kind(sequence: 3, found: 77))

    var digest = Self.recording()
    digest.append(digest: 1, sequence: 3, time: 30, byteCount: 7)
    #expect(try Self.error(digest) == .payload(sequence: 3, byteCount: 7, expected: 8))
  }

  @Test func aJournalBehindItsSnapshotIsAnError() throws {
    let snapshot = SnapshotBytes()
    try EngineSnapshot.write(
      LedgerEngine(), sequence: 10, time: Nanoseconds(1), to: snapshot)
    let catalog = OneSnapshot(sequence: 10, bytes: snapshot.bytes)
    do throws(RecoveryError) {
      _ = try EngineRecovery.recover(
        LedgerEngine.self, configuration: .init(), snapshots: catalog, journalSequence: 9,
        openRecording: { _ throws(ReplayError) in HandMadeRecording() })
      Issue.record("accepted")
    } catch {
      #expect(error == .journalBehindSnapshot(snapshotSequence: 10, journalSequence: 9))
    }
  }

  struct OneSnapshot: SnapshotCatalog {
    let sequence: UInt64
    let bytes: [UInt8]
    func sequences() throws(SnapshotError) -> [UInt64] { [sequence] }
    func open(sequence: UInt64) throws(SnapshotError) -> any SnapshotSource {
      SnapshotBytes(bytes)
    }
  }
}
