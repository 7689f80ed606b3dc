// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusIO
import ApusJournal
import ApusReplicationTestKit
import ApusTestKit

@testable import ApusReplication

/// What is done at a time that was drawn before.
enum PlannedAction {
  case heal
  case restart(Int)
  case retireDeposed
}

/// What goes wrong.
extension ReplicationRun {
  func plan(_ action: PlannedAction, afterAtMost nanoseconds: Int) {
    planned.append((clock.now.rawValue + UInt64(random.below(nanoseconds)), action))
  }

  func performDue() throws {
    while let index = planned.firstIndex(where: { $0.time <= clock.now.rawValue }) {
      try perform(planned.remove(at: index).action)
    }
  }

  func perform(_ action: PlannedAction) throws {
    switch action {
    case .heal:
      note("heal")
      network.heal()
    case .restart(let node): try restart(replica(node))
    case .retireDeposed: try retireDeposed()
    }
  }

  func makeTrouble() throws {
    switch random.below(100) {
    case 0..<16: partition()
    case 16..<28: reset()
    case 28..<38: try crashStandby()
    case 38..<50: armPowerCut()
    case 50..<56: try crashPrimary()
    case 56..<78: try takeOver(isSplit: false)
    case 78..<88: try takeOver(isSplit: true)
    default: try removeRecords()
    }
  }

  // MARK: Network

  private func partition() {
    let node = 1 + random.below(replicas.count)
    let others = replicas.map(\.node).filter { $0 != node }
    let bothWays = !random.oneIn(3)
    note("partition of \(node), both ways: \(bothWays)")
    if random.oneIn(2) {
      network.partition([node], from: others, bothWays: bothWays)
    } else {
      network.partition(others, from: [node], bothWays: bothWays)
    }
    counts.partitionCount += 1
    plan(.heal, afterAtMost: random.oneIn(3) ? 400_000_000 : 60_000_000)
  }

  private func reset() {
    let other = replicas.map(\.node).filter { $0 != primaryNode }[random.below(replicas.count - 1)]
    note("reset between \(primaryNode) and \(other)")
    network.reset(everyConnectionBetween: primaryNode, and: other)
  }

  // MARK: Crashes

  /// Ends a host; it comes back later.
  private func crash(_ replica: SimulatedReplica, restartAfterAtMost nanoseconds: Int) {
    let losesPower = !random.oneIn(3)
    note("crash of \(replica.node), loses power: \(losesPower)")
    network.crash(host: replica.node)
    replica.end(losesPower: losesPower)
    replica.isExpected = true
    plan(.restart(replica.node), afterAtMost: nanoseconds)
  }

  private func crashStandby() throws {
    let standbys = replicas.filter(\.hasStandby)
    guard !standbys.isEmpty else { return }
    counts.standbyCrashCount += 1
    crash(standbys[random.below(standbys.count)], restartAfterAtMost: 60_000_000)
  }

  /// The power of a host fails in the middle of what it writes next.
  private func armPowerCut() {
    let hosts = replicas.filter { $0.isUp && $0.powerCut == nil && $0.node != deposedNode }
    guard !hosts.isEmpty else { return }
    let replica = hosts[random.below(hosts.count)]
    let operation = random.below(30)
    note("power of \(replica.node) fails at operation \(operation)")
    replica.powerCut = replica.storage.cutPower(atOperation: operation)
  }

  func powerFailed(_ replica: SimulatedReplica) throws {
    counts.powerCutCount += 1
    note("power of \(replica.node) has failed")
    // Nothing that it said in that step has left.
    network.crash(host: replica.node, .silence)
    replica.end(losesPower: true)
    replica.isExpected = true
    plan(.restart(replica.node), afterAtMost: 60_000_000)
  }

  private func crashPrimary() throws {
    guard primary.hasPrimary else { return }
    counts.primaryCrashCount += 1
    crash(primary, restartAfterAtMost: 60_000_000)
  }

