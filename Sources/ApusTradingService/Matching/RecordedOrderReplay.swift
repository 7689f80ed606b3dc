// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusCore
internal import ApusMarketProtocols
internal import ApusTrading

/// Turns a recorded day of ITCH 5.0 back into orders, matches them and compares the trades with the
/// recorded executions.
///
/// An add is a limit order of one owner, a delete a cancel, a cancel a reduction, a replacement a
/// replacement. An execution is what another owner's order did: an immediate-or-cancel order opposite,
/// of the executed quantity at the resting order's price. The engine gives that to whoever is first; so
/// the recording's matching obeyed price-time priority where the trades are the executions.
///
/// An instrument trades from its first message on, as the recorded market does before its opening as
/// well. While the recording has stopped it (halt, pause, quotation) orders gather, and when it goes on
/// an auction takes what crosses.
public struct RecordedOrderReplay: ~Copyable {
  static let maker: UInt16 = 1
  static let taker: UInt16 = 2

  var run: MatchingRun
  var orders: [UInt64: RecordedOrder] = [:]
  /// References by the engine's ids, of orders that live.
  var references: [UInt64: UInt64] = [:]
  var instruments: [UInt16: RecordedInstrument] = [:]
  var agreement = MatchingFigures.Agreement()
  var differences: [ExecutionDifference: UInt64] = [:]
  var lastOrderId: UInt64 = 0
  private var fileIndex = -1
  private var firstMalformed: (offset: UInt64, count: UInt64)?

  init() throws {
    run = try MatchingRun()
    run.apply(.setOwnerLimit(Self.maker, .orderQuantity, to: 0), at: 0)
    run.apply(.setOwnerLimit(Self.taker, .orderQuantity, to: 0), at: 0)
  }

  /// Replays recordings of one day in order.
  ///
  /// An error of the input ends the reading, not the replay: the figures name it.
  ///
  /// - Parameters:
  ///   - inputs: The recordings, where somebody has looked at them before.
  ///   - progress: Is told now and then how far it is.
  /// - Throws: ``TradingReplayError`` for what cannot be, and where memory could not be had.
  public static func run(
    _ configuration: MatchingReplayConfiguration, inputs: RecordingInputs? = nil,
    progress: ReplayProgressReport = { _ in }
  ) throws(TradingReplayError) -> MatchingFigures {
    do {
      return try figures(configuration, inputs, progress)
    } catch let error as TradingReplayError {
      throw error
    } catch {
      throw .resources("\(error)")
    }
  }

  private static func figures(
    _ configuration: MatchingReplayConfiguration, _ inputs: RecordingInputs?,
    _ progress: ReplayProgressReport
  ) throws -> MatchingFigures {
    let inputs = inputs ?? RecordingInputs(paths: configuration.paths)
    guard !configuration.paths.isEmpty else {
      throw TradingReplayError.noRecording
    }
    try configuration.pin()
    var figures = MatchingFigures()
    figures.files = configuration.paths
    figures.cpu = configuration.cpuIndex
    var replay = try RecordedOrderReplay()
    let clock = CycleClock.shared
    let started = clock.now
    do {
      let format = try format(configuration, inputs)
      figures.format = format.rawValue
      try RecordingSource.forEach(
        configuration.paths, format: format,
        open: { try inputs.take($0, expecting: configuration.format == nil ? format : nil) }
      ) { source, path in
        try replay.replay(source, path: path, &figures, configuration, progress)
      }
    } catch let error as CaptureError {
      guard !error.isUsageError else { throw TradingReplayError.file(error) }
      figures.inputError = error.description
    }
    figures.elapsedSeconds = Double(clock.nanoseconds(cycles: clock.now &- started)) / 1e9
    replay.run.addFigures(to: &figures)
    figures.agreement = replay.finishedAgreement()
    return figures
  }

  private static func format(
    _ configuration: MatchingReplayConfiguration, _ inputs: RecordingInputs
  ) throws -> MarketDataFormat {
    let format = try inputs.detect(configuration.format, configuration.words)
    guard format != .lobster else {
      throw TradingReplayError.noOrders(format)
    }
    return format
  }

  private mutating func replay(
    _ source: RecordingSource, path: String, _ figures: inout MatchingFigures,
    _ configuration: MatchingReplayConfiguration, _ progress: ReplayProgressReport
  ) throws {
    let reader = source.reader
    fileIndex += 1
    defer { figures.bytes += reader.inputByteCount ?? reader.inputBytesRead }
    var consumedByteCount: UInt64 = 0
    var more = true
    while more {
      more = try reader.nextWindow { window, offset, _ in
        let consumed = ITCHFileFraming.forEachMessage(in: window) { bytes, messageOffset in
          if case .message(let message) = ITCHDecoder.decode(bytes) {
            take(message)
          } else {
            firstMalformed = (
              firstMalformed?.offset ?? offset + UInt64(messageOffset),
              (firstMalformed?.count ?? 0) + 1
            )
          }
        }
        consumedByteCount = offset + UInt64(consumed)
        return consumed
      }
      progress(
        ReplayProgress(
          phase: .replaying, fileIndex: fileIndex, done: reader.inputBytesRead,
          total: reader.inputByteCount, appliedCount: run.commandCount))
    }
    if reader.trailingByteCount > 0 {
      throw CaptureError(
        path: path, offset: consumedByteCount,
        reason: .truncated("the data ends \(reader.trailingByteCount) bytes into a message"))
    }
    if let firstMalformed {
      throw CaptureError(
        path: path, offset: firstMalformed.offset,
        reason: .corrupt("\(firstMalformed.count) messages are none and were skipped"))
    }
    if let damage = source.damage(path: path, gaps: configuration.gaps, configuration.words) {
      throw damage
    }
  }

  private func finishedAgreement() -> MatchingFigures.Agreement {
    var agreement = agreement
    for (difference, count) in differences { agreement.differences[difference.rawValue] = count }
    let used = instruments.filter(\.value.isUsed)
    agreement.instrumentCount = used.count
    agreement.equalInstrumentCount = used.count { $0.value.isEqual }
    for (_, instrument) in used {
      agreement.recordedCount += instrument.recordedCount
      agreement.recordedQuantity += instrument.recordedQuantity
      agreement.tradeCount += instrument.tradeCount
      agreement.tradedQuantity += instrument.tradedQuantity
    }
    let differing = used.filter { !$0.value.isEqual }.sorted {
      ($1.value.quantityDifference, $0.key) < ($0.value.quantityDifference, $1.key)
    }
    agreement.differingInstruments = differing.prefix(10).map { locate, instrument in
      MatchingFigures.Agreement.Instrument(
        locate: locate, symbol: instrument.symbol.description,
        recordedCount: instrument.recordedCount, recordedQuantity: instrument.recordedQuantity,
        tradeCount: instrument.tradeCount, tradedQuantity: instrument.tradedQuantity)
    }
    return agreement
  }
}
