// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import CApusCounters
import Foundation
import Testing

@testable import ApusMetrics

/// A test has one counter file as a rule.
extension ScratchFolder {
  func path() -> String { path("test.counters") }
  func bytes() throws -> [UInt8] { try bytes("test.counters") }
  @discardableResult
  func write(_ bytes: [UInt8]) throws -> String { try write("test.counters", bytes) }
}

extension [UInt8] {
  /// Puts a little-endian integer at an offset.
  mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    for byte in 0..<T.bitWidth / 8 {
      self[offset + byte] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
    }
  }

  /// The little-endian integer at an offset.
  func get<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    (0..<T.bitWidth / 8).reduce(0) { $0 | T(truncatingIfNeeded: self[offset + $1]) << T($1 * 8) }
  }
}

extension CounterFile {
  static func small(_ path: String) throws -> CounterFile {
    try CounterFile(
      path: path, configuration: .init(slotCapacity: 4, histogramByteCapacity: 16_384))
  }
}

extension HistogramLayout {
  /// 1,664 bytes.
  static func small() throws -> HistogramLayout {
    try HistogramLayout(lowestDiscernible: 1, highestTrackable: 10_000, significantDigits: 1)
  }
}

/// A file with one of each kind, as its writer leaves it.
func writtenSample(_ folder: ScratchFolder) throws -> [UInt8] {
  do {
    let file = try CounterFile.small(folder.path())
    var orders = try file.counter(
      "orders_total", help: "Orders taken.",
      labels: [.init("venue", "XNAS"), .init("side", "buy")])
    orders.add(1_234)
    var depth = try file.gauge("queue_depth", help: "Commands waiting.")
    depth.set(-5)
    var latency = try file.histogram(
      "latency_nanoseconds", help: "Time in the engine.", layout: .small())
    for value in 1...100 as ClosedRange<UInt64> { latency.record(value * 10) }
    latency.record(1 << 40)
  }
  return try folder.bytes()
}
