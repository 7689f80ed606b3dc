// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCommandKit
internal import ApusMetrics
internal import ApusTestBasics
internal import Foundation

/// Handles of one counter file for the closures of several cases.
private final class CounterHandles {
  var counter: Counter
  var gauge: Gauge
  var histogram: SharedHistogram

  init(_ file: CounterFile) throws {
    counter = try file.counter("bench_total")
    gauge = try file.gauge("bench_depth")
    histogram = try file.histogram(
      "bench_latency_nanoseconds",
      layout: HistogramLayout(
        lowestDiscernible: 1, highestTrackable: 3_600_000_000_000, significantDigits: 3))
  }
}

extension BenchmarkSuite {
  /// Updates of counters in a mapped file that another process could read.
  static let counters = BenchmarkSuite(name: "counters") { configuration in
    let count = configuration.size(1_000_000, smoke: 1_000)
    let folder =
      FileManager.default.isWritableFile(atPath: "/dev/shm")
      ? "/dev/shm" : FileManager.default.temporaryDirectory.path
    let file: CounterFile
    do throws(CounterFileError) {
      file = try CounterFile(
        path: "\(folder)/apus-bench-\(UUID().uuidString).counters",
        configuration: .init(slotCapacity: 16, histogramByteCapacity: 1 << 20))
    } catch {
      throw WorkError(error.description)
    }
    let handles = try CounterHandles(file)
    // The mapping stays for as long as the handles do.
    file.removeFile()
    var random = SeededRandom(seed: configuration.seed)
    let narrow = (0..<count).map { _ in 50 + random.next() % 500 }
    let wide = (0..<count).map { _ in random.next() >> (22 + random.next() % 42) }
    let clear = {
      handles.counter.set(0)
      handles.gauge.set(0)
      handles.histogram.reset()
    }
    let updates = [
      BenchmarkCase(name: "counters.increment", operationCount: count, prepare: clear) {
        for _ in 0..<count { handles.counter.increment() }
        return handles.counter.value
      },
      BenchmarkCase(name: "counters.add", operationCount: count, prepare: clear) {
        for value in narrow { handles.counter.add(value) }
        return handles.counter.value
      },
      BenchmarkCase(name: "counters.gauge.set", operationCount: count, prepare: clear) {
        for value in narrow { handles.gauge.set(Int64(bitPattern: value)) }
        return UInt64(bitPattern: handles.gauge.value)
      },
    ]
    return updates
      + [("narrow", narrow), ("wide", wide)].map { name, values in
        BenchmarkCase(
          name: "counters.histogram.\(name)", operationCount: count, prepare: clear
        ) {
          for value in values { handles.histogram.record(value) }
          var hash: UInt64 = 0
          for index in 0..<1_000 {
            hash = hash &* 31 &+ handles.histogram.count(inSlot: index)
          }
          return hash
        }
      }
  }
}
