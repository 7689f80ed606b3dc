// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Maps values of one axis to 0...1 and says where its ticks are.
public struct ReportScale: Sendable {
  /// A tick: where, and what is written there.
  public struct Tick: Sendable {
    /// Where, in units of the data.
    public let value: Double
    /// What is written there.
    public let label: String

    /// A tick.
    public init(value: Double, label: String) {
      self.value = value
      self.label = label
    }
  }

  /// Where the axis begins.
  public let lower: Double
  /// Where it ends.
  public let upper: Double
  /// Whether equal distances are equal ratios.
  public let isLogarithmic: Bool
  /// Ascending.
  public let ticks: [Tick]

  /// An axis with these ticks; `lower` is below `upper`, and above 0 on a logarithmic axis.
  public init(lower: Double, upper: Double, isLogarithmic: Bool, ticks: [Tick]) {
    self.lower = lower
    self.upper = upper
    self.isLogarithmic = isLogarithmic
    self.ticks = ticks
  }

  /// 0 at the lower end, 1 at the upper; outside values fall outside.
  public func fraction(_ value: Double) -> Double {
    if isLogarithmic {
      guard value > 0 else { return 0 }
      return (log10(value) - log10(lower))
        / (log10(upper) - log10(lower))
    }
    return (value - lower) / (upper - lower)
  }

  /// A linear axis whose ends are ticks, unless `keepsEnds` says to end where the data does.
  public static func linear(
    _ lower: Double, _ upper: Double, tickCount: Int = 6, keepsEnds: Bool = false,
    label: (_ value: Double, _ step: Double) -> String
  ) -> ReportScale {
    let low = min(lower, upper)
    let high = max(lower, upper) > low ? max(lower, upper) : low + 1
    let step = roundStep(atLeast: (high - low) / Double(max(1, tickCount)))
    let first = keepsEnds ? (low / step).rounded(.up) : (low / step).rounded(.down)
    let last = keepsEnds ? (high / step).rounded(.down) : (high / step).rounded(.up)
    let ticks = tickValues(first, last, step).map { Tick(value: $0, label: label($0, step)) }
    return ReportScale(
      lower: keepsEnds ? low : first * step, upper: keepsEnds ? high : last * step,
      isLogarithmic: false, ticks: ticks)
  }

  /// A linear axis of times of day, ending where the data does. Unit: nanoseconds since midnight.
  public static func timeOfDay(_ lower: Double, _ upper: Double, tickCount: Int = 9) -> ReportScale
  {
    let high = upper > lower ? upper : lower + 1
    let wanted = (high - lower) / Double(tickCount)
    let step = timeSteps.first { $0 >= wanted } ?? roundStep(atLeast: wanted)
    let values = tickValues((lower / step).rounded(.up), (high / step).rounded(.down), step)
    return ReportScale(
      lower: lower, upper: high, isLogarithmic: false,
      ticks: values.map {
        Tick(
          value: $0, label: ReportText.timeOfDay(nanoseconds: $0, stepNanoseconds: step))
      })
  }

  /// A logarithmic axis with ticks at 1, 2 and 5 of each decade, or at powers of ten where those
  /// would be too many.
  public static func logarithmic(
    _ lower: Double, _ upper: Double, label: (_ value: Double) -> String
  ) -> ReportScale {
    let low = max(lower, 1e-9)
    let high = max(upper, low * 1.01)
    let decades = log10(high / low)
    let factors: [Double] = decades <= 3.2 ? [1, 2, 5] : [1]
    var values: [Double] = []
    var decade = pow(10, log10(low).rounded(.down))
    while decade <= high * 10 {
      values += factors.map { $0 * decade }
      decade *= 10
    }
    // One tick below and one above the data, so that both ends are labelled.
    let first = values.last { $0 <= low * 1.000_001 } ?? low
    let last = values.first { $0 >= high * 0.999_999 } ?? high
    return ReportScale(
      lower: first, upper: last, isLogarithmic: true,
      ticks: values.filter { $0 >= first && $0 <= last }
        .map { Tick(value: $0, label: label($0)) })
  }

  /// An axis of percentiles by 1 / (1 - p): 90, 99, 99.9 ... at equal distances. Values are
  /// log10(1 / (1 - p)).
  public static func percentiles(upTo upper: Double) -> ReportScale {
    let named: [(Double, String)] = [
      (0, "0"), (50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"),
      (99.99, "99.99 %"), (99.999, "99.999 %"), (99.9999, "99.9999 %"),
      (99.99999, "99.99999 %"), (99.999999, "99.999999 %"),
    ]
    let high = max(1, upper)
    return ReportScale(
      lower: 0, upper: high, isLogarithmic: false,
      ticks: named.map { Tick(value: percentilePosition($0.0), label: $0.1) }
        .filter { $0.value <= high * 1.000_001 })
  }

  /// Where a percentile is on an axis of ``percentiles(upTo:)``.
  public static func percentilePosition(_ percentile: Double) -> Double {
    log10(1 / max(1e-12, 1 - min(max(percentile, 0), 100) / 100))
  }

  /// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `value`.
  public static func roundStep(atLeast value: Double) -> Double {
    guard value.isFinite, value > 0 else { return 1 }
    let power = pow(10, log10(value).rounded(.down))
    for factor in [1, 2, 2.5, 5, 10] where factor * power >= value * 0.999_999 {
      return factor * power
    }
    return 10 * power
  }

  /// Decimals that tell apart the multiples of `step`.
  public static func decimals(ofStep step: Double) -> Int {
    var digits = 0
    var scaled = step
    while digits < 9, (scaled - scaled.rounded()).magnitude > 1e-6 * scaled {
      scaled *= 10
      digits += 1
    }
    return digits
  }

  private static func tickValues(_ first: Double, _ last: Double, _ step: Double) -> [Double] {
    guard last >= first, last - first < 1_000 else { return [] }
    return (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  private static let timeSteps: [Double] = {
    let small = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap { [$0, $0 * 2, $0 * 5] }
    let seconds: [Double] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800]
    let hours: [Double] = [1, 2, 3, 6, 12]
    return small + seconds.map { $0 * 1e9 } + hours.map { $0 * 3_600e9 }
  }()
}
