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
    let found = try sequences(storage)
    #expect(found == (1, 2_000, true))
    let again = try sequences(storage, from: 1_345)
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
    #expect(try sequences(storage) == (1, 1_000, true))
  }
}
