// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestKit

/// What holds all along, and at the end.
extension ReplicationRun {
  /// An event left a primary as acknowledged.
  func take(_ event: SequencedEvent<TallyEvent>, from replica: SimulatedReplica) throws {
    let sequence = event.sequence
    guard sequence > replica.releasedSequence else {
      throw finding("\(sequence) left host \(replica.node) after \(replica.releasedSequence)")
    }
    replica.releasedSequence = sequence
    guard model.event(at: sequence) == event.event else {
      throw finding("what host \(replica.node) acknowledged at \(sequence) is not the model's")
    }
    if replica.node == primaryNode {
      guard sequence > acknowledgedSequence else {
        throw finding("\(sequence) was acknowledged after \(acknowledgedSequence)")
      }
      let standby = self.replica(acknowledgingNode)
      guard standby.forkedAfter ?? .max >= sequence, standby.durableSequence >= sequence else {
        throw finding("\(sequence) was acknowledged, the standby's disk does not have it")
      }
      acknowledgedSequence = sequence
    } else {
      // The new primary said so while it was a standby.
      guard replica.node == deposedNode, sequence <= deposedLimit else {
        throw finding("\(sequence) was acknowledged by host \(replica.node) after its time")
      }
    }
    acknowledged.append(event)
  }

  func checkPrimary(_ replica: SimulatedReplica) throws {
    // What a power cut in the middle of a write makes fail ends with the host.
    if replica.powerCut?.hasHappened == true { return }
    if let failure = replica.primary?.link.failure {
      throw finding("the link of primary \(replica.node) failed: \(failure)")
    }
    if replica.primary?.host.hasFailed == true {
      throw finding("the journal of primary \(replica.node) failed")
    }
    guard replica.node == primaryNode, replica.hasPrimary, let last = replica.lastSequence,
      last != replica.seenSequence
    else { return }
    replica.seenSequence = last
    guard replica.primary?.host.engine.digest == model.digest(at: last) else {
      throw finding("primary \(replica.node) at \(last) is not the model")
    }
  }

  func checkStandby(_ replica: SimulatedReplica) throws {
    if replica.powerCut?.hasHappened == true { return }
    guard let last = replica.standby?.lastSequence, let durable = replica.standby?.durableSequence
    else { return }
    let snapshotCount = replica.standby?.counters.snapshotCount ?? 0
    if snapshotCount != replica.seenSnapshotCount {
      counts.snapshotCount += Int(snapshotCount - replica.seenSnapshotCount)
      replica.seenSnapshotCount = snapshotCount
      // In place of its own records, whatever they were.
      replica.forkedAfter = nil
      replica.durableSequence = 0
    }
    if let failure = replica.standby?.failure { return try takeFailure(failure, of: replica) }
    let follows =
      replica.standby?.phase == .following && replica.standby?.promisedEpoch == epoch
    if follows, replica.forkedAfter != nil {
      // It has the primary's checksum: from a snapshot, whose end a power cut has hidden.
      replica.forkedAfter = nil
      replica.durableSequence = 0
      replica.seenSequence = .max
    }
    guard replica.forkedAfter == nil else { return }
    guard durable >= replica.durableSequence else {
      throw finding(
        "standby \(replica.node) had \(replica.durableSequence) durable, now \(durable)")
    }
    replica.durableSequence = durable
    if follows, durable >= replica.standby?.primarySequence ?? .max {
      replica.levelEpoch = epoch
      replica.wasEmptied = false
    }
    guard last != replica.seenSequence else { return }
    replica.seenSequence = last
    guard replica.standby?.engine.digest == model.digest(at: last) else {
      throw finding("standby \(replica.node) at \(last) is not the model")
    }
  }

