// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestKit

/// What every replica has or will have: the commands of the primary that counts, and the engine with nothing
/// around it after each of them.
///
/// Sequences between those of commands are the records of epochs and digests.
final class ReplicationModel {
  private struct Step {
    var sequence: UInt64
    var command: TallyCommand
    var event: TallyEvent
    var engine: TallyEngine
  }
  private var steps: [Step] = []
  private var run: EngineRun<TallyEngine>
  private let emptyDigest: UInt64

  init() throws {
    run = try EngineRun(TallyEngine())
    emptyDigest = TallyEngine().digest
  }

  var commandCount: Int { steps.count }

  func apply(_ command: TallyCommand, sequence: UInt64) {
    for event in run.apply(SimulatedCommand(command), at: .zero, sequence: sequence) {
      steps.append(Step(sequence: sequence, command: command, event: event, engine: run.engine))
    }
  }

  /// Takes the commands behind a sequence back: they died with their primary.
  ///
  /// - Returns: How many.
  func cut(after sequence: UInt64) throws -> Int {
    let kept = place(after: sequence)
    let count = steps.count - kept
    guard count > 0 else { return 0 }
    steps.removeLast(count)
    run = try EngineRun(
      steps.last?.engine ?? TallyEngine(), after: steps.last?.sequence ?? 0)
    return count
  }

  /// The engine's digest after this record.
  func digest(at sequence: UInt64) -> UInt64 {
    let place = place(after: sequence)
    return place == 0 ? emptyDigest : steps[place - 1].engine.digest
  }

  /// The event of the command at a sequence; nil where there is no command.
  func event(at sequence: UInt64) -> TallyEvent? { step(at: sequence)?.event }

  /// The command at a sequence; nil where there is none.
  func command(at sequence: UInt64) -> TallyCommand? { step(at: sequence)?.command }

  private func step(at sequence: UInt64) -> Step? {
    let place = place(after: sequence)
    return place > 0 && steps[place - 1].sequence == sequence ? steps[place - 1] : nil
  }

  /// Place of the first step behind a sequence.
  private func place(after sequence: UInt64) -> Int {
    var (low, high) = (0, steps.count)
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
