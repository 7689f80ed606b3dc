// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal

/// Damaged, foreign, newer and incomplete journals: each a typed error with its place.
@Suite struct JournalHostileTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192, identifier: .init(high: 1, low: 2))

  /// A disk with a closed journal of `count` records.
  private func disk(count: Int, commitEvery: Int = 10) throws -> SimulatedJournalStorage {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    for _ in 0..<count / commitEvery {
      #expect(SampleRecord.append(&writer, count: commitEvery))
      try writer.flush()
    }
    try writer.close()
    disk.killProcess()
    return disk
  }

  private func segments(_ disk: SimulatedJournalStorage) throws -> [String] {
    try disk.list().filter { $0.hasSuffix(".segment") }.sorted()
  }

  private func damage(
    _ disk: SimulatedJournalStorage, _ name: String, at offset: Int, xor: UInt8 = 0x10
  ) throws {
    var bytes = try #require(disk.contents(name))
    bytes[offset] ^= xor
    disk.replaceContents(name, with: bytes)
  }

  @Test func damageInTheMiddleIsRefusedWithItsOffset() throws {
    let disk = try disk(count: 30)
    let name = try segments(disk)[0]
    // The fifth record's payload or header: offsets follow from the format.
    var offset = 4_096 + 32
    for sequence in 1..<5 as Range<UInt64> {
      offset += (32 + SampleRecord.payload(sequence).count + 7) & ~7
    }
    try damage(disk, name, at: offset + 20)
    let expected = "simulated/\(name)"
    for attempt in 0..<3 {
      let error = #expect(throws: JournalError.self) {
        switch attempt {
        case 0: _ = try JournalInspection.report(disk, depth: .everything)
        case 1: _ = try JournalWriter(storage: disk, configuration: Self.configuration)
        default: _ = try recordedSequences(disk)
        }
      }
      guard case .damaged(let path, let found, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(path == expected && found == UInt64(offset))
    }
  }

  /// Every byte of the used part, flipped: never a trap, never a wrong record, and never silent
  /// where records after it were durable.
  @Test func anyFlippedByteIsNoticed() throws {
    let clean = try disk(count: 60)
    let name = try segments(clean)[0]
    let bytes = try #require(clean.contents(name))
    var random = SeededRandom(seed: 7)
    let disk = try disk(count: 60)
    let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil
    for _ in 0..<(isCampaign ? 20_000 : 60) {
      let offset = Int(random.next() % 16_384)
      var damaged = bytes
      let flip = UInt8(truncatingIfNeeded: 1 << (random.next() % 8))
      damaged[offset] ^= flip
      disk.replaceContents(name, with: damaged)
      do throws(JournalError) {
        let report = try JournalInspection.report(disk, depth: .everything)
        // Padding and the unused part of the header block carry nothing.
        let isUnused = bytes[offset] == 0
        #expect(isUnused && report.lastSequence == 60, "offset \(offset) flip \(flip)")
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test func anUnfinishedCommitIsCutAndReported() throws {
    let disk = try disk(count: 20)
    let name = try segments(disk)[0]
    var bytes = try #require(disk.contents(name))
    let report = try JournalInspection.report(disk, depth: .everything)
    #expect(report.tail == .clean)
    // The start of a commit that never came to its records.
    let boundary = try #require(
      stride(from: 4_096, to: bytes.count, by: 4_096).first { start in
        bytes[start..<start + 4_096].allSatisfy { $0 == 0 }
      })
    for index in 0..<700 { bytes[boundary + index] = UInt8(truncatingIfNeeded: index | 1) }
    disk.replaceContents(name, with: bytes)
    let torn = try JournalInspection.report(disk, depth: .tail)
    guard case .torn(let path, let offset, _) = torn.tail else {
      Issue.record("\(torn.tail)")
      return
    }
    #expect(path == "simulated/\(name)" && offset < UInt64(boundary))
    let recovered = try JournalRecovery.recover(disk)
    #expect(recovered.tail == torn.tail && recovered.lastSequence == 20)
    #expect(try JournalInspection.report(disk, depth: .everything).tail == .clean)
  }

  @Test func aLostAcknowledgedCommitIsRefused() throws {
    let disk = try disk(count: 20)
    let name = try segments(disk)[0]
    var bytes = try #require(disk.contents(name))
    // The last commit is gone; nothing behind it tells, but the position does.
    bytes.replaceSubrange(8_192..<12_288, with: [UInt8](repeating: 0, count: 4_096))
    disk.replaceContents(name, with: bytes)
    let error = #expect(throws: JournalError.self) {
      _ = try JournalWriter(storage: disk, configuration: Self.configuration)
    }
    guard case .acknowledgedMissing(_, _, 20, 10)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aMissingSegmentIsAGap() throws {
    let disk = try disk(count: 300)
    let names = try segments(disk)
    #expect(names.count > 3)
    try disk.remove(names[1])
    #expect(throws: JournalError.self) {
      _ = try JournalInspection.report(disk, depth: .everything)
    }
    #expect(throws: JournalError.self) { _ = try recordedSequences(disk) }
    // A writer needs the last one only, but refuses a gap that the names show.
    #expect(throws: JournalError.self) {
      _ = try recordedSequences(disk, from: 2)
    }
  }

  @Test func foreignAndNewerFilesAreRefused() throws {
    let journal = try disk(count: 10)
    let name = try segments(journal)[0]
    let good = try #require(journal.contents(name))

    journal.replaceContents(name, with: Array("this is a text".utf8) + good[14...])
    var error = #expect(throws: JournalError.self) {
      _ = try JournalWriter(storage: journal, configuration: Self.configuration)
    }
    guard case .foreign? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    journal.killProcess()

    var newer = good
    newer[8] = 9
    journal.replaceContents(name, with: newer)
    error = #expect(throws: JournalError.self) {
      _ = try JournalWriter(storage: journal, configuration: Self.configuration)
    }
    #expect(
      error == .newerVersion(path: "simulated/\(name)", found: 9, supported: 1))
    journal.killProcess()

    journal.replaceContents(name, with: Array(good.prefix(40)))
    error = #expect(throws: JournalError.self) {
      _ = try JournalInspection.report(journal, depth: .everything)
    }
    guard case .damaged(_, 40, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func segmentsOfTwoJournalsAreNotMixed() throws {
    let one = try disk(count: 100)
    let names = try segments(one)
    var configuration = Self.configuration
    configuration.identifier = .init(high: 8, low: 9)
    configuration.firstSequence = try #require(
      JournalFormat.number(inName: names[1], suffix: ".segment"))
    let other = SimulatedJournalStorage(seed: 2)
    var writer = try JournalWriter(storage: other, configuration: configuration)
    #expect(SampleRecord.append(&writer, count: 10))
    try writer.close()
    one.replaceContents(names[1], with: try #require(other.contents(names[1])))
    let error = #expect(throws: JournalError.self) {
      _ = try JournalInspection.report(one, depth: .everything)
    }
    guard case .foreign? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
