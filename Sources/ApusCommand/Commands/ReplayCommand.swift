// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommandKit

/// `apus replay`: recordings through whatever system knows their form.
struct ReplayCommand: Command {
  private typealias Entry = OfferTable.Entry<ReplayOffer>

  private let entries: [Entry]

  /// nil where no system replays anything.
  init?(_ table: OfferTable) {
    guard !table.replays.isEmpty else { return nil }
    entries = table.replays
  }

  let name = "replay"
  let summary = "Replays recordings through the system that knows their form."
  let usage = "replay FILE… [options]"

  /// All forms, in the order in which they are asked.
  private var formats: [(system: String, format: ReplayFormat)] {
    var seen: Set<String> = []
    return entries.flatMap { entry in entry.offer.formats.map { (entry.system, $0) } }
      .filter { seen.insert($0.1.name).inserted }
  }

  private var formatNames: String { formats.map(\.format.name).joined(separator: ", ") }

  private var common: [Option] {
    [
      Option("format", "FORM", "auto (default), \(formatNames)"),
      Option("json", nil, "print the figures as one JSON object"),
    ]
  }

  var options: [Option] { OfferTable.merged(entries.flatMap(\.offer.allOptions) + common) }

  var offers: [OfferSection] {
    entries.map { entry in
      let names = entry.offer.selector.map { ["--\($0.name)"] } ?? entry.offer.formats.map(\.name)
      return OfferSection(
        system: entry.system, names: names, summary: entry.offer.summary,
        options: entry.offer.allOptions)
    }
  }

  func files(_ options: ParsedOptions) -> FileUse {
    var use = optionFiles(options)
    use.inputs += options.operands
    return use
  }

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    guard !options.operands.isEmpty else {
      throw UsageError("expected a file to replay; see 'apus replay --help'")
    }
    // Before a file is looked at: the opening of a pipe waits for its writer.
    try refusePipes(options)
    let inputs = RecordingInputs(paths: options.operands)
    let asked = options.string("format").flatMap { $0 == "auto" ? nil : $0 }
    let found = try asked.map(form(named:)) ?? form(of: inputs)
    let offer = try offer(for: found.format, of: found.system, options)
    try OfferTable.refuse(
      options, outside: offer.allOptions + common, of: self.options,
      "a replay of \(found.format.name)"
        + (offer.selector.map { " with --\($0.name)" } ?? ""))
    return try offer.run(
      ReplayRequest(
        options: options, files: files(options), inputs: inputs, format: found.format.name,
        isFormatAsked: asked != nil, environment: environment))
  }

  private func refusePipes(_ options: ParsedOptions) throws(UsageError) {
    guard let option = options.given(self.options).first(where: \.readsInputsAgain),
      let pipe = options.operands.first(where: { !FileUse.isRereadable($0) })
    else { return }
    throw UsageError(
      "\(pipe): is a pipe or device, and --\(option.name) reads twice; write it to a file first")
  }

  private func form(named name: String) throws(UsageError) -> (
    system: String, format: ReplayFormat
  ) {
    guard let known = formats.first(where: { $0.format.name == name }) else {
      throw UsageError("--format \(name): expected auto, \(formatNames)")
    }
    return known
  }

  /// The form that the first file has: one system knows it, or there is an error.
  private func form(of inputs: RecordingInputs) throws -> (system: String, format: ReplayFormat) {
    let path = inputs.paths[0]
    let head: [UInt8]
    do throws(CaptureError) { head = try inputs.head(0) } catch {
      throw error.isUsageError ? UsageError(error.description) : InputError(error.description)
    }
    // The first form of a system has the file.
    var systems: Set<String> = []
    let known = formats.filter { $0.format.recognises(head) && systems.insert($0.system).inserted }
    guard let first = known.first else {
      let titles = OfferTable.choice(formats.map(\.format.title), "nor")
      let neither = formats.count > 1 ? "neither \(titles)" : "not \(titles)"
      throw InputError(
        CaptureError(path: path, offset: 0, reason: .foreign("\(neither); try --format"))
          .description)
    }
    guard known.count == 1 else {
      let names = known.map { "\($0.format.name) (\($0.system))" }
      throw UsageError(
        "\(path): may be \(OfferTable.choice(names)); say which with --format")
    }
    return first
  }

  /// The way that the command line asks for.
  private func offer(
    for format: ReplayFormat, of system: String, _ options: ParsedOptions
  ) throws(UsageError) -> ReplayOffer {
    let asked = entries.filter { $0.offer.selector.map { options.has($0.name) } ?? false }
    let selectors = Set(asked.compactMap { $0.offer.selector?.name }).sorted()
    guard selectors.count <= 1 else {
      throw UsageError("--\(selectors[0]) and --\(selectors[1]): expected one of them")
    }
    let ways = asked.isEmpty ? entries.filter { $0.offer.selector == nil } : asked
    let fitting = ways.first { way in
      way.system == system && way.offer.formats.contains { $0.name == format.name }
    }
    if let fitting { return fitting.offer }
    if let selector = selectors.first {
      let taken = asked.flatMap { $0.offer.formats.map(\.name) }
      throw UsageError("--\(selector): takes \(OfferTable.choice(taken)), not \(format.name)")
    }
    let needed = entries.filter { $0.system == system }.compactMap { $0.offer.selector?.name }
    throw UsageError(
      "--format \(format.name): expected "
        + OfferTable.choice(needed.map { "--\($0)" }) + " with it")
  }
}
