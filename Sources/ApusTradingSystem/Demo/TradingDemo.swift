// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommand
internal import ApusCommandKit
internal import ApusTradingService
internal import Foundation

/// What trading shows of itself: a generated day through every order book, proved against the generator's
/// own account of them, and a stream of orders through the matching engine.
enum TradingDemo {
  static var offer: DemoOffer {
    DemoOffer(
      options: [
        Option(
          "messages", "N", "messages in the market day, and commands to match (default 5000000)")
      ],
      steps: [generation, replay, matching])
  }

  private static let symbolCount = 4_000

  private static func day(_ options: ParsedOptions) throws -> MarketDayConfiguration {
    let count = try options.wholeNumber("messages") ?? 5_000_000
    do throws(MarketDayConfigurationError) {
      return try MarketDayConfiguration(seed: 1, messageCount: count, symbolCount: symbolCount)
    } catch {
      throw UsageError("--messages: \(error.description)")
    }
  }

  private static func stream(_ options: ParsedOptions) throws -> OrderStreamConfiguration {
    let count = max(
      OrderStreamConfiguration.commandCounts.lowerBound,
      try options.wholeNumber("messages") ?? 5_000_000)
    do throws(OrderStreamConfigurationError) {
      return try OrderStreamConfiguration(kind: .trades, seed: 1, commandCount: count)
    } catch {
      throw UsageError("--messages: \(error.description)")
    }
  }

  /// Writes the day, and what its books have to be.
  private static var generation: DemoStep {
    DemoStep(
      title: { options in
        "A market day of \(HumanText.count(try day(options).messageCount)) messages, "
          + "\(HumanText.count(symbolCount)) instruments, from seed 1"
      },
      run: { request in
        let bar = request.bar("generating", unit: "messages")
        defer { bar.finish() }
        let summary = try MarketDayWriter.write(
          day(request.options), to: request.path("day.itch"), format: .plain,
          truthPath: request.path("truth.csv")
        ) { done, total in bar.update(done: UInt64(done), total: UInt64(total)) }
        return DemoOutcome(figures: [
          .init("messages", HumanText.count(summary.messageCount)),
          .init("of ITCH 5.0", HumanText.bytes(summary.framedByteCount)),
          .init("live orders at most", HumanText.count(summary.liveOrderPeak)),
          .init("kinds of messages", "\(summary.countsByType.count)"),
        ])
      })
  }

  /// Rebuilds the books and compares them with the generator's account.
  private static var replay: DemoStep {
    DemoStep(
      title: { _ in "Every order book rebuilt from it" },
      run: { request in
        var configuration = ReplayConfiguration(paths: [request.path("day.itch")])
        configuration.booksPath = request.path("books.csv")
        configuration.reportPath = request.path("report.html")
        let bar = ReplayBar(isEnabled: !request.options.has("json"), counted: "messages")
        defer { bar.finish() }
        let figures = try worded { () throws(TradingReplayError) in
          try MarketReplay.run(configuration, progress: bar.show).figures
        }
        if let error = figures.inputError { throw WorkError(error) }
        let (books, truth) = (request.path("books.csv"), request.path("truth.csv"))
        guard FileManager.default.contentsEqual(atPath: books, andPath: truth) else {
          throw WorkError("\(books): is not what the generator says in \(truth)")
        }
        let latency = figures.latencyNanoseconds
        return DemoOutcome(
          figures: [
            .init("messages a second", HumanText.count(Int(figures.messagesPerSecond))),
            .init("a message", "\(HumanText.decimal(figures.nanosecondsPerMessage, 1)) ns"),
            .init("books", HumanText.count(figures.bookCount)),
            .init("orders live at most", HumanText.count(figures.orderCountMax)),
            .init("single messages, p50", HumanText.nanoseconds(latency.p50)),
            .init("single messages, p99.9", HumanText.nanoseconds(latency.p999)),
            .init("memory of the books", HumanText.bytes(figures.memoryBytes)),
            .init("digest", figures.digest),
          ],
          proof: "The final books equal the generator's account of them, byte for byte.",
          report: "report.html")
      })
  }

  /// Matches a stream of orders, and compares its trades with those of the stream's own model.
  private static var matching: DemoStep {
    DemoStep(
      title: { options in
        "\(HumanText.count(try stream(options).commandCount)) orders and cancels through the matching "
          + "engine, twice"
      },
      run: { request in
        let log = request.path("orders.log")
        let bar = request.bar("generating", unit: "commands")
        let made = try OrderLogWriter.write(stream(request.options), to: log) { done, total in
          bar.update(done: UInt64(done), total: UInt64(total))
        }
        bar.finish()
        let replayBar = ReplayBar(isEnabled: !request.options.has("json"), unit: "commands")
        defer { replayBar.finish() }
        func replay() throws -> MatchingFigures {
          try worded { () throws(TradingReplayError) in
            try OrderLogReplay.run(
              MatchingReplayConfiguration(paths: [log]), progress: replayBar.show)
          }
        }
        let figures = try replay()
        if let error = figures.inputError { throw WorkError(error) }
        guard figures.tradeCount == made.totals.tradeCount,
          figures.tradedQuantity == made.totals.tradedQuantity,
          figures.tradedNotional == made.totals.tradedNotional
        else {
          throw WorkError(
            "\(log): \(figures.tradeCount) trades of \(figures.tradedQuantity), and its model has "
              + "\(made.totals.tradeCount) of \(made.totals.tradedQuantity)")
        }
        let again = try replay()
        guard again.digest == figures.digest else {
          throw WorkError("\(log): a second replay ends with another digest, \(again.digest)")
        }
        return DemoOutcome(
          figures: [
            .init("commands a second", HumanText.count(Int(figures.commandsPerSecond))),
            .init("a command", "\(HumanText.decimal(figures.nanosecondsPerCommand, 1)) ns"),
            .init("trades", HumanText.count(figures.tradeCount)),
            .init("digest", figures.digest),
            .init("events", HumanText.count(figures.eventCount)),
            .init("traded quantity", HumanText.count(figures.tradedQuantity)),
          ],
          proof: "Number, quantity and notional of the trades are those of the stream's own model "
            + "of its market, and both replays end with the same digest.")
      })
  }
}
