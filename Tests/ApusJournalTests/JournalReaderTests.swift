// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// Readers beside a writer, and what they may see.
@Suite struct JournalReaderTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192)

  private func drain(_ reader: inout JournalReader) throws(JournalError) -> Int {
    try reader.read { record, payload in
      let isIntact = SampleRecord.matches(record, payload)
      #expect(isIntact, "record \(record.sequence)")
      return true
    }
  }

  @Test func aLiveLogIsFollowedOverSegments() throws {
    let folder = try ScratchFolder()
    var writer = try JournalWriter(
      storage: try FileJournalStorage(path: folder.path), configuration: Self.configuration)
    var reader = try JournalReader(
      storage: try FileJournalStorage(path: folder.path), mode: .live)
    #expect(try drain(&reader) == 0)
    var random = SeededRandom(seed: 11)
    for _ in 0..<40 {
      let count = Int(random.next() % 60)
      #expect(SampleRecord.append(&writer, count: count))
      try writer.flush()
      _ = try drain(&reader)
      #expect(reader.lastRecord.sequence == writer.lastSequence)
    }
    #expect(folder.segmentNames.count > 3)
  }

  /// A reader in a thread of its own, while the writer commits without pause.
  @Test func aConcurrentReaderSeesEveryRecordInOrder() throws {
    let folder = try ScratchFolder()
    let count = 1_500
    var writer = try JournalWriter(
      storage: try FileJournalStorage(path: folder.path), configuration: Self.configuration)
    let path = folder.path
    let outcome = Outcome()
    let thread = Thread {
      do throws(JournalError) {
        var reader = try JournalReader(
          storage: try FileJournalStorage(path: path), mode: .durable)
        let deadline = Date().addingTimeInterval(20)
        var seen = 0
        while seen < count, Date() < deadline {
          seen += try reader.read { record, payload in
            outcome.areIntact = outcome.areIntact && SampleRecord.matches(record, payload)
            return true
          }
        }
        outcome.count = seen
      } catch {
        outcome.error = error
      }
      outcome.done.signal()
    }
    thread.start()
    #expect(SampleRecord.append(&writer, count: count))
    try writer.flush()
    outcome.done.wait()
    #expect(outcome.error == nil)
    #expect(outcome.count == count && outcome.areIntact)
  }

  private final class Outcome: @unchecked Sendable {
    // SAFETY: written by the thread before it signals, read after the wait.
    var count = 0
    var areIntact = true
    var error: JournalError?
    let done = DispatchSemaphore(value: 0)
  }

  @Test func aDurableReaderWaitsForTheAcknowledgement() throws {
    let disk = SimulatedJournalStorage(seed: 5)
    disk.faults.commitLookCountMax = 0
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 10))
    try writer.flush()
    var live = try JournalReader(storage: disk, mode: .live)
    var durable = try JournalReader(storage: disk, mode: .durable)
    #expect(try drain(&live) == 10)
    #expect(try drain(&durable) == 10)
    #expect(SampleRecord.append(&writer, count: 10))
    // The write is done and its sync fails: it can be seen and was not acknowledged.
    disk.faults.syncError = 1
    writer.poll()
    #expect(try drain(&live) == 10)
    #expect(try drain(&durable) == 0)
    #expect(durable.acknowledgedSequence == 10)
  }

  @Test func oldSegmentsAreRemovedAndAskedForInVain() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    var writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 600))
    try writer.flush()
    let before = folder.segmentNames
    let removed = try writer.removeSegments(below: 300)
    #expect(!removed.isEmpty && removed == Array(before.prefix(removed.count)))
    let found = try recordedSequences(storage)
    #expect(found.areIntact && found.first <= 300 && found.first > 1)
    let error = #expect(throws: JournalError.self) {
      _ = try recordedSequences(storage, from: 1)
    }
    guard case .sequenceUnavailable(_, 1, found.first, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // The one that is written stays, whatever is asked.
    try writer.removeSegments(below: .max)
    #expect(folder.segmentNames.count == 1)
    try writer.removeSegments(below: .max)
    #expect(SampleRecord.append(&writer, count: 5))
    try writer.close()
    #expect(try recordedSequences(storage).areIntact)
  }

  @Test func sequencesPastTheEndAreRefused() throws {
    let disk = SimulatedJournalStorage(seed: 6)
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 10))
    try writer.flush()
    #expect(try recordedSequences(disk, from: 11).count == 0)
    #expect(throws: JournalError.self) { _ = try recordedSequences(disk, from: 12) }
    #expect(throws: JournalError.noJournal(path: "simulated")) {
      _ = try recordedSequences(SimulatedJournalStorage(seed: 1))
    }
  }
}
