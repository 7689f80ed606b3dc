// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A journal that could not be opened, written, read or trusted.
///
/// Every case names the file or the value and ``description`` adds what to do.
public enum JournalError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed. `errno` is the kernel's.
  case system(operation: String, path: String, errno: Int32)
  /// The disk or the quota is full.
  case diskFull(operation: String, path: String, errno: Int32)
  /// The folder or file may not be written.
  case notWritable(path: String, errno: Int32)
  /// The folder or file may not be read.
  case notReadable(path: String, errno: Int32)
  /// There is no such file or folder.
  case missing(path: String)
  /// The folder has no segment.
  case noJournal(path: String)
  /// Data could not be made durable: nothing that was not acknowledged before may be relied on.
  case syncFailed(path: String, errno: Int32)
  /// Another writer has the journal.
  case locked(path: String)
  /// The file is not of this journal, or of no journal.
  case foreign(path: String, found: String)
  /// The file is of a later version of the format.
  case newerVersion(path: String, found: UInt32, supported: UInt32)
  /// Data that was acknowledged, or that later data depends on, does not hold.
  case damaged(path: String, offset: UInt64, detail: String)
  /// Sequence numbers do not follow one another.
  case sequenceGap(path: String, offset: UInt64, expected: UInt64, found: UInt64)
  /// The journal no longer has, or does not yet have, the record asked for.
  case sequenceUnavailable(path: String, asked: UInt64, first: UInt64, last: UInt64)
  /// A record that was acknowledged is not there.
  case acknowledgedMissing(path: String, offset: UInt64, acknowledged: UInt64, found: UInt64)
  /// A value of the configuration that cannot be.
  case configuration(field: String, value: String, expected: String)

  /// Whether the data is at fault or cannot be had, rather than the machine or the request.
  public var isBadData: Bool {
    switch self {
    case .foreign, .newerVersion, .damaged, .sequenceGap, .acknowledgedMissing, .missing,
      .notReadable, .noJournal:
      true
    default: false
    }
  }

  /// One line: the file, where, what and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let path, let errno):
      "\(path): \(operation) failed with errno \(errno); see the kernel's log for the device"
    case .diskFull(let operation, let path, let errno):
      "\(path): \(operation): no space left (errno \(errno)); free space or remove segments that a "
        + "snapshot covers, then open the journal again"
    case .notWritable(let path, let errno):
      "\(path): may not be written (errno \(errno)); check the owner, the mode and whether the file "
        + "system is mounted read-only"
    case .notReadable(let path, let errno):
      "\(path): may not be read (errno \(errno)); check the owner and the mode"
    case .missing(let path):
      "\(path): no such file or folder; check the path"
    case .noJournal(let path):
      "\(path): no journal here, the folder has no segment; check the path"
    case .syncFailed(let path, let errno):
      "\(path): fdatasync failed with errno \(errno); what was not acknowledged may be lost: check "
        + "the device, then open the journal again so that recovery finds what is there"
    case .locked(let path):
      "\(path): another writer has this journal; stop it, or give this one a folder of its own"
    case .foreign(let path, let found):
      "\(path): \(found); move the file away or name the right folder"
    case .newerVersion(let path, let found, let supported):
      "\(path): format version \(found), and this program reads up to \(supported); use a newer "
        + "program"
    case .damaged(let path, let offset, let detail):
      "\(path): offset \(offset): \(detail); restore the file from a replica or a backup"
    case .sequenceGap(let path, let offset, let expected, let found):
      "\(path): offset \(offset): expected sequence \(expected), found \(found); restore the missing "
        + "records from a replica or a backup"
    case .sequenceUnavailable(let path, let asked, let first, let last):
      "\(path): sequence \(asked) is not here, only \(first) to \(last); begin from a snapshot or "
        + "another sequence"
    case .acknowledgedMissing(let path, let offset, let acknowledged, let found):
      "\(path): offset \(offset): records up to \(acknowledged) were acknowledged, and only those up "
        + "to \(found) hold; restore the file from a replica or a backup"
    case .configuration(let field, let value, let expected):
      "\(field) \(value): expected \(expected)"
    }
  }

  /// The case that fits a failed system call which was to read.
  static func failedToRead(_ operation: String, path: String, errno: Int32) -> JournalError {
    switch errno {
    case 1, 13: .notReadable(path: path, errno: errno)  // EPERM, EACCES
    default: .failed(operation, path: path, errno: errno)
    }
  }

  /// The case that fits a failed system call.
  public static func failed(_ operation: String, path: String, errno: Int32) -> JournalError {
    switch errno {
    case 28, 122: .diskFull(operation: operation, path: path, errno: errno)  // ENOSPC, EDQUOT
    case 1, 13, 30: .notWritable(path: path, errno: errno)  // EPERM, EACCES, EROFS
    case 2: .missing(path: path)  // ENOENT
    case 20: .foreign(path: path, found: "not a folder")  // ENOTDIR
    default: .system(operation: operation, path: path, errno: errno)
    }
  }
}
