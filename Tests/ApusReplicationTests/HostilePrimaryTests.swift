// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// What a primary may do to a standby that follows it.
@Suite struct HostilePrimaryTests {
  typealias FakePrimary = SnapshotHostileTests.FakePrimary

  /// A primary whose standby is welcome, with nothing before the first record.
  static func followed(
    _ path: String, epoch: UInt64 = 3, silenceNanoseconds: UInt64 = patientNanoseconds
  ) throws -> FakePrimary {
    var primary = try FakePrimary(path, silenceNanoseconds: silenceNanoseconds)
    let welcome = Welcome(
      journal: SnapshotHostileTests.journal, checksum: 0, durableSequence: 10)
    primary.link.send(welcome, epoch: epoch, sequence: 1, now: monotonicNow())
    let end = patience()
    while primary.standby.phase == .connecting, monotonicNow() < end { primary.move() }
    return primary
  }

  /// A frame with records of any kinds and payloads, whose checksum is that of the chain.
  static func send(
    _ records: [(type: UInt16, payload: [UInt8])], from first: UInt64, chain: UInt32 = 0,
    epoch: UInt64 = 3, to link: FrameLink
  ) {
    _ = unsafe link.sendRecords(epoch: epoch, byteCountMax: 16_384, now: monotonicNow()) {
      encoder, area in
      for (index, record) in records.enumerated() {
        let header = JournalRecord(
          sequence: first &+ UInt64(index), timeNanoseconds: 5, type: record.type,
          payloadByteCount: record.payload.count, checksum: chain)
        _ = unsafe encoder.append(header, record.payload.span.bytes, to: area)
      }
    }
  }

  static func command(_ index: UInt64) -> [UInt8] {
    var command = TallyCommand.number(index)
    return unsafe withUnsafeBytes(of: &command) { unsafe Array($0) }
  }

  /// A record that the engine refuses stops the standby, and its folder is still that of a standby.
  @Test(arguments: [(UInt16(9), 16), (1, 15), (1, 0), (2, 8), (2, 7), (3, 4), (0, 16)])
  func whatTheEngineRefusesIsNotInTheJournal(type: UInt16, byteCount: Int) throws {
    let folder = try ScratchFolder()
    do {
      var primary = try Self.followed(folder.path)
      Self.send(
        [(1, Self.command(0)), (type, [UInt8](repeating: 1, count: byteCount))], from: 1,
        to: primary.link)
      let hello = primary.settle()
      #expect(hello == nil)
      guard case .replay? = primary.standby.failure else {
        Issue.record("\(String(describing: primary.standby.failure))")
        return
      }
      expect(primary.standby.lastSequence == 1)
    }
    // It begins again from what it has.
    let again = try openRestoringStandby(folder.path, primary: .init(address: "127.0.0.1", port: 1))
    expect(again.lastSequence <= 1)
  }

  /// A snapshot that was whole on the way and is none of this engine's does not stay.
  @Test func aSnapshotThatIsRefusedIsRemoved() throws {
    let folder = try ScratchFolder()
    var sample = try SnapshotHostileTests.Sample()
    sample.bytes[60] ^= 1
    var primary = try FakePrimary(folder.path)
    sample.offer.contentChecksum = unsafe CRC32C.checksum(sample.bytes.span.bytes)
    primary.offer(sample.offer)
    primary.parts(sample.bytes)
    _ = primary.settle()
    guard case .snapshot? = primary.standby.failure else {
      Issue.record("\(String(describing: primary.standby.failure))")
      return
    }
    #expect(SnapshotTransferTests.snapshotFiles(folder.path).isEmpty)
  }

