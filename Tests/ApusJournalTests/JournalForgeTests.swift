// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal

/// Journals whose checksums all hold and whose numbers are anything: no trap, no hang, no wrapping.
@Suite struct JournalForgeTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 8_192, bufferByteCount: 4_096, commitAlignment: 512,
    preallocation: .allocate, identifier: .init(high: 1, low: 2))

  /// Three segments, 60 records and two snapshots.
  static func sample() throws -> JournalForge {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(storage: disk, configuration: configuration)
    let store = try SnapshotStore(storage: disk)
    for round in 0..<10 {
      #expect(SampleRecord.append(&writer, count: 6))
      try writer.flush()
      guard round == 3 || round == 7 else { continue }
      var snapshot = try store.begin(
        SnapshotHeader(
          sequence: writer.durableSequence, digest: 5, contentVersion: 1,
          journal: writer.identifier), bufferByteCount: 1_000)
      try snapshot.writeAll(unsafe [UInt8](repeating: 3, count: 100).span.bytes)
      try snapshot.commit()
    }
    try writer.close()
    var files: [String: [UInt8]] = [:]
    for name in try disk.list() { files[name] = disk.contents(name) }
    return JournalForge(files)
  }

  static func disk(_ forge: JournalForge) -> SimulatedJournalStorage {
    let disk = SimulatedJournalStorage(seed: 1)
    for (name, bytes) in forge.files { disk.replaceContents(name, with: bytes) }
    return disk
  }

  /// What one way of opening it said; nil where it did not object.
  private static func attempt(_ body: () throws(JournalError) -> Void) -> JournalError? {
    do throws(JournalError) { try body() } catch {
      #expect(!error.description.isEmpty)
      return error
    }
    return nil
  }

  /// Every way into a journal, each on a disk of its own.
  static func exercise(_ forge: JournalForge) {
    for depth in [JournalInspection.Depth.tail, .everything] {
      _ = attempt { () throws(JournalError) in
        _ = try JournalInspection.report(disk(forge), depth: depth)
      }
    }
    for mode in [JournalReader.Mode.recorded, .live, .durable] {
      for start in [nil, 0, 1, 30, 1 << 63, UInt64.max] {
        _ = attempt { () throws(JournalError) in
          var reader = try JournalReader(storage: disk(forge), from: start, mode: mode)
          _ = try reader.read { _, _ in true }
          _ = try reader.acknowledgedSequenceNow()
        }
      }
    }
    _ = attempt { () throws(JournalError) in _ = try JournalRecovery.recover(disk(forge)) }
    for last in [0, 30, 1 << 63, UInt64.max - 1, .max] {
      _ = attempt { () throws(JournalError) in
        _ = try JournalRecovery.cutBack(disk(forge), after: last)
      }
    }
    _ = attempt { () throws(JournalError) in try write(disk(forge)) }
    _ = attempt { () throws(JournalError) in try restart(disk(forge)) }
    _ = attempt { () throws(JournalError) in
      let store = try SnapshotStore(storage: disk(forge), keptCount: 1)
      var rejected: [SnapshotStore.Rejected] = []
      if var reader = try store.newestValid(rejected: &rejected) {
        while try !reader.read(byteCountMax: 64).isEmpty {}
      }
      try store.removeOld()
    }
  }

  private static func write(_ disk: SimulatedJournalStorage) throws(JournalError) {
    var writer = try JournalWriter(storage: disk, configuration: configuration)
    for round in 0..<40 {
      let outcome = writer.tryAppend(
        sequence: writer.lastSequence &+ 1, timeNanoseconds: .max, type: 1, payloadByteCount: 300
      ) { _ in }
      if case .failed = outcome { break }
      if round % 5 == 0 { try writer.flush() }
    }
    try writer.removeSegments(below: .max)
    try writer.close()
    _ = try JournalInspection.report(disk, depth: .everything)
  }

  private static func restart(_ disk: SimulatedJournalStorage) throws(JournalError) {
    var writer = try JournalWriter(storage: disk, configuration: configuration)
    let (target, overflows) = writer.lastSequence.addingReportingOverflow(5)
    try writer.restart(after: overflows ? .max : target, checksum: 9)
    _ = writer.tryAppend(
      sequence: writer.lastSequence &+ 1, timeNanoseconds: 0, type: 1, payloadByteCount: 8
    ) { _ in }
    try writer.close()
  }

  // MARK: Numbered as they cannot be

  /// The same journal from another first sequence on: what is out of range is one error, with file,
  /// offset and field.
  @Test(arguments: JournalForge.extremes)
  func anyFirstSequence(first: UInt64) throws {
    var forge = try Self.sample()
    forge.renumber(first: first)
    forge.seal()
    Self.exercise(forge)
    let isPossible = first >= 1 && first <= (1 << 63) - 60
    for attempt in 0..<3 {
      let error = Self.attempt { () throws(JournalError) in
        let disk = Self.disk(forge)
        switch attempt {
        case 0: _ = try JournalInspection.report(disk, depth: .everything)
        case 1: _ = try JournalRecovery.recover(disk)
        default: _ = try JournalWriter(storage: disk, configuration: Self.configuration)
        }
      }
      guard !isPossible else {
        #expect(error == nil, "\(first): \(String(describing: error))")
        continue
      }
      guard case .damaged(let path, let offset, let detail)? = error else {
        Issue.record("\(first): \(String(describing: error))")
        continue
      }
      #expect(path.hasSuffix(".segment"), "\(first)")
      #expect(offset == 32 || offset > 4_096, "\(first): \(offset)")
      #expect(detail.contains("sequence"), "\(detail)")
    }
  }

  @Test func aPositionBeyondAnySequenceIsNoPosition() throws {
    var forge = try Self.sample()
    forge.set(.max, in: "journal.position", at: 32, 8)
    forge.seal()
    Self.exercise(forge)
    let report = try JournalInspection.report(Self.disk(forge), depth: .everything)
    #expect(report.acknowledgedSequence == nil && report.lastSequence == 60)
  }

  // MARK: Anything

  @Test func forgedJournalsAreReadOrRefused() throws {
    let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil
    let good = try Self.sample()
    for seed in 1...(isCampaign ? 4_000 : 40) as ClosedRange<UInt64> {
      var random = SeededRandom(seed: seed)
      var forge = good
      forge.mutate(&random)
      forge.seal()
      Self.exercise(forge)
      if isCampaign, seed % 200 == 0 { print("\(seed) forged") }
    }
  }
}
