// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A recording or an output file that could not be read or written.
public struct CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Equatable, Sendable {
    /// There is no such file.
    case missing
    /// There is no folder to write the file in.
    case missingFolder(String)
    /// The path is a directory.
    case isDirectory
    /// The file may not be read or written.
    case notPermitted
    /// The file has no bytes.
    case empty
    /// The data ends early; the text says where.
    case truncated(String)
    /// The data is not of the form it should have; the text says what it is not.
    case foreign(String)
    /// Damaged data; the text says what does not hold.
    case corrupt(String)
    /// Data of which a part never came; the text says which.
    case incomplete(String)
    /// A file that is to be used in two ways at the same time; the text says in which and what to do.
    case conflict(String)
    /// A system call failed. `errno` is the kernel's.
    case system(operation: String, errno: Int32)
  }

  /// The file.
  public var path: String
  /// Where in the file, or in what it decompresses to. Unit: bytes.
  public var offset: UInt64?
  /// What is wrong.
  public var reason: Reason

  /// An error of these facts.
  public init(path: String, offset: UInt64? = nil, reason: Reason) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  /// An error of a failed `open`.
  init(path: String, errno: Int32, operation: String) {
    let reason: Reason =
      switch errno {
      case 2, 20: .missing
      case 13, 1: .notPermitted
      case 21: .isDirectory
      default: .system(operation: operation, errno: errno)
      }
    self.init(path: path, reason: reason)
  }

  /// Whether the command line is at fault rather than the data or the machine: a directory, a file
  /// used twice.
  public var isUsageError: Bool {
    switch reason {
    case .isDirectory, .conflict: true
    default: false
    }
  }

  /// One line: the file, where, what and what to do.
  public var description: String {
    let place = offset.map { "offset \($0): " } ?? ""
    return "\(path): \(place)\(text)"
  }

  private var text: String {
    switch reason {
    case .missing: "no such file; check the path"
    case .missingFolder(let folder): "no such folder, \(folder); make it or name another"
    case .isDirectory: "is a directory; name the files in it"
    case .notPermitted: "permission denied; check who may use it"
    case .empty: "is empty; there is nothing to read"
    case .truncated(let detail): "truncated: \(detail)"
    case .foreign(let detail): "not readable: \(detail)"
    case .corrupt(let detail): "damaged: \(detail)"
    case .incomplete(let detail), .conflict(let detail): detail
    case .system(let operation, let errno):
      // SAFETY: the text is the C library's, copied at once.
      "\(operation) failed with errno \(errno), \(unsafe String(cString: strerror(errno)))"
    }
  }
}
