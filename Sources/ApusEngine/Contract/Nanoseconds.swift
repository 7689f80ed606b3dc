// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A point in time as commands carry it: nanoseconds from a start that the source of the commands
/// chooses (the Unix epoch for a live host, midnight for a market's recording).
@frozen
public struct Nanoseconds: BitwiseCopyable, Comparable, Hashable, Sendable {
  /// Unit: nanoseconds.
  public var rawValue: UInt64

  /// So many nanoseconds after the start.
  @inlinable @inline(__always)
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The start.
  @inlinable @inline(__always)
  public static var zero: Nanoseconds { Nanoseconds(0) }

  /// Earlier.
  @inlinable @inline(__always)
  public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool {
    left.rawValue < right.rawValue
  }
}
