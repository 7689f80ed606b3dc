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
  /// The epoch in which it last had all that its primary had: only then may it take over.
  var levelEpoch: UInt64 = 0
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
    switch standby {
    case .some(let standby): return standby.durableSequence < standby.lastSequence
    case .none: break
    }
    switch primary {
    case .some(let primary): return primary.host.durableSequence < primary.host.lastSequence
    case .none: return false
    }
  }

  var lastSequence: UInt64? {
    switch standby {
    case .some(let standby): return standby.lastSequence
    case .none: break
    }
    switch primary {
    case .some(let primary): return primary.host.lastSequence
    case .none: return nil
    }
  }

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
    var text = "host \(node), fork \(forkedAfter.map(String.init) ?? "none"), durable \(durableSequence): "
    switch primary {
    case .some(let primary):
      text += "\(primary.link.summary), at \(primary.host.lastSequence), durable "
        + "\(primary.host.durableSequence), acknowledged \(primary.host.acknowledgedSequence), "
        + "standbys \(primary.link.standbys), failure "
        + "\(primary.link.failure.map(String.init(describing:)) ?? "none"), \(primary.link.counters)"
    case .none: break
    }
    switch standby {
    case .some(let standby):
      text += "\(standby.summary), durable \(standby.durableSequence), failure "
        + "\(standby.failure.map(String.init(describing:)) ?? "none"), \(standby.counters)"
    case .none: break
    }
    return text
  }
}
