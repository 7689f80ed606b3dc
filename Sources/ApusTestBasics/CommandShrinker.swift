// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Makes a list of commands that fails shorter, for as long as it fails (delta debugging).
///
/// Leaves out chunks: halves of the list first, then quarters, down to single commands, and single
/// commands again until none can be left out. What remains is minimal in that sense: without any one of
/// its commands it does not fail, unless the runs were over before.
public struct CommandShrinker: Sendable {
  /// Bounds the runs of a shortened list.
  public var runCountMax: Int
  /// Bounds the commands of all runs together.
  public var commandCountMax: Int

  /// A shrinker with these bounds; the default takes seconds where a run of thousands of commands takes
  /// milliseconds.
  public init(runCountMax: Int = 10_000, commandCountMax: Int = 20_000_000) {
    self.runCountMax = runCountMax
    self.commandCountMax = commandCountMax
  }

  /// What came of it.
  public struct Outcome<Command> {
    /// The commands that are left: all, where nothing could be left out.
    public var commands: [Command]
    /// Runs it took.
    public var runCount: Int
    /// Whether it ended before the bounds did: no single command can be left out.
    public var isMinimal: Bool
  }

  /// Shrinks a list.
  ///
  /// - Parameters:
  ///   - commands: A list that fails.
  ///   - stillFails: Runs a list from the beginning, with everything made anew. It must answer the same
  ///     for the same list.
  /// - Complexity: O(n log n) runs where few commands matter, O(n²) at worst; see the bounds.
  public func shrink<Command>(
    _ commands: [Command], _ stillFails: ([Command]) throws -> Bool
  ) rethrows -> Outcome<Command> {
    var left = commands
    var runs = 0
    var budget = commandCountMax
    var size = max(left.count / 2, 1)
    while !left.isEmpty {
      var start = 0
      var hasShrunk = false
      while start < left.count {
        let end = min(start + size, left.count)
        let shorter = Array(left[..<start] + left[end...])
        guard runs < runCountMax, shorter.count <= budget else {
          return Outcome(commands: left, runCount: runs, isMinimal: false)
        }
        runs += 1
        budget -= shorter.count
        if try stillFails(shorter) {
          left = shorter
          hasShrunk = true
        } else {
          start = end
        }
      }
      // Once more over the single ones: what was needed before may be needless now.
      if size == 1, !hasShrunk { break }
      size = max(size / 2, 1)
    }
    return Outcome(commands: left, runCount: runs, isMinimal: true)
  }
}
