// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommand
import ApusCore
import ApusReplication
import ApusServiceKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// One flipped bit anywhere in a journal's folder: verification or recovery tells of it, or it is one
/// of the bytes that are known to hold nothing.
@Suite struct JournalDamageTests {
  /// All of a folder: three segments, two snapshots, position and epoch.
  private static func folder() throws -> [String: [UInt8]] {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(
      storage: disk,
      configuration: JournalConfiguration(
        segmentByteCount: 8_192, bufferByteCount: 4_096, commitAlignment: 512,
        preallocation: .allocate, identifier: .init(high: 3, low: 4)))
    let snapshots = try JournalSnapshots(storage: disk, journal: writer.identifier)
    try ReplicationEpoch.begin(5, journal: &writer, storage: disk, time: .zero)
    var host = try EngineHost(
      engine: SumEngine(), input: NoInput(), journal: writer, output: NoOutput(),
      configuration: .init(
        release: .atOnce, eventCapacity: 64, digestInterval: 5, timedBatchInterval: nil,
        lastSequence: 1))
    for command in 1...120 as ClosedRange<UInt64> {
      while !host.step(now: Nanoseconds(command), command: command) { _ = host.flush() }
      if command % 6 == 0 { _ = host.flush() }
      if command == 40 || command == 100 { try snapshots.write(&host) }
    }
    _ = host.flush()
    var files: [String: [UInt8]] = [:]
    for name in try disk.list() { files[name] = disk.contents(name) }
    return files
  }

  /// Files that may be anything: a writer removes what it had not finished when it opens the journal,
  /// and of the lock it needs only that it is there.
  private static let unread: Set = ["journal.spare", "journal.lock"]

  /// What verification and then a recovery have to say.
  private struct Finding: Equatable {
    var verified: String
    var recovered: String
  }

  private static func examine(_ files: [String: [UInt8]]) -> Finding {
    let disk = SimulatedJournalStorage(seed: 2)
    for (name, bytes) in files { disk.replaceContents(name, with: bytes) }
    let verified: String
    do {
      verified = try JournalTool.verify(disk).renderText()
    } catch {
      verified = "error: \(error)"
    }
    let recovered: String
    do {
      let writer = try JournalWriter(
        storage: disk,
        configuration: JournalConfiguration(
          segmentByteCount: 8_192, bufferByteCount: 4_096, commitAlignment: 512))
      let snapshots = try JournalSnapshots(storage: disk, journal: writer.identifier)
      let engine = try EngineRecovery.recover(
        SumEngine.self, configuration: .init(), writer: writer, snapshots: snapshots, storage: disk)
      recovered =
        "\(engine.report.description), checksum \(writer.lastChecksum), "
        + "epoch \(try EpochFile.read(disk).epoch)"
    } catch {
      recovered = "error: \(error)"
    }
    return Finding(verified: verified, recovered: recovered)
  }

  @Test func noFlippedBitGoesUnnoticed() throws {
    let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil
    let files = try Self.folder()
    #expect(files.keys.filter { $0.hasSuffix(".segment") }.count >= 3)
    #expect(files.keys.filter { $0.hasSuffix(".snapshot") }.count == 2)
    let clean = Self.examine(files)
    #expect(!clean.verified.hasPrefix("error") && !clean.recovered.hasPrefix("error"), "\(clean)")
    var random = SeededRandom(seed: 11)
    var (flipCount, silent) = (0, [String]())
    for name in files.keys.sorted() {
      guard let good = files[name] else { continue }
      let isSmall = good.count <= 64
      for offset in good.indices {
        // Zeros are many; the suite looks at some of them.
        guard
          isCampaign || isSmall || random.next() % (good[offset] == 0 ? 300 : 20) == 0
        else {
          continue
        }
        let bits = isSmall && isCampaign ? Array(0..<8) : [Int(random.next() % 8)]
        for bit in bits {
          var damaged = files
          damaged[name]?[offset] ^= 1 << UInt8(bit)
          flipCount += 1
          let finding = Self.examine(damaged)
          // Verification has to tell: a recovery looks only at what it needs.
          if finding.verified == clean.verified, !Self.unread.contains(name) {
            silent.append("\(name) byte \(offset) bit \(bit)")
          }
          // And a recovery that does not object comes to the same state.
          let isSame =
            finding.recovered.hasPrefix("error")
            || Self.state(finding.recovered) == Self.state(clean.recovered)
          #expect(isSame, "\(name) byte \(offset) bit \(bit): \(finding.recovered)")
        }
      }
    }
    #expect(flipCount > 200)
    #expect(silent.isEmpty, "\(silent.count): \(silent.prefix(20))")
  }

  /// Digest, checksum and epoch that a recovery came to, whatever it began from.
  private static func state(_ recovered: String) -> String? {
    recovered.components(separatedBy: "digest ").last
  }

  // MARK: Sealed again

  /// Every field of every file at its extremes, with checksums that hold.
  @Test func forgedFoldersAreVerifiedOrRefused() throws {
    let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil
    let good = JournalForge(try Self.folder())
    for seed in 1...(isCampaign ? 4_000 : 40) as ClosedRange<UInt64> {
      var random = SeededRandom(seed: seed)
      var forge = good
      forge.mutate(&random)
      forge.seal()
      let finding = Self.examine(forge.files)
      #expect(!finding.verified.isEmpty)
      let disk = SimulatedJournalStorage(seed: seed)
      for (name, bytes) in forge.files { disk.replaceContents(name, with: bytes) }
      Self.follow(disk)
      if isCampaign, seed % 200 == 0 { print("\(seed) forged") }
    }
  }

  /// A follower on it, to its end, and the snapshots that it writes.
  private static func follow(_ disk: SimulatedJournalStorage) {
    do throws(SnapshotFollowerError) {
      var follower = try SnapshotFollower(
        SumEngine.self, engine: .init(), journal: disk,
        configuration: .init(commandInterval: 20, keptCount: 1, retainedSegmentCountMin: 1))
      for _ in 0..<1_000 {
        let count = try follower.step(countMax: 100)
        if count == 0, !follower.isSnapshotDue { break }
        if follower.isSnapshotDue { try follower.writeSnapshot() }
      }
    } catch {
      #expect(!error.description.isEmpty)
    }
  }
}