  /// Neither a snapshot nor records bring a standby to where sequences end.
  @Test(arguments: [UInt64.max, UInt64.max - 3, UInt64(1) << 63]) func sequencesDoNotWrap(
    sequence: UInt64
  ) throws {
    let folder = try ScratchFolder()
    var primary = try FakePrimary(folder.path)
    let sample = try SnapshotHostileTests.Sample(sequence: sequence)
    primary.offer(sample.offer, sequence: sequence)
    primary.parts(sample.bytes)
    let hello = primary.settle()
    #expect(hello == nil)
    expect(primary.standby.lastSequence == 0 && primary.standby.counters.count(.sequence) == 1)
  }

  @Test(arguments: [UInt64.max, UInt64.max - 1, UInt64(1) << 63]) func aFarEpochIsNotPromised(
    epoch: UInt64
  ) throws {
    let folder = try ScratchFolder()
    do {
      var primary = try FakePrimary(folder.path)
      let welcome = Welcome(
        journal: SnapshotHostileTests.journal, checksum: 0, durableSequence: 10)
      primary.link.send(welcome, epoch: epoch, sequence: 1, now: monotonicNow())
      let hello = primary.settle()
      #expect(hello == nil)
      expect(primary.standby.counters.count(.epoch) == 1)
      expect(primary.standby.promisedEpoch == 0 && primary.standby.failure == nil)
    }
    #expect(try EpochFile.read(openFolder(folder.path)) == EpochPromise())
    // Another primary is followed.
    let real = try ScratchFolder()
    let next = try PrimaryReplica(real.path, epoch: 4)
    let endpoint = next.link.endpoint
    var pair = Pair(primary: next, standby: try openStandby(folder.path, primary: endpoint))
    let isSettled = pair.submit(10)
    expect(isSettled)
    expect(pair.standby.promisedEpoch == 4)
  }

  /// A time that no clock gives would be the last that an engine ever sees.
  @Test func aTimeWithoutAnEndIsRefused() throws {
    let folder = try ScratchFolder()
    var primary = try Self.followed(folder.path)
    _ = unsafe primary.link.sendRecords(epoch: 3, byteCountMax: 4_096, now: monotonicNow()) {
      encoder, area in
      let header = JournalRecord(
        sequence: 1, timeNanoseconds: .max, type: 1, payloadByteCount: 16, checksum: 0)
      _ = unsafe encoder.append(header, Self.command(0).span.bytes, to: area)
    }
    let hello = primary.settle()
    #expect(hello == nil)
    expect(primary.standby.counters.count(.body) == 1 && primary.standby.lastSequence == 0)
  }

  @Test func aSnapshotThatIsTooLongIsNotBegun() throws {
    let folder = try ScratchFolder()
    var primary = try FakePrimary(folder.path)
    var offer = try SnapshotHostileTests.Sample().offer
    offer.contentByteCount = (1 << 36) + 1
    primary.offer(offer)
    _ = primary.settle()
    guard case .configuration("snapshotByteCountMax", _, _)? = primary.standby.failure else {
      Issue.record("\(String(describing: primary.standby.failure))")
      return
    }
    #expect(SnapshotTransferTests.snapshotFiles(folder.path).isEmpty)
  }

  /// A transfer whose parts always come just in time is over when there was time for all of them.
  @Test func aSnapshotThatNeverEndsIsGivenUp() throws {
    let folder = try ScratchFolder()
    var primary = try FakePrimary(folder.path, silenceNanoseconds: 1_000_000_000)
    var offer = try SnapshotHostileTests.Sample().offer
    offer.contentByteCount = 10_000_000
    primary.offer(offer)
    let end = patience()
    while primary.standby.phase != .restoring, monotonicNow() < end { primary.move() }
    expect(primary.standby.phase == .restoring)
    let start = monotonicNow()
    let part = [UInt8](repeating: 0, count: 4_056)
    var round: UInt64 = 0
    // A second of silence, and a microsecond a byte: 20 seconds in all.
    while primary.standby.phase == .restoring, round < 40 {
      round += 1
      let now = start.adding(round * 900_000_000)
      _ = unsafe primary.link.send(
        .snapshotPart, filling: 4_096, epoch: 3, sequence: (round - 1) * 4_056, now: now
      ) { target in
        unsafe target.copyBytes(from: part)
        return part.count
      }
      primary.link.flushAll()
      usleep(300)
      _ = primary.standby.step(now: now)
    }
    #expect(round > 20 && round < 30)
    expect(primary.standby.counters.slowCount == 1 && primary.standby.failure == nil)
    #expect(SnapshotTransferTests.snapshotFiles(folder.path).isEmpty)
  }

