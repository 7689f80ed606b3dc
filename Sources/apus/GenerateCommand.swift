// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusServiceKit
internal import ApusTradingService

/// `apus generate`: realistic recordings and order streams from a seed.
enum GenerateCommand: Command {
  static let name = "generate"
  static let summary =
    "Writes a realistic market day, or a stream of orders, of any size from a seed."
  static let usage =
    "generate itch FILE [options]\n       apus generate orders KIND -o FILE [options]\n"
    + "KIND is one of \(GenerateOrders.kinds)"
  static let options = [
    Option("messages", "N", "itch: messages in the day (default 5000000)"),
    Option("symbols", "N", "itch: instruments (default 4000)"),
    Option("seed", "N", "the same seed gives the same bytes everywhere (default 1)"),
    Option("date", "YYYY-MM-DD", "itch: day of the capture's clock (default 2026-01-15)"),
    Option(
      "format", "FORM", "itch: plain, gzip or capture; default by name: .gz, .pcap, else plain"),
    Option(
      "truth", "FILE.csv", "itch: write the final books as an independent model computes them",
      role: .output),
    Option("count", "N", "orders: commands in the stream (default 1000000)"),
    Option(
      "output", "FILE", "orders: the order log to write, compressed where it ends in .gz",
      letter: "o", role: .output),
    Option("json", nil, "print what was written as one JSON object"),
  ]

  static func files(_ options: ParsedOptions) -> FileUse {
    var use = optionFiles(options)
    if options.operands.first == "itch" { use.outputs += options.operands.dropFirst().prefix(1) }
    return use
  }

  private struct Written: Encodable {
    var file: String
    var format: String
    var seed: UInt64
    var messageCount: Int
    var messagesByType: [String: Int]
    var framedBytes: UInt64
    var orderCount: Int
    var orderCountMax: Int
  }

  static func run(_ options: ParsedOptions) throws -> ExitCode {
    if options.operands.first == "orders" { return try GenerateOrders.run(options) }
    guard !options.operands.isEmpty else {
      throw UsageError(
        "expected what to generate: itch FILE, or orders KIND -o FILE with KIND one of "
          + GenerateOrders.kinds)
    }
    guard options.operands.count == 2 else {
      throw UsageError("expected a kind and a file: apus generate itch FILE")
    }
    guard options.operands[0] == "itch" else {
      throw UsageError(
        "\(options.operands[0]): no such kind of recording; expected itch or orders")
    }
    for name in ["count", "output"] where options.has(name) {
      throw UsageError("--\(name): not an option of apus generate itch")
    }
    let path = options.operands[1]
    var format = MarketDayFormat(path: path)
    if let text = options.string("format") {
      guard let asked = MarketDayFormat(rawValue: text) else {
        throw UsageError("--format \(text): expected plain, gzip or capture")
      }
      format = asked
    }
    let configuration = try configuration(options)
    let bar = ProgressBar(
      label: "generating", unit: "messages", isEnabled: !options.has("json"))
    let summary: MarketDaySummary
    do throws(CaptureError) {
      summary = try MarketDayWriter.write(
        configuration, to: path, format: format, truthPath: options.string("truth")
      ) { done, total in bar.update(done: UInt64(done), total: UInt64(total)) }
    } catch {
      bar.finish()
      throw error.isUsageError ? UsageError(error.description) : WorkError(error.description)
    }
    bar.finish()
    if options.has("json") {
      try Console.printJSON(
        Written(
          file: path, format: format.rawValue, seed: configuration.seed,
          messageCount: summary.messageCount,
          messagesByType: Dictionary(
            uniqueKeysWithValues: summary.countsByType.map { ($0.type, $0.count) }),
          framedBytes: summary.framedByteCount, orderCount: summary.liveOrderCount,
          orderCountMax: summary.liveOrderPeak))
    } else {
      try Console.print(
        "\(path): \(HumanText.count(summary.messageCount)) messages of "
          + "\(HumanText.count(configuration.symbolCount)) instruments, "
          + "\(HumanText.bytes(summary.framedByteCount)) framed, "
          + "\(HumanText.count(summary.liveOrderPeak)) live orders at most", beside: files(options))
    }
    return .good
  }

  private static func configuration(
    _ options: ParsedOptions
  ) throws -> MarketDayConfiguration {
    let seed = try seed(options)
    let messageCount = try integer(options, "messages") ?? 5_000_000
    let symbolCount = try integer(options, "symbols") ?? 4_000
    do throws(MarketDayConfigurationError) {
      return try MarketDayConfiguration(
        seed: seed, messageCount: messageCount, symbolCount: symbolCount,
        sessionDate: options.string("date").map { text throws(MarketDayConfigurationError) in
          try SessionDate(text)
        } ?? .standard)
    } catch {
      throw UsageError(error.description)
    }
  }

  static func seed(_ options: ParsedOptions) throws(UsageError) -> UInt64 {
    let text = options.string("seed") ?? "1"
    guard let seed = UInt64(text) else {
      throw UsageError("--seed \(text): expected a whole number from 0 to 2^64 - 1")
    }
    return seed
  }

  /// A whole number, whose range the configuration knows.
  static func integer(_ options: ParsedOptions, _ name: String) throws(UsageError) -> Int? {
    guard let text = options.string(name) else { return nil }
    guard let number = Int(text) else {
      throw UsageError("--\(name) \(text): expected a whole number")
    }
    return number
  }
}
