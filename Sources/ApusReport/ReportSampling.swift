// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Reduces long series to what a plot can show.
public enum ReportSampling {
  /// The most points of all series of one plot together.
  public static let pointCountMax = 2_000

  /// One point of a series; nil where the series has no value from here on.
  public struct Point: Sendable, Equatable {
    /// Where.
    public let x: Double
    /// What.
    public let y: Double?

    /// A point.
    public init(x: Double, y: Double?) {
      self.x = x
      self.y = y
    }
  }

  /// Two values of one moment, the lower and the upper line of a plot; nil where there is none.
  public struct Pair: Sendable, Equatable {
    /// When.
    public let x: Double
    /// Of the lower line.
    public let low: Double?
    /// Of the upper line.
    public let high: Double?

    /// A pair.
    public init(x: Double, low: Double?, high: Double?) {
      self.x = x
      self.low = low
      self.high = high
    }
  }

  /// What happened in one second of a day.
  public struct SecondCount: Sendable {
    /// Seconds since midnight.
    public var secondOfDay: Int
    /// How often.
    public var count: UInt64

    /// A count.
    public init(secondOfDay: Int, count: UInt64) {
      self.secondOfDay = secondOfDay
      self.count = count
    }
  }

  /// Keeps of each of equal intervals of x the first and the last pair and those that reach lowest
  /// and highest, so that no spike is lost, and the first pair that lacks a value.
  ///
  /// - Parameters:
  ///   - pairs: Ascending in x.
  ///   - pairCountMax: Shape: 4 or more.
  public static func extremes(_ pairs: [Pair], pairCountMax: Int) -> [Pair] {
    guard pairs.count > pairCountMax, let first = pairs.first, let last = pairs.last else {
      return pairs
    }
    let bucketCount = max(1, pairCountMax / 4)
    let width = (last.x - first.x) / Double(bucketCount)
    guard width > 0 else { return [first, last] }
    var result: [Pair] = []
    result.reserveCapacity(pairCountMax)
    var start = 0
    while start < pairs.count {
      // The last pair belongs to the last bucket, not to one of its own.
      let bucket = min(Double(bucketCount - 1), ((pairs[start].x - first.x) / width).rounded(.down))
      let isLast = bucket == Double(bucketCount - 1)
      let limit = first.x + (bucket + 1) * width
      var end = start + 1
      while end < pairs.count, isLast || pairs[end].x < limit { end += 1 }
      result += representatives(pairs[start..<end])
      start = end
    }
    return result
  }

  private static func representatives(_ bucket: ArraySlice<Pair>) -> [Pair] {
    var lowest = bucket.startIndex
    var highest = bucket.startIndex
    var gap: Int?
    for index in bucket.indices {
      let pair = bucket[index]
      if pair.low == nil || pair.high == nil { gap = gap ?? index }
      if let low = pair.low, low < bucket[lowest].low ?? .infinity { lowest = index }
      if let high = pair.high, high > bucket[highest].high ?? -.infinity { highest = index }
    }
    // A gap takes the place of the lowest: that it is there matters more.
    let kept: Set = [bucket.startIndex, gap ?? lowest, highest, bucket.endIndex - 1]
    return kept.sorted().map { bucket[$0] }
  }

  /// Every n-th point and the last one.
  public static func everyNth<T>(_ items: [T], countMax: Int) -> [T] {
    guard items.count > countMax, countMax > 1, let last = items.last else { return items }
    let step = Double(items.count - 1) / Double(countMax - 1)
    return (0..<(countMax - 1)).map { items[Int(Double($0) * step)] } + [last]
  }

  /// Equal stretches of the day with the mean, lowest and highest count of their seconds.
  public struct RateBucket: Sendable, Equatable {
    /// Its first second, since midnight.
    public let startSecond: Int
    /// Of its seconds.
    public let mean: Double
    /// The quietest second's.
    public let lowest: UInt64
    /// The busiest second's.
    public let highest: UInt64
  }

