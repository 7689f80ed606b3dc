// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// Where the fields of a state go, in their order: a snapshot, or a digest of the same fields.
///
/// What an engine keeps is written down once, so that a digest cannot leave out what a snapshot has.
protocol StateSink: ~Copyable {
  associatedtype Failure: Error

  mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) throws(Failure)
}

extension SnapshotWriter: StateSink {
  typealias Failure = SnapshotError
}

/// The digest of the fields that are written, packed into words as a snapshot packs them into bytes.
struct DigestSink: StateSink {
  private var hash = StateDigest()
  private var word: UInt64 = 0
  private var usedBits = 0

  @inline(__always)
  mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    if usedBits + T.bitWidth > 64 {
      hash.mix(word)
      (word, usedBits) = (0, 0)
    }
    // The value's bits alone, also where it is negative.
    word |= UInt64(T.Magnitude(truncatingIfNeeded: value)) << UInt64(usedBits)
    usedBits += T.bitWidth
  }

  /// The digest of all that was written. How much that was, its own counts say.
  var value: UInt64 {
    var hash = hash
    hash.mix(word)
    return hash.value
  }
}
