// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// A record of a recording: what was journaled.
@frozen
public struct CommandRecord: BitwiseCopyable, Sendable, Equatable {
  /// Its number.
  public var sequence: UInt64
  /// When it was sequenced.
  public var time: Nanoseconds
  /// What its payload is.
  public var kind: UInt16

  /// A record of these.
  @inlinable
  public init(sequence: UInt64, time: Nanoseconds, kind: UInt16) {
    self.sequence = sequence
    self.time = time
    self.kind = kind
  }
}

/// The records of a journal, in order.
public protocol CommandRecording: ~Copyable {
  /// Hands out the next records.
  ///
  /// - Parameter body: Gets each record and its payload, which is valid inside the call; false stops
  ///   after it.
  /// - Returns: Records handed out; 0 at the end.
  /// - Throws: ``ReplayError/recording(description:)`` for a recording that cannot be read on.
  mutating func readCommands(
    countMax: Int, _ body: (CommandRecord, RawSpan) -> Bool
  ) throws(ReplayError) -> Int
}

/// A replay that cannot continue.
public enum ReplayError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The recording cannot be read on.
  case recording(description: String)
  /// A record is missing, or out of order.
  case sequence(expected: UInt64, found: UInt64)
  /// A record of a kind that this program does not know.
  case kind(sequence: UInt64, found: UInt16)
  /// A payload that is not as long as a command, or a digest, is. Unit: bytes.
  case payload(sequence: UInt64, byteCount: Int, expected: Int)
  /// A record of a command with an attachment that is not as long as the engine's may be. Unit: bytes.
  case attachment(sequence: UInt64, byteCount: Int, byteCountMax: Int)
  /// The engine does not reach the state that was recorded.
  case digest(sequence: UInt64, recorded: UInt64, reached: UInt64)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .recording(let description):
      description
    case .sequence(let expected, let found):
      "record \(found) follows where \(expected) should; replay from an earlier snapshot or restore "
        + "the missing records"
    case .kind(let sequence, let found):
      "record \(sequence) is of kind \(found), which this program does not know; use a newer program"
    case .payload(let sequence, let byteCount, let expected):
      "record \(sequence) has \(byteCount) bytes, expected \(expected); it was written by an engine "
        + "with other commands: use the program that wrote it"
    case .attachment(let sequence, let byteCount, let byteCountMax):
      "record \(sequence) has an attachment of \(byteCount) bytes, expected 1 to \(byteCountMax); it was "
        + "written by an engine with other commands: use the program that wrote it"
    case .digest(let sequence, let recorded, let reached):
      "record \(sequence): the engine reaches digest \(hexadecimal(reached)), and "
        + "\(hexadecimal(recorded)) was recorded; the engine is not deterministic, or is not the one "
        + "that was recorded"
    }
  }
}
