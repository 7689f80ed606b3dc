// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Snapshots as Prometheus scrapes them: the text exposition format, version 0.0.4.
///
/// - Source: prometheus.io/docs/instrumenting/exposition_formats.
public enum PrometheusText {
  /// What an HTTP answer of this text declares.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// How histograms are shown.
  public enum HistogramForm: Sendable, Equatable {
    /// As a summary with these quantiles. Shape: 0...1.
    case summary(quantiles: [Double])
    /// As a histogram whose buckets end at these values. A value counts where its slot begins, so a
    /// bound is exact when it is the largest value of a slot.
    case buckets(upperBounds: [UInt64])

    /// The quantiles that people of this field ask for.
    public static let standard = HistogramForm.summary(quantiles: [0.5, 0.9, 0.99, 0.999, 1])
  }

  /// Renders a snapshot: families by name, each with its help and type first.
  ///
  /// The sum of a histogram takes each value as the middle of its slot, so it is exact to the
  /// histogram's digits.
  ///
  /// - Throws: ``HistogramError/outOfMemory(byteCount:)``.
  public static func render(
    _ snapshot: CounterSnapshot, histograms form: HistogramForm = .standard
  ) throws(HistogramError) -> String {
    var text = ""
    var family: String?
    for (index, entry) in snapshot.entries.enumerated() {
      let name = entry.identity.name
      if name != family {
        family = name
        // The help of a family is that of its first counter that has one; entries are in order.
        let help =
          snapshot.entries[index...].prefix { $0.identity.name == name }
          .first { !$0.help.isEmpty }?.help ?? ""
        if !help.isEmpty { text += "# HELP \(name) \(escaped(help, quotes: false))\n" }
        text += "# TYPE \(name) \(typeName(entry.kind, form))\n"
      }
      switch entry.value {
      case .counter(let value): text += "\(entry.identity.text) \(value)\n"
      case .gauge(let value): text += "\(entry.identity.text) \(value)\n"
      case .histogram(let counts):
        text += try series(entry.identity, counts.histogram(), form)
      }
    }
    return text
  }

  private static func typeName(_ kind: CounterKind, _ form: HistogramForm) -> String {
    switch (kind, form) {
    case (.counter, _): "counter"
    case (.gauge, _): "gauge"
    case (.histogram, .summary): "summary"
    case (.histogram, .buckets): "histogram"
    }
  }

  private static func series(
    _ identity: CounterIdentity, _ histogram: borrowing Histogram, _ form: HistogramForm
  ) -> String {
    let (name, labels) = (identity.name, identity.labels)
    var text = ""
    switch form {
    case .summary(let quantiles):
      for quantile in quantiles {
        // Nothing was recorded: there is no such value, which the format has a word for.
        let value =
          histogram.totalCount == 0 ? "NaN" : "\(histogram.value(atPercentile: quantile * 100))"
        text += name + labelText(labels + [.init("quantile", number(quantile))]) + " \(value)\n"
      }
    case .buckets(let upperBounds):
      var bounds = upperBounds.sorted()[...]
      var cumulative: UInt64 = 0
      func bucket(_ bound: String) {
        text += "\(name)_bucket" + labelText(labels + [.init("le", bound)]) + " \(cumulative)\n"
      }
      histogram.forEachRecorded { value, count in
        while let bound = bounds.first, bound < value {
          bucket("\(bound)")
          bounds.removeFirst()
        }
        cumulative += count
      }
      for bound in bounds { bucket("\(bound)") }
      bucket("+Inf")
    }
    let sum = histogram.mean * Double(histogram.totalCount)
    text += "\(name)_sum" + labelText(labels) + " \(number(sum))\n"
    text += "\(name)_count" + labelText(labels) + " \(histogram.totalCount)\n"
    return text
  }

  /// A number as Go's parser reads it.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }

  /// Labels in braces; nothing where there are none.
  static func labelText(_ labels: [CounterLabel]) -> String {
    guard !labels.isEmpty else { return "" }
    let parts = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
    return "{" + parts.joined(separator: ",") + "}"
  }

  /// The format escapes backslash and line feed everywhere, and quotes in label values.
  static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
