// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Testing

@testable import ApusReplication

/// The file that keeps an old primary out: what cannot be read is never taken for none.
@Suite struct EpochFileTests {
  private static func disk() throws -> SimulatedJournalStorage {
    let disk = SimulatedJournalStorage(seed: 1)
    try EpochFile.write(EpochPromise(epoch: 7, isPrimary: true), disk)
    return disk
  }

  @Test func aLookUpThatFailsIsNoEpochOfZero() throws {
    let disk = try Self.disk()
    #expect(
      try EpochFile.read(disk)
        == EpochPromise(epoch: 7, isPrimary: true, acknowledged: .alone))
    disk.faults.lookupError = 1
    let expected = ReplicationError.journal(
      .system(operation: "stat", path: "simulated/replication.epoch", errno: 5))
    #expect(throws: expected) { _ = try EpochFile.read(disk) }
    disk.faults.lookupError = 0
    disk.faults.readError = 1
    #expect(throws: ReplicationError.self) { _ = try EpochFile.read(disk) }
  }

  /// Any bit, and any other length.
  @Test func noDamageIsTakenForAnotherEpoch() throws {
    let disk = try Self.disk()
    let good = try #require(disk.contents("replication.epoch"))
    #expect(good.count == 32)
    for offset in good.indices {
      for bit in 0..<8 as Range<UInt8> {
        var bytes = good
        bytes[offset] ^= 1 << bit
        disk.replaceContents("replication.epoch", with: bytes)
        #expect(throws: ReplicationError.self, "byte \(offset) bit \(bit)") {
          _ = try EpochFile.read(disk)
        }
      }
    }
    for bytes in [[], Array(good.dropLast()), good + [0]] {
      disk.replaceContents("replication.epoch", with: bytes)
      #expect(throws: ReplicationError.self) { _ = try EpochFile.read(disk) }
    }
  }

  /// Who has once acknowledged alone has done so until it follows again.
  @Test func whatWasAcknowledgedAloneIsRemembered() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(
      storage: disk,
      configuration: JournalConfiguration(segmentByteCount: 1 << 16, bufferByteCount: 4_096))
    func begin(_ epoch: UInt64, waits: Bool) throws -> LeaderRecord {
      try ReplicationEpoch.begin(
        epoch, journal: &writer, storage: disk, time: .zero, waitsForStandby: waits)
      return try EpochFile.read(disk).acknowledged
    }
    #expect(try EpochFile.read(disk).acknowledged == .none)
    #expect(try begin(1, waits: true) == .withStandby)
    #expect(try begin(1, waits: true) == .withStandby)
    #expect(try begin(2, waits: true) == .withStandby)
    #expect(try begin(2, waits: false) == .alone, "in its own epoch")
    #expect(try begin(2, waits: true) == .alone)
    #expect(try begin(3, waits: true) == .alone)
    // As one that follows does.
    try EpochFile.write(EpochPromise(epoch: 4), disk)
    #expect(try begin(5, waits: true) == .withStandby)
  }

  /// As older releases wrote it: a primary that says nothing may have acknowledged alone.
  @Test func aPrimaryThatSaysNothingCountsAsAlone() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    try EpochFile.write(EpochPromise(epoch: 7, isPrimary: true), disk)
    #expect(try EpochFile.read(disk).acknowledged == .alone)
    try EpochFile.write(EpochPromise(epoch: 7), disk)
    #expect(try EpochFile.read(disk).acknowledged == .none)
  }

  /// A disk that fails at any point of keeping a promise leaves the old one or the new one.
  @Test func aPromiseIsKeptAsAWhole() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      let disk = SimulatedJournalStorage(seed: seed)
      try EpochFile.write(EpochPromise(epoch: 7), disk)
      disk.faults.syncError = 0.3
      disk.faults.shortWrite = 0.3
      disk.faults.writeError = 0.2
      var isKept = false
      do {
        try EpochFile.write(EpochPromise(epoch: 8, isPrimary: true), disk)
        isKept = true
      } catch {}
      disk.faults = .init()
      disk.cutPower()
      let found = try EpochFile.read(disk)
      #expect(found.epoch == 8 || (!isKept && found.epoch == 7), "seed \(seed)")
    }
  }
}
