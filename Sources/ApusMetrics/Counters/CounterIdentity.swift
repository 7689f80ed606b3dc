// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusCounters

/// What a slot of a counter file holds.
public enum CounterKind: UInt32, Sendable, CaseIterable, CustomStringConvertible {
  /// Only grows while its writer lives. Unsigned.
  case counter = 1
  /// Goes up and down. Signed.
  case gauge = 2
  /// Counts of values by size.
  case histogram = 3

  /// `counter`, `gauge` or `histogram`.
  public var description: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }
}

/// One label of a counter.
public struct CounterLabel: Hashable, Sendable {
  /// Shape: `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with two underscores.
  public var name: String
  /// Any text.
  public var value: String

  /// A label.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What distinguishes a counter from all others of its file: name and labels.
public struct CounterIdentity: Hashable, Sendable {
  /// Shape: `[a-zA-Z_:][a-zA-Z0-9_:]*`, at most 128 bytes.
  public var name: String
  /// Ascending by name, each name once.
  public var labels: [CounterLabel]

  /// An identity; the labels are put in order.
  public init(name: String, labels: [CounterLabel]) {
    self.name = name
    self.labels = labels.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
  }

  /// As Prometheus writes it: `orders_total{venue="XNAS"}`.
  public var text: String { name + PrometheusText.labelText(labels) }

  /// The first reason why this cannot be an identity; nil where it can.
  func defect(kind: CounterKind) -> CounterFileError.Reason? {
    guard Self.isName(name, allowsColon: true),
      name.utf8.count <= Int(CAPUS_COUNTERS_NAME_BYTE_COUNT_MAX)
    else { return .invalidName(name) }
    var previous = ""
    for label in labels {
      let isReserved = kind == .histogram && (label.name == "le" || label.name == "quantile")
      guard Self.isName(label.name, allowsColon: false), !label.name.hasPrefix("__"), !isReserved,
        label.name != previous
      else { return .invalidLabel(name: name, label: label.name) }
      previous = label.name
    }
    let byteCount = labels.reduce(0) { $0 + 4 + $1.name.utf8.count + $1.value.utf8.count }
    guard byteCount <= Int(CAPUS_COUNTERS_LABELS_BYTE_COUNT_MAX) else {
      return .labelsTooLong(name: name, byteCount: byteCount)
    }
    return nil
  }

  static func isName(_ text: String, allowsColon: Bool) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
      case 0x3A: allowsColon
      default: false
      }
    }
  }

  /// Names of the series that a histogram of this name is shown as, besides its own.
  static func seriesNames(ofHistogram name: String) -> [String] {
    ["_sum", "_count", "_bucket"].map { name + $0 }
  }
}
