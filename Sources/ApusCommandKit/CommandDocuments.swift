// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What `--json` prints where there is nothing else to print.
public struct FailureDocument: Encodable, Sendable {
  /// What went wrong, in one line.
  public var error: String
  /// The process's exit code.
  public var exitCode: Int32

  /// A failure.
  public init(error: String, exitCode: ExitCode) {
    self.error = error
    self.exitCode = exitCode.rawValue
  }
}

/// What `--help --json` prints of a command.
public struct HelpDocument: Encodable, Sendable {
  /// An option.
  public struct OptionHelp: Encodable, Sendable {
    /// What follows the two hyphens.
    public var name: String
    /// Its short form.
    public var letter: String?
    /// What its value is called; nil where it has none.
    public var argument: String?
    /// What it does.
    public var help: String

    /// The help of an option.
    public init(_ option: Option) {
      name = option.name
      letter = option.letter.map(String.init)
      argument = option.argument
      help = option.help
    }
  }

  /// What one system offers under the command.
  public struct OfferHelp: Encodable, Sendable {
    /// Name of the system.
    public var system: String
    /// Words by which it is chosen.
    public var names: [String]
    /// What it does.
    public var summary: String
    /// Names of the options that it takes.
    public var options: [String]

    /// The help of an offer.
    public init(system: String, names: [String], summary: String, options: [String]) {
      self.system = system
      self.names = names
      self.summary = summary
      self.options = options
    }
  }

  /// Name of the command.
  public var command: String
  /// What it does.
  public var summary: String
  /// How it is called.
  public var usage: String
  /// All that it takes, whichever system offers it.
  public var options: [OptionHelp]
  /// What systems offer under it; nil where it is no command of systems.
  public var offers: [OfferHelp]?

  /// The help of a command.
  public init(
    command: String, summary: String, usage: String, options: [Option], offers: [OfferHelp]? = nil
  ) {
    self.command = command
    self.summary = summary
    self.usage = usage
    self.options = options.map(OptionHelp.init)
    self.offers = offers
  }
}
