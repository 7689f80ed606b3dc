// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One option of a command. `argument` names its value; nil makes it a switch.
public struct Option: Sendable, Equatable {
  /// What follows the two hyphens.
  public var name: String
  /// What `--help` calls its value.
  public var argument: String?
  /// What `--help` says of it.
  public var help: String
  /// A short form of one letter.
  public var letter: Character?
  /// What its value names.
  public var role: Role
  /// Whether the work that it asks for reads the inputs a second time, which a pipe does not allow.
  public var readsInputsAgain: Bool

  /// What the value of an option names.
  public enum Role: Sendable {
    /// Nothing that is checked.
    case value
    /// Words between commas; the option may be given again.
    case list
    /// A file that is read.
    case input
    /// A file that is written.
    case output
  }

  /// An option.
  public init(
    _ name: String, _ argument: String? = nil, _ help: String, letter: Character? = nil,
    role: Role = .value, readsInputsAgain: Bool = false
  ) {
    self.name = name
    self.argument = argument
    self.help = help
    self.letter = letter
    self.role = role
    self.readsInputsAgain = readsInputsAgain
  }

  /// Whether a command line is taken apart alike with either, so that two systems may both offer it.
  public func hasFormOf(_ other: Option) -> Bool {
    name == other.name && (argument == nil) == (other.argument == nil) && letter == other.letter
      && role == other.role
  }

  /// What `--help` shows.
  var flag: String {
    (letter.map { "-\($0), " } ?? "") + "--\(name)" + (argument.map { " \($0)" } ?? "")
  }
}

extension [Option] {
  /// One line each, as `--help` shows them.
  ///
  /// - Parameter width: Of the first column, so that several lists stand under each other; by default as
  ///   wide as this one needs.
  public func helpLines(width: Int? = nil) -> [String] {
    let width = width ?? flagWidth
    return map {
      let padding = String(repeating: " ", count: Swift.max(0, width - $0.flag.count) + 2)
      return "  " + $0.flag + padding + $0.help
    }
  }

  /// Characters of the longest name with its value.
  public var flagWidth: Int { map(\.flag.count).max() ?? 0 }
}
