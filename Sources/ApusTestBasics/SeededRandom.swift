// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The one seeded random source: what a generator, a benchmark, a test or a simulated fault draws from,
/// so that a run repeats from the seed it prints.
///
/// xoshiro256++ (David Blackman and Sebastiano Vigna, public domain), whose state is four words of
/// SplitMix64. All draws are made of integers: a seed gives the same numbers on every machine and with
/// every compiler. Generated market days are reproducible files, so neither the sequence nor the draws
/// ever change. Made for tests: it is no source of secrets.
@frozen
public struct SeededRandom: RandomNumberGenerator, Sendable {
  @usableFromInline var state: (UInt64, UInt64, UInt64, UInt64)

  /// A source of this seed. Any number is one.
  @inlinable
  public init(seed: UInt64) {
    var counter = seed
    func splitMix() -> UInt64 {
      counter &+= 0x9E37_79B9_7F4A_7C15
      var z = counter
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    state = (splitMix(), splitMix(), splitMix(), splitMix())
  }

  /// The next word.
  @inlinable @inline(__always)
  public mutating func next() -> UInt64 {
    let sum = state.0 &+ state.3
    let result = ((sum << 23) | (sum >> 41)) &+ state.0
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = (state.3 << 45) | (state.3 >> 19)
    return result
  }
}
