// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommand
internal import ApusCommandKit
internal import ApusTradingService

/// `apus generate itch`: a realistic market day from a seed.
enum MarketDayOffer {
  static var offer: CommandOffer {
    CommandOffer(
      name: "itch", operands: "FILE", summary: "a realistic market day",
      options: [
        Option("messages", "N", "messages in the day (default 5000000)"),
        Option("symbols", "N", "instruments (default 4000)"),
        seedOption,
        Option("date", "YYYY-MM-DD", "day of the capture's clock (default 2026-01-15)"),
        Option(
          "format", "FORM", "plain, gzip or capture; default by name: .gz, .pcap, else plain"),
        Option(
          "truth", "FILE.csv", "write the final books as an independent model computes them",
          role: .output),
      ],
      files: { operands in FileUse(outputs: Array(operands.prefix(1))) }, run: run)
  }

  static let seedOption = Option(
    "seed", "N", "the same seed gives the same bytes everywhere (default 1)")

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

  @Sendable
  private static func run(_ request: CommandRequest) throws -> ExitCode {
    let options = request.options
    guard options.operands.count == 1 else {
      throw UsageError("expected a kind and a file: apus generate itch FILE")
    }
    let path = options.operands[0]
    var format = MarketDayFormat(path: path)
    if let text = options.string("format") {
      guard let asked = MarketDayFormat(rawValue: text) else {
        throw UsageError("--format \(text): expected plain, gzip or capture")
      }
      format = asked
    }
    let configuration = try configuration(options)
    let bar = ProgressBar(
      label: "generating", unit: "messages", isEnabled: !request.wantsJSON)
    defer { bar.finish() }
    let summary: MarketDaySummary
    do throws(CaptureError) {
      summary = try MarketDayWriter.write(
        configuration, to: path, format: format, truthPath: options.string("truth")
      ) { done, total in bar.update(done: UInt64(done), total: UInt64(total)) }
    } catch {
      throw error.wordedOfOutput
    }
    bar.finish()
    if request.wantsJSON {
      try request.console.printJSON(
        Written(
          file: path, format: format.rawValue, seed: configuration.seed,
          messageCount: summary.messageCount,
          messagesByType: Dictionary(
            uniqueKeysWithValues: summary.countsByType.map { ($0.type, $0.count) }),
          framedBytes: summary.framedByteCount, orderCount: summary.liveOrderCount,
          orderCountMax: summary.liveOrderPeak))
    } else {
      try request.console.print(
        "\(path): \(HumanText.count(summary.messageCount)) messages of "
          + "\(HumanText.count(configuration.symbolCount)) instruments, "
          + "\(HumanText.bytes(summary.framedByteCount)) framed, "
          + "\(HumanText.count(summary.liveOrderPeak)) live orders at most", beside: request.files)
    }
    return .good
  }

  private static func configuration(
    _ options: ParsedOptions
  ) throws -> MarketDayConfiguration {
    let seed = try options.seed()
    let messageCount = try options.wholeNumber("messages") ?? 5_000_000
    let symbolCount = try options.wholeNumber("symbols") ?? 4_000
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
}

extension ParsedOptions {
  /// A whole number, whose range the configuration knows.
  func wholeNumber(_ name: String) throws(UsageError) -> Int? {
    guard let text = string(name) else { return nil }
    guard let number = Int(text) else {
      throw UsageError("--\(name) \(text): expected a whole number")
    }
    return number
  }
}
