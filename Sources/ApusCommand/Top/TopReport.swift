// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusCore

/// What a counter file held at one time, with rates against the time before. The JSON keys are
/// stable.
public struct TopReport: Encodable, Sendable {
  /// The process that writes the file.
  public struct Writer: Encodable, Sendable {
    /// Its number, in its own namespace.
    public var processID: Int
    /// `alive`, `closed`, `dead` or `unknown`.
    public var state: String
  }

  /// A counter or a gauge.
  public struct Number: Encodable, Sendable {
    /// Name without labels.
    public var name: String
    /// Labels by name.
    public var labels: [String: String]
    /// `counter` or `gauge`.
    public var kind: String
    /// What it stands at.
    public var value: TopNumber
    /// Growth over the interval; nil for a gauge, and where there is no interval.
    public var ratePerSecond: Double?
    /// Name and labels as Prometheus writes them.
    var text: String

    enum CodingKeys: String, CodingKey { case name, labels, kind, value, ratePerSecond }
  }

  /// A histogram. Values are in the unit that its name ends in.
  public struct Distribution: Encodable, Sendable {
    /// Name without labels.
    public var name: String
    /// Labels by name.
    public var labels: [String: String]
    /// Values recorded.
    public var count: UInt64
    /// Values above the range, which are not in `count`.
    public var outOfRangeCount: UInt64
    /// Values recorded over the interval; nil where there is none.
    public var ratePerSecond: Double?
    /// Half of the values do not exceed it.
    public var p50: UInt64
    /// 90 per cent of the values do not exceed it.
    public var p90: UInt64
    /// 99 per cent of the values do not exceed it.
    public var p99: UInt64
    /// 99.9 per cent of the values do not exceed it.
    public var p999: UInt64
    /// The largest value.
    public var max: UInt64
    /// Name and labels as Prometheus writes them.
    var text: String

    enum CodingKeys: String, CodingKey {
      case name, labels, count, outOfRangeCount, ratePerSecond, p50, p90, p99, p999, max
    }
  }

  /// Name of the file.
  public var file: String
  /// Who writes it.
  public var writer: Writer
  /// When the file was made. Unit: nanoseconds since 1970-01-01 UTC.
  public var createdNanoseconds: UInt64
  /// When it was read. Unit: nanoseconds since 1970-01-01 UTC.
  public var takenNanoseconds: UInt64
  /// What rates are over; nil for the first look at a file.
  public var intervalSeconds: Double?
  /// Whether percentiles are of the interval alone.
  public var isRecent: Bool
  /// Counters and gauges by name and labels.
  public var counters: [Number]
  /// Histograms by name and labels.
  public var histograms: [Distribution]
  /// Counters left out because they were registered or released while the file was read.
  public var changingCount: Int
}

/// A counter's unsigned or a gauge's signed number.
public enum TopNumber: Encodable, Sendable, Equatable {
  /// Of a counter.
  case unsigned(UInt64)
  /// Of a gauge.
  case signed(Int64)

  /// Encodes the number alone.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .unsigned(let value): try container.encode(value)
    case .signed(let value): try container.encode(value)
    }
  }

  var text: String {
    switch self {
    case .unsigned(let value): HumanText.count(value)
    case .signed(let value): HumanText.count(value)
    }
  }
}

extension TopReport {
  /// The time before, which rates are against.
  struct Earlier {
    var snapshot: CounterSnapshot
    var seconds: Double
  }

  init(
    _ snapshot: CounterSnapshot, of reader: borrowing CounterReader, earlier: Earlier?,
    isRecent: Bool
  ) throws(HistogramError) {
    file = reader.path
    writer = Writer(
      processID: reader.writerProcessID, state: reader.writerState().rawValue)
    createdNanoseconds = reader.createdNanoseconds
    takenNanoseconds = snapshot.takenNanoseconds
    intervalSeconds = earlier?.seconds
    self.isRecent = isRecent && earlier != nil
    changingCount = snapshot.changingSlotCount
    counters = []
    histograms = []
    let before = Dictionary(
      (earlier?.snapshot.entries ?? []).map { ($0.slot, $0) },
      uniquingKeysWith: { first, _ in first })
    for entry in snapshot.entries {
      // The same slot in another generation is another counter.
      let previous = before[entry.slot].flatMap {
        $0.generation == entry.generation && $0.identity == entry.identity ? $0.value : nil
      }
      let labels = Dictionary(
        entry.identity.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
      func rate(_ growth: UInt64?) -> Double? {
        guard let growth, let seconds = earlier?.seconds, seconds > 0 else { return nil }
        return Double(growth) / seconds
      }
      switch entry.value {
      case .counter(let value):
        var growth: UInt64?
        if case .counter(let before) = previous {
          growth = value >= before ? value - before : value
        }
        // A counter that was not there before began at 0.
        if previous == nil, earlier != nil { growth = value }
        counters.append(
          Number(
            name: entry.identity.name, labels: labels, kind: entry.kind.description,
            value: .unsigned(value), ratePerSecond: rate(growth), text: entry.identity.text))
      case .gauge(let value):
        counters.append(
          Number(
            name: entry.identity.name, labels: labels, kind: entry.kind.description,
            value: .signed(value), ratePerSecond: nil, text: entry.identity.text))
      case .histogram(let counts):
        var recent: HistogramCounts?
        if case .histogram(let before) = previous { recent = counts.since(before) }
        if previous == nil, earlier != nil { recent = counts }
        let shown = try (self.isRecent ? recent ?? counts : counts).histogram()
        histograms.append(
          Distribution(
            name: entry.identity.name, labels: labels, count: counts.totalCount,
            outOfRangeCount: counts.outOfRangeCount, ratePerSecond: rate(recent?.totalCount),
            p50: shown.value(atPercentile: 50), p90: shown.value(atPercentile: 90),
            p99: shown.value(atPercentile: 99), p999: shown.value(atPercentile: 99.9),
            max: shown.maximum, text: entry.identity.text))
      }
    }
  }
}
