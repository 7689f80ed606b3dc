// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusJournal

/// The records of one frame on their way into the standby's engine and journal: a record is in both
/// or in neither. What the engine refuses is not in the journal, where every start would meet it again.
@safe
struct FrameRecording: CommandRecording, ~Copyable {
  var journal: JournalWriter
  private(set) var cursor: RecordBatchCursor
  /// Why the last record was not taken; nil where it was.
  private(set) var refusal: JournalAppendOutcome?
  private let body: UnsafeRawBufferPointer

  /// Shape: the body that the cursor was made of, for as long as this lives.
  @unsafe
  init(journal: consuming JournalWriter, cursor: RecordBatchCursor, body: UnsafeRawBufferPointer) {
    self.journal = journal
    self.cursor = cursor
    unsafe self.body = unsafe body
  }

  mutating func readCommands(
    countMax: Int, _ body: (CommandRecord, RawSpan) -> Bool
  ) throws(ReplayError) -> Int {
    var count = 0
    // SAFETY: the frame outlives this value, and spans are used inside the call only.
    let bytes = unsafe RawSpan(_unsafeBytes: self.body)
    while count < countMax {
      var next = cursor
      guard let record = next.next(bytes) else { break }
      let payload = bytes.extracting(record.payload)
      let sequence = journal.lastSequence &+ 1
      if let full = journal.refusal(payloadByteCount: payload.byteCount) {
        refusal = full
        break
      }
      let command = CommandRecord(
        sequence: sequence, time: Nanoseconds(record.timeNanoseconds), kind: record.type)
      // Events go nowhere, so that there is always room for them: only a failure stops the replay.
      guard body(command, payload) else { break }
      let outcome = journal.tryAppend(
        sequence: sequence, timeNanoseconds: record.timeNanoseconds, type: record.type,
        payload: payload)
      guard case .appended = outcome else {
        refusal = outcome
        break
      }
      cursor = next
      count += 1
    }
    return count
  }

  consuming func finish() -> JournalWriter { journal }
}
