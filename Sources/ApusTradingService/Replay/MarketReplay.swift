// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusCore
internal import ApusMarketProtocols
internal import ApusTrading

/// Replays recordings of one market day through full-depth books.
///
/// Two threads: one reads (and inflates and unpacks) ahead, the calling one builds the books. The
/// time of single messages is sampled: after every 4,096 messages taken in batches, 64 are framed,
/// decoded and applied one by one between two readings of the clock.
public struct MarketReplay: ~Copyable {
  static let batchMessageCount = 4_096
  static let timedMessageCount = 64

  typealias BookHost = EngineHost<
    BookReplayEngine, NoInput<BookReplayEngine.Command>, NoJournal, CallerOutput<BestPriceChange>
  >

  let configuration: ReplayConfiguration
  var figures = ReplayFigures()
  /// The books run as an engine under a host, at recorded time.
  var host: BookHost
  /// Changes on their way from the host to the file.
  var changeBatch: [BestPriceChange] = []
  var lobster: LOBSTERBookBuilder
  var changes: BestPriceChanges
  let tellsChanges: Bool
  var latency: Histogram
  let clock: CycleClock
  let inputs: RecordingInputs
  let outputs: ReplayOutputs
  var bestPriceText = ""
  var pacer: Pacer?
  let progress: ReplayProgressReport
  private var fileIndex = -1

  /// The result of a replay: figures, and an error of the input if there was one.
  public struct Outcome: Sendable {
    /// What was replayed, up to the error if there was one.
    public var figures: ReplayFigures
    /// What was wrong with the input, in one line.
    public var inputError: String? { figures.inputError }
  }

  init(
    _ configuration: ReplayConfiguration, symbols: [ITCHSymbol]?, inputs: RecordingInputs,
    outputs: ReplayOutputs, progress: @escaping ReplayProgressReport
  ) throws {
    let tellsChanges = configuration.bestPricesPath != nil
    let host = try Self.makeHost(symbols: symbols, tellsChanges: tellsChanges)
    let lobster = try LOBSTERBookBuilder(
      configuration: .init(orderCapacity: 1 << 20, levelCapacity: 1 << 18))
    let latency = try Histogram(
      lowestDiscernible: 1, highestTrackable: 3_600_000_000_000, significantDigits: 3)
    let changes = try BestPriceChanges(capacity: 65_536)
    self.configuration = configuration
    self.inputs = inputs
    self.progress = progress
    self.outputs = outputs
    self.host = host
    self.lobster = lobster
    self.latency = latency
    self.changes = changes
    clock = CycleClock.shared
    self.tellsChanges = tellsChanges
    if case .paced(let factor) = configuration.speed { pacer = Pacer(factor: factor, clock: clock) }
  }

  private static func makeHost(symbols: [ITCHSymbol]?, tellsChanges: Bool) throws -> BookHost {
    let engine = try BookReplayEngine(
      configuration: .init(
        books: .wholeMarket, symbols: symbols, tellsBestPrices: tellsChanges,
        messageCountMax: batchMessageCount))
    // Room for a batch, for the messages timed after it, and for one more batch.
    return try EngineHost(
      engine: engine, input: NoInput(), journal: NoJournal(), output: CallerOutput(),
      configuration: HostConfiguration(
        release: .atOnce, eventCapacity: tellsChanges ? 4 * batchMessageCount : 1,
        timedBatchInterval: nil))
  }

  /// The books and counts so far.
  var builder: MarketBookBuilder { _read { yield host.engine.builder } }

  /// Replays what the configuration says and writes every file it asks for.
  ///
  /// An error of the input ends the reading, not the replay: what was read before it is in the
  /// figures and the files, and the outcome names the error.
  ///
  /// - Parameters:
  ///   - inputs: The recordings, where somebody has looked at them before; of the configuration's paths.
  ///   - progress: Is told now and then how far it is.
  /// - Throws: ``TradingReplayError`` for what cannot be (an absent CPU, a directory, mixed formats, an output
  ///   that is an input), and for an output that could not be written.
  public static func run(
    _ configuration: ReplayConfiguration, inputs: RecordingInputs? = nil,
    progress: @escaping ReplayProgressReport = { _ in }
  ) throws(TradingReplayError) -> Outcome {
    do {
      return try outcome(configuration, inputs, progress)
    } catch let error as TradingReplayError {
      throw error
    } catch {
      // Of the host and the books: memory that could not be had.
      throw .resources("\(error)")
    }
  }

  private static func outcome(
    _ configuration: ReplayConfiguration, _ inputs: RecordingInputs?,
    _ progress: @escaping ReplayProgressReport
  ) throws -> Outcome {
    let inputs = inputs ?? RecordingInputs(paths: configuration.paths)
    guard !configuration.paths.isEmpty else {
      throw TradingReplayError.noRecording
    }
    try checkFiles(configuration)
    if let cpu = configuration.cpuIndex {
      do throws(ThreadError) {
        try pinCurrentThread(cpuIndex: cpu)
      } catch {
        throw TradingReplayError.cpu(index: cpu, error)
      }
    }
    let symbols = try configuration.symbols.map { try $0.map(Self.symbol) }
    let format: MarketDataFormat
    do {
      format = try inputs.detect(configuration.format, configuration.words)
    } catch let error as CaptureError {
      guard !error.isUsageError else { throw TradingReplayError.file(error) }
      return Outcome(figures: .unread(configuration, error.description))
    }
    if format != .lobster, let path = configuration.verifyPath {
      throw TradingReplayError.nothingToVerify(path: path, format)
    }
    if format == .lobster, configuration.symbols != nil {
      throw TradingReplayError.symbolsOfOneInstrument
    }
    let outputs = try ReplayOutputs(configuration)
    var replay = try MarketReplay(
      configuration, symbols: symbols, inputs: inputs, outputs: outputs, progress: progress)
    replay.figures.files = configuration.paths
    replay.figures.format = format.rawValue
    replay.figures.cpu = configuration.cpuIndex
    try replay.beginBestPrices()
    if format == .lobster {
      try replay.replayLOBSTER()
    } else {
      try replay.replayMessages(format)
    }
    replay.finishFigures()
    try replay.finishBestPrices()
    try replay.writeBooks()
    try replay.writeReport(format, symbols: symbols)
    try outputs.publish()
    return Outcome(figures: replay.figures)
  }

