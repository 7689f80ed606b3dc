// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCapture
internal import ApusCommandKit
internal import ApusCore
internal import Foundation

/// `apus demo`: what each system shows of itself, and a page that tells it.
struct DemoCommand: Command {
  private let systems: [SystemOffer]

  /// nil where no system shows anything.
  init?(_ table: OfferTable) {
    systems = table.systems.filter { !$0.demo.steps.isEmpty }
    guard !systems.isEmpty else { return nil }
  }

  let name = "demo"
  let summary =
    "Runs what each system shows of itself, proves it, and links the reports from FOLDER/index.html."
  let usage = "demo FOLDER [options]"

  var options: [Option] {
    OfferTable.merged(
      systems.flatMap(\.demo.options)
        + [Option("json", nil, "print what was done as one JSON object")])
  }

  var offers: [OfferSection] {
    systems.map {
      OfferSection(
        system: $0.name, names: [$0.name], summary: $0.summary, options: $0.demo.options)
    }
  }

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    guard options.operands.count == 1 else {
      throw UsageError("expected a folder to work in: apus demo FOLDER")
    }
    let folder = options.operands[0]
    // All before the first step: a number that is none is told at once.
    let titles = try systems.map { try $0.demo.steps.map { try $0.title(options) } }
    var document = DemoDocument(
      folder: folder, index: "\(folder)/index.html",
      machine: MachineDescription.line() + ", " + BenchmarkReport.buildDescription,
      made: Self.now())
    try Self.make(folder)
    // A page of another run must not tell of this one.
    try? FileManager.default.removeItem(atPath: document.index)
    for (system, titles) in zip(systems, titles) {
      var done = DemoDocument.System(name: system.name, summary: system.summary)
      let own = "\(folder)/\(system.name)"
      try Self.make(own)
      for (step, title) in zip(system.demo.steps, titles) {
        if !options.has("json") { try environment.console.print("\n== \(system.name): \(title)") }
        let one = try Self.run(step, title, system.name, DemoRequest(folder: own, options: options))
        if !options.has("json") { try environment.console.print(Self.text(one)) }
        done.steps.append(one)
      }
      document.systems.append(done)
    }
    document.sumUp()
    try Self.write(DemoPage.html(document), to: document.index)
    if options.has("json") {
      try environment.console.printJSON(document)
    } else {
      try environment.console.print(Self.text(document))
    }
    return .good
  }

  private static func run(
    _ step: DemoStep, _ title: String, _ system: String, _ request: DemoRequest
  ) throws -> DemoDocument.Step {
    let started = ContinuousClock.now
    let outcome: DemoOutcome
    do {
      outcome = try step.run(request)
    } catch let error as UsageError {
      throw error
    } catch {
      throw WorkError("\(system): \(title): \(error)")
    }
    if let report = outcome.report, !FileManager.default.fileExists(atPath: request.path(report)) {
      throw WorkError("\(system): \(title): \(request.path(report)): the report is not there")
    }
    return DemoDocument.Step(
      title: title, elapsedSeconds: (ContinuousClock.now - started) / .seconds(1),
      figures: outcome.figures, proof: outcome.proof,
      report: outcome.report.map { "\(system)/\($0)" })
  }

  // MARK: Text

  private static func text(_ step: DemoDocument.Step) -> String {
    let width = step.figures.map(\.name.count).max() ?? 0
    var lines = step.figures.map {
      $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.value
    }
    if let proof = step.proof { lines.append(proof) }
    return lines.joined(separator: "\n")
  }

  private static func text(_ document: DemoDocument) -> String {
    let rows = document.systems.map { system in
      [
        system.name, HumanText.decimal(system.elapsedSeconds, 1),
        HumanText.decimal(system.share * 100, 1) + " %",
      ]
    }
    let total = ["together", HumanText.decimal(document.elapsedSeconds, 1), ""]
    let path =
      document.index.hasPrefix("/")
      ? document.index : FileManager.default.currentDirectoryPath + "/" + document.index
    return "\n" + HumanText.table(header: ["system", "seconds", "share"], rows: rows + [total])
      + "\n\nAll of it: \(path) (open it in a browser)"
  }

  // MARK: Files

  private static func make(_ folder: String) throws(WorkError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw WorkError("\(folder): \(error.localizedDescription)")
    }
  }

  private static func write(_ text: String, to path: String) throws(WorkError) {
    do throws(CaptureError) {
      let file = try AtomicFileWriter(path: path)
      try file.write(text)
      try file.commit()
    } catch {
      throw WorkError(error.description)
    }
  }

  private static func now() -> String {
    let format = ISO8601DateFormatter()
    return format.string(from: Date())
  }
}
