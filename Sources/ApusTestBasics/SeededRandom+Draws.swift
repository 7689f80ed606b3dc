// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension SeededRandom {
  /// Uniform in `0..<bound` by multiply and shift; its bias, below 2⁻³², does not matter to a test.
  ///
  /// - Parameter bound: 0 gives 0.
  @inlinable @inline(__always)
  public mutating func below(narrow bound: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: ((next() >> 32) &* UInt64(bound)) >> 32)
  }

  /// Uniform in `0..<bound`; of a bound that fits 32 bits, the number that the narrow draw gives.
  ///
  /// - Precondition: `bound` is at least 1.
  @inlinable @inline(__always)
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "SeededRandom.below: expected a bound of at least 1")
    if let narrow = UInt32(exactly: bound) { return Int(below(narrow: narrow)) }
    return Int(truncatingIfNeeded: below(wide: UInt64(bound)))
  }

  /// Uniform in `0..<bound` for spans that do not fit 32 bits.
  @inlinable @inline(__always)
  public mutating func below(wide bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }

  /// True once in `interval` calls on average.
  @inlinable @inline(__always)
  public mutating func oneIn(_ interval: UInt32) -> Bool { below(narrow: interval) == 0 }

  /// True with this probability. 0...1; 0 is never, 1 is always.
  @inlinable @inline(__always)
  public mutating func chance(_ probability: Double) -> Bool {
    Double(next() >> 11) / Double(1 << 53) < probability
  }

  /// A value in `1 ..< 2^octaveCount` whose logarithm is about uniform: the simplest heavy tail.
  ///
  /// - Parameter octaveCount: 1...32.
  @inlinable @inline(__always)
  public mutating func logUniform(octaveCount: UInt32) -> UInt32 {
    let draw = next()
    let octave = UInt32(truncatingIfNeeded: ((draw >> 32) &* UInt64(octaveCount)) >> 32)
    let floor: UInt32 = 1 &<< octave
    return floor | (UInt32(truncatingIfNeeded: draw) & (floor &- 1))
  }

  /// Index into `weights`, drawn in proportion to them.
  ///
  /// - Parameter weights: At least one; their sum fits 32 bits and is not 0.
  @inlinable
  public mutating func weightedIndex(_ weights: [UInt32]) -> Int {
    var draw = below(narrow: weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if draw < weight { return index }
      draw -= weight
    }
    return weights.count - 1
  }

  /// A byte of any value.
  @inlinable
  public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  /// Bytes of any value.
  @inlinable
  public mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}
