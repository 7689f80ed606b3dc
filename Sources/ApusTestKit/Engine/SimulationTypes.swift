// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// When a simulated machine goes down.
public enum SimulatedCrash: CustomStringConvertible, Equatable, Sendable {
  /// After a step of the scheduler, counted from 0: the power fails, or the process alone dies.
  case afterStep(Int, losesPower: Bool)
  /// The power fails at a write or sync of the disk, counted from 0, before it, wherever the host is then.
  case atDiskOperation(Int)
  /// The power fails when the steps are over.
  case atTheEnd

  /// In words.
  public var description: String {
    switch self {
    case .afterStep(let step, let losesPower):
      "\(losesPower ? "power cut" : "process killed") after step \(step)"
    case .atDiskOperation(let operation): "power cut at disk operation \(operation)"
    case .atTheEnd: "power cut at the end"
    }
  }
}

/// A law of engines that a simulation saw broken. Its description says which, and how to see it again.
public struct SimulationFinding: Error, CustomStringConvertible, Equatable, Sendable {
  /// Of the run.
  public var seed: UInt64
  /// How its first life ended.
  public var crash: SimulatedCrash
  /// What else was so in the run.
  public var options: SimulationOptions
  /// What was found.
  public var text: String

  /// One line.
  public var description: String {
    let lives = options.crashCount == 1 ? "" : "\(options.crashCount) lives, "
    let disk = options.hasDiskFaults ? "a disk that fails, " : ""
    return "seed \(seed), \(lives)\(disk)\(crash): \(text)"
  }
}

/// How long a simulation runs, and what happens in it.
public struct SimulationOptions: Sendable, Equatable {
  /// Things that happen in a life, at most.
  public var stepCount = 60
  /// Lives: after each there is a crash and a recovery.
  public var crashCount = 1
  /// Whether writes and syncs fail, and the disk fills up.
  public var hasDiskFaults = false
  /// Whether snapshots are taken.
  public var takesSnapshots = true
  /// Whether a snapshot is damaged on the disk now and then, which recovery has to see.
  public var damagesSnapshots = true
  /// Whether everything that a snapshot keeps is in the digest. Off for an engine whose snapshots have
  /// what decides nothing, such as statistics.
  public var digestCoversSnapshot = true

  /// The defaults.
  public init() {}
}

/// What a run came to, for those who want to know that it did something.
public struct SimulationOutcome: Sendable {
  /// Steps of the last life.
  public internal(set) var stepCount = 0
  /// Writes and syncs in the last life.
  public internal(set) var diskOperationCount = 0
  /// Commands that were applied, in all lives.
  public internal(set) var appliedCount = 0
  /// The greatest sequence that was acknowledged.
  public internal(set) var acknowledgedSequence: UInt64 = 0
  /// Where the last recovery ended.
  public internal(set) var recoveredSequence: UInt64 = 0
  /// Whether a recovery began from a snapshot.
  public internal(set) var recoveredFromSnapshot = false
  /// Snapshots that recoveries passed over; all of them had been damaged.
  public internal(set) var refusedSnapshotCount = 0
  /// Steps at which the journal had failed.
  public internal(set) var journalFailures = 0
  /// Recorded digests that recoveries compared.
  public internal(set) var digestChecks: UInt64 = 0
  /// Hash of every decision and result: two runs of a seed have the same.
  public internal(set) var trace = StateDigest()
}

/// What many runs came to.
public struct SimulationSummary: Sendable {
  /// Runs, each with its crash.
  public internal(set) var runCount = 0
  /// Commands that were applied.
  public internal(set) var appliedCount = 0
  /// The greatest sequence that was acknowledged in a run.
  public internal(set) var acknowledgedSequence: UInt64 = 0
  /// Runs in which a recovery began from a snapshot.
  public internal(set) var fromSnapshotCount = 0
  /// Damaged snapshots that recoveries passed over.
  public internal(set) var refusedSnapshotCount = 0
  /// Runs in which the disk failed.
  public internal(set) var failedDiskCount = 0

  mutating func add(_ outcome: SimulationOutcome) {
    runCount += 1
    appliedCount += outcome.appliedCount
    acknowledgedSequence = max(acknowledgedSequence, outcome.acknowledgedSequence)
    fromSnapshotCount += outcome.recoveredFromSnapshot ? 1 : 0
    refusedSnapshotCount += outcome.refusedSnapshotCount
    failedDiskCount += outcome.journalFailures > 0 ? 1 : 0
  }
}
