// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// A snapshot that could not be written or taken.
public enum SnapshotError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes end before a field does. Unit of the offset: bytes.
  case truncated(field: String, offset: UInt64)
  /// A field has a value that no such state has.
  case malformed(field: String, offset: UInt64, value: String, expected: String)
  /// The snapshot is of another engine, or of another layout of its state.
  case foreign(found: SnapshotFormat, expected: SnapshotFormat)
  /// The restored state does not have the digest that was written with it.
  case digest(sequence: UInt64, written: UInt64, restored: UInt64)
  /// There are bytes behind the state.
  case trailingBytes(offset: UInt64)
  /// What the snapshot covers could not be made durable first.
  case journal(description: String)
  /// Memory for the state was not available.
  case memory(MemoryError)
  /// There is no snapshot, and the engine could not be made without one: what it says.
  case engine(description: String)
  /// Where snapshots are kept refused.
  case storage(description: String)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .truncated(let field, let offset):
      "snapshot ends at byte \(offset), inside \(field); use an older snapshot"
    case .malformed(let field, let offset, let value, let expected):
      "snapshot byte \(offset): \(field) is \(value), expected \(expected); use an older snapshot"
    case .foreign(let found, let expected):
      "snapshot of \(found), expected \(expected); use the program that wrote it, or replay the "
        + "journal from its beginning"
    case .digest(let sequence, let written, let restored):
      "snapshot at sequence \(sequence) restores to digest \(hexadecimal(restored)), and was written "
        + "at \(hexadecimal(written)); use an older snapshot"
    case .trailingBytes(let offset):
      "snapshot goes on after its end at byte \(offset); use an older snapshot"
    case .journal(let description):
      "snapshot not written: \(description)"
    case .memory(let error):
      "snapshot: \(error)"
    case .engine(let description):
      "engine: \(description)"
    case .storage(let description):
      description
    }
  }
}

/// Names an engine and the layout of its snapshots.
@frozen
public struct SnapshotFormat: Hashable, Sendable, CustomStringConvertible {
  /// The engine: eight characters of ASCII.
  public let name: UInt64
  /// Goes up when the layout changes.
  public let version: UInt32

  /// A format.
  ///
  /// - Precondition: `name` has one to eight printable characters of ASCII.
  public init(name: StaticString, version: UInt32) {
    let text = name.description.utf8
    precondition(
      (1...8).contains(text.count) && text.allSatisfy { (0x21...0x7E).contains($0) },
      "SnapshotFormat.init: expected a name of one to eight printable characters")
    self.name = text.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    self.version = version
  }

  init(name: UInt64, version: UInt32) {
    self.name = name
    self.version = version
  }

  /// For example `books version 1`.
  public var description: String {
    var text = ""
    var rest = name
    while rest != 0 {
      let byte = UInt8(truncatingIfNeeded: rest)
      text.unicodeScalars.append((0x21...0x7E).contains(byte) ? UnicodeScalar(byte) : "?")
      rest >>= 8
    }
    return "\(text.isEmpty ? "?" : text) version \(version)"
  }
}

/// 16 hexadecimal digits: how digests are printed.
package func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
