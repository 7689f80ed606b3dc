// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestSupport
import Foundation
import Testing

@Suite struct JournalWriterTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 65_536, bufferByteCount: 16_384)

  static let options: [FileJournalStorage.Options] = [
    .init(), .init(usesDirectIO: false), .init(usesIOUring: false),
    .init(usesIOUring: false, usesDirectIO: false),
  ]

  @Test(arguments: 0..<4)
  func appendsAreReadBack(option: Int) throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path, options: Self.options[option])
    var writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 2_000))
    try writer.flush()
    #expect(writer.durableSequence == 2_000)
    try writer.close()
    #expect(folder.segmentNames.count > 3)
    let found = try recordedSequences(storage)
    #expect(found == (1, 2_000, true))
    let again = try recordedSequences(storage, from: 1_345)
    #expect(again == (1_345, 656, true))
    let report = try JournalInspection.report(storage, depth: .everything)
    #expect(report.recordCount == 2_000)
    #expect(report.tail == .clean)
    #expect(report.acknowledgedSequence == 2_000)
  }

  @Test func aReopenedJournalGoesOn() throws {
    let folder = try ScratchFolder()
    for round in 0..<5 {
      let storage = try FileJournalStorage(path: folder.path)
      var writer = try JournalWriter(storage: storage, configuration: Self.configuration)
      #expect(writer.lastSequence == UInt64(round) * 200)
      #expect(writer.recovery.tail == .clean)
      #expect(SampleRecord.append(&writer, count: 200))
      try writer.close()
    }
    let storage = try FileJournalStorage(path: folder.path)
    #expect(try recordedSequences(storage) == (1, 1_000, true))
  }
}

/// What the append calls answer.
@Suite struct JournalAppendTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192)

  private func append(
    _ writer: inout JournalWriter, _ sequence: UInt64, _ payload: [UInt8]
  ) -> JournalAppendOutcome {
    unsafe writer.tryAppend(
      sequence: sequence, timeNanoseconds: 0, type: 0, payload: payload.span.bytes)
  }

  @Test func outcomesSayWhatIsToBeDone() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    disk.faults.commitLookCountMax = 0
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(append(&writer, 2, []) == .outOfSequence(expected: 1))
    #expect(append(&writer, 0, []) == .outOfSequence(expected: 1))
    let max = Self.configuration.payloadByteCountMax
    #expect(
      append(&writer, 1, Array(repeating: 1, count: max + 1))
        == .tooLarge(payloadByteCountMax: max))
    #expect(append(&writer, 1, Array(repeating: 1, count: max)) == .appended(sequence: 1))
    #expect(append(&writer, 2, []) == .full)
    #expect(writer.durableSequence == 0)
    #expect(writer.poll() == 1)
    #expect(append(&writer, 2, []) == .appended(sequence: 2))
    try writer.flush()
    #expect(writer.durableSequence == 2 && writer.commitCount == 2)
    var reader = try JournalReader(storage: disk)
    let records = try reader.copies(countMax: 10)
    #expect(records.map(\.payload.count) == [max, 0])
  }

  @Test func payloadsAreWrittenInPlace() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    for sequence in 1...100 as ClosedRange<UInt64> {
      let outcome = writer.tryAppend(
        sequence: sequence, timeNanoseconds: 5, type: 6, payloadByteCount: 13
      ) { span in
        unsafe span.withUnsafeMutableBytes { bytes in
          unsafe bytes[12] = UInt8(sequence)
        }
      }
      #expect(outcome == .appended(sequence: sequence))
    }
    try writer.flush()
    var reader = try JournalReader(storage: disk)
    let records = try reader.copies(countMax: 1_000)
    #expect(records.map { $0.payload[12] } == (1...100).map { UInt8($0) })
    #expect(records.allSatisfy { $0.payload.prefix(12).allSatisfy { $0 == 0 } })
  }

  @Test(
    .enabled(if: allocationsAreCounted, "allocations are counted in release builds"),
    arguments: [true, false])
  func steadyStateAllocatesNothing(usesIOUring: Bool) throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(
      path: folder.path, options: .init(usesIOUring: usesIOUring))
    // A segment that is not left during the measurement: its change makes names.
    var writer = try JournalWriter(
      storage: storage,
      configuration: .init(segmentByteCount: 32 << 20, bufferByteCount: 65_536))
    let payload = [UInt8](repeating: 7, count: 64)
    func work(_ writer: inout JournalWriter) {
      for _ in 0..<20_000 {
        let sequence = writer.lastSequence &+ 1
        let outcome = unsafe writer.tryAppend(
          sequence: sequence, timeNanoseconds: 1, type: 1, payload: payload.span.bytes)
        if outcome == .full || sequence & 63 == 0 { writer.poll() }
      }
      try? writer.flush()
    }
    work(&writer)
    #expect(allocationCount { work(&writer) } == 0)
    #expect(writer.failure == nil && writer.lastSequence > 1_000)
    var reader = try JournalReader(storage: storage, mode: .durable)
    _ = try reader.read(countMax: 500) { _, _ in true }
    let last = writer.durableSequence
    #expect(
      allocationCount {
        while reader.lastRecord.sequence < last {
          guard let count = try? reader.read(countMax: 500, { _, _ in true }), count > 0 else {
            break
          }
        }
      } == 0)
    #expect(reader.lastRecord.sequence == last)
  }
}
