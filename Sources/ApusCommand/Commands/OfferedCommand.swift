// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommandKit

/// A command whose first operand chooses what a system offers: `apus generate`, `apus serve`,
/// `apus record`.
struct OfferedCommand: Command {
  let name: String
  let summary: String
  /// What a word that nobody offers is none of.
  let kind: String
  let entries: [OfferTable.Entry<CommandOffer>]

  /// `apus generate`: realistic recordings and streams from a seed.
  static func generate(_ table: OfferTable) -> OfferedCommand? {
    OfferedCommand(
      name: "generate",
      summary: "Writes realistic recordings and streams of any size, the same from the same seed.",
      kind: "kind of recording", table.named(\.generators))
  }

  /// `apus serve`: an engine as a process that others drive.
  static func serve(_ table: OfferTable) -> OfferedCommand? {
    OfferedCommand(
      name: "serve",
      summary:
        "Runs an engine as a service. Ends on SIGTERM or SIGINT, after what was submitted is done and "
        + "on the disk.",
      kind: "engine", table.named(\.services))
  }

  /// `apus record`: input as it comes, for a replay.
  static func record(_ table: OfferTable) -> OfferedCommand? {
    OfferedCommand(
      name: "record", summary: "Records input as it comes, for a replay.", kind: "recorder",
      table.named(\.recorders))
  }

  /// nil where nobody offers anything.
  private init?(
    name: String, summary: String, kind: String, _ entries: [OfferTable.Entry<CommandOffer>]
  ) {
    guard !entries.isEmpty else { return nil }
    self.name = name
    self.summary = summary
    self.kind = kind
    self.entries = entries
  }

  private var common: [Option] {
    [Option("json", nil, "print what was done as one JSON object")]
  }

  var usage: String {
    entries.map { "\(name) \($0.offer.name) \($0.offer.operands) [options]" }
      .joined(separator: "\n       apus ")
  }

  var options: [Option] { OfferTable.merged(entries.flatMap(\.offer.options) + common) }

  var offers: [OfferSection] {
    entries.map { entry in
      OfferSection(
        system: entry.system, names: [entry.offer.name],
        summary: entry.offer.summary + (entry.offer.note.map { ", \($0)" } ?? ""),
        options: entry.offer.options)
    }
  }

  private func offer(_ word: String?) -> CommandOffer? {
    entries.first { $0.offer.name == word }?.offer
  }

  func files(_ options: ParsedOptions) -> FileUse {
    var use = optionFiles(options)
    if let offer = offer(options.operands.first) {
      let more = offer.files(Array(options.operands.dropFirst()))
      use.inputs += more.inputs
      use.outputs += more.outputs
    }
    return use
  }

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    guard let word = options.operands.first else {
      let known = entries.map { entry in
        "\(entry.offer.name) \(entry.offer.operands)" + (entry.offer.note.map { " \($0)" } ?? "")
      }
      throw UsageError("expected what to \(name): " + known.joined(separator: ", or "))
    }
    guard let offer = offer(word) else {
      throw UsageError(
        "\(word): no such \(kind); expected " + OfferTable.choice(entries.map(\.offer.name)))
    }
    try OfferTable.refuse(
      options, outside: offer.options + common, of: self.options, "apus \(name) \(offer.name)")
    return try offer.run(
      CommandRequest(
        options: options.withoutFirstOperand, files: files(options), environment: environment))
  }
}
