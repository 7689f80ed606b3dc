// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost

/// The journal of an engine's host.
extension JournalWriter: CommandJournal {
  /// Whether there is a journal.
  public static var isPresent: Bool { true }

  /// The longest command it takes. Unit: bytes.
  public var payloadByteCountMax: Int { configuration.payloadByteCountMax }

  /// Copies a record into the journal's memory.
  @unsafe
  public mutating func append(
    sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer
  ) -> CommandJournalOutcome {
    Self.hostOutcome(
      unsafe tryAppend(
        sequence: sequence, timeNanoseconds: time.rawValue, type: kind.rawValue, payload: payload),
      sequence)
  }

  /// Copies a record in two parts into the journal's memory.
  @unsafe
  public mutating func append(
    sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer,
    attachment: UnsafeRawBufferPointer
  ) -> PlacedRecord {
    let placed = unsafe tryAppend(
      sequence: sequence, timeNanoseconds: time.rawValue, type: kind.rawValue, payload: payload,
      attachment: attachment)
    return unsafe PlacedRecord(
      outcome: Self.hostOutcome(placed.outcome, sequence), payload: placed.payload)
  }

  /// A host keeps to sequences and lengths: other outcomes are its faults.
  @inline(__always)
  private static func hostOutcome(
    _ outcome: JournalAppendOutcome, _ sequence: UInt64
  ) -> CommandJournalOutcome {
    switch outcome {
    case .appended: return .appended
    case .full: return .full
    case .failed: return .failed
    case .outOfSequence(let expected):
      preconditionFailure(
        "JournalWriter.append: expected sequence \(expected), not \(sequence)")
    case .tooLarge(let payloadByteCountMax):
      preconditionFailure(
        "JournalWriter.append: expected a payload of at most \(payloadByteCountMax) bytes")
    }
  }

  /// Waits until everything is durable.
  public mutating func makeDurable() -> Bool {
    do throws(JournalError) {
      try flush()
      return true
    } catch {
      return false
    }
  }

  /// Whether the journal has failed for good.
  public var hasFailed: Bool { failure != nil }

  /// Why, in one line; nil while it goes on.
  public var failureDescription: String? { failure?.description }
}

/// A journal as the recording of an engine's commands.
extension JournalReader: CommandRecording {
  /// Hands out the next records.
  ///
  /// - Throws: `ReplayError.recording` with what the journal says.
  public mutating func readCommands(
    countMax: Int, _ body: (CommandRecord, RawSpan) -> Bool
  ) throws(ReplayError) -> Int {
    do throws(JournalError) {
      return try read(countMax: countMax) { record, payload in
        body(
          CommandRecord(
            sequence: record.sequence, time: Nanoseconds(record.timeNanoseconds),
            kind: record.type), payload)
      }
    } catch {
      throw .recording(description: error.description)
    }
  }
}
