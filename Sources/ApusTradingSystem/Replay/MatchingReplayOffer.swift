// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommand
internal import ApusCommandKit
internal import ApusTradingService

/// `apus replay` of order logs: their commands through the matching engine.
enum OrderLogReplayOffer {
  static var offer: ReplayOffer {
    ReplayOffer(
      formats: [TradingFormats.orders], summary: "an order log, through the matching engine",
      options: [MatchingReplays.cpuOption]
    ) { request in
      let configuration = try MatchingReplays.configuration(request)
      let bar = ReplayBar(isEnabled: !request.wantsJSON, unit: "commands")
      defer { bar.finish() }
      let figures = try worded { () throws(TradingReplayError) in
        try OrderLogReplay.run(configuration, inputs: request.inputs, progress: bar.show)
      }
      bar.finish()
      return try MatchingReplays.tell(figures, request)
    }
  }
}

/// `apus replay --as-orders`: a recorded day, through the matching engine.
enum DayAsOrdersOffer {
  static var offer: ReplayOffer {
    ReplayOffer(
      // A LOBSTER file begins with orders that it does not name.
      formats: TradingFormats.market.filter { $0.name != MarketDataFormat.lobster.rawValue },
      summary: "an ITCH day as orders, through the matching engine",
      selector: Option(
        "as-orders", nil,
        "turn an ITCH day into orders, match them, compare with its executions"),
      options: [TradingFormats.gapsOption, MatchingReplays.cpuOption]
    ) { request in
      var configuration = try MatchingReplays.configuration(request)
      configuration.gaps = try TradingFormats.gaps(request.options)
      let bar = ReplayBar(isEnabled: !request.wantsJSON, label: "matching", counted: "commands")
      defer { bar.finish() }
      let figures = try worded { () throws(TradingReplayError) in
        try RecordedOrderReplay.run(configuration, inputs: request.inputs, progress: bar.show)
      }
      bar.finish()
      return try MatchingReplays.tell(figures, request)
    }
  }
}

/// What both have in common.
private enum MatchingReplays {
  static let cpuOption = Option("cpu", "N", "run the books or the engine on this CPU")

  static func configuration(
    _ request: ReplayRequest
  ) throws(UsageError) -> MatchingReplayConfiguration {
    var configuration = MatchingReplayConfiguration(paths: request.inputs.paths)
    configuration.format = TradingFormats.asked(request)
    configuration.words = .commandLine
    configuration.cpuIndex = try request.options.integer("cpu", in: 0...65_535)
    return configuration
  }

  static func tell(_ figures: MatchingFigures, _ request: ReplayRequest) throws -> ExitCode {
    if request.wantsJSON {
      try request.console.printJSON(figures)
    } else if figures.inputError == nil || figures.eventCount > 0 {
      try request.console.print(MatchingSummary.render(figures))
    }
    if let error = figures.inputError {
      request.console.error("apus replay: \(error)")
      return .badInput
    }
    if let agreement = figures.agreement, !agreement.isComplete {
      request.console.error("apus replay: not every trade is a recorded execution")
      return .failed
    }
    return .good
  }
}
