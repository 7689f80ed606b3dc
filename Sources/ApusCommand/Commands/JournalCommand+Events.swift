// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusCommandKit
internal import ApusServiceKit

/// `apus journal` on the folder of an event log.
extension JournalCommand {
  private struct EventDump: Encodable {
    var folder: String
    var events: [EventLogDumpEvent]
    /// What ended the events; nil where nothing did.
    var error: String?
  }

  func runOnEvents(
    _ action: String, _ folder: String, _ options: ParsedOptions, _ console: Console
  ) throws -> ExitCode {
    if options.has("type") { throw UsageError("--type: events of an event log have none") }
    do {
      switch action {
      case "verify":
        let bar = ProgressBar(label: "verifying", unit: "events", isEnabled: !options.has("json"))
        defer { bar.finish() }
        let summary = try EventLogTool.verify(folder: folder) { done, total in
          bar.update(done: done, total: total)
        }
        bar.finish()
        if options.has("json") {
          try console.printJSON(summary)
        } else {
          try console.print(summary.renderText())
        }
        return .good
      case "dump": return try dumpEvents(folder, options, console)
      default:
        throw UsageError(
          "\(action): an event log is recovered by the service that writes it; expected verify or "
            + "dump")
      }
    } catch let error as EventLogError {
      throw Self.eventError(error)
    }
  }

  /// `apus journal cursors`, on a service's folder too, and beside the service.
  func runOnCursors(
    _ folder: String, _ options: ParsedOptions, _ console: Console
  ) throws -> ExitCode {
    guard let log = EventLogTool.log(in: folder) else {
      throw InputError(
        "\(folder): no event log here; name a service's folder, or the folder 'events' in it")
    }
    let summary: EventLogCursorSummary
    do throws(EventLogError) {
      if let name = options.string("remove") {
        summary = try EventLogTool.removeCursor(named: name, folder: log)
      } else {
        summary = try EventLogTool.cursors(folder: log)
      }
    } catch {
      throw Self.eventError(error)
    }
    if options.has("json") {
      try console.printJSON(summary)
    } else {
      try console.print(summary.renderText())
    }
    return .good
  }

  private static func eventError(_ error: EventLogError) -> any Error {
    switch error {
    case .configuration, .noSuchCursor: return UsageError("\(error)")
    default: break
    }
    return error.isBadData ? InputError("\(error)") : WorkError("\(error)")
  }

  private func dumpEvents(
    _ folder: String, _ options: ParsedOptions, _ console: Console
  ) throws -> ExitCode {
    let count = try options.integer("count", in: 1...Int.max) ?? 100
    let from = try options.integer("from", in: 0...Int.max).map { UInt64($0) }
    guard options.has("json") else {
      try EventLogTool.dump(folder: folder, from: from, countMax: count) {
        try console.print($0.renderText())
      }
      return .good
    }
    var dump = EventDump(folder: folder, events: [])
    do {
      try EventLogTool.dump(folder: folder, from: from, countMax: count) { dump.events.append($0) }
    } catch let error as EventLogError where !dump.events.isEmpty {
      // The events before the damage are shown with it.
      dump.error = "apus journal: \(error)"
      console.error("apus journal: \(error)")
      try console.printJSON(dump)
      return Self.eventError(error) is InputError ? .badInput : .failed
    }
    try console.printJSON(dump)
    return .good
  }
}
