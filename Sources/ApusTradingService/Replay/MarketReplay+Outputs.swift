// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCore
internal import ApusMarketProtocols
internal import ApusTrading

extension MarketReplay {
  // MARK: Files

  /// Refuses outputs that are inputs or one another, and what would need a second reading of a pipe,
  /// before anything is opened.
  static func checkFiles(_ configuration: ReplayConfiguration) throws {
    let inputs = configuration.paths + [configuration.verifyPath].compactMap { $0 }
    let outputs = [
      configuration.bestPricesPath, configuration.booksPath, configuration.reportPath,
    ].compactMap { $0 }
    do throws(CaptureError) {
      try FileUse(inputs: inputs, outputs: outputs).check()
    } catch {
      throw TradingReplayError.writing(error)
    }
    if configuration.reportPath != nil { try refusePipes(configuration.paths) }
  }

  /// Refuses what can be read once only, without opening it: a report reads its recordings twice.
  static func refusePipes(_ paths: [String]) throws {
    guard let pipe = paths.first(where: { !FileUse.isRereadable($0) }) else { return }
    throw TradingReplayError.readOnce(path: pipe)
  }

  mutating func beginBestPrices() throws {
    guard let writer = outputs.bestPrices else { return }
    try Self.writing { try writer.write(BestPriceTable.header) }
  }

  /// Writes the changes told so far, so that there is room for more.
  mutating func drainBestPrices() throws {
    guard let bestPrices = outputs.bestPrices else { return }
    takeChanges()
    guard !changeBatch.isEmpty else { return }
    bestPriceText.removeAll(keepingCapacity: true)
    for change in changeBatch {
      BestPriceTable.appendRow(change, symbol: name(change.locate), to: &bestPriceText)
    }
    let text = bestPriceText
    try Self.writing { try bestPrices.write(text) }
  }

  /// Takes the changes told since the last time.
  private mutating func takeChanges() {
    changeBatch.removeAll(keepingCapacity: true)
    if isLOBSTER {
      for index in 0..<changes.count { changeBatch.append(changes[index]) }
      changes.removeAll()
    } else {
      host.takeEvents { changeBatch.append($0.event) }
    }
  }

  mutating func finishBestPrices() throws {
    try drainBestPrices()
    if let bestPrices = outputs.bestPrices { try Self.writing { try bestPrices.finish() } }
  }

  func writeBooks() throws {
    guard let writer = outputs.books else { return }
    try Self.writing {
      try writer.write(BookTable.header)
      for locate in locates { try writer.write(bookRow(locate)) }
      try writer.finish()
    }
  }

  private func bookRow(_ locate: UInt16) -> String {
    isLOBSTER
      ? BookTable.row(locate: locate, symbol: name(locate), books: lobster.books)
      : BookTable.row(locate: locate, symbol: name(locate), books: builder.books)
  }

  static func writing(_ body: () throws -> Void) throws {
    do { try body() } catch let error as CaptureError { throw TradingReplayError.output(error) }
  }

  // MARK: Names

  var isLOBSTER: Bool { figures.format == MarketDataFormat.lobster.rawValue }

  /// The locates whose books there are, ascending.
  var locates: [UInt16] { isLOBSTER ? [LOBSTERBookBuilder.locate] : builder.locates }

  /// An instrument's name; a LOBSTER file's is what its name begins with.
  func name(_ locate: UInt16) -> String {
    guard isLOBSTER else { return builder.symbol(locate: locate)?.description ?? "" }
    let file = configuration.paths.first?.split(separator: "/").last ?? ""
    return String(file.prefix { $0 != "_" && $0 != "." })
  }

  // MARK: Figures

  mutating func finishFigures() {
    let count = isLOBSTER ? lobster.messageCount : builder.messageCount
    figures.messageCount = count
    figures.bookCount = locates.count
    if figures.elapsedSeconds > 0, count > 0 {
      figures.nanosecondsPerMessage = figures.elapsedSeconds * 1e9 / Double(count)
      figures.messagesPerSecond = Double(count) / figures.elapsedSeconds
    }
    if isLOBSTER {
      for kind in LOBSTERMessage.Kind.allCases where lobster.messageCount(of: kind) > 0 {
        figures.messagesByType["\(kind.rawValue)"] = lobster.messageCount(of: kind)
      }
      Self.takeBooks(lobster.books, &figures)
      takeAnomalies(lobster.anomalies)
    } else {
      for type in UInt8.min...UInt8.max where builder.messageCount(ofType: type) > 0 {
        figures.messagesByType[String(UnicodeScalar(type))] = builder.messageCount(ofType: type)
      }
      Self.takeBooks(host.engine.builder.books, &figures)
      takeAnomalies(builder.anomalies)
      takeInstruments()
    }
    takeMissingSymbols()
    takeLatency()
    figures.processMemoryBytes = ProcessMemory.peakResidentByteCount()
    figures.depth = depthInstruments().map { locate in
      ReplayFigures.Depth(
        locate: locate, symbol: name(locate), bids: levels(.buy, locate),
        asks: levels(.sell, locate))
    }
  }

