// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Sizes and numbers of the protocol. Bytes and their meaning: docs/formats/replication.md.
enum ReplicationFormat {
  static let version: UInt32 = 3
  /// `ARPL`, little-endian.
  static let magic: UInt32 = 0x4C50_5241
  static let headerByteCount = 40
  static let recordHeaderByteCount = 16
  static let recordsPrefixByteCount = 8

  static let helloByteCount = 56
  static let welcomeByteCount = 40
  static let acknowledgementByteCount = 32
  static let answerByteCount = 8
  static let refusalByteCount = 24
  static let snapshotOfferByteCount = 56

  /// The shortest frame that every side takes: all messages but records fit.
  static let frameByteCountMin = 4_096
  /// The longest frame that may be agreed on.
  static let frameByteCountMax = 1 << 30
  /// The shortest part of a snapshot but for the last: what the shortest frame takes.
  static let snapshotPartByteCountMin = frameByteCountMin - headerByteCount
  /// No record has a greater sequence, so that sums of two do not overflow: a record each nanosecond
  /// reaches it in 146 years.
  static let sequenceMax: UInt64 = 1 << 62
  /// No record is of a later time. Unit: nanoseconds.
  static let timeMax = UInt64(Int64.max)
  /// Questions by which two journals are compared: every one halves what is left of 2^64 records.
  static let queryCountMax = 64

  @inline(__always)
  static func recordByteCount(payloadByteCount: Int) -> Int {
    (recordHeaderByteCount &+ payloadByteCount &+ 7) & ~7
  }
}

/// What a frame says.
enum FrameKind: UInt16 {
  /// Standby to primary: who it is and which record it wants next.
  case hello = 1
  /// Primary to standby: the records follow.
  case welcome = 2
  /// Primary to standby: records of the stream.
  case records = 3
  /// Primary to standby: it is there.
  case heartbeat = 4
  /// Standby to primary: how far it has come.
  case acknowledgement = 5
  /// Standby to primary: the checksum of a record, to find where two journals part.
  case query = 6
  /// Primary to standby: that checksum.
  case answer = 7
  /// Either way: why there will be nothing more.
  case refusal = 8
  /// Primary to standby: the record it wants was removed, and a snapshot is there instead.
  case snapshot = 9
  /// Primary to standby: bytes of that snapshot.
  case snapshotPart = 10
  /// Standby to primary: how many of those it has; 0 asks for the first.
  case progress = 11
}

/// Why one side of a replica link turns the other away.
@frozen
public enum RefusalReason: UInt32, Sendable, CaseIterable {
  /// Another version of the protocol.
  case version = 1
  /// The epoch is lower than one that was seen: the sender must not be followed any more.
  case staleEpoch = 2
  /// The journal is another one.
  case foreignJournal = 3
  /// The record asked for was removed already.
  case removed = 4
  /// The standby has more records than the primary has durable.
  case ahead = 5
  /// The standby's records are not those of the primary.
  case diverged = 6
  /// The standby's engine reaches another digest.
  case digestMismatch = 7
  /// A record does not fit the longest frame of the standby.
  case recordTooLarge = 8
  /// The primary has as many standbys as it takes.
  case busy = 9
  /// The sender has failed or stops.
  case stopped = 10
  /// The engine or its configuration is another one.
  case engine = 11
}

/// Why bytes of the other side were not taken: each closes the connection and is counted.
@frozen
public enum FrameFault: UInt8, Error, Sendable, CaseIterable {
  /// The frame does not begin as one.
  case magic
  /// The header's checksum does not hold.
  case headerChecksum
  /// The body's checksum does not hold.
  case bodyChecksum
  /// Longer than what was agreed on.
  case tooLong
  /// A kind that is not known.
  case kind
  /// A body that is shorter or longer than its kind, or a field that cannot be.
  case body
  /// A kind that must not come now, or from this side.
  case unexpected
  /// An epoch that differs from the one the connection began with.
  case epoch
  /// Records that do not go on with the next sequence.
  case sequence
}
