// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport

@testable import ApusTradingService

/// A report with every section filled, from a seed.
func sampleReport(seed: UInt64, quoteCount: Int = 500) -> ReplayReportData {
  var random = SeededRandom(seed: seed)
  var summary = ReplayReportData.Summary()
  summary.byteCount = 168_123_456
  summary.messageCount = 5_012_345
  summary.bookCount = 4_212
  summary.liveOrderCount = 201_233
  summary.peakOrderCount = 412_332
  summary.anomalies = [.init(kind: "unknown reference", count: 3), .init(kind: "other", count: 0)]
  summary.elapsedSeconds = 0.3182
  summary.nanosecondsPerMessage = 63.5
  summary.messagesPerSecond = 15_753_000
  summary.memoryByteCount = 48_234_112
  summary.digest = "9f3c2a7be01d4455"
  var data = ReplayReportData(
    title: "Replay of sample.itch", sourceFiles: ["sample.itch"], format: "ITCH 5.0",
    machine: "2 CPUs", generatedAt: "2026-03-01 09:30:00 UTC", summary: summary)
  data.messageMix = [
    .init(name: "Add order", typeLetter: "A", count: 2_000_000),
    .init(name: "Delete order", typeLetter: "D", count: 3_000_000),
    .init(name: "System event", typeLetter: "S", count: 6),
    .init(name: "Never seen", typeLetter: "N", count: 0),
  ]
  data.messagesPerSecond = (34_200..<40_000).map {
    .init(secondOfDay: $0, count: UInt64.random(in: 50...900, using: &random))
  }
  data.latencyCurve = (0..<100).map {
    let percentile = 100 * (1 - 1 / Double($0 + 1))
    return .init(percentile: percentile, nanoseconds: 40 + Double($0 * $0))
  }
  data.latencyCurve.append(.init(percentile: 100, nanoseconds: 81_234))
  data.latencyNote = "Timed in batches of 64."
  data.symbols = ["AAPL", "BRK.B"].map {
    sampleSymbol($0, quoteCount: quoteCount, using: &random)
  }
  data.busiestSymbols = [
    .init(
      symbol: "AAPL", messageCount: 120_000, liveOrderCount: 900, bidPrice: 1_870_100,
      askPrice: nil)
  ]
  data.tightestSpreads = [.init(symbol: "TGHT", bidPrice: 1_000_000, askPrice: 1_000_100)]
  data.widestSpreads = [.init(symbol: "WIDE", bidPrice: 10_000, askPrice: 30_000)]
  return data
}

private func sampleSymbol(
  _ symbol: String, quoteCount: Int, using random: inout SeededRandom
) -> ReplayReportData.SymbolPlots {
  var plots = ReplayReportData.SymbolPlots(symbol: symbol, quotes: [], depth: [], profile: [])
  var bid: Int64 = 1_870_000
  for index in 0..<quoteCount {
    bid += Int64.random(in: -1...1, using: &random) * 100
    let time = 34_200_000_000_000 + UInt64(index) * 1_000_000_007
    plots.quotes.append(
      .init(
        timestampNanoseconds: time, bidPrice: bid, bidQuantity: 100, askPrice: bid + 100,
        askQuantity: 200))
    plots.depth.append(
      .init(
        timestampNanoseconds: time, bidQuantity: UInt64.random(in: 100...9_000, using: &random),
        askQuantity: UInt64.random(in: 100...9_000, using: &random)))
  }
  for level in 1...40 as ClosedRange<Int64> {
    let quantity = UInt64(level) * 300
    plots.profile.append(
      .init(side: .bid, price: bid - level * 100, cumulativeQuantity: quantity))
    plots.profile.append(
      .init(side: .ask, price: bid + level * 100, cumulativeQuantity: quantity + 50))
  }
  return plots
}
