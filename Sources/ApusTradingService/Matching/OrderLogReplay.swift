// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusCore
internal import ApusTrading

/// How a replay through the matching engine is run.
public struct MatchingReplayConfiguration: Sendable {
  /// An order log, or recordings of one day in order.
  public var paths: [String]
  /// Form of the recordings; nil to look at each.
  public var format: MarketDataFormat?
  /// What is said of a capture that lacks messages.
  public var gaps = GapRule.refuse
  /// CPU for the engine's thread; nil leaves it to the scheduler.
  public var cpuIndex: Int?
  /// What errors of the input call the above.
  public var words = ReplayWords()

  /// A configuration of these files.
  public init(paths: [String]) { self.paths = paths }

  func pin() throws(TradingReplayError) {
    guard let cpuIndex else { return }
    do throws(ThreadError) {
      try pinCurrentThread(cpuIndex: cpuIndex)
    } catch {
      throw .cpu(index: cpuIndex, error)
    }
  }
}

/// Replays an order log through a matching engine.
public enum OrderLogReplay {
  /// Applies every command of the log at its recorded time.
  ///
  /// An error of the input ends the reading, not the replay: the figures name it.
  ///
  /// - Parameters:
  ///   - inputs: The log, where somebody has looked at it before.
  ///   - progress: Is told now and then how far it is.
  /// - Throws: ``TradingReplayError`` for what cannot be, and where memory could not be had.
  public static func run(
    _ configuration: MatchingReplayConfiguration, inputs: RecordingInputs? = nil,
    progress: ReplayProgressReport = { _ in }
  ) throws(TradingReplayError) -> MatchingFigures {
    let inputs = inputs ?? RecordingInputs(paths: configuration.paths)
    guard configuration.paths.count == 1 else {
      throw configuration.paths.isEmpty ? .noRecording : .severalOrderLogs
    }
    try configuration.pin()
    var figures = MatchingFigures()
    figures.files = configuration.paths
    figures.format = "orders"
    figures.cpu = configuration.cpuIndex
    var run = try MatchingRun()
    let clock = CycleClock.shared
    let started = clock.now
    do throws(CaptureError) {
      try replay(inputs.take(0), &run, &figures, progress)
    } catch {
      guard !error.isUsageError else { throw .file(error) }
      figures.inputError = error.description
    }
    figures.elapsedSeconds = Double(clock.nanoseconds(cycles: clock.now &- started)) / 1e9
    run.addFigures(to: &figures)
    return figures
  }

  private static func replay(
    _ stream: any ChunkProducer, _ run: inout MatchingRun, _ figures: inout MatchingFigures,
    _ progress: ReplayProgressReport
  ) throws(CaptureError) {
    var reader = try OrderLogReader(stream)
    figures.kind = reader.header.kind
    figures.seed = reader.header.seed
    figures.bytes = reader.inputByteCount ?? 0
    var records: [OrderLogRecord] = []
    while try reader.next(into: &records) {
      for record in records { run.apply(record.command, at: record.timeNanoseconds) }
      progress(
        ReplayProgress(
          phase: .replaying, fileIndex: 0, done: reader.recordCount,
          total: reader.header.recordCount, appliedCount: run.commandCount))
    }
    if figures.bytes == 0 { figures.bytes = reader.inputBytesRead }
  }
}
