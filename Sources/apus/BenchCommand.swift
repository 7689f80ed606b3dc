// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusServiceKit

/// `apus bench`: microbenchmarks.
enum BenchCommand: Command {
  static let name = "bench"
  static let summary = "Runs microbenchmarks on pinned threads."
  static let usage = "bench [SUITE…] [options]"
  static let options = [
    Option("list", nil, "show the suites"),
    Option("smoke", nil, "tiny sizes: does every benchmark still run?"),
    Option("cpu", "N", "run on this CPU (default: the last one allowed)"),
    Option("other-cpu", "N", "CPU of the second thread, in suites of two (default: another core)"),
    Option("seed", "N", "seed of the generated data (default 1)"),
    Option("samples", "N", "samples of each case (default 9)"),
    Option("seconds", "N", "most seconds for a suite of several threads (default 60)"),
    Option("case", "NAME", "only cases of this name, or that begin with it"),
    Option("file", "FILE", "use the messages of this plain ITCH file", role: .input),
    Option("peers", "FOLDER", "measure these drivers of other libraries in turn with ours"),
    Option(
      EventLogReaderProcess.optionName, "FOLDER",
      "be the reader that the suite eventlog.service starts, of --samples events"),
    Option("json", nil, "print the results of all suites as one JSON object"),
  ]

  private struct Document: Encodable {
    var suites: [BenchmarkReport] = []
    /// What ended the run; nil where nothing did.
    var error: String?
  }

  static func run(_ options: ParsedOptions) throws -> ExitCode {
    if options.has("list") {
      let names = BenchmarkSuite.all.map(\.name)
      if options.has("json") {
        try Console.printJSON(["suites": names])
      } else {
        try Console.print(names.joined(separator: "\n"))
      }
      return .good
    }
    if let path = options.string(EventLogReaderProcess.optionName) {
      try EventLogReaderProcess.run(
        path: path, count: try options.integer("samples", in: 1...Int.max) ?? 1,
        cpuIndex: try options.integer("cpu", in: 0...65_535))
      return .good
    }
    let configuration = try configuration(options)
    let suites = try BenchmarkSuite.chosen(
      options.operands, casePrefix: options.string("case"))
    guard options.has("json") else {
      for suite in suites { try Console.print(suite.run(configuration).renderText()) }
      return .good
    }
    var document = Document()
    do {
      for suite in suites { document.suites.append(try suite.run(configuration)) }
    } catch {
      // What was measured before it is not lost; without any the error is all there is to tell.
      guard !document.suites.isEmpty else { throw error }
      document.error = "apus bench: \(error)"
      Console.error("apus bench: \(error)")
      try Console.printJSON(document)
      return error is UsageError ? .badUsage : error is InputError ? .badInput : .failed
    }
    try Console.printJSON(document)
    return .good
  }

  private static func configuration(
    _ options: ParsedOptions
  ) throws -> BenchmarkConfiguration {
    var configuration = BenchmarkConfiguration()
    configuration.isSmoke = options.has("smoke")
    configuration.cpuIndex = try options.integer("cpu", in: 0...65_535)
    configuration.otherCPUIndex = try options.integer("other-cpu", in: 0...65_535)
    configuration.seed = UInt64(try options.integer("seed", in: 0...Int.max) ?? 1)
    configuration.sampleCount = try options.integer("samples", in: 1...1_000)
    configuration.secondsMax = try options.integer("seconds", in: 1...86_400) ?? 60
    configuration.casePrefix = options.string("case")
    configuration.filePath = options.string("file")
    configuration.peersPath = options.string("peers")
    return configuration
  }
}
