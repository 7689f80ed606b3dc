// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusServiceKit
internal import Foundation

/// One command of `apus`.
protocol Command {
  static var name: String { get }
  static var summary: String { get }
  static var usage: String { get }
  static var options: [Option] { get }
  /// Does the work and says how it went.
  static func run(_ options: ParsedOptions) throws -> ExitCode
}

extension Command {
  static var help: String {
    let rows = (options + [Option("help", nil, "show this help")]).map {
      (flag: $0.flag, help: $0.help)
    }
    let width = rows.map(\.flag.count).max() ?? 0
    let lines = rows.map {
      "  " + $0.flag + String(repeating: " ", count: width - $0.flag.count + 2) + $0.help
    }
    return "usage: apus \(usage)\n\n\(summary)\n\noptions:\n" + lines.joined(separator: "\n")
      + "\n\nexit codes: 0 good, 1 the work failed, 2 bad usage, 3 bad input data"
  }
}

@main
enum Apus {
  static var commands: [any Command.Type] {
    [
      ReplayCommand.self, GenerateCommand.self, BenchCommand.self, JournalCommand.self,
      TopCommand.self, DoctorCommand.self,
    ]
  }

  static func main() {
    // Output into a closed pipe is an error to be told, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  static func run(_ arguments: [String]) -> ExitCode {
    guard let name = arguments.first else {
      Console.error(help)
      return .badUsage
    }
    if ["--help", "-h", "help"].contains(name) {
      Console.print(help)
      return .good
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      Console.error("apus: \(name): no such command; see 'apus --help'")
      return .badUsage
    }
    do {
      let options = try ParsedOptions(Array(arguments.dropFirst()), options: command.options)
      if options.has("help") {
        Console.print(command.help)
        return .good
      }
      return try command.run(options)
    } catch let error as UsageError {
      Console.error("apus \(name): \(error)")
      return .badUsage
    } catch {
      Console.error("apus \(name): \(error)")
      return .failed
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

/// The two streams that people and programs read.
enum Console {
  static func print(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }

  static func error(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }

  /// Prints one JSON object with keys in order.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    Console.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
