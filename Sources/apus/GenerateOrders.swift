// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusServiceKit
internal import ApusTrading
internal import ApusTradingService

/// `apus generate orders`: streams of commands to the matching engine.
enum GenerateOrders {
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

  static func run(_ options: ParsedOptions) throws -> ExitCode {
    let configuration = try configuration(options)
    guard let path = options.string("output") else {
      throw UsageError("expected a file to write: -o FILE")
    }
    let bar = ProgressBar(label: "generating", unit: "commands", isEnabled: !options.has("json"))
    let written: (totals: OrderStreamTotals, byteCount: UInt64)
    do throws(CaptureError) {
      written = try OrderLogWriter.write(configuration, to: path) { done, total in
        bar.update(done: UInt64(done), total: UInt64(total))
      }
    } catch {
      bar.finish()
      throw error.isUsageError ? UsageError(error.description) : WorkError(error.description)
    }
    bar.finish()
    try tell(
      written.totals, written.byteCount, path, configuration, asJSON: options.has("json"),
      beside: GenerateCommand.files(options))
    return .good
  }

  private static func configuration(
    _ options: ParsedOptions
  ) throws -> OrderStreamConfiguration {
    guard options.operands.count == 2 else {
      throw UsageError(
        "expected one kind of stream of \(kinds): apus generate orders KIND -o FILE")
    }
    guard let kind = OrderStreamKind(rawValue: options.operands[1]) else {
      throw UsageError("\(options.operands[1]): no such kind of stream; expected \(kinds)")
    }
    for name in ["messages", "symbols", "date", "format", "truth"] where options.has(name) {
      throw UsageError("--\(name): not an option of apus generate orders")
    }
    let seed = try GenerateCommand.seed(options)
    let commandCount = try GenerateCommand.integer(options, "count") ?? 1_000_000
    do throws(OrderStreamConfigurationError) {
      return try OrderStreamConfiguration(
        kind: kind, seed: seed, commandCount: commandCount)
    } catch {
      throw UsageError(error.description)
    }
  }

  private static func tell(
    _ totals: OrderStreamTotals, _ byteCount: UInt64, _ path: String,
    _ configuration: OrderStreamConfiguration, asJSON: Bool, beside files: FileUse
  ) throws {
    guard asJSON else {
      try Console.print(
        "\(path): \(HumanText.count(configuration.commandCount)) commands of a "
          + "\(configuration.kind.rawValue) stream, \(HumanText.bytes(byteCount)), "
          + "\(HumanText.count(totals.tradeCount)) trades by its model, "
          + "\(HumanText.count(totals.liveOrderPeak)) live orders at most", beside: files)
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
    try Console.printJSON(
      Written(
        file: path, kind: configuration.kind.rawValue, seed: configuration.seed,
        commandCount: configuration.commandCount, commandsByKind: commands, ordersByType: orders,
        bytes: byteCount, modelTradeCount: totals.tradeCount,
        modelTradedQuantity: totals.tradedQuantity, modelTradedNotional: totals.tradedNotional,
        orderCount: totals.liveOrderCount, orderCountMax: totals.liveOrderPeak))
  }
}
