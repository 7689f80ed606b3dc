// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// What a record of an engine's journal is.
@frozen
public struct CommandRecordKind: RawRepresentable, Hashable, Sendable {
  /// As it is stored.
  public var rawValue: UInt16

  /// A kind stored as this number.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// A command: its bytes.
  @inlinable public static var command: CommandRecordKind { CommandRecordKind(rawValue: 1) }
  /// The engine's digest after all records before: eight bytes, little-endian.
  @inlinable public static var digest: CommandRecordKind { CommandRecordKind(rawValue: 2) }
  /// A new primary's epoch, from this record on: eight bytes, little-endian. No command.
  @inlinable public static var epoch: CommandRecordKind { CommandRecordKind(rawValue: 3) }
  /// A command and its attachment: the bytes of both, one behind the other; one byte of attachment at least.
  @inlinable public static var commandWithAttachment: CommandRecordKind {
    CommandRecordKind(rawValue: 4)
  }
}

/// What became of a record that was to be journaled.
@frozen
public enum CommandJournalOutcome: UInt8, Sendable, Equatable {
  /// It is in the journal's memory, and durable once the journal says so.
  case appended
  /// There is no room until the disk has done more.
  case full
  /// The journal takes no more: see ``CommandJournal/failureDescription``.
  case failed
}

/// What became of a record in two parts, and where it lies.
@frozen
@safe
public struct PlacedRecord {
  /// What became of it.
  public var outcome: CommandJournalOutcome
  /// First byte of its payload in the journal's memory; nil where it was not appended or is not kept.
  public var payload: UnsafeRawPointer?

  /// An outcome, and where the payload lies.
  @inlinable @inline(__always)
  public init(outcome: CommandJournalOutcome, payload: UnsafeRawPointer?) {
    self.outcome = outcome
    unsafe self.payload = payload
  }
}

/// What a host needs of a journal: an append that only copies, and a report of what is durable.
///
/// - Threading: the host's thread.
public protocol CommandJournal: ~Copyable, SendableMetatype {
  /// False where there is none: the host then leaves out every step that has to do with it.
  static var isPresent: Bool { get }

  /// Sequence of the record that was appended last.
  var lastSequence: UInt64 { get }

  /// The longest payload it takes. Unit: bytes.
  var payloadByteCountMax: Int { get }

  /// Appends a record; no system call.
  ///
  /// - Parameters:
  ///   - sequence: ``lastSequence`` + 1.
  ///   - time: Kept as it is.
  ///   - kind: What the payload is.
  ///   - payload: Copied. Shape: up to ``payloadByteCountMax`` bytes.
  @unsafe
  mutating func append(
    sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer
  ) -> CommandJournalOutcome

  /// Appends a record whose payload comes in two parts; else as
  /// ``append(sequence:time:kind:payload:)``.
  ///
  /// - Returns: The outcome and, where the record was appended, its payload in the journal's memory: both
  ///   parts, one behind the other, from a multiple of eight on. It stays there until the next
  ///   ``poll()`` or ``makeDurable()``. Nil where nothing is kept.
  @unsafe
  mutating func append(
    sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer,
    attachment: UnsafeRawBufferPointer
  ) -> PlacedRecord

  /// Takes what the disk has done and gives it what was appended.
  ///
  /// - Returns: Sequence up to which everything is durable. It stays the same after a failure.
  mutating func poll() -> UInt64

  /// Waits until everything that was appended is durable.
  ///
  /// - Returns: Whether it is; if not, the journal has failed.
  mutating func makeDurable() -> Bool

  /// Whether the journal has failed permanently: nothing that it has not reported to be durable may
  /// be relied on.
  var hasFailed: Bool { get }

  /// Why, in one line; nil while it works.
  var failureDescription: String? { get }
}

/// No journal: nothing outlives the process.
@frozen
public struct NoJournal: CommandJournal, ~Copyable {
  /// Nothing.
  @inlinable public init() {}

  /// Whether there is a journal.
  @inlinable @inline(__always)
  public static var isPresent: Bool { false }

  /// 0: nothing is kept.
  @inlinable @inline(__always)
  public var lastSequence: UInt64 { 0 }

  /// No limit.
  @inlinable @inline(__always)
  public var payloadByteCountMax: Int { .max }

  /// Copies a record into the journal's memory.
  @unsafe @inlinable @inline(__always)
  public mutating func append(
    sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer
  ) -> CommandJournalOutcome { .appended }

  /// Keeps nothing.
  @unsafe @inlinable @inline(__always)
  public mutating func append(
    sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer,
    attachment: UnsafeRawBufferPointer
  ) -> PlacedRecord { unsafe PlacedRecord(outcome: .appended, payload: nil) }

  /// Everything counts as kept.
  @inlinable @inline(__always)
  public mutating func poll() -> UInt64 { .max }

  /// Waits until everything is durable.
  @inlinable @inline(__always)
  public mutating func makeDurable() -> Bool { true }

  /// Whether the journal has failed permanently.
  @inlinable @inline(__always)
  public var hasFailed: Bool { false }

  /// Why, in one line; nil while it works.
  @inlinable
  public var failureDescription: String? { nil }
}
