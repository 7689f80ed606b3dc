// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// What could not be set up. Failures of what was set up are events, with their reason.
public enum IOError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed. `errno` is the kernel's; `operand` is an address or a path.
  case system(operation: String, operand: String, errno: Int32)
  /// A value of a configuration that cannot be.
  case configuration(field: String, value: String, expected: String)
  /// The loop's table of sockets and files is full.
  case full(socketCountMax: Int)
  /// Memory for the loop could not be had.
  case memory(MemoryError)
  /// The backend has no such thing.
  case unsupported(String)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let operand, let errno):
      "\(operand): \(operation) failed with errno \(errno) (\(systemErrorText(errno)))"
    case .configuration(let field, let value, let expected):
      "event loop: \(field) is \(value), expected \(expected)"
    case .full(let socketCountMax):
      "event loop: all \(socketCountMax) sockets are in use; raise socketCountMax"
    case .memory(let error): "event loop: \(error)"
    case .unsupported(let what): "event loop: \(what)"
    }
  }
}
