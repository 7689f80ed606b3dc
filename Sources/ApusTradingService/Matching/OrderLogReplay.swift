// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCore
internal import ApusServiceKit
internal import ApusTrading

/// How a replay through the matching engine is run.
public struct MatchingReplayConfiguration: Sendable {
  /// An order log, or recordings of one day in order.
  public var paths: [String]
  /// Form of the recordings; nil to look at each.
  public var format: MarketDataFormat?
  /// CPU for the engine's thread; nil leaves it to the scheduler.
  public var cpuIndex: Int?
  /// Whether a progress bar is wanted (it shows only on a terminal).
  public var showsProgress = true

  /// A configuration of these files.
  public init(paths: [String]) { self.paths = paths }

  func pin() throws(UsageError) {
    guard let cpuIndex else { return }
    do throws(ThreadError) {
      try pinCurrentThread(cpuIndex: cpuIndex)
    } catch {
      throw UsageError("--cpu \(cpuIndex): \(error)")
    }
  }
}

/// Replays an order log through a matching engine.
public enum OrderLogReplay {
  /// Whether a file begins like an order log, plain or compressed. A pipe is not looked at.
  ///
  /// - Throws: `CaptureError` for a file that cannot be read.
  public static func isOrderLog(_ path: String) throws -> Bool {
    let producer = try openByteStream(path)
    guard producer.inputByteCount != nil else { return false }
    let reader = try ReadAhead(producer: producer, chunkByteCount: 4_096, chunkCount: 2)
    var head: [UInt8] = []
    _ = try reader.nextWindow { span, _, _ in
      head = span.copiedPrefix(OrderLogHeader.magic.count)
      return span.byteCount
    }
    return head == OrderLogHeader.magic
  }

  /// Applies every command of the log at its recorded time.
  ///
  /// An error of the input ends the reading, not the replay: the figures name it.
  ///
  /// - Throws: `UsageError` for what cannot be, `WorkError` where memory could not be had.
  public static func run(_ configuration: MatchingReplayConfiguration) throws -> MatchingFigures {
    guard let path = configuration.paths.first, configuration.paths.count == 1 else {
      throw UsageError("expected one order log; each has orders of its own, replay them one by one")
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
      try replay(path, &run, &figures, showsProgress: configuration.showsProgress)
    } catch {
      guard !error.isUsageError else { throw UsageError(error.description) }
      figures.inputError = error.description
    }
    figures.elapsedSeconds = Double(clock.nanoseconds(cycles: clock.now &- started)) / 1e9
    run.addFigures(to: &figures)
    return figures
  }

  private static func replay(
    _ path: String, _ run: inout MatchingRun, _ figures: inout MatchingFigures,
    showsProgress: Bool
  ) throws(CaptureError) {
    var reader = try OrderLogReader(path: path)
    figures.kind = reader.header.kind
    figures.seed = reader.header.seed
    figures.bytes = reader.inputByteCount ?? 0
    let bar = ProgressBar(label: "replaying", unit: "commands", isEnabled: showsProgress)
    defer { bar.finish() }
    var records: [OrderLogRecord] = []
    while try reader.next(into: &records) {
      for record in records { run.apply(record.command, at: record.timeNanoseconds) }
      bar.update(done: reader.recordCount, total: reader.header.recordCount)
    }
    if figures.bytes == 0 { figures.bytes = reader.inputBytesRead }
  }
}
