// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestSupport
import Foundation

extension ScratchFolder {
  var segmentNames: [String] {
    ((try? names()) ?? []).filter { $0.hasSuffix(".segment") }
  }
}

extension SampleRecord {
  /// Appends the next record.
  static func append(
    _ writer: inout JournalWriter, byteCountMax: Int = 200
  ) -> JournalAppendOutcome {
    let sequence = writer.lastSequence + 1
    let payload = payload(sequence, byteCountMax: byteCountMax)
    return unsafe writer.tryAppend(
      sequence: sequence, timeNanoseconds: time(sequence), type: type(sequence),
      payload: payload.span.bytes)
  }

  /// Appends `count` records, polling when the buffers are full.
  static func append(
    _ writer: inout JournalWriter, count: Int, byteCountMax: Int = 200
  ) -> Bool {
    var left = count
    var attempts = 0
    while left > 0 {
      switch append(&writer, byteCountMax: byteCountMax) {
      case .appended: left -= 1
      case .full:
        writer.poll()
        attempts += 1
        if attempts > 10_000_000 { return false }
      default: return false
      }
    }
    return true
  }

  static func matches(
    _ record: JournalRecord, _ payload: RawSpan, byteCountMax: Int = 200
  ) -> Bool {
    let found = unsafe payload.withUnsafeBytes { unsafe Array($0) }
    return record.timeNanoseconds == time(record.sequence)
      && record.type == type(record.sequence)
      && found == self.payload(record.sequence, byteCountMax: byteCountMax)
  }
}

/// The sequences of a journal that a reader hands out, each checked.
func recordedSequences(
  _ storage: any JournalStorage, from sequence: UInt64? = nil,
  mode: JournalReader.Mode = .recorded, byteCountMax: Int = 200
) throws(JournalError) -> (first: UInt64, count: Int, areIntact: Bool) {
  var reader = try JournalReader(storage: storage, from: sequence, mode: mode)
  var first: UInt64 = 0
  var areIntact = true
  var expected: UInt64?
  let count = try reader.read { record, payload in
    if first == 0 { first = record.sequence }
    areIntact =
      areIntact && SampleRecord.matches(record, payload, byteCountMax: byteCountMax)
      && (expected ?? record.sequence) == record.sequence
    expected = record.sequence + 1
    return true
  }
  return (first, count, areIntact)
}
