// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusServiceKit
internal import Foundation

/// One command of `apus`.
protocol Command {
  static var name: String { get }
  static var summary: String { get }
  static var usage: String { get }
  static var options: [Option] { get }
  /// The files that a command line names: those of its options, and those of its operands.
  static func files(_ options: ParsedOptions) -> FileUse
  /// Does the work and says how it went.
  static func run(_ options: ParsedOptions) throws -> ExitCode
}

extension Command {
  static func files(_ options: ParsedOptions) -> FileUse { optionFiles(options) }

  /// The files that options name.
  static func optionFiles(_ options: ParsedOptions) -> FileUse {
    func names(_ role: Option.Role) -> [String] {
      Self.options.filter { $0.role == role }.compactMap { options.string($0.name) }
    }
    return FileUse(inputs: names(.input), outputs: names(.output))
  }

  static var help: String {
    let rows = (options + [Option("help", nil, "show this help")]).map {
      (flag: $0.flag, help: $0.help)
    }
    let width = rows.map(\.flag.count).max() ?? 0
    let lines = rows.map {
      "  " + $0.flag + String(repeating: " ", count: width - $0.flag.count + 2) + $0.help
    }
    return "usage: apus \(usage)\n\n\(summary)\n\noptions:\n" + lines.joined(separator: "\n")
      + "\n\nexit codes: 0 good, 1 the work failed or its answer could not be written, 2 bad usage, 3 bad input data"
  }
}

@main
enum Apus {
  static var commands: [any Command.Type] {
    [
      ReplayCommand.self, ServeCommand.self, GenerateCommand.self, BenchCommand.self,
      JournalCommand.self,
      TopCommand.self, DoctorCommand.self,
    ]
  }

  static func main() {
    // Output into a closed pipe is an error to be told, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    Interruption.occupyStandardDescriptors()
    Interruption.watch()
    exit(answer(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  /// Runs a command line, and sees to it that its answer arrives: one that does not is a failure.
  private static func answer(_ arguments: [String]) -> ExitCode {
    do throws(AnswerError) {
      let code = try run(arguments)
      try Console.finish()
      return code
    } catch {
      if !error.isClosedPipe { Console.error("apus: \(error)") }
      return .failed
    }
  }

  private static func run(_ arguments: [String]) throws(AnswerError) -> ExitCode {
    // A command line that cannot be taken apart may have asked for it too.
    let wantsJSON = arguments.contains("--json")
    guard let name = arguments.first(where: { $0 != "--json" }) else {
      Console.errorLines(help)
      return try fail("expected a command; see 'apus --help'", .badUsage, wantsJSON, isTold: true)
    }
    if ["--help", "-h", "help"].contains(name) {
      try tellHelp(commands, text: help, asJSON: wantsJSON)
      return .good
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      return try fail("apus: \(name): no such command; see 'apus --help'", .badUsage, wantsJSON)
    }
    do {
      return try run(command, Array(arguments.dropFirst(arguments.first == name ? 1 : 0)))
    } catch let error as AnswerError {
      throw error
    } catch let error as InputError {
      return try fail("apus \(name): \(error)", .badInput, wantsJSON)
    } catch let error as UsageError {
      return try fail("apus \(name): \(error)", .badUsage, wantsJSON)
    } catch {
      return try fail("apus \(name): \(error)", .failed, wantsJSON)
    }
  }

  private static func run(_ command: any Command.Type, _ arguments: [String]) throws -> ExitCode {
    let options = try ParsedOptions(arguments, options: command.options)
    if options.has("help") {
      try tellHelp([command], text: command.help, asJSON: options.has("json"))
      return .good
    }
    do throws(CaptureError) {
      try command.files(options).check(standardOutput: options.has("json") ? .document : .text)
    } catch {
      if error.isUsageError { throw UsageError(error.description) }
      throw WorkError(error.description)
    }
    return try command.run(options)
  }

  /// Tells what went wrong, and with `--json` as a document too.
  private static func fail(
    _ text: String, _ code: ExitCode, _ wantsJSON: Bool, isTold: Bool = false
  ) throws(AnswerError) -> ExitCode {
    if !isTold { Console.error(text) }
    if wantsJSON { try tellJSON(FailureDocument(error: text, exitCode: code.rawValue)) }
    return code
  }

  private static func tellHelp(
    _ commands: [any Command.Type], text: String, asJSON: Bool
  ) throws(AnswerError) {
    guard asJSON else {
      try Console.print(text)
      return
    }
    try tellJSON(["commands": commands.map(HelpDocument.init)])
  }

  private static func tellJSON(_ document: some Encodable) throws(AnswerError) {
    do {
      try Console.printJSON(document)
    } catch let error as AnswerError {
      throw error
    } catch {
      // Texts and whole numbers can always be encoded.
      Console.error("apus: \(error)")
    }
  }

  static var help: String {
    let width = commands.map { $0.name.count }.max() ?? 0
    let lines = commands.map {
      "  \($0.name)" + String(repeating: " ", count: width - $0.name.count + 2) + $0.summary
    }
    return "usage: apus COMMAND [options]\n\n" + lines.joined(separator: "\n")
      + "\n\n'apus COMMAND --help' tells more of each."
  }
}
