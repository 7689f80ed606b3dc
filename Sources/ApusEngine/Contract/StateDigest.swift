// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Order-dependent 64-bit hash of a sequence of words; the multiply-xorshift of SplitMix64.
///
/// Made to distinguish two states that should be equal, cheaply and the same on every machine. It is
/// no protection against somebody who wants two states to look equal.
@frozen
public struct StateDigest: BitwiseCopyable, Sendable {
  @usableFromInline var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The digest of nothing.
  @inlinable @inline(__always)
  public init() {}

  /// The digest of what was mixed in so far.
  @inlinable @inline(__always)
  public var value: UInt64 { state }

  /// Mixes a word in.
  ///
  /// - Complexity: O(1): one multiplication.
  @inlinable @inline(__always)
  public mutating func mix(_ word: UInt64) {
    state = (state ^ word) &* 0xBF58_476D_1CE4_E5B9
    state ^= state >> 29
  }
}
