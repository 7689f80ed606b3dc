// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
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

  /// Zeros for the next segment would take from a disk that is behind for eight commits in a row; once no
  /// record waits for it they go on.
  @Test(arguments: [false, true])
  func writesNoZerosWhileTheDiskIsBehind(isHeldUp: Bool) throws {
    let storage = SimulatedJournalStorage(seed: 1)
    storage.faults.commitLookCountMax = 0
    var writer = try JournalWriter(
      storage: storage,
      configuration: JournalConfiguration(segmentByteCount: 16 << 20, bufferByteCount: 16_384))
    let payload = [UInt8](repeating: 7, count: 9_000)
    func append(_ writer: inout JournalWriter) -> JournalAppendOutcome {
      unsafe writer.tryAppend(
        sequence: writer.lastSequence + 1, timeNanoseconds: 0, type: 1,
        payload: payload.span.bytes)
    }
    /// Appends a record and commits it; tells how many writes that took.
    func commit(isHeldUp: Bool) -> Int {
      let sequence = writer.lastSequence + 1
      #expect(append(&writer) == .appended(sequence: sequence))
      if isHeldUp { #expect(append(&writer) == .full) }
      let before = storage.writeCount
      #expect(writer.poll() == sequence)
      return storage.writeCount - before
    }
    // Takes the space of the next segment.
    #expect(commit(isHeldUp: false) == 2)
    // The commit, the position and, where the disk has time, zeros.
    for _ in 1...7 { #expect(commit(isHeldUp: isHeldUp) == 3) }
    for _ in 1...3 { #expect(commit(isHeldUp: isHeldUp) == (isHeldUp ? 2 : 3)) }
    #expect(commit(isHeldUp: false) == 3)
  }

  /// Most containers forbid io_uring.
  static let ioUringIsPermitted: Bool = {
    guard let folder = try? ScratchFolder(),
      let storage = try? FileJournalStorage(path: folder.path),
      let writer = try? JournalWriter(storage: storage, configuration: configuration)
    else { return false }
    let isPermitted = storage.commitMethod == .ioUring
    return (try? writer.close()) != nil && isPermitted
  }()

  /// Whoever reads a log cannot tell how it was written.
  @Test(.enabled(if: ioUringIsPermitted, "the kernel refuses io_uring"))
  func bothCommitMethodsLeaveTheSameBytes() throws {
    var logs: [[String: [UInt8]]] = []
    for usesIOUring in [true, false] {
      let folder = try ScratchFolder()
      let storage = try FileJournalStorage(
        path: folder.path, options: .init(usesIOUring: usesIOUring))
      var configuration = Self.configuration
      configuration.identifier = JournalIdentifier(high: 3, low: 4)
      var writer = try JournalWriter(storage: storage, configuration: configuration)
      var random = SeededRandom(seed: 19)
      for _ in 0..<60 {
        // Batches that a buffer holds, so that commits do not depend on how quick the disk is.
        #expect(SampleRecord.append(&writer, count: Int.random(in: 1...60, using: &random)))
        try writer.flush()
      }
      if !usesIOUring {
        #expect(storage.commitMethod == .pwritev(ioUringErrno: nil))
        #expect(storage.modeDescription.hasPrefix("pwritev and fdatasync (io_uring not wanted)"))
      } else {
        #expect(storage.commitMethod == .ioUring)
        #expect(storage.modeDescription.hasPrefix("io_uring write and fdatasync"))
      }
      try writer.close()
      var files: [String: [UInt8]] = [:]
      for name in folder.segmentNames + ["journal.position"] {
        files[name] = try folder.bytes(name)
      }
      logs.append(files)
    }
    #expect(logs[0].count > 4 && logs[0] == logs[1])
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
    // Small enough to be left many times: a change of segments allocates nothing either.
    var writer = try JournalWriter(
      storage: storage,
      configuration: .init(segmentByteCount: 256 << 10, bufferByteCount: 65_536))
    let payload = [UInt8](repeating: 7, count: 64)
    func work(_ writer: inout JournalWriter) {
      let last = writer.lastSequence + 20_000
      while writer.lastSequence < last, writer.failure == nil {
        let sequence = writer.lastSequence &+ 1
        let outcome = unsafe writer.tryAppend(
          sequence: sequence, timeNanoseconds: 1, type: 1, payload: payload.span.bytes)
        if outcome == .full || sequence & 63 == 0 { writer.poll() }
      }
      try? writer.flush()
    }
    work(&writer)
    let segmentCount = folder.segmentNames.count
    #expect(allocationCount { work(&writer) } == 0)
    #expect(folder.segmentNames.count > segmentCount + 4)
    #expect(writer.failure == nil && writer.lastSequence > 1_000)
    let report = try JournalInspection.report(storage, depth: .tail)
    let first = try #require(report.segments.first)
    var reader = try JournalReader(storage: storage, mode: .durable)
    _ = try reader.read(countMax: 500) { _, _ in true }
    // Up to the last record of a segment and not past it: there the reader opens the next one.
    let last = try #require(report.segments.dropFirst().first).firstSequence - 1
    #expect(last > first.firstSequence + 1_000)
    #expect(
      allocationCount {
        while reader.lastRecord.sequence < last {
          let left = min(500, Int(last - reader.lastRecord.sequence))
          guard let count = try? reader.read(countMax: left, { _, _ in true }), count > 0 else {
            break
          }
        }
      } == 0)
    #expect(reader.lastRecord.sequence == last)
  }
}
