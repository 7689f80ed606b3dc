// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension Histogram {
  /// The smallest recorded value, to the precision of its slot; 0 when nothing is recorded.
  public var minimum: UInt64 {
    totalCount == 0 ? 0 : layout.lowestEquivalent(of: lowestRecorded)
  }

  /// The largest recorded value, to the precision of its slot; 0 when nothing is recorded.
  public var maximum: UInt64 {
    totalCount == 0 ? 0 : layout.highestEquivalent(of: highestRecorded)
  }

  /// Arithmetic mean, each value taken as the middle of its slot; 0 when nothing is recorded.
  ///
  /// - Complexity: O(``HistogramLayout/slotCount``), as all of the queries below.
  public var mean: Double {
    guard totalCount > 0 else { return 0 }
    var sum = 0.0
    forEachRecorded { value, count in
      sum += Double(layout.medianEquivalent(of: value)) * Double(count)
    }
    return sum / Double(totalCount)
  }

  /// Standard deviation of the whole population; 0 when nothing is recorded.
  public var standardDeviation: Double {
    guard totalCount > 0 else { return 0 }
    let mean = mean
    var squares = 0.0
    forEachRecorded { value, count in
      let deviation = Double(layout.medianEquivalent(of: value)) - mean
      squares += deviation * deviation * Double(count)
    }
    return (squares / Double(totalCount)).squareRoot()
  }

  /// The value that `percentile` per cent of the recorded values do not exceed.
  ///
  /// - Parameter percentile: Unit: per cent. Shape: 0...100; anything else is taken as the nearer
  ///   end.
  /// - Returns: The largest value of the slot reached, the smallest for percentile 0, and 0 when
  ///   nothing is recorded.
  public func value(atPercentile percentile: Double) -> UInt64 {
    guard totalCount > 0 else { return 0 }
    let wanted = percentile > 0 ? min(percentile, 100) : 0
    // One step down keeps 99.9 of 1,000 values at 999 where the product rounds up to just above it.
    let target = (wanted.nextDown * Double(totalCount) / 100).rounded(.up)
    // Near 2^63 the product can round above the total; the last slot is the answer then.
    let targetCount = min(totalCount, max(1, target < 1 ? 1 : UInt64(target)))
    var cumulative: UInt64 = 0
    for index in 0..<layout.slotCount {
      // SAFETY: index is within the slots allocated.
      cumulative &+= unsafe counts[index]
      if cumulative >= targetCount {
        let value = layout.lowestValue(ofSlot: index)
        return wanted == 0 ? value : layout.highestEquivalent(of: value)
      }
    }
    return maximum
  }

  /// Share of the recorded values that do not exceed `value`'s slot.
  ///
  /// - Returns: Unit: per cent; 100 when nothing is recorded.
  public func percentile(atOrBelow value: UInt64) -> Double {
    guard totalCount > 0 else { return 100 }
    let last = min(layout.slotIndex(of: value), layout.slotCount - 1)
    var cumulative: UInt64 = 0
    for index in 0...last {
      // SAFETY: index is within the slots allocated.
      cumulative &+= unsafe counts[index]
    }
    return 100 * Double(cumulative) / Double(totalCount)
  }

  /// Calls `body` with the smallest value and the count of every slot that has one, ascending.
  public func forEachRecorded<E: Error>(
    _ body: (_ value: UInt64, _ count: UInt64) throws(E) -> Void
  ) throws(E) {
    guard totalCount > 0 else { return }
    for index in layout.slotIndex(of: lowestRecorded)...layout.slotIndex(of: highestRecorded) {
      // SAFETY: both ends are slots of values that were recorded.
      let count = unsafe counts[index]
      if count > 0 { try body(layout.lowestValue(ofSlot: index), count) }
    }
  }

  /// Walks the percentiles from 0 to 100 in steps that halve as the distance to 100 halves.
  ///
  /// - Parameters:
  ///   - ticksPerHalfDistance: Steps from 0 to 50, from 50 to 75 and so on. Shape: 1 or more.
  ///   - body: Takes the largest value of the slot reached, the percentile (per cent, 0...100) and
  ///     how many values are recorded up to there. The last call is for 100.
  /// - Precondition: `ticksPerHalfDistance` is at least 1.
  public func forEachPercentile<E: Error>(
    ticksPerHalfDistance: Int,
    _ body: (_ value: UInt64, _ percentile: Double, _ cumulativeCount: UInt64) throws(E) -> Void
  ) throws(E) {
    precondition(
      ticksPerHalfDistance >= 1,
      "Histogram.forEachPercentile: expected at least one tick per half distance")
    var level = 0.0
    var cumulative: UInt64 = 0
    var last: UInt64 = 0
    try forEachRecorded { (value, count) throws(E) in
      cumulative &+= count
      last = layout.highestEquivalent(of: value)
      let isLastSlot = cumulative == totalCount
      let reached = 100 * Double(cumulative) / Double(totalCount)
      while reached >= level && level < 100 {
        try body(last, level, cumulative)
        let halvings = (Self.log2(100 / (100 - level))).rounded(.down) + 1
        let next = level + 100 / (Double(ticksPerHalfDistance) * Self.exp2(halvings))
        // A step too small to move the level would repeat it for ever.
        level = next > level ? next : 100
        // The last slot would satisfy every level there is; one line and then 100 say it all.
        if isLastSlot { break }
      }
    }
    if totalCount > 0 { try body(last, 100, totalCount) }
  }

  private static func log2(_ value: Double) -> Double {
    // Exact for powers of two, which is all that rounding down can get wrong.
    guard value.isFinite, value > 0 else { return 0 }
    return Double(value.exponent)
  }

  private static func exp2(_ exponent: Double) -> Double {
    Double(sign: .plus, exponent: Int(exponent), significand: 1)
  }
}
