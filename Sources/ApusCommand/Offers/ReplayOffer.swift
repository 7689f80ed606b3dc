// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
public import ApusCommandKit

/// A form of recordings.
public struct ReplayFormat: Sendable {
  /// The word behind `--format`.
  public var name: String
  /// What people call it.
  public var title: String
  /// Whether a recording of this form begins so; asked with up to 512 bytes, decompressed.
  public var recognises: @Sendable (_ head: [UInt8]) -> Bool

  /// A form.
  public init(
    name: String, title: String, recognises: @escaping @Sendable (_ head: [UInt8]) -> Bool
  ) {
    self.name = name
    self.title = title
    self.recognises = recognises
  }
}

/// A way to replay recordings of some forms.
public struct ReplayOffer: Sendable {
  /// The forms. The first one that recognises a file has it.
  public var formats: [ReplayFormat]
  /// What it does, in a few words.
  public var summary: String
  /// A switch that asks for this way, where the system has another one for the same forms; nil for what is
  /// done unasked.
  public var selector: Option?
  /// The options that it takes, besides `--format` and `--json`.
  public var options: [Option]
  /// Does it and answers.
  ///
  /// It throws `UsageError`, `InputError` or `WorkError`, by which the command has its exit code.
  public var run: @Sendable (ReplayRequest) throws -> ExitCode

  /// A way to replay.
  public init(
    formats: [ReplayFormat], summary: String, selector: Option? = nil, options: [Option],
    run: @escaping @Sendable (ReplayRequest) throws -> ExitCode
  ) {
    self.formats = formats
    self.summary = summary
    self.selector = selector
    self.options = options
    self.run = run
  }

  /// All that a command line for it may have.
  var allOptions: [Option] { [selector].compactMap { $0 } + options }
}

/// What a replay is given.
public struct ReplayRequest {
  /// The command line; its operands are the recordings.
  public var options: ParsedOptions
  /// The files that it reads and writes; they were checked.
  public var files: FileUse
  /// The recordings. The first one is open where it was looked at.
  public var inputs: RecordingInputs
  /// Name of the form.
  public var format: String
  /// Whether the command line names the form, so that nobody has looked at the files.
  public var isFormatAsked: Bool
  /// Streams.
  public var environment: CommandEnvironment

  /// Where it answers.
  public var console: Console { environment.console }
  /// Whether one JSON document is wanted.
  public var wantsJSON: Bool { options.has("json") }
}
