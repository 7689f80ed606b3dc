// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusServiceKit
internal import ApusTradingService

/// `apus replay`: recordings through full-depth books, order logs through the matching engine.
enum ReplayCommand: Command {
  static let name = "replay"
  static let summary =
    "Rebuilds every order book from recorded market data, or matches the orders of a log."
  static let usage = "replay FILE… [options]"
  static let options = [
    Option("format", "FORM", "auto (default), itch50, pcap, soupbintcp, lobster or orders"),
    Option(
      "as-orders", nil, "turn an ITCH day into orders, match them, compare with its executions"),
    Option("symbols", "A,B", "only these instruments", role: .list),
    Option("gaps", "RULE", "captures that lack messages: refuse (default) or allow"),
    Option(
      "speed", "SPEED", "max (default), or by recorded time: 1x, 10x, 0.5x; 0.001x to 1000000x"),
    Option("cpu", "N", "build the books on this CPU"),
    Option("depth", "N", "levels a side to show of each chosen instrument (default 5)"),
    Option("bbo", "FILE.csv", "write every change of a best bid or offer", role: .output),
    Option("books", "FILE.csv", "write the final state of every book", role: .output),
    Option("verify", "FILE.csv", "compare with a LOBSTER order-book file", role: .input),
    Option("report", "FILE.html", "write a page with plots", role: .output),
    Option("json", nil, "print the figures as one JSON object"),
  ]

  static func files(_ options: ParsedOptions) -> FileUse {
    var use = optionFiles(options)
    use.inputs += options.operands
    return use
  }

  static func run(_ options: ParsedOptions) throws -> ExitCode {
    // Before a file is looked at: the opening of a pipe waits for its writer.
    if options.has("report") { try MarketReplay.refusePipes(options.operands) }
    let inputs = RecordingInputs(paths: options.operands)
    let isLog = ReplayOrders.isOrderLog(options, inputs)
    if isLog || options.has("as-orders") {
      return try ReplayOrders.run(options, inputs, isLog: isLog)
    }
    var configuration = ReplayConfiguration(paths: options.operands)
    configuration.format = try format(options)
    if let text = options.string("speed") {
      guard let speed = ReplaySpeed(text) else {
        throw UsageError(
          "--speed \(text): expected max or a factor from 0.001x to 1000000x, such as 10x")
      }
      configuration.speed = speed
    }
    configuration.gaps = try gaps(options)
    if let symbols = options.list("symbols") {
      guard !symbols.isEmpty else { throw UsageError("--symbols: expected a name") }
      configuration.symbols = symbols
    }
    configuration.cpuIndex = try options.integer("cpu", in: 0...65_535)
    configuration.depth = try options.integer("depth", in: 0...10_000) ?? 5
    configuration.bestPricesPath = options.string("bbo")
    configuration.booksPath = options.string("books")
    configuration.verifyPath = options.string("verify")
    configuration.reportPath = options.string("report")
    configuration.showsProgress = !options.has("json")

    let outcome = try MarketReplay.run(configuration, inputs: inputs)
    let figures = outcome.figures
    if options.has("json") {
      try Console.printJSON(figures)
    } else if figures.messageCount > 0 || figures.inputError == nil {
      let report = configuration.reportPath.map { "\n\nreport: \($0)" } ?? ""
      try Console.print(ReplaySummary.render(figures) + report, beside: files(options))
    }
    if !figures.missingSymbols.isEmpty, outcome.inputError == nil {
      Console.error(
        "apus replay: --symbols: not in the recording: "
          + figures.missingSymbols.joined(separator: ", "))
    }
    if let error = outcome.inputError {
      Console.error("apus replay: \(error)")
      return .badInput
    }
    if let verification = figures.verification,
      verification.rowsEqual < verification.rowsCompared
    {
      Console.error(
        "apus replay: \(configuration.verifyPath ?? ""): "
          + (verification.firstDifference ?? "rows differ"))
      return .failed
    }
    return .good
  }

  static func gaps(_ options: ParsedOptions) throws(UsageError) -> GapRule {
    guard let text = options.string("gaps") else { return .refuse }
    guard let rule = GapRule(rawValue: text) else {
      throw UsageError(
        "--gaps \(text): expected " + GapRule.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return rule
  }

  /// The form asked for; nil to look at each recording.
  static func format(_ options: ParsedOptions) throws(UsageError) -> MarketDataFormat? {
    guard let text = options.string("format"), text != "auto" else { return nil }
    guard let format = MarketDataFormat(rawValue: text) else {
      throw UsageError(
        "--format \(text): expected auto, "
          + MarketDataFormat.allCases.map(\.rawValue).joined(separator: ", ") + ", orders")
    }
    return format
  }
}
