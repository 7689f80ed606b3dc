// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommandKit

/// One command of `apus`.
protocol Command {
  var name: String { get }
  var summary: String { get }
  var usage: String { get }
  /// All that it takes.
  var options: [Option] { get }
  /// What systems offer under it.
  var offers: [OfferSection] { get }
  /// The files that a command line names: those of its options, and those of its operands.
  func files(_ options: ParsedOptions) -> FileUse
  /// Does the work and says how it went.
  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode
}

/// What one system offers under a command, for its help.
struct OfferSection {
  var system: String
  /// Words by which it is chosen.
  var names: [String]
  var summary: String
  var options: [Option]
}

extension Command {
  var offers: [OfferSection] { [] }

  func files(_ options: ParsedOptions) -> FileUse { optionFiles(options) }

  /// The files that options name.
  func optionFiles(_ options: ParsedOptions) -> FileUse {
    func names(_ role: Option.Role) -> [String] {
      self.options.filter { $0.role == role }.compactMap { options.string($0.name) }
    }
    return FileUse(inputs: names(.input), outputs: names(.output))
  }

  var help: String {
    let offered = Set(offers.flatMap { $0.options.map(\.name) })
    let common = options.filter { !offered.contains($0.name) } + [Self.helpOption]
    let width = (options + [Self.helpOption]).flagWidth
    var parts = ["usage: apus \(usage)", summary]
    parts += offers.map { section in
      let lines = section.options.helpLines(width: width)
      return (["\(section.names.joined(separator: ", ")): \(section.summary)"] + lines)
        .joined(separator: "\n")
    }
    parts.append((["options:"] + common.helpLines(width: width)).joined(separator: "\n"))
    parts.append(
      "exit codes: 0 good, 1 the work failed or its answer could not be written, 2 bad usage, 3 bad input data"
    )
    return parts.joined(separator: "\n\n")
  }

  private static var helpOption: Option { Option("help", nil, "show this help") }

  var helpDocument: HelpDocument {
    HelpDocument(
      command: name, summary: summary, usage: usage, options: options,
      offers: offers.isEmpty
        ? nil
        : offers.map {
          HelpDocument.OfferHelp(
            system: $0.system, names: $0.names, summary: $0.summary,
            options: $0.options.map(\.name))
        })
  }
}
