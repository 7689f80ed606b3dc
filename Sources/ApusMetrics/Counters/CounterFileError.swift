// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Why a counter file could not be made, filled or read.
public struct CounterFileError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Reason: Equatable, Sendable {
    /// A system call failed. `errno` is the kernel's.
    case system(operation: String, errno: Int32)
    /// A folder, a pipe or a device.
    case notARegularFile
    /// The file does not begin with the magic bytes.
    case foreign
    /// Another layout than this build knows.
    case unsupportedVersion(UInt32)
    /// The file ends before what its header promises.
    case truncated(byteCount: UInt64, expected: UInt64)
    /// A field that cannot be so.
    case invalidField(name: String, offset: UInt64, value: String, expected: String)
    /// Another process writes to it, or this one does already.
    case inUse(processID: Int)

    /// A configuration out of range.
    case capacityOutOfRange(name: String, value: Int, range: ClosedRange<Int>)
    /// Every slot is taken.
    case slotsExhausted(capacity: Int)
    /// No room for a histogram of this size.
    case histogramSpaceExhausted(byteCount: Int, capacity: Int)
    /// Not a name that Prometheus allows, or too long.
    case invalidName(String)
    /// Not a label that Prometheus allows, or too long.
    case invalidLabel(name: String, label: String)
    /// More bytes than the file has room for.
    case helpTooLong(name: String, byteCount: Int)
    /// More bytes than the file has room for, all labels together.
    case labelsTooLong(name: String, byteCount: Int)
    /// A live counter has the same name and labels.
    case duplicate(String)
    /// A live counter of this name has another kind, or a histogram claims the name for its series.
    case nameTaken(name: String, by: String)
  }

  /// The file.
  public var path: String
  /// What is wrong with it.
  public var reason: Reason

  /// An error of this file.
  public init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

extension CounterFileError: CustomStringConvertible {
  /// One line: the file, the field, what is wrong and what to do.
  public var description: String { "\(path): \(text)" }

  private var text: String {
    switch reason {
    case .system(_, errno: 2): "no such file; check the path"
    case .system(_, errno: 13): "permission denied; check the owner and mode of the file"
    case .system(let operation, errno: 28):
      "\(operation): no space left; free some or lower the capacities"
    case .system(let operation, let errno): "\(operation): errno \(errno)"
    case .notARegularFile: "is not a regular file; give a counter file"
    case .foreign: "offset 0: is not a counter file; check the path"
    case .unsupportedVersion(let version):
      "offset 8: layout version \(version): expected 1; use the release that wrote it"
    case .truncated(let byteCount, let expected):
      "truncated: \(byteCount) bytes where \(expected) are expected; start its writer again"
    case .invalidField(let name, let offset, let value, let expected):
      "offset \(offset): \(name) \(value): expected \(expected); start its writer again"
    case .inUse(let processID):
      "process \(processID) writes to it; stop that process or choose another name"
    case .capacityOutOfRange(let name, let value, let range):
      "\(name) \(value): out of range; use \(range.lowerBound) to \(range.upperBound)"
    case .slotsExhausted(let capacity):
      "all \(capacity) slots are taken; raise slotCapacity or release counters"
    case .histogramSpaceExhausted(let byteCount, let capacity):
      "no room for a histogram of \(byteCount) bytes in \(capacity); raise histogramByteCapacity"
    case .invalidName(let name):
      "name \(String(reflecting: name)): expected [a-zA-Z_:][a-zA-Z0-9_:]* of at most 128 bytes"
    case .invalidLabel(let name, let label):
      "label \(String(reflecting: label)) of \(name): expected [a-zA-Z_][a-zA-Z0-9_]* once, not beginning with __, "
        + "and on a histogram neither le nor quantile"
    case .helpTooLong(let name, let byteCount):
      "help of \(name): \(byteCount) bytes; use at most 256"
    case .labelsTooLong(let name, let byteCount):
      "labels of \(name): \(byteCount) bytes; use at most 512 with 4 for each label"
    case .duplicate(let identity): "\(identity): is registered already; release it first"
    case .nameTaken(let name, let owner):
      "name '\(name)': is taken by \(owner); choose another name"
    }
  }
}
