// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@Suite struct JournalCutBackTests {
  static func configuration() -> JournalConfiguration {
    JournalConfiguration(
      segmentByteCount: 12_288, bufferByteCount: 4_096, commitAlignment: 512,
      preallocation: .allocate, identifier: JournalIdentifier(high: 1, low: 2))
  }

  /// A journal of `count` records in several segments and commits of several sizes.
  static func write(_ storage: SimulatedJournalStorage, count: UInt64, seed: UInt64) throws {
    var writer = try JournalWriter(storage: storage, configuration: configuration())
    var random = SeededRandom(seed: seed)
    while writer.lastSequence < count {
      let left = Int(count - writer.lastSequence)
      #expect(SampleRecord.append(&writer, count: min(left, Int.random(in: 1...9, using: &random))))
      try writer.flush()
    }
    storage.killProcess()
  }

  @Test func anyRecordMayBecomeTheLast() throws {
    for last in UInt64(0)...60 {
      let storage = SimulatedJournalStorage(seed: last + 1)
      try Self.write(storage, count: 60, seed: last)
      storage.killProcess()
      let before = try JournalInspection.report(storage, depth: .everything)
      #expect(before.segments.count > 1)
      let cut = try JournalRecovery.cutBack(storage, after: last)
      #expect(cut.sequences == last + 1..<61)
      storage.killProcess()
      let report = try JournalInspection.report(storage, depth: .everything)
      #expect(report.lastSequence == last && report.tail == .clean, "\(last): \(report)")
      // It goes on as if the rest had never been.
      var writer = try JournalWriter(storage: storage, configuration: Self.configuration())
      #expect(writer.lastSequence == last)
      #expect(SampleRecord.append(&writer, count: 30))
      try writer.flush()
      let found = try recordedSequences(storage)
      #expect(found.areIntact && found.count == Int(last) + 30, "\(last)")
      _ = consume writer
    }
  }

  @Test func aPowerCutAtAnyOperationLeavesAJournalThatCanBeCutAgain() throws {
    var interruptions = 0
    for last in [UInt64(0), 1, 7, 20, 33, 59] {
      for operation in 0..<200 {
        let storage = SimulatedJournalStorage(seed: UInt64(operation) * 64 + last)
        try Self.write(storage, count: 60, seed: last)
        let cut = storage.cutPower(atOperation: operation)
        let outcome = Result { try JournalRecovery.cutBack(storage, after: last) }
        guard cut.end() else {
          // Past the last operation: it was done in peace.
          _ = try outcome.get()
          break
        }
        interruptions += 1
        storage.cutPower()
        let report = try JournalInspection.report(storage, depth: .everything)
        #expect(
          report.lastSequence >= last && report.lastSequence <= 60, "\(last) at \(operation)")
        _ = try JournalRecovery.cutBack(storage, after: last)
        storage.cutPower()
        let found = try JournalInspection.report(storage, depth: .everything)
        #expect(found.lastSequence == last, "\(last) at \(operation)")
      }
    }
    #expect(interruptions > 20)
  }

  @Test func sequencesThatAreNotThereAreRefused() throws {
    let storage = SimulatedJournalStorage(seed: 1)
    try Self.write(storage, count: 20, seed: 1)
    #expect(throws: JournalError.self) { try JournalRecovery.cutBack(storage, after: 21) }
    storage.killProcess()
    #expect(throws: JournalError.self) { try JournalRecovery.cutBack(storage, after: .max) }
    storage.killProcess()
    let none = try JournalRecovery.cutBack(storage, after: 20)
    #expect(none.sequences.isEmpty && none.removedFiles.isEmpty)
    #expect(throws: JournalError.self) {
      try JournalRecovery.cutBack(SimulatedJournalStorage(seed: 2), after: 0)
    }
  }
}
