// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCommandKit

/// `apus bench`: microbenchmarks.
struct BenchCommand: Command {
  private let suites: [BenchmarkSuite]
  private let processes: [BenchmarkProcess]

  /// nil where no system is measured.
  init?(_ table: OfferTable) {
    suites = table.systems.flatMap(\.suites)
    processes = table.systems.flatMap(\.benchmarkProcesses)
    guard !suites.isEmpty else { return nil }
  }

  let name = "bench"
  let summary = "Runs microbenchmarks on pinned threads."
  let usage = "bench [SUITE…] [options]"
  var options: [Option] {
    OfferTable.merged(Self.ownOptions + processes.map(\.option) + [Self.jsonOption])
  }

  private static let jsonOption = Option(
    "json", nil, "print the results of all suites as one JSON object")
  private static let ownOptions = [
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
  ]

  private struct Document: Encodable {
    var suites: [BenchmarkReport] = []
    /// What ended the run; nil where nothing did.
    var error: String?
  }

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    let console = environment.console
    if options.has("list") {
      let names = suites.map(\.name)
      if options.has("json") {
        try console.printJSON(["suites": names])
      } else {
        try console.print(names.joined(separator: "\n"))
      }
      return .good
    }
    if let process = processes.first(where: { options.has($0.option.name) }) {
      try process.run(options)
      return .good
    }
    let configuration = try configuration(options)
    let chosen = try BenchmarkSuite.chosen(
      options.operands, of: suites, casePrefix: options.string("case"))
    guard options.has("json") else {
      for suite in chosen { try console.print(suite.run(configuration).renderText()) }
      return .good
    }
    var document = Document()
    do {
      for suite in chosen { document.suites.append(try suite.run(configuration)) }
    } catch {
      // What was measured before it is not lost; without any the error is all there is to tell.
      guard !document.suites.isEmpty else { throw error }
      document.error = "apus bench: \(error)"
      console.error("apus bench: \(error)")
      try console.printJSON(document)
      return error is UsageError ? .badUsage : error is InputError ? .badInput : .failed
    }
    try console.printJSON(document)
    return .good
  }

  private func configuration(
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
