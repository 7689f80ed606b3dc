// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusTradingService

/// Runs work of the service and says its errors as the command line does.
func worded<Result>(_ body: () throws(TradingReplayError) -> Result) throws -> Result {
  do throws(TradingReplayError) { return try body() } catch { throw error.worded }
}

extension TradingReplayError {
  /// The error of the command line, which names the option that is at fault.
  var worded: any Error {
    switch self {
    case .noRecording: UsageError("expected a file to replay; see 'apus replay --help'")
    case .severalOrderLogs:
      UsageError("expected one order log; each has orders of its own, replay them one by one")
    case .cpu(let index, let error): UsageError("--cpu \(index): \(error)")
    case .symbol(let name):
      UsageError("--symbols \(name): expected names of 1 to 8 printable characters")
    case .symbolsOfOneInstrument:
      UsageError("--symbols: a LOBSTER file is of one instrument; leave the option out")
    case .nothingToVerify(let path, let format):
      UsageError(
        "--verify \(path): compares with LOBSTER messages, and the recording is \(format.rawValue)")
    case .noOrders:
      UsageError(
        "--as-orders: a LOBSTER file begins with orders it does not name; expected ITCH 5.0")
    case .readOnce(let path):
      UsageError(
        "\(path): is a pipe or device, and --report reads twice; write it to a file first")
    case .orderLogAmongRecordings, .severalFormats, .file: UsageError(description)
    case .output, .resources: WorkError(description)
    }
  }
}

extension ReplayWords {
  /// The options of `apus replay`.
  static var commandLine: ReplayWords {
    var words = ReplayWords()
    words.allowingGaps = "--gaps allow"
    words.chosenInstruments = "--symbols"
    words.anyForm = "--format auto"
    words.namedForm = "--format"
    return words
  }
}

extension CaptureError {
  /// The error of what was to be written.
  var wordedOfOutput: any Error {
    isUsageError ? UsageError(description) : WorkError(description)
  }
}

/// The progress of a replay on a terminal: a bar for each file.
final class ReplayBar {
  private let isEnabled: Bool
  private let label: String
  private let unit: String
  /// What the bar's note counts; nil for no note.
  private let counted: String?
  private var bar: ProgressBar?
  private var shown: (phase: ReplayProgress.Phase, fileIndex: Int)?

  init(isEnabled: Bool, label: String = "replaying", unit: String = "B", counted: String? = nil) {
    self.isEnabled = isEnabled
    self.label = label
    self.unit = unit
    self.counted = counted
  }

  func show(_ progress: ReplayProgress) {
    if shown?.phase != progress.phase || shown?.fileIndex != progress.fileIndex {
      finish()
      shown = (progress.phase, progress.fileIndex)
      let isPlotting = progress.phase == .plotting
      bar = ProgressBar(label: isPlotting ? "plotting" : label, unit: unit, isEnabled: isEnabled)
    }
    let note = counted.map { "\(HumanText.count(progress.appliedCount)) \($0)" } ?? ""
    bar?.update(done: progress.done, total: progress.total, note: note)
  }

  func finish() { bar?.finish() }
}
