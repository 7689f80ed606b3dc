// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCore
internal import ApusMarketProtocols
internal import ApusReport
internal import ApusTrading
internal import Foundation

/// Fills the report page.
///
/// Best prices and depth over time of a few instruments come from a second pass over the
/// recordings that builds those instruments only, so that the first pass, which is measured, does
/// no more than it must.
extension MarketReplay {
  /// Instruments with plots of their own.
  static let plottedSymbolCount = 4
  /// Levels summed in the plot of depth over time.
  static let plottedDepth = 10
  /// Messages between two samples of depth.
  static let depthSampleMessageCount = 512

  func writeReport(_ format: MarketDataFormat, symbols: [ITCHSymbol]?) throws {
    guard let writer = outputs.report else { return }
    var data = ReplayReportData(
      title: "Apus market replay", sourceFiles: configuration.paths, format: figures.format,
      machine: MachineDescription.line(),
      generatedAt: ISO8601DateFormatter().string(from: Date()), summary: reportSummary())
    data.messageMix = figures.messagesByType.sorted { $0.value > $1.value }.map {
      ReplayReportData.MessageKind(
        name: MessageNames.name($0.key, format), typeLetter: $0.key, count: $0.value)
    }
    data.latencyCurve = latencyCurve()
    data.latencyNote =
      figures.latencyNanoseconds.kind == "service"
      ? "Framing, decoding and applying one message alone; \(figures.latencyNanoseconds.sampleCount) "
        + "messages sampled; reading the clock adds "
        + "\(ReportText.plain(figures.latencyNanoseconds.timerOverheadNanoseconds, digits: 0)) ns."
      : "From the planned time of each message to its last effect on the book."
    data.busiestSymbols = figures.busiestSymbols.map {
      ReplayReportData.SymbolActivity(
        symbol: $0.symbol, messageCount: $0.messageCount,
        liveOrderCount: UInt64(builder.books.totals(locate: $0.locate).orderCount),
        bidPrice: $0.bidPrice.map(Int64.init), askPrice: $0.askPrice.map(Int64.init))
    }
    data.widestSpreads = figures.widestSpreads.compactMap(Self.spread)
    data.tightestSpreads = figures.tightestSpreads.compactMap(Self.spread)
    if isLOBSTER {
      data.symbols = [try lobsterPlots(&data)]
    } else {
      data.messagesPerSecond = secondCounts()
      data.symbols = try symbolPlots(format, symbols)
    }
    let page = ReplayReportPage.render(data)
    try Self.writing {
      try writer.write(page)
      try writer.finish()
    }
  }

  private func reportSummary() -> ReplayReportData.Summary {
    var summary = ReplayReportData.Summary()
    summary.byteCount = figures.decodedBytes
    summary.messageCount = figures.messageCount
    summary.bookCount = UInt64(figures.bookCount)
    summary.liveOrderCount = UInt64(figures.orderCount)
    summary.peakOrderCount = UInt64(figures.orderCountMax)
    summary.anomalies = figures.anomalies.sorted { $0.key < $1.key }.map {
      ReplayReportData.Anomaly(kind: $0.key, count: $0.value.count)
    }
    summary.elapsedSeconds = figures.elapsedSeconds
    summary.nanosecondsPerMessage = figures.nanosecondsPerMessage
    summary.messagesPerSecond = figures.messagesPerSecond
    summary.memoryByteCount = figures.memoryBytes
    summary.digest = figures.digest
    return summary
  }

  private func latencyCurve() -> [ReplayReportData.LatencyPoint] {
    guard latency.totalCount > 0 else { return [] }
    var curve: [ReplayReportData.LatencyPoint] = []
    latency.forEachPercentile(ticksPerHalfDistance: 10) { value, percentile, _ in
      curve.append(.init(percentile: percentile, nanoseconds: Double(value)))
    }
    return curve
  }

