// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// Both sides of a link with a liar in between, whose lies have checksums that hold.
@Suite(.serialized) struct HostilePeerTests {
  static let epochStepMax: UInt64 = 1 << 20

  static func standby(
    _ storage: SimulatedJournalStorage, _ endpoint: ReplicationEndpoint
  ) throws -> ReplicationStandby<TallyEngine> {
    try ReplicationStandby.open(
      engineConfiguration: TallyEngine.Configuration(), storage: storage,
      configuration: ReplicationStandbyConfiguration(
        primary: endpoint, node: 2, journal: smallJournal(), frameByteCountMax: 16_384,
        retryNanoseconds: 1_000_000, epochStepMax: epochStepMax,
        snapshotByteCountMax: 1 << 20))
  }

  /// Everything that the standby's journal has was told by a primary that it may follow.
  static func check(
    _ storage: SimulatedJournalStorage, _ delivered: Set<LyingRelay.Delivered>, _ context: String
  ) throws {
    guard try JournalInspection.report(storage, depth: .everything).identifier != nil else {
      return
    }
    var reader = try JournalReader(storage: storage)
    while true {
      let records = try reader.copies(countMax: 256)
      if records.isEmpty { return }
      for (record, payload) in records {
        let own = LyingRelay.Delivered(
          sequence: record.sequence, time: record.timeNanoseconds, type: record.type,
          payload: payload)
        guard delivered.contains(own) else {
          Issue.record("\(context): record \(record.sequence) was never sent")
          return
        }
      }
    }
  }

  /// Where a standby was made to promise a later epoch, its next hello ends the primary's time: what is
  /// kept of that lets a greater epoch begin.
  static func restartIfFenced(
    _ primary: consuming PrimaryReplica, _ path: String, _ epoch: inout UInt64
  ) throws -> PrimaryReplica {
    guard primary.link.fencingEpoch != 0 else { return primary }
    _ = consume primary
    let kept = try EpochFile.read(openFolder(path))
    #expect(kept.epoch > epoch && kept.epoch <= epoch + 1_024 && !kept.isPrimary)
    epoch = kept.epoch + 1
    return try PrimaryReplica(path, epoch: epoch, release: .durable)
  }

  /// A standby whose primary lies neither traps nor hangs, takes nothing that was not sent, promises
  /// no far epoch, and its folder opens again whenever it stops.
  @Test(arguments: [false, true]) func aStandbySurvivesALyingPrimary(
    beginsFromSnapshot: Bool
  ) throws {
    let folder = try ScratchFolder()
    var epoch: UInt64 = 3
    var primary = try PrimaryReplica(folder.path, epoch: epoch, release: .durable)
    primary.advance(to: beginsFromSnapshot ? 1_500 : 600)
    if beginsFromSnapshot {
      let snapshot = try primary.writeSnapshot(folder.path)
      primary.advance(to: 1_600)
      try removeSegments(folder.path, below: snapshot.sequence + 1)
    }
    var now: UInt64 = 1_000_000_000
    let lives = isCampaign ? 1_500 : 12
    var (lieCount, stops, faults, records) = (0, 0, UInt64(0), 0)
    for life in 0..<lives {
      let context = "life \(life) \(beginsFromSnapshot)"
      var relay = try LyingRelay(to: primary.link.endpoint, seed: UInt64(life) * 2 + 1)
      relay.downLies = [2, 4, 12, 40][life % 4]
      let storage = SimulatedJournalStorage(seed: UInt64(life))
      for opening in 0..<3 {
        var standby = try Self.standby(storage, relay.listener.endpoint)
        var promised = standby.promisedEpoch
        for tick in 0..<(isCampaign ? 400 : 250) {
          now += tick % 97 == 96 ? 700_000_000 : 1_000_000
          _ = primary.link.step(now: Nanoseconds(now))
          if !relay.move(promised: standby.promisedEpoch) { now += 1_000_000 }
          _ = standby.step(now: Nanoseconds(now))
          let next = standby.promisedEpoch
          expect(
            next >= promised && next - promised <= Self.epochStepMax, "\(context): epoch \(next)")
          promised = next
          if standby.failure != nil { break }
        }
        #expect(try EpochFile.read(storage).epoch == promised, "\(context)")
        try Self.check(storage, relay.delivered, "\(context) opening \(opening)")
        stops += standby.failure == nil ? 0 : 1
        faults += standby.counters.faultCount
        records += Int(standby.counters.recordCount)
        _ = consume standby
        if opening == 1 { storage.cutPower() } else { storage.killProcess() }
      }
      lieCount += relay.lieCount
      expect(primary.link.failure == nil, context)
      primary = try Self.restartIfFenced(primary, folder.path, &epoch)
    }
    if isCampaign {
      print(
        "hostile primary: \(lieCount) lies, \(faults) faults, \(stops) stops, \(records) records")
    }
    #expect(lieCount > lives && faults > 0 && stops > 0 && records > lives)
    // The primary still serves whoever asks.
    let storage = SimulatedJournalStorage(seed: 0)
    var standby = try Self.standby(storage, primary.link.endpoint)
    let end = patience()
    while standby.lastSequence < primary.host.lastSequence, monotonicNow() < end {
      now += 1_000_000
      _ = primary.link.step(now: Nanoseconds(now))
      _ = standby.step(now: Nanoseconds(now))
    }
    expect(
      standby.engine.digest == primary.host.engine.digest,
      "\(standby.summary); \(primary.link.summary)")
  }

  /// A primary whose standby lies neither traps nor fails, counts no record as replicated that was not
  /// sent, and keeps no far epoch.
  @Test func aPrimarySurvivesALyingStandby() throws {
    let folder = try ScratchFolder()
    var epoch: UInt64 = 3
    var primary = try PrimaryReplica(folder.path, epoch: epoch, release: .durable)
    primary.advance(to: 600)
    var now: UInt64 = 1_000_000_000
    let lives = isCampaign ? 3_000 : 30
    var (lieCount, fences, faults) = (0, 0, UInt64(0))
    for life in 0..<lives {
      let context = "life \(life)"
      var relay = try LyingRelay(to: primary.link.endpoint, seed: UInt64(life) * 2 + 2)
      relay.upLies = [1, 2, 4, 12][life % 4]
      let storage = SimulatedJournalStorage(seed: UInt64(life))
      var standby = try Self.standby(storage, relay.listener.endpoint)
      let before = primary.link.counters.faultCount
      for tick in 0..<250 {
        now += tick % 97 == 96 ? 700_000_000 : 1_000_000
        _ = standby.step(now: Nanoseconds(now))
        if !relay.move(promised: standby.promisedEpoch) { now += 1_000_000 }
        _ = primary.link.step(now: Nanoseconds(now))
        if standby.failure != nil || primary.link.fencingEpoch != 0 { break }
      }
      expect(primary.link.failure == nil, context)
      expect(primary.link.replicatedSequence <= primary.host.durableSequence, context)
      expect(
        primary.link.counters.digestCount <= UInt64(life + 1) * 10 * primary.host.lastSequence,
        context)
      faults += primary.link.counters.faultCount - before
      lieCount += relay.lieCount
      fences += primary.link.fencingEpoch == 0 ? 0 : 1
      primary = try Self.restartIfFenced(primary, folder.path, &epoch)
    }
    if isCampaign { print("hostile standby: \(lieCount) lies, \(faults) faults, \(fences) fences") }
    #expect(lieCount > lives / 2 && faults > 0)
  }
}
