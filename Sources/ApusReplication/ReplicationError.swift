// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost
public import ApusJournal
public import ApusMemory
public import ApusTLS

/// A replica link that could not be set up, or that has stopped for good.
///
/// Every case says what to do in its ``description``.
public enum ReplicationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed. `errno` is the kernel's.
  case system(operation: String, endpoint: ReplicationEndpoint, errno: Int32)
  /// A value of the configuration that cannot be.
  case configuration(field: String, value: String, expected: String)
  /// The key or the certificates of this side.
  case security(TLSError)
  /// Memory for the connection could not be had.
  case memory(MemoryError)
  /// The journal of this side.
  case journal(JournalError)
  /// The file that keeps the epoch does not hold, or could not be written.
  case epochFile(path: String, detail: String)
  /// The epoch is not above one that was seen.
  case staleEpoch(offered: UInt64, promised: UInt64)
  /// The engine and the journal of this side do not stand at the same record.
  case position(engine: UInt64, journal: UInt64)
  /// The primary has another journal.
  case foreignJournal(own: JournalIdentifier, primary: JournalIdentifier)
  /// The primary turned this standby away, and trying again would not help.
  case refused(RefusalReason, sequence: UInt64, first: UInt64, second: UInt64)
  /// This journal has records that are not the primary's: what an old primary had not replicated.
  /// `lastCommon` is nil where the primary no longer has the records to compare with.
  case diverged(lastCommon: UInt64?, last: UInt64, primaryLast: UInt64)
  /// The records that came do not give the journal that the primary has.
  case checksum(sequence: UInt64, expected: UInt32, found: UInt32)
  /// The primary's snapshot is none that this engine can begin from.
  case snapshot(SnapshotError)
  /// The engine could not be brought back from the standby's folder.
  case recovery(RecoveryError)
  /// The engine refused the stream: a digest that differs, a gap, or a record that is no command.
  case replay(ReplayError)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let endpoint, let errno):
      "replication at \(endpoint): \(operation) failed with errno \(errno); check the address, "
        + "whether the port is free, and the limit on open files"
    case .configuration(let field, let value, let expected):
      "replication: \(field) is \(value), expected \(expected)"
    case .security(let error): "replication: \(error)"
    case .memory(let error): "replication: \(error)"
    case .journal(let error): "replication: \(error)"
    case .epochFile(let path, let detail):
      "\(path): \(detail); find the highest epoch that any replica has and begin a greater one"
    case .staleEpoch(let offered, let promised):
      "replication: epoch \(offered) is not above \(promised), which was seen before; take the lease "
        + "again, or give a static lease a greater epoch"
    case .position(let engine, let journal):
      "replication: the engine stands at sequence \(engine) and its journal at \(journal); recover "
        + "the engine from the journal first"
    case .foreignJournal(let own, let primary):
      "replication: this standby has journal \(own) and the primary has \(primary); connect to the "
        + "right primary, or begin with an empty folder"
    case .refused(let reason, let sequence, let first, let second):
      "replication: the primary refuses: \(Self.explain(reason, sequence, first, second))"
    case .diverged(let lastCommon?, let last, let primaryLast):
      "replication: records \(lastCommon + 1) to \(last) of this journal were never replicated and "
        + "are not those of the primary, which stands at \(primaryLast); look at them (apus journal "
        + "dump), then move this folder away: an empty one gets all that the primary has"
    case .diverged(nil, let last, let primaryLast):
      "replication: the journal ends at \(last) with records that are not those of the primary, "
        + "which stands at \(primaryLast) and no longer has the records to compare with; begin with "
        + "an empty folder and a snapshot"
    case .checksum(let sequence, let expected, let found):
      "replication: after record \(sequence) the journal has checksum \(found) and the primary "
        + "\(expected); begin with an empty folder"
    case .snapshot(let error): "replication: the primary's snapshot: \(error)"
    case .recovery(let error): "replication: \(error)"
    case .replay(let error): "replication: \(error)"
    }
  }

  private static func explain(
    _ reason: RefusalReason, _ sequence: UInt64, _ first: UInt64, _ second: UInt64
  ) -> String {
    switch reason {
    case .version:
      "it speaks version \(first) of the protocol; use the same release on both sides"
    case .staleEpoch: "epoch \(first) was seen; an older one is not followed"
    case .foreignJournal: "it has another journal; connect to the right primary"
    case .removed:
      "record \(sequence) was removed from its journal, which begins with \(first), and it has no "
        + "snapshot that this standby takes; write one on the primary, and open the standby with an "
        + "engine's configuration, or with an empty folder if it was a primary"
    case .ahead: "it has records up to \(first) only"
    case .diverged: "its records differ"
    case .digestMismatch:
      "digest \(first) was recorded at \(sequence) and \(second) was reached; the engines differ"
    case .recordTooLarge:
      "record \(sequence) has \(first) bytes; raise frameByteCountMax on both sides"
    case .busy: "it has as many standbys as it takes; raise sessionCountMax"
    case .stopped: "it has stopped"
    case .engine:
      "it has another engine or another configuration of it (\(hexadecimal(first)) there, "
        + "\(hexadecimal(second)) here); start both sides with the same release and the same options"
    }
  }
}