  private func restart(_ replica: SimulatedReplica) throws {
    guard replica.isExpected else { return }
    replica.isExpected = false
    note("start of \(replica.node)")
    replica.storage.faults = options.disk
    if replica.node == primaryNode {
      try startPrimary(replica.node, acknowledging: acknowledgingNode)
    } else {
      try startStandby(replica.node)
    }
  }

  /// Starts a primary in its epoch; the first one begins it.
  func startPrimary(_ node: Int, acknowledging: Int) throws {
    let replica = replica(node)
    (primaryNode, acknowledgingNode, epoch) = (node, acknowledging, max(epoch, 1))
    let configuration = options.primary(node, epoch: epoch, acknowledging: acknowledging)
    let loop = try network.makeLoop(
      host: node, configuration: ReplicationLoop.sizes(configuration))
    replica.primary = try PrimaryReplica(
      storage: replica.storage, linkStorage: replica.storage,
      journal: options.journal(JournalIdentifier(high: 1, low: seed)), release: .replicated,
      digestInterval: 20, waitsForStandby: true, configuration: configuration, loop: loop)
    replica.releasedSequence = 0
    guard let last = replica.lastSequence else { return }
    guard last >= acknowledgedSequence else {
      throw finding("primary \(node) came back at \(last) without what it acknowledged")
    }
    for other in replicas where other.hasStandby && other.forkedAfter == nil {
      guard other.lastSequence ?? 0 <= last else {
        throw finding("primary \(node) came back at \(last); standby \(other.node) has more")
      }
    }
    counts.lostCommandCount += try model.cut(after: last)
    // In the old epoch, events of commands that were applied before are not released again.
    replica.releasedSequence = acknowledgedSequence
  }

  func startStandby(_ node: Int) throws {
    let replica = replica(node)
    let loop = try network.makeLoop(host: node, configuration: ReplicationLoop.standbySizes)
    replica.standby = try ReplicationStandby.open(
      engineConfiguration: TallyEngine.Configuration(), storage: replica.storage,
      configuration: options.standby(node, of: primaryNode), loop: loop)
    try checkRecovered(
      replica, last: replica.standby?.lastSequence ?? 0,
      digest: replica.standby?.engine.digest ?? 0)
  }

  /// A journal that is no beginning of the primary's is cut back to what they share, or moved away.
  func bringBack(_ replica: SimulatedReplica, lastCommon: UInt64?) throws {
    network.crash(host: replica.node, .close)
    replica.end(losesPower: false)
    replica.forkedAfter = nil
    replica.durableSequence = 0
    if let lastCommon, random.oneIn(2) {
      _ = try JournalRecovery.cutBack(replica.storage, after: lastCommon)
      replica.storage.killProcess()
      replica.storage = replica.storage.successor()
      if try canBegin(replica) {
        counts.cutBackCount += 1
        return try startStandby(replica.node)
      }
    }
    replica.storage = SimulatedJournalStorage(seed: random.next(), faults: options.disk)
    replica.wasEmptied = true
    replica.levelEpoch = 0
    try startStandby(replica.node)
  }

  /// Whether an engine comes back from a folder: not where only a snapshot that was cut off had what was
  /// removed before it.
  private func canBegin(_ replica: SimulatedReplica) throws -> Bool {
    let report = try JournalInspection.report(replica.storage, depth: .tail)
    guard report.firstSequence > 1, let journal = report.identifier else { return true }
    let snapshots = try JournalSnapshots(storage: replica.storage, journal: journal)
    return try snapshots.sequences().contains {
      (report.firstSequence...report.lastSequence + 1).contains($0 + 1)
    }
  }

  // MARK: Take-overs

