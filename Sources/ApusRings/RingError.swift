// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// A ring that could not be made or opened.
public enum RingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A capacity that is no power of two or outside its limits. Unit: elements, or bytes for
  /// messages.
  case capacity(value: Int, min: Int, max: Int)
  /// A number of producers or consumers outside its limits.
  case endCount(name: String, value: Int, max: Int)
  /// An element without bytes, or one that would not lie where its alignment asks for.
  case element(type: String, byteCount: Int, alignment: Int)
  /// A consumer of a broadcast ring that would follow one that is not before it in the list.
  case upstream(consumer: Int, follows: Int)
  /// A ring that needs more memory than can be addressed. Unit: bytes of one lane.
  case size(capacity: Int, elementByteCount: Int)
  /// The memory was not available.
  case memory(MemoryError)
  /// A file could not be used.
  case file(path: String, problem: RingFileProblem)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .capacity(let value, let min, let max):
      "ring capacity \(value): expected a power of two of \(min)...\(max)"
        + Self.suggestion(value, min, max)
    case .endCount(let name, let value, let max):
      "\(value) \(name): expected 1...\(max)"
    case .element(let type, let byteCount, let alignment):
      "ring element \(type) of \(byteCount) bytes, alignment \(alignment): expected at least one "
        + "byte and an alignment of at most \(RingLayout.pageByteCount)"
    case .upstream(let consumer, let follows):
      "consumer \(consumer) follows consumer \(follows): expected one before it in the list; "
        + "list consumers in the order in which they see an element"
    case .size(let capacity, let elementByteCount):
      "ring of \(capacity) elements of \(elementByteCount) bytes: more than can be addressed; "
        + "lower the capacity"
    case .memory(let error):
      "ring memory: \(error)"
    case .file(let path, let problem):
      "\(path): \(problem)"
    }
  }

  private static func suggestion(_ value: Int, _ min: Int, _ max: Int) -> String {
    guard value > min, value < max else { return "" }
    let above = 1 << (Int.bitWidth - (value - 1).leadingZeroBitCount)
    return "; the nearest are \(above / 2) and \(above)"
  }
}

/// Why a file could not be used as a ring.
public enum RingFileProblem: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed. `errno` is the kernel's.
  case system(operation: String, errno: Int32)
  /// There is a file already.
  case exists
  /// The file is shorter or longer than its header says. Unit: bytes.
  case fileSize(found: UInt64, expected: UInt64)
  /// A field of the header is not what the caller, or the format, has there.
  case field(name: String, offset: Int, found: UInt64, expected: UInt64)
  /// A field of the header that no ring can have.
  case value(name: String, offset: Int, found: UInt64, expected: String)
  /// The end belongs to a process that lives.
  case endInUse(end: String, processID: Int32)
  /// There is no such end.
  case noSuchEnd(index: Int, count: Int)
  /// Positions that no ring can have: another program wrote into the file.
  case positions(written: UInt64, read: UInt64, capacity: UInt64)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let errno): "\(operation): errno \(errno)"
    case .exists:
      "a file is there already; attach to it, or remove it once no process uses it"
    case .fileSize(let found, let expected):
      "\(found) bytes long, expected \(expected); it was cut or is no ring: remove it and create "
        + "it again"
    case .field(let name, let offset, let found, let expected):
      "\(name) at offset \(offset) is \(found), expected \(expected); "
        + (name == "magic"
          ? "this is no ring file"
          : "both sides must use the same build and element, or create the file again")
    case .value(let name, let offset, let found, let expected):
      "\(name) at offset \(offset) is \(found), expected \(expected); another program wrote into "
        + "it: remove it and create it again"
    case .endInUse(let end, let processID):
      "its \(end) belongs to process \(processID), which lives; stop that process first"
    case .noSuchEnd(let index, let count):
      "it has no consumer \(index); expected 0..<\(count)"
    case .positions(let written, let read, let capacity):
      "\(written) written and \(read) read with room for \(capacity): another program wrote into "
        + "it; remove it and create it again"
    }
  }
}
