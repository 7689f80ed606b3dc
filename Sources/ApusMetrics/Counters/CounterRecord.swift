// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusCounters

/// One record of a counter file: what its writer put there, or what a reader made of its bytes.
struct CounterRecord: Equatable, Sendable {
  struct Histogram: Equatable, Sendable {
    var layout: HistogramLayout
    var offset: Int
    var byteCount: Int { CounterFileLayout.histogramByteCount(layout) }
  }

  /// A field that cannot be so. Offsets count from the front of the record.
  struct Defect: Error {
    var name: String
    var offset: Int
    var value: String
    var expected: String
  }

  var generation: UInt32
  var identity: CounterIdentity
  var kind: CounterKind
  var help: String
  var histogram: Histogram?
  var registeredNanoseconds: UInt64

  /// As it lies in the file, and live.
  var words: [UInt64] {
    var labels: [UInt8] = []
    for label in identity.labels {
      for part in [label.name, label.value] {
        labels.append(UInt8(truncatingIfNeeded: part.utf8.count))
        labels.append(UInt8(truncatingIfNeeded: part.utf8.count >> 8))
      }
      labels += Array(label.name.utf8) + Array(label.value.utf8)
    }
    var front = capus_counters_record()
    front.state = UInt64(generation) << 32 | UInt64(CAPUS_COUNTERS_STATE_LIVE)
    front.kind = kind.rawValue
    front.nameByteCount = UInt32(identity.name.utf8.count)
    front.helpByteCount = UInt32(help.utf8.count)
    front.labelCount = UInt32(identity.labels.count)
    front.labelsByteCount = UInt32(labels.count)
    if let histogram {
      front.significantDigits = UInt32(histogram.layout.significantDigits)
      front.histogramOffset = UInt64(histogram.offset)
      front.histogramByteCount = UInt64(histogram.byteCount)
      front.lowestDiscernible = histogram.layout.lowestDiscernible
      front.highestTrackable = histogram.layout.highestTrackable
    }
    front.registeredNanoseconds = registeredNanoseconds
    var words = [UInt64](repeating: 0, count: CounterFileLayout.recordWordCount)
    unsafe words.withUnsafeMutableBytes { bytes in
      // SAFETY: the front is 128 bytes of the 1,024, aligned as a word is.
      unsafe bytes.storeBytes(of: front, as: capus_counters_record.self)
      // SAFETY: the registry has checked each length against the room before the next part.
      unsafe bytes[Int(CAPUS_COUNTERS_NAME_OFFSET)...].copyBytes(from: identity.name.utf8)
      unsafe bytes[Int(CAPUS_COUNTERS_HELP_OFFSET)...].copyBytes(from: help.utf8)
      unsafe bytes[Int(CAPUS_COUNTERS_LABELS_OFFSET)...].copyBytes(from: labels)
    }
    return words
  }

  init(
    generation: UInt32, identity: CounterIdentity, kind: CounterKind, help: String,
    histogram: Histogram?, registeredNanoseconds: UInt64
  ) {
    self.generation = generation
    self.identity = identity
    self.kind = kind
    self.help = help
    self.histogram = histogram
    self.registeredNanoseconds = registeredNanoseconds
  }

  /// Reads a live record and checks all of it.
  ///
  /// - Parameter words: Shape: the words of one record.
  init(_ words: ArraySlice<UInt64>, file: CounterFileLayout) throws(Defect) {
    let bytes = unsafe words.withUnsafeBytes { unsafe [UInt8]($0) }
    precondition(
      bytes.count == CounterFileLayout.recordByteCount, "CounterRecord: expected one record")
    // SAFETY: the record is longer than its front; any pattern is a valid struct of integers.
    let front = unsafe bytes.withUnsafeBytes {
      unsafe $0.loadUnaligned(as: capus_counters_record.self)
    }
    generation = UInt32(truncatingIfNeeded: front.state >> 32)
    registeredNanoseconds = front.registeredNanoseconds
    guard let kind = CounterKind(rawValue: front.kind) else {
      throw Defect(name: "kind", offset: 8, value: "\(front.kind)", expected: "1, 2 or 3")
    }
    self.kind = kind
    let name = try Self.text(
      bytes, "name", at: Int(CAPUS_COUNTERS_NAME_OFFSET), count: front.nameByteCount,
      countMax: CAPUS_COUNTERS_NAME_BYTE_COUNT_MAX, countOffset: 12)
    help = try Self.text(
      bytes, "help", at: Int(CAPUS_COUNTERS_HELP_OFFSET), count: front.helpByteCount,
      countMax: CAPUS_COUNTERS_HELP_BYTE_COUNT_MAX, countOffset: 16)
    identity = CounterIdentity(name: name, labels: try Self.labels(bytes, front))
    if let defect = identity.defect(kind: kind) {
      if case .invalidLabel(_, let label) = defect {
        throw Defect(
          name: "label", offset: Int(CAPUS_COUNTERS_LABELS_OFFSET),
          value: String(reflecting: label),
          expected: "a label name that Prometheus allows, once")
      }
      throw Defect(
        name: "name", offset: Int(CAPUS_COUNTERS_NAME_OFFSET), value: String(reflecting: name),
        expected: "[a-zA-Z_:][a-zA-Z0-9_:]*")
    }
    histogram = kind == .histogram ? try Self.histogram(front, file) : nil
  }