  /// The acknowledging standby takes over, from a primary that crashed or one that is cut off and goes on.
  private func takeOver(isSplit: Bool) throws {
    let (old, new) = (primary, replica(acknowledgingNode))
    guard mayTakeOver(new) else { return }
    let isSplit = isSplit && old.hasPrimary && old.powerCut == nil
    if isSplit {
      network.partition([old.node], from: replicas.map(\.node).filter { $0 != old.node })
      counts.partitionCount += 1
      plan(.heal, afterAtMost: 200_000_000)
    } else if old.isUp {
      counts.primaryCrashCount += 1
      crash(old, restartAfterAtMost: 60_000_000)
    }
    // Until its lease is lost: the standby takes what is still under way.
    try drive(nanoseconds: UInt64(random.below(4_000_000)))
    guard mayTakeOver(new), old.hasPrimary == isSplit else { return }
    if isSplit {
      counts.splitCount += 1
      deposedNode = old.node
      plan(.retireDeposed, afterAtMost: 200_000_000)
    }
    try promote(new)
  }

  private func mayTakeOver(_ replica: SimulatedReplica) -> Bool {
    // Of two hosts each has all that was ever acknowledged, unless its folder was moved away. Of three the one
    // whose acknowledgements count now may lack what another one's counted for.
    let hasEverything =
      options.hostCount == 2 && !replica.wasEmptied || replica.levelEpoch == epoch
    return replica.hasStandby && hasEverything && replica.standby?.journalIdentifier != nil
      && replica.forkedAfter == nil && replica.powerCut == nil && deposedNode == nil
  }

  private func promote(_ new: SimulatedReplica) throws {
    guard let standby = new.standby.take() else { return }
    let reached = standby.lastSequence
    guard reached >= acknowledgedSequence, reached >= new.durableSequence else {
      throw finding("\(acknowledgedSequence) was acknowledged, and host \(new.node) has \(reached)")
    }
    epoch += 1
    let others = replicas.map(\.node).filter { $0 != new.node }
    (primaryNode, acknowledgingNode) = (new.node, others[random.below(others.count)])
    note("host \(new.node) takes over at \(reached), epoch \(epoch), for \(acknowledgingNode)")
    counts.takeOverCount += 1
    counts.lostCommandCount += try model.cut(after: reached)
    deposedLimit = reached
    for other in replicas where other !== new {
      if let last = other.lastSequence, other.node != deposedNode, last <= reached { continue }
      other.forkedAfter = min(other.forkedAfter ?? .max, reached)
    }
    let configuration = options.primary(
      new.node, epoch: epoch, acknowledging: acknowledgingNode)
    let loop = try network.makeLoop(
      host: new.node, configuration: ReplicationLoop.sizes(configuration))
    new.primary = try PrimaryReplica(
      taking: standby, linkStorage: new.storage, release: .replicated, digestInterval: 20,
      waitsForStandby: true, configuration: configuration, loop: loop)
    new.releasedSequence = reached
    new.durableSequence = reached
    new.seenSequence = .max
    new.seenSnapshotCount = 0
    for other in replicas where other.hasStandby {
      other.standby?.follow(options.endpoint(new.node))
    }
  }

  /// The primary that was replaced learns of it, and comes back as a standby.
  func retireDeposed() throws {
    guard let node = deposedNode else { return }
    deposedNode = nil
    let replica = replica(node)
    guard replica.hasPrimary else { return }
    note("host \(node) is retired")
    replica.primary?.link.fence(by: epoch)
    network.crash(host: node, .close)
    replica.end(losesPower: random.oneIn(2))
    replica.isExpected = true
    plan(.restart(node), afterAtMost: 30_000_000)
  }

  // MARK: Snapshots

  /// The primary writes a snapshot and removes the segments before it.
  private func removeRecords() throws {
    let replica = primary
    guard replica.hasPrimary, replica.powerCut == nil else { return }
    let report = try JournalInspection.report(replica.storage, depth: .tail)
    guard let journal = report.identifier else { return }
    let snapshots = try JournalSnapshots(storage: replica.storage, journal: journal)
    guard let snapshot = try replica.writeSnapshot(snapshots) else { return }
    var removedCount = 0
    for (segment, next) in zip(report.segments, report.segments.dropFirst())
    where next.firstSequence <= snapshot.sequence {
      try replica.storage.remove(segment.name)
      removedCount += 1
    }
    note("snapshot of \(replica.node) at \(snapshot.sequence), \(removedCount) segments removed")
  }
}
