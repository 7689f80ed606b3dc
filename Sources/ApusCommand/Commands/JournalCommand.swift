// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusCapture
internal import ApusCommandKit
internal import ApusServiceKit

/// `apus journal`: looks into journals and repairs their ends.
struct JournalCommand: Command {
  let name = "journal"
  let summary =
    "Verifies every record of a journal or an event log, shows records, cuts an unfinished commit off a "
    + "journal's end, or lists and removes the cursors of an event log."
  let usage = "journal verify|dump|recover|cursors FOLDER [options]"
  let options = [
    Option(
      "from", "N", "dump: begin with this sequence, or index of an event (default: the first)"),
    Option("count", "N", "dump: records at most (default 100)"),
    Option("type", "N", "dump: only records of this type"),
    Option("remove", "NAME", "cursors: remove this one, whose client will not come back"),
    Option("json", nil, "print the findings as one JSON object"),
  ]

  private struct Dump: Encodable {
    var folder: String
    var records: [JournalDumpRecord]
    /// What ended the records; nil where nothing did.
    var error: String?
  }

  func files(_ options: ParsedOptions) -> FileUse {
    FileUse(inputs: Array(options.operands.dropFirst().prefix(1)))
  }

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    let console = environment.console
    guard options.operands.count == 2 else {
      throw UsageError("expected an action and a folder: apus journal verify FOLDER")
    }
    let action = options.operands[0]
    let folder = options.operands[1]
    for name in ["from", "count", "type"] where options.has(name) && action != "dump" {
      throw UsageError("--\(name): only dump takes it")
    }
    if options.has("remove"), action != "cursors" {
      throw UsageError("--remove: only cursors takes it")
    }
    if action == "cursors" { return try runOnCursors(folder, options, console) }
    if EventLogTool.isLog(folder) { return try runOnEvents(action, folder, options, console) }
    if let log = EventLogTool.log(in: folder) {
      throw InputError(
        "\(folder): a service's folder; name its journal, \(ServiceFolder(folder).journal), or its event log, \(log)"
      )
    }
    do {
      switch action {
      case "verify":
        let bar = ProgressBar(
          label: "verifying", unit: "segments", isEnabled: !options.has("json"))
        defer { bar.finish() }
        let summary = try JournalTool.verify(folder: folder) { done, total in
          bar.update(done: done, total: total)
        }
        bar.finish()
        try show(summary, options, console, isCut: false)
      case "recover":
        try show(try JournalTool.recover(folder: folder), options, console, isCut: true)
      case "dump": return try dump(folder, options, console)
      default:
        throw UsageError("\(action): no such action; expected verify, dump, recover or cursors")
      }
    } catch let error as JournalError {
      throw Self.error(error)
    }
    return .good
  }

  /// The error with the exit code that it has.
  private static func error(_ error: JournalError) -> any Error {
    if case .sequenceUnavailable = error { return UsageError("\(error)") }
    return error.isBadData ? InputError("\(error)") : WorkError("\(error)")
  }

  private func show(
    _ summary: JournalSummary, _ options: ParsedOptions, _ console: Console, isCut: Bool
  ) throws {
    if options.has("json") {
      try console.printJSON(summary)
    } else {
      try console.print(summary.renderText(isCut: isCut))
    }
  }

  private func dump(
    _ folder: String, _ options: ParsedOptions, _ console: Console
  ) throws -> ExitCode {
    let count = try options.integer("count", in: 1...Int.max) ?? 100
    let from = try options.integer("from", in: 1...Int.max).map { UInt64($0) }
    let type = try options.integer("type", in: 0...65_535).map { UInt16($0) }
    guard options.has("json") else {
      try JournalTool.dump(folder: folder, from: from, countMax: count, type: type) {
        try console.print($0.renderText())
      }
      return .good
    }
    var dump = Dump(folder: folder, records: [])
    do {
      try JournalTool.dump(folder: folder, from: from, countMax: count, type: type) {
        dump.records.append($0)
      }
    } catch let error as JournalError where !dump.records.isEmpty {
      // The records before the damage are shown with it.
      dump.error = "apus journal: \(error)"
      console.error("apus journal: \(error)")
      try console.printJSON(dump)
      return Self.error(error) is InputError ? .badInput : .failed
    }
    try console.printJSON(dump)
    return .good
  }
}
