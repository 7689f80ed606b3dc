// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusMemory
internal import ApusMetrics
internal import ApusTestBasics

extension BenchmarkSuite {
  /// Recording into a histogram of three digits up to an hour.
  static let histogramRecord = BenchmarkSuite(name: "histogram.record") { configuration in
    let count = configuration.size(1_000_000, smoke: 1_000)
    let holder = Holder(
      try Histogram(highestTrackable: 3_600_000_000_000, significantDigits: 3))
    var random = SeededRandom(seed: configuration.seed)
    let narrow = (0..<count).map { _ in 50 + random.next() % 500 }
    let wide = (0..<count).map { _ in random.next() >> (22 + random.next() % 42) }
    return [("narrow", narrow), ("wide", wide)].map { name, values in
      BenchmarkCase(
        name: "histogram.record.\(name)", operationCount: count,
        prepare: { holder.value.reset() }
      ) {
        for value in values { _ = holder.value.record(value) }
        return holder.value.totalCount &* 31 &+ holder.value.value(atPercentile: 99)
      }
    }
  }

  /// Taking and giving back slots of 32 bytes.
  static let slab = BenchmarkSuite(name: "slab") { configuration in
    let count = configuration.size(100_000, smoke: 1_000)
    typealias Slot = (UInt64, UInt64, UInt64, UInt64)
    let holder = Holder(try Slab<Slot>(capacity: count, options: .init()))
    var random = SeededRandom(seed: configuration.seed)
    var order = Array(0..<count)
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, Int(random.next() % UInt64(index + 1)))
    }
    var taken = [SlabIndex<Slot>](repeating: .none, count: count)
    func cycle(_ returnOrder: [Int]) -> UInt64 {
      for index in 0..<count {
        guard let slot = holder.value.allocate() else { return 0 }
        holder.value[slot] = (UInt64(index), 0, 0, 0)
        taken[index] = slot
      }
      var sum: UInt64 = 0
      for index in returnOrder {
        sum = sum &* 31 &+ holder.value[taken[index]].0
        holder.value.free(taken[index])
      }
      return sum
    }
    let inOrder = Array(0..<count)
    return [
      BenchmarkCase(name: "slab.cycle.inOrder", operationCount: count) { cycle(inOrder) },
      BenchmarkCase(name: "slab.cycle.shuffled", operationCount: count) { cycle(order) },
    ]
  }
}
