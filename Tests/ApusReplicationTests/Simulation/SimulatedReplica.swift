// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestKit

/// A host of a run: its disk, and the primary or standby that it is.
final class SimulatedReplica {
  let node: Int
  var storage: SimulatedJournalStorage
  /// One of the two, or neither while the host is down.
  var primary: PrimaryReplica?
  var standby: ReplicationStandby<TallyEngine>?
  /// Nothing that its disk has for sure may be missing after a crash.
  var durableSequence: UInt64 = 0
  /// Behind this record its journal may have what no later primary has; nil where it surely has not.
  var forkedAfter: UInt64?
  /// The epoch in which it last had all that its primary had.
  var levelEpoch: UInt64 = 0
  /// It began anew, and has not had everything since.
  var wasEmptied = false
  /// A snapshot came when it was moved last: a power cut then may take the records that it replaces.
  var wasRestoring = false
  /// Last event that left it as a primary.
  var releasedSequence: UInt64 = 0
  /// What was seen of it last, so that only changes are checked.
  var seenSequence: UInt64 = .max
  var seenSnapshotCount: UInt64 = 0
  /// The power that is about to fail in the middle of something.
  var powerCut: SimulatedPowerCut?
  /// A restart is planned.
  var isExpected = false

  init(node: Int, storage: SimulatedJournalStorage) {
    self.node = node
    self.storage = storage
  }

  var isUp: Bool { hasPrimary || hasStandby }

  var hasPrimary: Bool {
    switch primary {
    case .some: true
    case .none: false
    }
  }

  var hasStandby: Bool {
    switch standby {
    case .some: true
    case .none: false
    }
  }

  /// Whether its disk is at work: it says so only when it is asked again.
  var hasCommitInFlight: Bool {
    let durable = standby?.durableSequence ?? primary?.host.durableSequence
    return durable != lastSequence
  }

  var lastSequence: UInt64? { standby?.lastSequence ?? primary?.host.lastSequence }

  /// nil where it is no primary.
  func writeSnapshot(_ snapshots: JournalSnapshots) throws -> EngineSnapshot? {
    guard var taken = primary.take() else { return nil }
    let written = try snapshots.write(&taken.host)
    primary = consume taken
    return written
  }

  /// The process is gone, and with the power what was not synced. The network is told by the caller.
  func end(losesPower: Bool) {
    if let powerCut, powerCut.end() {
      // The power was gone already.
    } else if losesPower {
      storage.cutPower()
    } else {
      storage.killProcess()
    }
    powerCut = nil
    let disk = storage
    storage = disk.successor()
    primary = nil
    standby = nil
    seenSequence = .max
    seenSnapshotCount = 0
  }

  /// For a finding.
  var summary: String {
    let journal =
      "host \(node): forked after \(forkedAfter.map(String.init) ?? "nothing"), durable "
      + "\(durableSequence), at \(lastSequence.map(String.init) ?? "none"), level in epoch \(levelEpoch)"
    let leader =
      "\(primary?.link.summary ?? "no primary"), acknowledged "
      + "\(primary?.host.acknowledgedSequence ?? 0), \(primary?.link.standbys ?? []), "
      + "\(String(describing: primary?.link.counters))"
    let follower =
      "\(standby?.summary ?? "no standby"), durable \(standby?.durableSequence ?? 0), "
      + "\(String(describing: standby?.counters))"
    return "\(journal); \(hasPrimary ? leader : ""); \(hasStandby ? follower : "")"
  }
}