  private static func text(
    _ bytes: [UInt8], _ what: String, at offset: Int, count: UInt32, countMax: Int32,
    countOffset: Int
  ) throws(Defect) -> String {
    guard count <= countMax else {
      throw Defect(
        name: "\(what)ByteCount", offset: countOffset, value: "\(count)",
        expected: "at most \(countMax)")
    }
    guard let text = String(validating: bytes[offset..<offset + Int(count)], as: UTF8.self) else {
      throw Defect(name: what, offset: offset, value: "of \(count) bytes", expected: "UTF-8")
    }
    return text
  }

  private static func labels(
    _ bytes: [UInt8], _ front: capus_counters_record
  ) throws(Defect) -> [CounterLabel] {
    let start = Int(CAPUS_COUNTERS_LABELS_OFFSET)
    guard front.labelsByteCount <= CAPUS_COUNTERS_LABELS_BYTE_COUNT_MAX else {
      throw Defect(
        name: "labelsByteCount", offset: 24, value: "\(front.labelsByteCount)",
        expected: "at most \(CAPUS_COUNTERS_LABELS_BYTE_COUNT_MAX)")
    }
    let end = start + Int(front.labelsByteCount)
    var next = start
    var labels: [CounterLabel] = []
    while next < end {
      guard end - next >= 4 else {
        throw Defect(
          name: "labels", offset: next, value: "of \(end - next) bytes",
          expected: "two lengths of 2 bytes")
      }
      let lengths = [next, next + 2].map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
      let middle = next + 4 + lengths[0]
      guard middle + lengths[1] <= end else {
        throw Defect(
          name: "label lengths", offset: next, value: "\(lengths[0]) and \(lengths[1])",
          expected: "at most \(end - next - 4) together")
      }
      guard let name = String(validating: bytes[next + 4..<middle], as: UTF8.self),
        let value = String(validating: bytes[middle..<middle + lengths[1]], as: UTF8.self)
      else {
        throw Defect(name: "label", offset: next + 4, value: "", expected: "UTF-8")
      }
      labels.append(CounterLabel(name, value))
      next = middle + lengths[1]
    }
    guard labels.count == Int(front.labelCount) else {
      throw Defect(
        name: "labelCount", offset: 20, value: "\(front.labelCount)", expected: "\(labels.count)")
    }
    return labels
  }

  private static func histogram(
    _ front: capus_counters_record, _ file: CounterFileLayout
  ) throws(Defect) -> Histogram {
    let layout: HistogramLayout
    do throws(HistogramError) {
      layout = try HistogramLayout(
        lowestDiscernible: front.lowestDiscernible, highestTrackable: front.highestTrackable,
        significantDigits: Int(front.significantDigits))
    } catch {
      switch error {
      case .lowestDiscernibleOutOfRange(let value):
        throw Defect(
          name: "lowestDiscernible", offset: 48, value: "\(value)",
          expected: "1 or more, with room for the digits")
      case .highestTrackableOutOfRange(let value, let lowest):
        throw Defect(
          name: "highestTrackable", offset: 56, value: "\(value)",
          expected: "at least \(lowest) * 2 and at most 2^63 - 1")
      default:
        throw Defect(
          name: "significantDigits", offset: 28, value: "\(front.significantDigits)",
          expected: "1 to 5")
      }
    }
    let byteCount = CounterFileLayout.histogramByteCount(layout)
    guard front.histogramByteCount == UInt64(byteCount) else {
      throw Defect(
        name: "histogramByteCount", offset: 40, value: "\(front.histogramByteCount)",
        expected: "\(byteCount)")
    }
    let range = UInt64(file.histogramsOffset)...UInt64(file.fileByteCount)
    guard range.contains(front.histogramOffset), front.histogramOffset % 8 == 0,
      UInt64(byteCount) <= range.upperBound - front.histogramOffset
    else {
      throw Defect(
        name: "histogramOffset", offset: 32, value: "\(front.histogramOffset)",
        expected: "a multiple of 8 from \(range.lowerBound), with \(byteCount) bytes before "
          + "\(range.upperBound)")
    }
    return Histogram(layout: layout, offset: Int(front.histogramOffset))
  }
}
