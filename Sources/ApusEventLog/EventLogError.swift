// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// An event log that could not be opened, written, read or trusted.
///
/// Every case names the file or the value, and ``description`` adds what to do.
public enum EventLogError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed. `errno` is the kernel's.
  case system(operation: String, path: String, errno: Int32)
  /// The disk or the quota is full.
  case diskFull(operation: String, path: String, errno: Int32)
  /// There is no such file or folder.
  case missing(path: String)
  /// A folder, link, pipe or device stands where a regular file has to be.
  case notRegular(path: String)
  /// Another writer has the log.
  case locked(path: String)
  /// Another process keeps changing what is to be looked at.
  case busy(path: String)
  /// The file is shorter or longer than its header says. Unit: bytes.
  case fileSize(path: String, found: UInt64, expected: UInt64)
  /// A field is not what the caller, or the format, has there.
  case field(path: String, name: String, offset: Int, found: UInt64, expected: UInt64)
  /// A field that no event log can have.
  case value(path: String, name: String, offset: Int, found: UInt64, expected: String)
  /// Bytes that do not have their checksum.
  case checksum(path: String, offset: Int)
  /// Events whose commands are out of order.
  case order(path: String, offset: UInt64, index: UInt64, sequence: UInt64, before: UInt64)
  /// A replayed event differs from the one that the log has.
  case divergence(path: String, offset: UInt64, index: UInt64, sequence: UInt64)
  /// The events of commands between these are neither in the log nor to come.
  case gap(path: String, completeSequence: UInt64, resumedAfter: UInt64)
  /// Every cursor of the table is registered.
  case cursorTableFull(path: String, count: Int)
  /// The cursor belongs to a process that lives.
  case cursorInUse(path: String, name: String, processID: Int32)
  /// There is no cursor of this name.
  case noSuchCursor(path: String, name: String)
  /// The cursor is no longer the reader's: it was removed while its reader looked dead.
  case cursorLost(path: String, name: String)
  /// A value of the configuration or an argument that cannot be.
  case configuration(field: String, value: String, expected: String)

  /// Whether the data is at fault or cannot be had, rather than the machine or the request.
  public var isBadData: Bool {
    switch self {
    case .missing, .notRegular, .fileSize, .field, .value, .checksum, .order, .divergence: true
    default: false
    }
  }

  /// One line: the file, where, what and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let path, let errno):
      "\(path): \(operation) failed with errno \(errno); see the kernel's log for the device"
    case .diskFull(let operation, let path, let errno):
      "\(path): \(operation): no space left (errno \(errno)); free space, or advance or "
        + "remove the cursors that keep old segments ('apus journal cursors FOLDER'): the log resumes "
        + "by itself"
    case .missing(let path): "\(path): no such file or folder; check the path"
    case .notRegular(let path):
      "\(path): not a regular file; move it away or name the right folder"
    case .locked(let path):
      "\(path): another writer has this event log; stop it, or give this one a folder of its own"
    case .busy(let path):
      "\(path): another process keeps changing it or has it locked; stop that one and try again"
    case .fileSize(let path, let found, let expected):
      "\(path): \(found) bytes long, expected \(expected); \(Self.rebuild)"
    case .field(let path, let name, let offset, let found, let expected):
      "\(path): offset \(offset): \(name) is \(found), expected \(expected); "
        + (name == "magic"
          ? "this is no file of an event log: name the right folder"
          : "use the program and the configuration that wrote it, or another folder")
    case .value(let path, let name, let offset, let found, let expected):
      "\(path): offset \(offset): \(name) is \(found), expected \(expected); \(Self.rebuild)"
    case .checksum(let path, let offset):
      "\(path): offset \(offset): the checksum does not hold; \(Self.rebuild)"
    case .order(let path, let offset, let index, let sequence, let before):
      "\(path): offset \(offset): event \(index) is of command \(sequence) and follows one of "
        + "command \(before); \(Self.rebuild)"
    case .divergence(let path, let offset, let index, let sequence):
      "\(path): offset \(offset): event \(index) of command \(sequence) differs from what the "
        + "journal's replay gives; the log is of another history or engine: move it away"
    case .gap(let path, let completeSequence, let resumedAfter):
      "\(path): complete through command \(completeSequence), and the events to come begin after "
        + "\(resumedAfter); recover from a snapshot at or before \(completeSequence), or move the "
        + "log away"
    case .cursorTableFull(let path, let count):
      "\(path): all \(count) cursors are registered; 'apus journal cursors FOLDER "
        + "--remove NAME' removes one that nobody resumes"
    case .cursorInUse(let path, let name, let processID):
      "\(path): cursor \(name) belongs to process \(processID), which lives; stop it or choose "
        + "another name"
    case .noSuchCursor(let path, let name):
      "\(path): no cursor \(name); 'apus journal cursors FOLDER' lists those that there are"
    case .cursorLost(let path, let name):
      "\(path): cursor \(name) was removed while its reader lived; open the log again: events may be "
        + "gone by then"
    case .configuration(let field, let value, let expected):
      "\(field) \(value): expected \(expected)"
    }
  }

  private static let rebuild = "move the log away: recovery writes it again from the journal"

  /// The case that fits a failed system call.
  static func failed(_ operation: String, path: String, errno: Int32) -> EventLogError {
    switch errno {
    case 28, 122: .diskFull(operation: operation, path: path, errno: errno)  // ENOSPC, EDQUOT
    case 2: .missing(path: path)  // ENOENT
    case 21, 40, 6: .notRegular(path: path)  // EISDIR, ELOOP, ENXIO
    default: .system(operation: operation, path: path, errno: errno)
    }
  }
}
