// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import ApusTestSupport
import Testing

@Suite struct JournalRestartTests {
  static let checksum: UInt32 = 0xABCD_1234

  @Test func aJournalGoesOnBehindALaterRecord() throws {
    let storage = SimulatedJournalStorage(seed: 1)
    try JournalCutBackTests.write(storage, count: 60, seed: 1)
    var writer = try JournalWriter(
      storage: storage, configuration: JournalCutBackTests.configuration())
    let name = writer.identifier
    // Records that are only in memory go as well.
    #expect(SampleRecord.append(&writer, count: 3))
    try writer.restart(after: 1_000, checksum: Self.checksum)
    let (last, durable, chain) = (
      writer.lastSequence, writer.durableSequence, writer.lastChecksum
    )
    #expect(last == 1_000 && durable == 1_000 && chain == Self.checksum)
    #expect(SampleRecord.append(&writer, count: 120))
    try writer.flush()
    _ = consume writer
    storage.killProcess()
    let report = try JournalInspection.report(storage, depth: .everything)
    #expect(report.identifier == name && report.tail == .clean)
    #expect(report.firstSequence == 1_001 && report.lastSequence == 1_120)
    #expect(report.segments.count > 1 && report.acknowledgedSequence == 1_120)
  }

  @Test func aPowerCutAtAnyOperationLeavesAJournal() throws {
    var (before, between, after) = (0, 0, 0)
    for operation in 0..<200 {
      let storage = SimulatedJournalStorage(seed: UInt64(operation) + 1)
      try JournalCutBackTests.write(storage, count: 60, seed: 3)
      var writer = try JournalWriter(
        storage: storage, configuration: JournalCutBackTests.configuration())
      let cut = storage.cutPower(atOperation: operation)
      do throws(JournalError) {
        try writer.restart(after: 1_000, checksum: Self.checksum)
      } catch {
        let failure = writer.failure
        #expect(cut.hasHappened && failure == error)
      }
      _ = consume writer
      guard cut.end() else { break }
      storage.cutPower()
      let report = try JournalInspection.report(storage, depth: .everything)
      switch report.lastSequence {
      case 60: before += 1
      case 0..<60: between += 1
      case 1_000: after += 1
      default: Issue.record("operation \(operation): \(report)")
      }
      // Whatever there is, a writer opens it, or begins anew where nothing is left.
      writer = try JournalWriter(
        storage: storage, configuration: JournalCutBackTests.configuration())
      let last = writer.lastSequence
      #expect(last == report.lastSequence, "operation \(operation)")
      #expect(SampleRecord.append(&writer, count: 5))
      try writer.flush()
    }
    #expect(before > 0 && between > 0 && after > 0, "\(before), \(between), \(after)")
  }
}
