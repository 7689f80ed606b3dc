// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS
internal import Glibc

/// A set-up that cannot be: a file, or a field of the configuration.
public enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A system call failed. `errno` is the kernel's.
  case system(operation: String, path: String, errno: Int32)
  /// A file that others can read holds a secret no longer. `mode` is that of the file.
  case exposedFile(path: String, mode: UInt32)
  /// A file does not hold what it should.
  case file(path: String, reason: String)
  /// A value of the configuration that cannot be.
  case configuration(field: String, value: String, expected: String)
  /// OpenSSL has no memory.
  case memory

  /// One line: what is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let path, let errno):
      "\(path): \(operation) failed with errno \(errno) (\(Self.systemText(errno)))"
    case .exposedFile(let path, let mode):
      "\(path): mode \(String(mode, radix: 8)) lets others than its owner at this secret; make a new "
        + "one if they may have read it, and set mode 600"
    case .file(let path, let reason): "\(path): \(reason)"
    case .configuration(let field, let value, let expected):
      "TLS: \(field) is \(value), expected \(expected)"
    case .memory: "TLS: no memory for OpenSSL"
    }
  }

  private static func systemText(_ errno: Int32) -> String {
    // SAFETY: the text is copied at once.
    unsafe String(cString: strerror(errno))
  }

  /// What OpenSSL says of a code that a call gave.
  static func text(_ code: UInt64) -> String {
    // SAFETY: a text of OpenSSL is there for good, and ends with NUL.
    guard let text = unsafe capus_tls_error_text(code) else {
      return "OpenSSL's error \(String(code, radix: 16))"
    }
    return unsafe String(cString: text)
  }
}
