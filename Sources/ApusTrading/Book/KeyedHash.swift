// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A hash of numbers that others choose, keyed with a secret of the host.
///
/// A round takes the exclusive or with one secret word and folds the halves of the 128-bit product with
/// another into one. Which numbers collide depends on the words, so that nobody who does not know
/// them can choose numbers that do. A fixed function does not become one by a secret exclusive or at
/// its input: the finalizer of MurmurHash3, for one, is a bijection that anybody inverts.
///
/// Nothing that leaves an engine depends on the secret: not events, digests or snapshots.
///
/// - Source: the folded product of wyhash (Wang Yi, public domain) and foldhash (Orson Peters); for
///   the upper half of a product, Dietzfelbinger et al., "A reliable randomized algorithm for the
///   closest-pair problem", 1997 (multiply-shift: two numbers collide for few multipliers).
struct KeyedHash: BitwiseCopyable {
  private let firstMask: UInt64
  private let firstFactor: UInt64
  private let secondMask: UInt64
  private let secondFactor: UInt64

  /// The words are the first four of SplitMix64 (Sebastiano Vigna, public domain): a key, and no random
  /// source, for which an engine would have to link one.
  init(seed: UInt64) {
    var state = seed
    func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      return word ^ (word >> 31)
    }
    firstMask = next()
    firstFactor = next() | 1
    secondMask = next()
    secondFactor = next() | 1
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  /// Of any number: two rounds, so that no structure of the numbers is left after the first.
  @inline(__always)
  func full(_ key: UInt64) -> UInt32 {
    let first = Self.fold(key ^ firstMask, firstFactor)
    return UInt32(truncatingIfNeeded: Self.fold(first ^ secondMask, secondFactor))
  }

  /// Of a number of 32 bits: one round, whose upper half is a multiply-shift hash of it already.
  @inline(__always)
  func quick(_ key: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: Self.fold(UInt64(key) ^ firstMask, firstFactor))
  }
}
