// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// What a primary may do to a standby that follows it.
@Suite struct HostilePrimaryTests {
  typealias FakePrimary = SnapshotHostileTests.FakePrimary

  /// A primary whose standby is welcome, with nothing before the first record.
  static func followed(_ path: String, epoch: UInt64 = 3) throws -> FakePrimary {
    var primary = try FakePrimary(path)
    let welcome = Welcome(
      journal: SnapshotHostileTests.journal, checksum: 0, durableSequence: 10)
    primary.link.send(welcome, epoch: epoch, sequence: 1, now: monotonicNow())
    for _ in 0..<200 where primary.standby.phase == .connecting { primary.move() }
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
}