  private func secondCounts() -> [ReplayReportData.SecondCount] {
    let counts = (0..<86_400).map { builder.messageCount(inSecond: $0) }
    guard let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return [] }
    return (first...last).map { .init(secondOfDay: $0, count: UInt64(counts[$0])) }
  }

  private static func spread(
    _ instrument: ReplayFigures.Instrument
  ) -> ReplayReportData.SymbolSpread? {
    guard let bid = instrument.bidPrice, let ask = instrument.askPrice else { return nil }
    return .init(symbol: instrument.symbol, bidPrice: Int64(bid), askPrice: Int64(ask))
  }

  // MARK: Instruments over time

  private func symbolPlots(
    _ format: MarketDataFormat, _ symbols: [ITCHSymbol]?
  ) throws -> [ReplayReportData.SymbolPlots] {
    let busiest = figures.busiestSymbols.filter { $0.bidPrice != nil || $0.askPrice != nil }
    let chosen = Array(
      (symbols ?? busiest.map { ITCHSymbol($0.symbol) }).prefix(Self.plottedSymbolCount))
    guard !chosen.isEmpty else { return [] }
    var collector = try PlotCollector(symbols: chosen)
    // What the first pass could not read, the second cannot either.
    do { try collector.collect(format, configuration, progress) } catch is CaptureError {}
    return collector.plots()
  }

  private func lobsterPlots(
    _ data: inout ReplayReportData
  ) throws -> ReplayReportData.SymbolPlots {
    var collector = try LOBSTERPlotCollector()
    for path in configuration.paths {
      do { try collector.collect(path) } catch is CaptureError { break }
    }
    data.messagesPerSecond = collector.secondCounts.sorted { $0.key < $1.key }.map {
      .init(secondOfDay: $0.key, count: $0.value)
    }
    return collector.series.plots(
      symbol: name(LOBSTERBookBuilder.locate), locate: LOBSTERBookBuilder.locate,
      books: collector.builder.books)
  }
}

/// Best prices and depth of one instrument over time.
struct PlotSeries {
  var quotes: [ReplayReportData.QuotePoint] = []
  var depth: [ReplayReportData.DepthPoint] = []
  /// Memory does not follow the length of the day: past this many points every second one goes.
  static let pointCountMax = 200_000

  mutating func take(_ change: BestPriceChange) {
    quotes.append(
      .init(
        timestampNanoseconds: change.timestampNanoseconds,
        bidPrice: change.bidQuantity > 0 ? Int64(change.bidPriceTicks) : nil,
        bidQuantity: change.bidQuantity,
        askPrice: change.askQuantity > 0 ? Int64(change.askPriceTicks) : nil,
        askQuantity: change.askQuantity))
    if quotes.count > Self.pointCountMax {
      quotes = quotes.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }
  }

  mutating func takeDepth(
    _ timestampNanoseconds: UInt64, _ locate: UInt16, _ books: borrowing OrderBooks
  ) {
    var bids: UInt64 = 0
    var asks: UInt64 = 0
    books.forEachLevel(.buy, locate: locate, countMax: MarketReplay.plottedDepth) {
      bids += $0.quantity
    }
    books.forEachLevel(.sell, locate: locate, countMax: MarketReplay.plottedDepth) {
      asks += $0.quantity
    }
    depth.append(
      .init(timestampNanoseconds: timestampNanoseconds, bidQuantity: bids, askQuantity: asks))
  }

  func plots(
    symbol: String, locate: UInt16, books: borrowing OrderBooks
  ) -> ReplayReportData.SymbolPlots {
    var profile: [ReplayReportData.ProfileLevel] = []
    for side in [Side.buy, .sell] {
      var sum: UInt64 = 0
      for level in books.levels(side, locate: locate, countMax: 50) {
        sum += level.quantity
        profile.append(
          .init(
            side: side == .buy ? .bid : .ask, price: Int64(level.priceTicks),
            cumulativeQuantity: sum))
      }
    }
    return .init(
      symbol: symbol, quotes: quotes, depth: depth, profile: profile,
      depthLevelCount: MarketReplay.plottedDepth)
  }
}

