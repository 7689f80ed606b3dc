// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommand
internal import ApusCommandKit
internal import ApusTrading
internal import ApusTradingService

/// `apus generate orders`: streams of commands to the matching engine.
enum OrderStreamOffer {
  static var offer: CommandOffer {
    CommandOffer(
      name: "orders", operands: "KIND -o FILE", note: "with KIND one of \(kinds)",
      summary: "a stream of commands to the matching engine",
      options: [
        Option("count", "N", "commands in the stream (default 1000000)"),
        MarketDayOffer.seedOption,
        Option(
          "output", "FILE", "the order log to write, compressed where it ends in .gz",
          letter: "o", role: .output),
      ], run: run)
  }

  private struct Written: Encodable {
    var file: String
    var kind: String
    var seed: UInt64
    var commandCount: Int
    var commandsByKind: [String: Int]
    var ordersByType: [String: Int]
    var bytes: UInt64
    var modelTradeCount: UInt64
    var modelTradedQuantity: UInt64
    var modelTradedNotional: UInt64
    var orderCount: Int
    var orderCountMax: Int
  }

  /// Names of the kinds of streams.
  static let kinds = OrderStreamKind.allCases.map(\.rawValue).joined(separator: ", ")

  @Sendable
  private static func run(_ request: CommandRequest) throws -> ExitCode {
    let configuration = try configuration(request.options)
    guard let path = request.options.string("output") else {
      throw UsageError("expected a file to write: -o FILE")
    }
    let bar = ProgressBar(label: "generating", unit: "commands", isEnabled: !request.wantsJSON)
    defer { bar.finish() }
    let written: (totals: OrderStreamTotals, byteCount: UInt64)
    do throws(CaptureError) {
      written = try OrderLogWriter.write(configuration, to: path) { done, total in
        bar.update(done: UInt64(done), total: UInt64(total))
      }
    } catch {
      throw error.wordedOfOutput
    }
    bar.finish()
    try tell(written.totals, written.byteCount, path, configuration, request)
    return .good
  }

  private static func configuration(
    _ options: ParsedOptions
  ) throws -> OrderStreamConfiguration {
    guard options.operands.count == 1 else {
      throw UsageError(
        "expected one kind of stream of \(kinds): apus generate orders KIND -o FILE")
    }
    guard let kind = OrderStreamKind(rawValue: options.operands[0]) else {
      throw UsageError("\(options.operands[0]): no such kind of stream; expected \(kinds)")
    }
    let seed = try options.seed()
    let commandCount = try options.wholeNumber("count") ?? 1_000_000
    do throws(OrderStreamConfigurationError) {
      return try OrderStreamConfiguration(
        kind: kind, seed: seed, commandCount: commandCount)
    } catch {
      throw UsageError(error.description)
    }
  }

  private static func tell(
    _ totals: OrderStreamTotals, _ byteCount: UInt64, _ path: String,
    _ configuration: OrderStreamConfiguration, _ request: CommandRequest
  ) throws {
    guard request.wantsJSON else {
      try request.console.print(
        "\(path): \(HumanText.count(configuration.commandCount)) commands of a "
          + "\(configuration.kind.rawValue) stream, \(HumanText.bytes(byteCount)), "
          + "\(HumanText.count(totals.tradeCount)) trades by its model, "
          + "\(HumanText.count(totals.liveOrderPeak)) live orders at most", beside: request.files)
      return
    }
    var commands: [String: Int] = [:]
    for kind in MatchingCommandKind.allCases where totals.commandsByKind[Int(kind.rawValue)] > 0 {
      commands["\(kind)"] = totals.commandsByKind[Int(kind.rawValue)]
    }
    var orders: [String: Int] = [:]
    for type in OrderType.allCases where totals.ordersByType[Int(type.rawValue)] > 0 {
      orders["\(type)"] = totals.ordersByType[Int(type.rawValue)]
    }
    try request.console.printJSON(
      Written(
        file: path, kind: configuration.kind.rawValue, seed: configuration.seed,
        commandCount: configuration.commandCount, commandsByKind: commands, ordersByType: orders,
        bytes: byteCount, modelTradeCount: totals.tradeCount,
        modelTradedQuantity: totals.tradedQuantity, modelTradedNotional: totals.tradedNotional,
        orderCount: totals.liveOrderCount, orderCountMax: totals.liveOrderPeak))
  }
}
