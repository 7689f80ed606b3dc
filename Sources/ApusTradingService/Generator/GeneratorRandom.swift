// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// xoshiro256++ seeded by SplitMix64: integers only, so that a seed gives the same day on every
/// machine and with every compiler.
struct GeneratorRandom: Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  init(seed: UInt64) {
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

  @inline(__always)
  mutating func next() -> UInt64 {
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

  /// Uniform in `0..<bound` by multiply and shift; its bias, below 2⁻³², does not matter here.
  @inline(__always)
  mutating func below(_ bound: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: ((next() >> 32) &* UInt64(bound)) >> 32)
  }

  /// Uniform in `0..<bound` for spans that do not fit 32 bits.
  @inline(__always)
  mutating func below(wide bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }

  /// True once in `interval` calls on average.
  @inline(__always)
  mutating func oneIn(_ interval: UInt32) -> Bool { below(interval) == 0 }

  /// A value in `1 ..< 2^octaveCount` whose logarithm is about uniform: the simplest heavy tail.
  @inline(__always)
  mutating func logUniform(octaveCount: UInt32) -> UInt32 {
    let draw = next()
    let octave = UInt32(truncatingIfNeeded: ((draw >> 32) &* UInt64(octaveCount)) >> 32)
    let floor: UInt32 = 1 &<< octave
    return floor | (UInt32(truncatingIfNeeded: draw) & (floor &- 1))
  }

  /// Index into `weights`, drawn in proportion to them.
  mutating func weightedIndex(_ weights: [UInt32]) -> Int {
    var draw = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if draw < weight { return index }
      draw -= weight
    }
    return weights.count - 1
  }
}
