// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusMarketProtocols
internal import ApusTestBasics
internal import ApusTrading

extension BenchmarkSuite {
  /// Single operations on one book of 20,000 orders at 200 prices a side.
  static let bookOperations = BenchmarkSuite(name: "book.operations") { configuration in
    let count = configuration.size(20_000, smoke: 500)
    let holder = Holder(
      try OrderBooks(configuration: .init(orderCapacity: 1 << 20, levelCapacity: 1 << 16)))
    var random = SeededRandom(seed: configuration.seed)
    let prices = (0..<count).map { _ in UInt32(random.next() % 200) }
    func fill(_ base: UInt64) {
      for index in 0..<count {
        let isBid = index & 1 == 0
        _ = holder.value.add(
          reference: base + UInt64(index), locate: 1, side: isBid ? .buy : .sell, quantity: 100,
          priceTicks: isBid ? 10_000 - prices[index] : 10_001 + prices[index])
      }
    }
    func empty(_ base: UInt64) {
      for index in 0..<count { _ = holder.value.delete(reference: base + UInt64(index)) }
    }
    let clean = {
      empty(0)
      empty(100_000)
    }
    let refill = {
      clean()
      fill(0)
    }
    return [
      BenchmarkCase(name: "book.add", operationCount: count, prepare: clean) {
        fill(0)
        return UInt64(holder.value.orderCount)
      },
      BenchmarkCase(name: "book.delete", operationCount: count, prepare: refill) {
        empty(0)
        return UInt64(holder.value.orderCount)
      },
      BenchmarkCase(name: "book.reduce", operationCount: count, prepare: refill) {
        for index in 0..<count {
          _ = holder.value.reduce(reference: UInt64(index), quantity: 1)
        }
        return holder.value.best(.buy, locate: 1)?.quantity ?? 0
      },
      BenchmarkCase(name: "book.replace", operationCount: count, prepare: refill) {
        for index in 0..<count {
          _ = holder.value.replace(
            originalReference: UInt64(index), newReference: UInt64(index) + 100_000,
            quantity: 50, priceTicks: index & 1 == 0 ? 9_900 : 10_100)
        }
        return UInt64(holder.value.levelCount)
      },
      BenchmarkCase(name: "book.best", operationCount: count, prepare: refill) {
        var sum: UInt64 = 0
        for index in 0..<count {
          sum &+= holder.value.best(index & 1 == 0 ? .buy : .sell, locate: 1)?.quantity ?? 0
        }
        return sum
      },
      BenchmarkCase(name: "book.depth10", operationCount: count, prepare: refill) {
        var sum: UInt64 = 0
        for _ in 0..<count {
          holder.value.forEachLevel(.buy, locate: 1, countMax: 10) { sum &+= $0.quantity }
        }
        return sum
      },
    ]
  }
}
