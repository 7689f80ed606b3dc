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