  /// A standby stops only where its journal is not a beginning of the primary's.
  private func takeFailure(_ failure: ReplicationError, of replica: SimulatedReplica) throws {
    guard case .diverged(let lastCommon, _, _) = failure, let fork = replica.forkedAfter else {
      throw finding("standby \(replica.node) stopped: \(failure)")
    }
    counts.divergedCount += 1
    note("host \(replica.node) diverged: \(String(describing: lastCommon)), forked after \(fork)")
    if let lastCommon, lastCommon != fork {
      throw finding("host \(replica.node) parts after \(fork), not after \(lastCommon)")
    }
    try bringBack(replica, lastCommon: lastCommon)
  }

  /// What a folder has after a crash is all that was durable, and is the model's.
  func checkRecovered(_ replica: SimulatedReplica, last: UInt64, digest: UInt64) throws {
    if let fork = replica.forkedAfter, last <= fork {
      replica.forkedAfter = nil
      replica.durableSequence = min(replica.durableSequence, fork)
    }
    guard replica.forkedAfter == nil else { return }
    if last < replica.durableSequence, replica.wasRestoring {
      // As `JournalWriter.restart` says: it may not take over before it has got everything again.
      counts.interruptedRestartCount += 1
      replica.wasEmptied = true
      replica.levelEpoch = 0
      replica.durableSequence = last
    }
    guard last >= replica.durableSequence else {
      throw finding(
        "host \(replica.node) had \(replica.durableSequence) durable, its folder has \(last)")
    }
    replica.durableSequence = last
    guard digest == model.digest(at: last) else {
      throw finding("what host \(replica.node) recovered at \(last) is not the model")
    }
  }

  // MARK: The end

  /// Whether everybody has everything, on the disk, and everything was acknowledged.
  var isLevel: Bool {
    guard deposedNode == nil, primary.primary?.isAcknowledged == true,
      let last = primary.lastSequence
    else { return false }
    return replicas.allSatisfy {
      $0.node == primaryNode
        || $0.standby?.phase == .following && $0.standby?.lastSequence == last
          && $0.standby?.durableSequence == last
    }
  }

  func checkEnd() throws {
    for replica in replicas {
      try checkPrimary(replica)
      try checkStandby(replica)
      guard replica.forkedAfter == nil else { throw finding("host \(replica.node) is forked") }
    }
    // Everything that ever was acknowledged is what came of it all.
    for event in acknowledged where model.event(at: event.sequence) != event.event {
      throw finding("what was acknowledged at \(event.sequence) is gone")
    }
    // And on every disk, after all of them have lost their power at once.
    var checksums: Set<UInt32> = []
    for replica in replicas {
      network.crash(host: replica.node, .silence)
      replica.end(losesPower: true)
      checksums.insert(try checkJournal(replica))
    }
    guard checksums.count == 1 else { throw finding("the journals are not equal") }
  }

  /// The commands that a folder has are the model's, and as far as anything was acknowledged.
  private func checkJournal(_ replica: SimulatedReplica) throws -> UInt32 {
    let report = try JournalInspection.report(replica.storage, depth: .everything)
    guard report.lastSequence >= acknowledgedSequence else {
      throw finding("the journal of host \(replica.node) ends at \(report.lastSequence)")
    }
    var reader = try JournalReader(storage: replica.storage, from: report.firstSequence)
    var problem: UInt64?
    let model = model
    while try reader.read({ record, payload in
      let command = model.command(at: record.sequence)
      let isCommand = CommandRecordKind(rawValue: record.type) == .command
      guard isCommand == (command != nil) else {
        problem = record.sequence
        return false
      }
      guard let command else { return true }
      let isEqual = unsafe withUnsafeBytes(of: command) { expected in
        unsafe payload.withUnsafeBytes { unsafe $0.elementsEqual(expected) }
      }
      if !isEqual { problem = record.sequence }
      return isEqual
    }) > 0, problem == nil {}
    if let problem {
      throw finding("record \(problem) of host \(replica.node) is not the model's")
    }
    return report.lastChecksum
  }
}
