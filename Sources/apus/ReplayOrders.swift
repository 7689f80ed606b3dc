// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusServiceKit
internal import ApusTradingService

/// `apus replay` of what goes through the matching engine: order logs, and the orders of a recorded
/// day.
enum ReplayOrders {
  /// Whether an order log is meant: by name of the form, or by how the first file begins.
  static func isOrderLog(_ options: ParsedOptions, _ inputs: RecordingInputs) -> Bool {
    if let format = options.string("format"), format != "auto" { return format == "orders" }
    return inputs.beginsLikeOrderLog()
  }

  static func run(
    _ options: ParsedOptions, _ inputs: RecordingInputs, isLog: Bool
  ) throws -> ExitCode {
    if isLog, options.has("as-orders") {
      throw UsageError("--as-orders: an order log has orders already; leave the option out")
    }
    for name in ["symbols", "speed", "depth", "bbo", "books", "verify", "report"]
    where options.has(name) {
      throw UsageError("--\(name): not an option of a replay through the matching engine")
    }
    var configuration = MatchingReplayConfiguration(paths: options.operands)
    configuration.format = isLog ? nil : try ReplayCommand.format(options)
    configuration.gaps = try ReplayCommand.gaps(options)
    configuration.cpuIndex = try options.integer("cpu", in: 0...65_535)
    configuration.showsProgress = !options.has("json")
    let figures =
      isLog
      ? try OrderLogReplay.run(configuration, inputs: inputs)
      : try RecordedOrderReplay.run(configuration, inputs: inputs)
    if options.has("json") {
      try Console.printJSON(figures)
    } else if figures.inputError == nil || figures.eventCount > 0 {
      try Console.print(MatchingSummary.render(figures))
    }
    if let error = figures.inputError {
      Console.error("apus replay: \(error)")
      return .badInput
    }
    if let agreement = figures.agreement, !agreement.isComplete {
      Console.error("apus replay: not every trade is a recorded execution")
      return .failed
    }
    return .good
  }
}