/// The second pass over ITCH recordings.
struct PlotCollector: ~Copyable {
  private var builder: MarketBookBuilder
  private var changes: BestPriceChanges
  private var series: [UInt16: PlotSeries] = [:]

  init(symbols: [ITCHSymbol]) throws {
    let builder = try MarketBookBuilder(configuration: .wholeMarket, symbols: symbols)
    let changes = try BestPriceChanges(capacity: 65_536)
    self.builder = builder
    self.changes = changes
  }

  mutating func collect(
    _ format: MarketDataFormat, _ configuration: ReplayConfiguration,
    _ progress: ReplayProgressReport
  ) throws {
    var fileIndex = -1
    try RecordingSource.forEach(
      configuration.paths, format: format, open: { try openByteStream(configuration.paths[$0]) }
    ) { source, _ in
      let reader = source.reader
      fileIndex += 1
      var more = true
      while more {
        more = try reader.nextWindow { window, offset, _ in take(window, offset) }
        progress(
          ReplayProgress(
            phase: .plotting, fileIndex: fileIndex, done: reader.inputBytesRead,
            total: reader.inputByteCount, appliedCount: builder.messageCount))
      }
    }
  }

  private mutating func take(_ window: RawSpan, _ offset: UInt64) -> Int {
    var position = 0
    while position < window.byteCount {
      let consumed = builder.process(
        framed: window.extracting(position..<window.byteCount),
        streamOffset: offset + UInt64(position),
        messageCountMax: MarketReplay.depthSampleMessageCount, changes: &changes)
      if consumed == 0 { break }
      position += consumed
      var touched: Set<UInt16> = []
      for index in 0..<changes.count {
        series[changes[index].locate, default: PlotSeries()].take(changes[index])
        touched.insert(changes[index].locate)
      }
      changes.removeAll()
      for locate in touched {
        series[locate, default: PlotSeries()].takeDepth(
          builder.lastTimestampNanoseconds, locate, builder.books)
      }
    }
    return position
  }

  func plots() -> [ReplayReportData.SymbolPlots] {
    builder.locates.map { locate in
      (series[locate] ?? PlotSeries()).plots(
        symbol: builder.symbol(locate: locate)?.description ?? "", locate: locate,
        books: builder.books)
    }
  }
}

/// The second pass over LOBSTER recordings.
struct LOBSTERPlotCollector: ~Copyable {
  private(set) var builder: LOBSTERBookBuilder
  private(set) var series = PlotSeries()
  private(set) var secondCounts: [Int: UInt64] = [:]
  private var changes: BestPriceChanges

  init() throws {
    let builder = try LOBSTERBookBuilder(
      configuration: .init(orderCapacity: 1 << 20, levelCapacity: 1 << 18))
    let changes = try BestPriceChanges(capacity: 64)
    self.builder = builder
    self.changes = changes
  }

  mutating func collect(_ path: String) throws {
    let reader = try ReadAhead(producer: openByteStream(path))
    var more = true
    while more {
      more = try reader.nextWindow { window, offset, isLast in
        LOBSTERParser.forEachLine(in: window, isLast: isLast) { line, lineOffset in
          guard case .value(let message) = LOBSTERParser.message(line) else { return }
          take(message, offset + UInt64(lineOffset))
        }
      }
    }
  }

  private mutating func take(_ message: LOBSTERMessage, _ offset: UInt64) {
    builder.apply(message, offset: offset)
    secondCounts[Int(message.timestampNanoseconds / 1_000_000_000), default: 0] += 1
    builder.tellBest(at: message.timestampNanoseconds, to: &changes)
    for index in 0..<changes.count { series.take(changes[index]) }
    changes.removeAll()
    if builder.messageCount % 8 == 0 {
      series.takeDepth(message.timestampNanoseconds, LOBSTERBookBuilder.locate, builder.books)
    }
  }
}