  private static func takeBooks(_ books: borrowing OrderBooks, _ figures: inout ReplayFigures) {
    figures.orderCount = books.orderCount
    figures.orderCountMax = books.orderCountMax
    figures.digest = hexadecimal(books.digest)
    figures.memoryBytes = UInt64(books.memoryByteCount)
    if books.orderCountMax > 0 {
      figures.memoryBytesPerOrder = Double(books.memoryByteCount) / Double(books.orderCountMax)
    }
  }

  private mutating func takeAnomalies(_ anomalies: AnomalyCounts) {
    for kind in MarketAnomaly.allCases where anomalies[kind].count > 0 {
      figures.anomalies["\(kind)"] = ReplayFigures.Anomaly(
        count: anomalies[kind].count, firstOffset: anomalies[kind].firstOffset)
    }
  }

  /// Names the instruments that were asked for and are not there. Where none is, nothing was replayed
  /// that anybody asked for.
  private mutating func takeMissingSymbols() {
    guard let symbols = configuration.symbols else { return }
    let there = Set(locates.map { name($0) })
    figures.missingSymbols = symbols.filter { !there.contains($0) }
    if figures.inputError == nil, figures.missingSymbols.count == symbols.count {
      figures.inputError =
        "\(configuration.paths.joined(separator: ", ")): no instrument of "
        + "\(configuration.words.chosenInstruments) is named in it: "
        + symbols.joined(separator: ", ")
    }
  }

  private mutating func takeLatency() {
    figures.latencyNanoseconds = ReplayFigures.Latency(
      p50: latency.value(atPercentile: 50), p90: latency.value(atPercentile: 90),
      p99: latency.value(atPercentile: 99), p999: latency.value(atPercentile: 99.9),
      max: latency.maximum, sampleCount: latency.totalCount,
      timerOverheadNanoseconds: clock.overheadNanoseconds,
      kind: configuration.speed == .max ? "service" : "openLoop")
  }

  private mutating func takeInstruments() {
    let instruments = locates.map { instrument($0) }
    figures.busiestSymbols = Array(
      instruments.sorted { ($1.messageCount, $0.locate) < ($0.messageCount, $1.locate) }.prefix(10))
    let quoted = instruments.filter { $0.spread != nil }
      .sorted { ($0.spread ?? 0, $0.locate) < ($1.spread ?? 0, $1.locate) }
    figures.tightestSpreads = Array(quoted.prefix(5))
    figures.widestSpreads = Array(quoted.suffix(5).reversed())
  }

  private func instrument(_ locate: UInt16) -> ReplayFigures.Instrument {
    let bid = builder.books.best(.buy, locate: locate)?.priceTicks
    let ask = builder.books.best(.sell, locate: locate)?.priceTicks
    var spread: Int64?
    if let bid, let ask { spread = Int64(ask) - Int64(bid) }
    return ReplayFigures.Instrument(
      locate: locate, symbol: name(locate), messageCount: builder.messageCount(locate: locate),
      bidPrice: bid, askPrice: ask, spread: spread)
  }

  /// The instruments asked for by name, else the busiest one.
  private func depthInstruments() -> [UInt16] {
    guard configuration.depth > 0 else { return [] }
    if isLOBSTER { return locates }
    if configuration.symbols != nil { return Array(locates.prefix(64)) }
    return figures.busiestSymbols.prefix(1).map(\.locate)
  }

  func levels(_ side: Side, _ locate: UInt16) -> [ReplayFigures.Level] {
    let levels =
      isLOBSTER
      ? lobster.books.levels(side, locate: locate, countMax: configuration.depth)
      : builder.books.levels(side, locate: locate, countMax: configuration.depth)
    return levels.map {
      ReplayFigures.Level(
        price: $0.priceTicks, quantity: $0.quantity, orderCount: $0.orderCount)
    }
  }
}

/// The files of one replay that are written, opened before the work: what cannot be written is told
/// at once, and a pipe is opened once. They appear together when all are finished.
struct ReplayOutputs {
  let bestPrices: AtomicFileWriter?
  let books: AtomicFileWriter?
  let report: AtomicFileWriter?

  init(_ configuration: ReplayConfiguration) throws {
    bestPrices = try Self.open(configuration.bestPricesPath)
    books = try Self.open(configuration.booksPath)
    report = try Self.open(configuration.reportPath)
  }

  /// Gives all their names; each was finished.
  func publish() throws {
    try MarketReplay.writing {
      for writer in [bestPrices, books, report] { try writer?.publish() }
    }
  }

  private static func open(_ path: String?) throws -> AtomicFileWriter? {
    guard let path else { return nil }
    do throws(CaptureError) {
      return try AtomicFileWriter(path: path)
    } catch {
      throw TradingReplayError.writing(error)
    }
  }
}

extension ReplayFigures {
  /// The figures of recordings of which nothing could be read.
  static func unread(_ configuration: ReplayConfiguration, _ error: String) -> ReplayFigures {
    var figures = ReplayFigures()
    figures.files = configuration.paths
    figures.format = configuration.format?.rawValue ?? "unknown"
    figures.digest = hexadecimal(0)
    figures.inputError = error
    return figures
  }
}

/// Sixteen hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Memory of this process as the kernel counts it.
enum ProcessMemory {
  /// The most that was resident at the same time; 0 where the kernel does not tell.
  static func peakResidentByteCount() -> UInt64 {
    guard let status = SystemFile.read("/proc/self/status"),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return 0 }
    return (UInt64(line.filter(\.isNumber)) ?? 0) * 1_024
  }
}
