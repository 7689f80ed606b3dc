// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusBench
public import ApusCapture
public import ApusCommandKit

/// All that a system offers the command line: `apus` has a list of these and knows no system by name.
///
/// ```swift
/// extension SystemOffer {
///   public static var trading: SystemOffer {
///     var offer = SystemOffer(name: "trading", summary: "Order books and a matching engine.")
///     offer.replays = [marketReplay, orderLogReplay]
///     offer.generators = [marketDay, orderStream]
///     …
///     return offer
///   }
/// }
/// ```
///
/// What is left empty is not there: without a recorder anywhere there is no `apus record`. Options, help, errors
/// and JSON follow from the values; what two systems offer must differ in name, and options of one name
/// must be taken apart alike.
public struct SystemOffer: Sendable {
  /// One word.
  public var name: String
  /// One sentence: what the system is.
  public var summary: String
  /// Under `apus replay`: what recordings of which forms go through.
  public var replays: [ReplayOffer] = []
  /// Under `apus generate`, by name.
  public var generators: [CommandOffer] = []
  /// Under `apus serve`, by name.
  public var services: [CommandOffer] = []
  /// Under `apus record`, by name.
  public var recorders: [CommandOffer] = []
  /// Under `apus bench`.
  public var suites: [BenchmarkSuite] = []
  /// What this program becomes when one of those suites starts it once more.
  public var benchmarkProcesses: [BenchmarkProcess] = []
  /// Under `apus demo`.
  public var demo = DemoOffer()

  /// A system that offers nothing yet.
  public init(name: String, summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// What work under a command is given.
public struct CommandRequest: Sendable {
  /// The command line without the word that chose the work.
  public var options: ParsedOptions
  /// The files that it reads and writes; they were checked.
  public var files: FileUse
  /// Streams, and who asks it to end.
  public var environment: CommandEnvironment

  /// Where it answers.
  public var console: Console { environment.console }
  /// Whether one JSON document is wanted.
  public var wantsJSON: Bool { options.has("json") }
}

/// Work that is chosen by a word: `apus generate itch FILE`.
public struct CommandOffer: Sendable {
  /// The word.
  public var name: String
  /// What follows it, as the usage shows it: `FILE`.
  public var operands: String
  /// What there is to say of the operands: `with KIND one of …`; nil where nothing is.
  public var note: String?
  /// What it does, in a few words.
  public var summary: String
  /// The options that it takes, besides `--json`.
  public var options: [Option]
  /// The files that the operands name; those of options are known by their role.
  public var files: @Sendable (_ operands: [String]) -> FileUse
  /// Does it and answers.
  ///
  /// It throws `UsageError`, `InputError` or `WorkError`, by which the command has its exit code.
  public var run: @Sendable (CommandRequest) throws -> ExitCode

  /// Work under a word.
  public init(
    name: String, operands: String, note: String? = nil, summary: String, options: [Option],
    files: @escaping @Sendable (_ operands: [String]) -> FileUse = { _ in FileUse() },
    run: @escaping @Sendable (CommandRequest) throws -> ExitCode
  ) {
    self.name = name
    self.operands = operands
    self.note = note
    self.summary = summary
    self.options = options
    self.files = files
    self.run = run
  }
}