  private static func symbol(_ text: String) throws -> ITCHSymbol {
    guard (1...8).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw TradingReplayError.symbol(text)
    }
    return ITCHSymbol(text)
  }

  // MARK: Messages

  private mutating func replayMessages(_ format: MarketDataFormat) throws {
    let started = clock.now
    var streamBase: UInt64 = 0
    let (inputs, asked) = (inputs, configuration.format)
    do {
      try RecordingSource.forEach(
        configuration.paths, format: format,
        open: { try inputs.take($0, expecting: asked == nil ? format : nil) }
      ) { source, path in
        try replay(source, path: path, streamBase: &streamBase)
      }
    } catch let error as CaptureError {
      guard !error.isUsageError else { throw TradingReplayError.file(error) }
      figures.inputError = error.description
    }
    figures.elapsedSeconds = Double(clock.nanoseconds(cycles: clock.now &- started)) / 1e9
    figures.decodedBytes = streamBase
    if figures.inputError == nil { figures.inputError = malformedMessage(builder.anomalies) }
  }

  private mutating func replay(
    _ source: RecordingSource, path: String, streamBase: inout UInt64
  ) throws {
    let reader = source.reader
    fileIndex += 1
    let base = streamBase
    var failure: (any Error)?
    var more = true
    defer {
      figures.bytes += reader.inputByteCount ?? reader.inputBytesRead
      source.addTransport(to: &figures)
    }
    while more {
      more = try reader.nextWindow { span, offset, _ in
        streamBase = base + offset
        let consumed = consume(span, base + offset, &failure)
        streamBase += UInt64(consumed)
        return consumed
      }
      if let failure { throw failure }
      progress(
        ReplayProgress(
          phase: .replaying, fileIndex: fileIndex, done: reader.inputBytesRead,
          total: reader.inputByteCount, appliedCount: builder.messageCount))
    }
    if reader.trailingByteCount > 0 {
      throw CaptureError(
        path: path, offset: streamBase - base,
        reason: .truncated("the data ends \(reader.trailingByteCount) bytes into a message"))
    }
    if figures.inputError == nil {
      figures.inputError =
        source.damage(
          path: path, gaps: configuration.gaps, configuration.words)?.description
    }
  }

  /// Takes every complete message of a window.
  private mutating func consume(
    _ span: RawSpan, _ offset: UInt64, _ failure: inout (any Error)?
  ) -> Int {
    var position = 0
    while position < span.byteCount {
      let before = position
      if pacer != nil {
        position += takePaced(span.extracting(position..<span.byteCount), offset + UInt64(position))
      } else {
        position += take(
          span.extracting(position..<span.byteCount), offset + UInt64(position),
          Self.batchMessageCount)
        position += takeTimed(
          span.extracting(position..<span.byteCount), offset + UInt64(position))
      }
      do {
        try drainBestPrices()
      } catch {
        failure = error
        return position
      }
      if position == before { break }
    }
    return position
  }

  private mutating func take(_ span: RawSpan, _ offset: UInt64, _ countMax: Int) -> Int {
    host.step(framed: span, streamOffset: offset, messageCountMax: countMax)
  }

  /// Takes a few messages one by one and records how long each took.
  private mutating func takeTimed(_ span: RawSpan, _ offset: UInt64) -> Int {
    var position = 0
    for _ in 0..<Self.timedMessageCount {
      let started = clock.now
      let consumed = take(
        span.extracting(position..<span.byteCount), offset + UInt64(position), 1)
      let finished = clock.now
      if consumed == 0 { break }
      _ = latency.record(clock.nanoseconds(cycles: finished &- started))
      position += consumed
    }
    return position
  }

  /// Takes the next message when its time has come, and records how late it was done.
  private mutating func takePaced(_ span: RawSpan, _ offset: UInt64) -> Int {
    guard let time = MarketBookBuilder.timestampNanoseconds(framed: span) else {
      return take(span, offset, 1)
    }
    let planned = pacer?.wait(for: time) ?? 0
    let consumed = take(span, offset, 1)
    let now = clock.now
    _ = latency.record(clock.nanoseconds(cycles: now > planned ? now - planned : 0))
    return consumed
  }

  func malformedMessage(_ anomalies: AnomalyCounts) -> String? {
    for kind in MarketAnomaly.allCases where kind.isMalformedInput {
      let entry = anomalies[kind]
      guard entry.count > 0 else { continue }
      return "\(configuration.paths.joined(separator: ", ")): offset \(entry.firstOffset): "
        + "\(kind): \(entry.count) messages skipped; the rest was replayed"
    }
    return nil
  }
}