  /// Groups seconds into at most `bucketCountMax` buckets of a round length; seconds missing between
  /// the first and the last count as none.
  public static func rates(
    _ seconds: [SecondCount], bucketCountMax: Int
  ) -> (secondsPerBucket: Int, buckets: [RateBucket]) {
    // Anything else is no second of a day, or a few days, and not in order.
    guard let first = seconds.first?.secondOfDay, let last = seconds.last?.secondOfDay,
      first >= 0, last >= first, last < 10_000_000
    else { return (1, []) }
    let span = last - first + 1
    let length =
      [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]
      .first { span <= ($0 * (bucketCountMax - 1)) } ?? (span / (bucketCountMax - 1) + 1)
    let base = first / length * length
    var buckets: [RateBucket] = []
    var index = 0
    for start in stride(from: base, through: last, by: length) {
      // The buckets at the ends may be cut: only their seconds within the recording count.
      let present = min(start + length, last + 1) - max(start, first)
      var sum = 0.0
      var lowest = UInt64.max
      var highest: UInt64 = 0
      var seen = 0
      while index < seconds.count, seconds[index].secondOfDay < start + length {
        let count = seconds[index].count
        sum += Double(count)
        lowest = min(lowest, count)
        highest = max(highest, count)
        seen += 1
        index += 1
      }
      buckets.append(
        RateBucket(
          startSecond: start, mean: sum / Double(max(1, present)),
          lowest: seen < present || seen == 0 ? 0 : lowest, highest: highest))
    }
    return (length, buckets)
  }

  /// The range to draw so that a few far values do not flatten the rest.
  public struct Range: Sendable, Equatable {
    /// Where it begins.
    public let lower: Double
    /// Where it ends.
    public let upper: Double
    /// Share of the values outside, 0...1.
    public let outside: Double

    /// A range.
    public init(lower: Double, upper: Double, outside: Double) {
      self.lower = lower
      self.upper = upper
      self.outside = outside
    }
  }

  /// All values, unless a few lie so far out that the middle 96 % would take under a sixth of the
  /// plot: then that middle with room on both sides.
  public static func range(of values: [Double]) -> Range? {
    let sorted = everyNth(values, countMax: 20_000).sorted()
    guard !sorted.isEmpty, let lowest = values.min(), let highest = values.max() else { return nil }
    let low = sorted[sorted.count / 50]
    let high = sorted[sorted.count - 1 - sorted.count / 50]
    let room = max((high - low) * 0.5, high.magnitude * 0.002)
    guard highest - lowest > 6 * max(high - low, room) else {
      return Range(lower: lowest, upper: highest, outside: 0)
    }
    let lower = max(lowest, low - room)
    let upper = min(highest, high + room)
    let outside = values.reduce(0) { $0 + ($1 < lower || $1 > upper ? 1 : 0) }
    return Range(lower: lower, upper: upper, outside: Double(outside) / Double(values.count))
  }

  /// The prices to draw of a book: all, unless the outer levels lie over three times as far from the
  /// middle as three quarters of them; then twice that distance.
  public static func range(ofBids bids: [Double], asks: [Double]) -> Range? {
    let best = [bids.max(), asks.min()].compactMap { $0 }
    guard !best.isEmpty else { return nil }
    let middle = best.reduce(0, +) / Double(best.count)
    let prices = bids + asks
    let distances = everyNth(prices.map { ($0 - middle).magnitude }, countMax: 20_000).sorted()
    let near = max(distances[(distances.count - 1) * 3 / 4], middle.magnitude * 0.0005, 1)
    let far = prices.reduce(0) { max($0, ($1 - middle).magnitude) }
    let reach = far > 3 * near ? 2 * near : far
    let shown = prices.filter { ($0 - middle).magnitude <= reach }
    let lower = far > reach && bids.contains { $0 < middle - reach } ? middle - reach : shown.min()
    let upper = far > reach && asks.contains { $0 > middle + reach } ? middle + reach : shown.max()
    guard let lower, let upper else { return nil }
    return Range(
      lower: lower, upper: upper,
      outside: Double(prices.count - shown.count) / Double(prices.count))
  }
}
