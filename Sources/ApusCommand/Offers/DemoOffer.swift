// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCommandKit

/// What a system shows in `apus demo`.
public struct DemoOffer: Sendable {
  /// Options that set its size.
  public var options: [Option]
  /// In order; each may use what those before it have left in the folder.
  public var steps: [DemoStep]

  /// These steps.
  public init(options: [Option] = [], steps: [DemoStep] = []) {
    self.options = options
    self.steps = steps
  }
}

/// One step of a demonstration.
public struct DemoStep: Sendable {
  /// What it does, in one line.
  public var title: @Sendable (ParsedOptions) throws -> String
  /// Does it.
  ///
  /// What it proves it must have checked: an error ends the demonstration with its words.
  public var run: @Sendable (DemoRequest) throws -> DemoOutcome

  /// A step.
  public init(
    title: @escaping @Sendable (ParsedOptions) throws -> String,
    run: @escaping @Sendable (DemoRequest) throws -> DemoOutcome
  ) {
    self.title = title
    self.run = run
  }
}

/// What a step is given.
public struct DemoRequest: Sendable {
  /// The system's folder, which is there.
  public var folder: String
  /// The command line.
  public var options: ParsedOptions

  /// A file in the folder.
  public func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// A bar for the work; it shows only on a terminal, and not where JSON is wanted.
  public func bar(_ label: String, unit: String = "B") -> ProgressBar {
    ProgressBar(label: label, unit: unit, isEnabled: !options.has("json"))
  }
}

/// What a step has done.
public struct DemoOutcome: Sendable {
  /// A number and what it is.
  public struct Figure: Sendable, Encodable {
    /// What it is.
    public var name: String
    /// The number with its unit, as people read it.
    public var value: String

    /// A figure.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The important ones first: the page shows the first four large.
  public var figures: [Figure]
  /// What was checked and holds, in a sentence; nil where nothing was.
  public var proof: String?
  /// Name of the report that it has left in the folder; nil where there is none.
  public var report: String?

  /// What was done.
  public init(figures: [Figure], proof: String? = nil, report: String? = nil) {
    self.figures = figures
    self.proof = proof
    self.report = report
  }
}
