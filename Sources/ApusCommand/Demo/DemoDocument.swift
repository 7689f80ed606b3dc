// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a demonstration did. The JSON keys are stable: docs/command.md.
struct DemoDocument: Encodable {
  /// One step.
  struct Step: Encodable {
    var title: String
    var elapsedSeconds: Double
    /// Of the whole demonstration's time, 0...1.
    var share = 0.0
    /// In the order to show.
    var figures: [DemoOutcome.Figure]
    /// What was checked and holds; nil where nothing was.
    var proof: String?
    /// Relative to the folder; nil where there is none.
    var report: String?
  }

  /// One system.
  struct System: Encodable {
    var name: String
    var summary: String
    var elapsedSeconds = 0.0
    /// Of the whole demonstration's time, 0...1.
    var share = 0.0
    var steps: [Step] = []
  }

  var folder: String
  /// The page that links every report.
  var index: String
  /// Model of the CPU, how many, kernel, build.
  var machine: String
  /// When the page was made: UTC.
  var made: String
  var elapsedSeconds = 0.0
  var systems: [System] = []

  /// Sums up the times, and says what share each has.
  mutating func sumUp() {
    for index in systems.indices {
      systems[index].elapsedSeconds = systems[index].steps.reduce(0) { $0 + $1.elapsedSeconds }
    }
    elapsedSeconds = systems.reduce(0) { $0 + $1.elapsedSeconds }
    let whole = max(elapsedSeconds, .leastNonzeroMagnitude)
    for index in systems.indices {
      systems[index].share = systems[index].elapsedSeconds / whole
      for step in systems[index].steps.indices {
        systems[index].steps[step].share = systems[index].steps[step].elapsedSeconds / whole
      }
    }
  }
}