  /// A primary that sends a frame byte by byte is left.
  @Test func aFrameThatNeverEndsIsGivenUp() throws {
    let folder = try ScratchFolder()
    var primary = try Self.followed(folder.path, silenceNanoseconds: 1_000_000_000)
    let frame = unsafe FrameHostileTests.frame(.heartbeat, body: 0, epoch: 3, sequence: 5)
    let start = monotonicNow()
    var round = 0
    while primary.standby.phase == .following, round < 40 {
      let byte = [frame[round]]
      _ = unsafe byte.withUnsafeBytes { unsafe primary.link.sendRaw($0) }
      usleep(300)
      round += 1
      _ = primary.standby.step(now: start.adding(UInt64(round) * 900_000_000))
    }
    #expect(round >= 2 && round <= 4)
    expect(primary.standby.counters.slowCount == 1)
  }

  /// What an interrupted transfer left ahead of the journal is gone before the journal passes it: a
  /// recovery would take it for this journal's.
  @Test func aSnapshotAheadOfTheJournalIsNotBegunFromLater() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var pair = try SnapshotTransferTests.levelPair(a.path, b.path)
    let endpoint = pair.primary.link.endpoint
    let name = pair.standby.journalIdentifier
    let journal = try #require(name)
    var parts = pair.split()
    var primary = try taken(&parts.primary)
    _ = parts.standby.take()
    _ = try JournalSnapshots(storage: openFolder(b.path), journal: journal).write(
      TallyEngine(), sequence: 450, time: .zero, eventCount: nil, refused: [])
    primary.advance(to: 600)
    pair = Pair(primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    let isLevel = pair.run { $0.isDurablyLevel }
    expect(isLevel, pair.standby.summary)
    #expect(SnapshotTransferTests.snapshotFiles(b.path).isEmpty)
    parts = pair.split()
    primary = try taken(&parts.primary)
    _ = parts.standby.take()
    let again = try openRestoringStandby(b.path, primary: endpoint)
    expect(again.engine.digest == primary.host.engine.digest)
  }

  private struct Misnamed: SnapshotCatalog {
    let bytes: [UInt8]
    func sequences() throws(SnapshotError) -> [UInt64] { [700] }
    func open(sequence: UInt64) throws(SnapshotError) -> any SnapshotSource { SnapshotBytes(bytes) }
  }

  @Test func aRecoveryTakesNoSnapshotUnderAnotherName() throws {
    let sample = try SnapshotHostileTests.Sample(sequence: 699)
    var refused: [RecoveryReport.RefusedSnapshot] = []
    let restored = try EngineRecovery.restoreNewest(
      TallyEngine.self, configuration: .init(), from: Misnamed(bytes: sample.bytes),
      refused: &refused)
    expect(restored == nil && refused.count == 1)
  }

  @Test func aPrimaryBeyondThisMachineIsFollowedOnlyWhenTold() throws {
    let folder = try ScratchFolder()
    var standby = try openStandby(folder.path, primary: .init(address: "192.0.2.1", port: 9))
    _ = standby.step(now: monotonicNow())
    guard case .configuration("address", "192.0.2.1", let expected)? = standby.failure else {
      Issue.record("\(String(describing: standby.failure))")
      return
    }
    #expect(expected.contains("pre-shared key"))
    expect(standby.summary.contains("loopback only, not authenticated"))
  }
}
