// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Memory that is not available.
public enum MemoryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address space could not be mapped. `errno` is the kernel's.
  case mapping(byteCount: Int, errno: Int32)
  /// A size that is zero or negative.
  case size(byteCount: Int)

  /// One line: what was not available and what to do.
  public var description: String {
    switch self {
    case .mapping(let byteCount, let errno):
      "mapping \(byteCount) bytes: errno \(errno); lower the capacity or raise the limit on "
        + "virtual memory (ulimit -v)"
    case .size(let byteCount):
      "mapping \(byteCount) bytes: expected a positive size"
    }
  }
}
