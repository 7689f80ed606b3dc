// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension Histogram {
  /// The percentile table that HdrHistogram tools plot (a `.hgrm` file).
  ///
  /// ```
  ///        Value     Percentile TotalCount 1/(1-Percentile)
  ///
  ///        1.000 0.000000000000          1           1.00
  ///       10.000 1.000000000000         10
  /// #[Mean    =        5.500, StdDeviation   =        2.872]
  /// #[Max     =       10.000, Total count    =           10]
  /// #[Buckets =           32, SubBuckets     =         2048]
  /// ```
  ///
  /// - Parameters:
  ///   - ticksPerHalfDistance: As in ``forEachPercentile(ticksPerHalfDistance:_:)``.
  ///   - valueUnitRatio: What values are divided by: 1,000 prints nanoseconds as microseconds.
  /// - Precondition: `valueUnitRatio` is above 0, `ticksPerHalfDistance` at least 1.
  public func percentileText(
    ticksPerHalfDistance: Int = 5, valueUnitRatio: Double = 1
  ) -> String {
    precondition(valueUnitRatio > 0, "Histogram.percentileText: expected a ratio above 0")
    let digits = layout.significantDigits
    func value(_ value: Double) -> String {
      DecimalText.fixed(value / valueUnitRatio, digits: digits, width: 12)
    }
    var text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
    forEachPercentile(ticksPerHalfDistance: ticksPerHalfDistance) { reached, percentile, count in
      text += value(Double(reached)) + " "
      text += DecimalText.fixed(percentile / 100, digits: 12) + " "
      text += DecimalText.integer(count, width: 10)
      if percentile < 100 {
        text += " " + DecimalText.fixed(1 / (1 - percentile / 100), digits: 2, width: 14)
      }
      text += "\n"
    }
    text += "#[Mean    = \(value(mean)), StdDeviation   = \(value(standardDeviation))]\n"
    text += "#[Max     = \(value(Double(maximum)))"
    text += ", Total count    = \(DecimalText.integer(totalCount, width: 12))]\n"
    text += "#[Buckets = \(DecimalText.integer(layout.bucketCount, width: 12))"
    text += ", SubBuckets     = \(DecimalText.integer(layout.subBucketCount, width: 12))]\n"
    return text
  }
}
