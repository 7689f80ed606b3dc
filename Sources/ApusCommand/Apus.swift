// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
public import ApusCommandKit
internal import Foundation

/// The command: for a list of systems, whatever they are.
///
/// ```swift
/// import ApusCommand
/// import ApusTradingSystem
///
/// @main enum Program {
///   static func main() { Apus.main(systems: [.trading, .mine]) }
/// }
/// ```
public enum Apus {
  /// The commands that these systems have work for, and those that need none.
  static func commands(_ systems: [SystemOffer]) -> [any Command] {
    let table = OfferTable(systems)
    let offered: [(any Command)?] = [
      ReplayCommand(table), OfferedCommand.serve(table), OfferedCommand.generate(table),
      OfferedCommand.record(table), BenchCommand(table), DemoCommand(table),
    ]
    return offered.compactMap { $0 } + [JournalCommand(), TopCommand(), DoctorCommand()]
  }

  /// Runs the command line of this process and ends it.
  ///
  /// - Precondition: The process has no second thread, and what the systems offer has names of its own.
  public static func main(systems: [SystemOffer]) -> Never {
    // Output into a closed pipe is an error to be told, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    Interruption.occupyStandardDescriptors()
    let environment = CommandEnvironment()
    Interruption.watch(environment.endRequest)
    exit(
      run(
        Array(CommandLine.arguments.dropFirst()), systems: systems, environment: environment
      ).rawValue)
  }

  /// Runs a command line, without the program's name, and sees to it that its answer arrives: one that does
  /// not is a failure.
  ///
  /// - Precondition: What the systems offer has names of its own.
  public static func run(
    _ arguments: [String], systems: [SystemOffer], environment: CommandEnvironment
  ) -> ExitCode {
    ApusRun(commands: commands(systems), systems: systems, environment: environment)
      .answer(arguments)
  }
}

/// One command line.
private struct ApusRun {
  let commands: [any Command]
  let systems: [SystemOffer]
  let environment: CommandEnvironment
  var console: Console { environment.console }

  func answer(_ arguments: [String]) -> ExitCode {
    do throws(AnswerError) {
      let code = try run(arguments)
      try console.finish()
      return code
    } catch {
      if !error.isClosedPipe { console.error("apus: \(error)") }
      return .failed
    }
  }

  private func run(_ arguments: [String]) throws(AnswerError) -> ExitCode {
    // A command line that cannot be taken apart may have asked for it too.
    let wantsJSON = arguments.contains("--json")
    guard let name = arguments.first(where: { $0 != "--json" }) else {
      console.errorLines(help)
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

  private func run(_ command: any Command, _ arguments: [String]) throws -> ExitCode {
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
    return try command.run(options, environment)
  }

  /// Tells what went wrong, and with `--json` as a document too.
  private func fail(
    _ text: String, _ code: ExitCode, _ wantsJSON: Bool, isTold: Bool = false
  ) throws(AnswerError) -> ExitCode {
    if !isTold { console.error(text) }
    if wantsJSON { try tellJSON(FailureDocument(error: text, exitCode: code)) }
    return code
  }

  private func tellHelp(
    _ commands: [any Command], text: String, asJSON: Bool
  ) throws(AnswerError) {
    guard asJSON else {
      try console.print(text)
      return
    }
    try tellJSON(["commands": commands.map(\.helpDocument)])
  }

  private func tellJSON(_ document: some Encodable) throws(AnswerError) {
    do {
      try console.printJSON(document)
    } catch let error as AnswerError {
      throw error
    } catch {
      // Texts and whole numbers can always be encoded.
      console.error("apus: \(error)")
    }
  }

  private var help: String {
    let width = commands.map { $0.name.count }.max() ?? 0
    let lines = commands.map {
      "  \($0.name)" + String(repeating: " ", count: width - $0.name.count + 2) + $0.summary
    }
    let systems = systems.map { "  \($0.name): \($0.summary)" }
    return "usage: apus COMMAND [options]\n\n" + lines.joined(separator: "\n")
      + "\n\nsystems:\n" + systems.joined(separator: "\n")
      + "\n\n'apus COMMAND --help' tells more of each."
  }
}
