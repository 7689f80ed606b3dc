// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommand
internal import ApusCommandKit
internal import ApusTradingService

/// Forms of recordings that trading knows.
enum TradingFormats {
  static let market: [ReplayFormat] = MarketDataFormat.allCases.map { format in
    ReplayFormat(name: format.rawValue, title: title(format)) {
      RecordingFormat.detect($0) == format
    }
  }

  static let orders = ReplayFormat(
    name: "orders", title: "an order log", recognises: RecordingFormat.isOrderLog)

  private static func title(_ format: MarketDataFormat) -> String {
    switch format {
    case .itch50: "ITCH 5.0"
    case .pcap: "pcap, pcapng"
    case .soupbintcp: "SoupBinTCP"
    case .lobster: "LOBSTER"
    }
  }

  static let gapsOption = Option(
    "gaps", "RULE", "captures that lack messages: refuse (default) or allow")

  static func gaps(_ options: ParsedOptions) throws(UsageError) -> GapRule {
    guard let text = options.string("gaps") else { return .refuse }
    guard let rule = GapRule(rawValue: text) else {
      throw UsageError(
        "--gaps \(text): expected " + GapRule.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return rule
  }

  /// The form that the command line names; nil where the recordings are looked at.
  static func asked(_ request: ReplayRequest) -> MarketDataFormat? {
    request.isFormatAsked ? MarketDataFormat(rawValue: request.format) : nil
  }
}

/// `apus replay` of market data: recordings through full-depth books.
enum MarketReplayOffer {
  static var offer: ReplayOffer {
    ReplayOffer(
      formats: TradingFormats.market,
      summary: "market data, through the full-depth book of every instrument",
      options: [
        Option("symbols", "A,B", "only these instruments", role: .list),
        TradingFormats.gapsOption,
        Option(
          "speed", "SPEED", "max (default), or by recorded time: 1x, 10x, 0.5x; 0.001x to 1000000x"),
        Option("cpu", "N", "run the books or the engine on this CPU"),
        Option("depth", "N", "levels a side to show of each chosen instrument (default 5)"),
        Option("bbo", "FILE.csv", "write every change of a best bid or offer", role: .output),
        Option("books", "FILE.csv", "write the final state of every book", role: .output),
        Option("verify", "FILE.csv", "compare with a LOBSTER order-book file", role: .input),
        Option(
          "report", "FILE.html", "write a page with plots", role: .output, readsInputsAgain: true),
      ], run: run)
  }

  private static func configuration(_ request: ReplayRequest) throws -> ReplayConfiguration {
    let options = request.options
    var configuration = ReplayConfiguration(paths: request.inputs.paths)
    configuration.format = TradingFormats.asked(request)
    if let text = options.string("speed") {
      guard let speed = ReplaySpeed(text) else {
        throw UsageError(
          "--speed \(text): expected max or a factor from 0.001x to 1000000x, such as 10x")
      }
      configuration.speed = speed
    }
    configuration.gaps = try TradingFormats.gaps(options)
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
    configuration.words = .commandLine
    return configuration
  }

  @Sendable
  private static func run(_ request: ReplayRequest) throws -> ExitCode {
    let configuration = try configuration(request)
    let bar = ReplayBar(isEnabled: !request.wantsJSON, counted: "messages")
    defer { bar.finish() }
    let outcome = try worded { () throws(TradingReplayError) in
      try MarketReplay.run(configuration, inputs: request.inputs, progress: bar.show)
    }
    bar.finish()
    return try tell(outcome, configuration, request)
  }

  private static func tell(
    _ outcome: MarketReplay.Outcome, _ configuration: ReplayConfiguration, _ request: ReplayRequest
  ) throws -> ExitCode {
    let figures = outcome.figures
    let console = request.console
    if request.wantsJSON {
      try console.printJSON(figures)
    } else if figures.messageCount > 0 || figures.inputError == nil {
      let report = configuration.reportPath.map { "\n\nreport: \($0)" } ?? ""
      try console.print(ReplaySummary.render(figures) + report, beside: request.files)
    }
    if !figures.missingSymbols.isEmpty, outcome.inputError == nil {
      console.error(
        "apus replay: --symbols: not in the recording: "
          + figures.missingSymbols.joined(separator: ", "))
    }
    if let error = outcome.inputError {
      console.error("apus replay: \(error)")
      return .badInput
    }
    if let verification = figures.verification,
      verification.rowsEqual < verification.rowsCompared
    {
      console.error(
        "apus replay: \(configuration.verifyPath ?? ""): "
          + (verification.firstDifference ?? "rows differ"))
      return .failed
    }
    return .good
  }
}
