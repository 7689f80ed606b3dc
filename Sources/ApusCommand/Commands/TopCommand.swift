// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommandKit
internal import ApusServiceKit
internal import Foundation

/// `apus top`: the counters of a running process.
struct TopCommand: Command {
  let name = "top"
  let summary =
    "Shows the counters of a running process, live in a terminal; into a pipe or a file goes one table."
  let usage = "top FILE|FOLDER [options]"
  let options = [
    Option("interval", "SECONDS", "time between two looks, which rates are over (default 1)"),
    Option("once", nil, "one table in a terminal too; with --interval it has rates"),
    Option("recent", nil, "percentiles of the last interval, not of all that was recorded"),
    Option("prometheus", nil, "print the Prometheus text once"),
    Option("json", nil, "print one JSON object; with --interval it has rates"),
  ]

  func files(_ options: ParsedOptions) -> FileUse { FileUse(inputs: options.operands) }

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    guard options.operands.count == 1 else {
      throw UsageError("expected one counter file, or a service's folder; see 'apus top --help'")
    }
    let forms = ["once", "prometheus", "json"].filter(options.has)
    guard forms.count <= 1 else {
      throw UsageError("--\(forms[0]) and --\(forms[1]): expected one of them")
    }
    let path = CounterWatch.file(of: options.operands[0])
    let interval = try Self.interval(options)
    do {
      if options.has("prometheus") {
        // It ends with a line feed of its own.
        let text = try CounterWatch.prometheusText(path: path)
        try environment.console.print(String(text.dropLast()))
        return .good
      }
      var watch = try CounterWatch(path: path)
      if forms.isEmpty, LiveTop.isOnTerminal {
        try LiveTop.run(&watch, intervalSeconds: interval ?? 1, isRecent: options.has("recent"))
        return .good
      }
      var report = try watch.next()
      if let interval {
        Thread.sleep(forTimeInterval: interval)
        report = try watch.next(isRecent: options.has("recent"))
      }
      if options.has("json") {
        try environment.console.printJSON(report)
      } else {
        try environment.console.print(report.renderText())
      }
      return .good
    } catch let error as TopError {
      throw InputError(error.description)
    }
  }

  private static func interval(_ options: ParsedOptions) throws(UsageError) -> Double? {
    guard let text = options.string("interval") else { return nil }
    guard let seconds = Double(text), (0.05...3_600).contains(seconds) else {
      throw UsageError("--interval \(text): expected seconds from 0.05 to 3600")
    }
    return seconds
  }
}
