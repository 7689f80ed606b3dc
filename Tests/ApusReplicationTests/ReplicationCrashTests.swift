// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// Real processes on loopback, killed at random points.
@Suite(.serialized) struct ReplicationCrashTests {
  /// What was acknowledged before a primary was killed is in the standby that takes over; the old
  /// primary comes back, cut where it has to be, and is level again.
  @Test func aTakeOverLosesNothingAcknowledged() throws {
    var acknowledgedCount: UInt64 = 0
    var cutCount = 0
    var rounds = 0
    for round in Campaign.rounds(5, campaign: 2_000) {
      rounds = round + 1
      let outcome = try takeOver(seed: UInt64(rounds))
      acknowledgedCount += outcome.acknowledged
      cutCount += outcome.wasCut ? 1 : 0
    }
    #expect(acknowledgedCount > UInt64(rounds), "no primary lived long enough")
    print("killed \(rounds) primaries: \(acknowledgedCount) commands acknowledged, \(cutCount) cut")
  }

  private func takeOver(seed: UInt64) throws -> (acknowledged: UInt64, wasCut: Bool) {
    var random = SeededRandom(seed: seed)
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let comment: Comment = "seed \(seed)"
    let process = try ReplicaProcess(["primary", a.path, "1"])
    let first = try #require(process.firstLine(), comment)
    let port = try #require(UInt16(first), "\(comment): \(first)")
    var standby = try openStandby(
      b.path, primary: ReplicationEndpoint(address: "127.0.0.1", port: port))
    // The standby stops reading for a while: what the primary acknowledges meanwhile would be lost.
    // In every second round it was surely following, the primary has time for many commits, and
    // nothing is read from the dead one's socket afterwards: acknowledging early fails there always.
    let isPaused = seed % 2 == 1
    if isPaused {
      let limit = monotonicNow().rawValue + 10_000_000_000
      while standby.durableSequence < 20, monotonicNow().rawValue < limit {
        run(&standby, for: .random(in: 1_000_000...20_000_000, using: &random))
      }
      usleep(UInt32.random(in: 20_000...60_000, using: &random))
    } else {
      run(&standby, for: .random(in: 60_000_000...250_000_000, using: &random))
      usleep(UInt32.random(in: 0...30_000, using: &random))
    }
    let lines = process.kill()
    let stepsAfter = isPaused ? 0 : Int.random(in: 0...2, using: &random)
    for _ in 0..<stepsAfter { _ = standby.step(now: monotonicNow()) }
    expect(standby.failure == nil, "seed \(seed): \(String(describing: standby.failure))")

    // Whoever never met the primary has nothing to lose and nothing to take over.
    guard standby.journalIdentifier != nil else {
      #expect(lines.count == 1, "seed \(seed): acknowledged without a standby")
      return (0, false)
    }
    var new = try PrimaryReplica(
      taking: standby, path: b.path, epoch: 2, acknowledgingNode: 1)
    let reference = try TallyReference(count: new.count)
    expect(new.host.engine.digest == reference.digest, "seed \(seed)")
    var acknowledged: UInt64 = 0
    for line in lines.dropFirst() {
      let numbers = line.split(separator: " ").compactMap { UInt64($0) }
      guard numbers.count == 2 else {
        Issue.record("seed \(seed): \(line)")
        continue
      }
      acknowledged = max(acknowledged, numbers[0])
      #expect(
        reference.has(TallyEvent(count: numbers[0], value: numbers[1])),
        "seed \(seed): \(line) was acknowledged, the new primary has \(new.count) commands")
    }

    new.submit(30)
    let wasCut = try rejoin(a.path, &new, seed)
    return (acknowledged, wasCut)
  }

  private func run(_ standby: inout ReplicationStandby<TallyEngine>, for nanoseconds: UInt64) {
    let end = monotonicNow().rawValue + nanoseconds
    while monotonicNow().rawValue < end {
      if standby.step(now: monotonicNow()) == 0 { standby.wait(limitNanoseconds: 100_000) }
    }
  }

  /// Brings the old primary's folder back as a standby.
  private func rejoin(_ path: String, _ new: inout PrimaryReplica, _ seed: UInt64) throws -> Bool {
    var wasCut = false
    for _ in 0..<2 {
      var returning = try openStandby(path, primary: new.link.endpoint, node: 1)
      let end = monotonicNow().rawValue + 10_000_000_000
      while monotonicNow().rawValue < end, returning.failure == nil {
        let done = new.step() + returning.step(now: monotonicNow())
        if returning.engine.digest == new.host.engine.digest, new.isAcknowledged { break }
        if done == 0 { usleep(100) }
      }
      if case .diverged(let lastCommon?, let last, _)? = returning.failure, !wasCut {
        _ = consume returning
        let cut = try JournalRecovery.cutBack(openFolder(path), after: lastCommon)
        #expect(cut.sequences == lastCommon + 1..<last + 1, "seed \(seed)")
        wasCut = true
        continue
      }
      expect(
        returning.failure == nil && returning.engine.digest == new.host.engine.digest,
        "seed \(seed): \(String(describing: returning.failure))")
      break
    }
    let reference = try TallyReference(count: new.count)
    expect(new.host.engine.digest == reference.digest, "seed \(seed)")
    expect(new.acknowledged.last?.count == new.count, "seed \(seed)")
    return wasCut
  }

  /// A standby that is killed and started again at random points catches up every time, and what it
  /// had acknowledged is still there.
  @Test func aStandbyIsKilledAndCatchesUp() throws {
    // Every recovery replays the whole journal, so one pair cannot be killed for ever.
    for round in Campaign.rounds(1, campaign: 50) {
      try killStandby(seed: UInt64(round) + 1, rounds: Campaign.isOn ? 40 : 5)
    }
  }

  private func killStandby(seed: UInt64, rounds: Int) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var random = SeededRandom(seed: seed)
    var primary = try PrimaryReplica(a.path, epoch: 1)
    primary.keepsEvents = false
    var durable: UInt64 = 0
    for round in 0..<rounds {
      let process = try ReplicaProcess(["standby", b.path, "\(primary.link.endpoint.port)"])
      let before = primary.position.sequence
      let end = monotonicNow().rawValue + 8_000_000_000
      // As long as it takes to come up, and then for a random while.
      while primary.position.sequence <= before, monotonicNow().rawValue < end {
        primary.submit(7)
        if primary.step() == 0 { primary.link.wait(limitNanoseconds: 200_000) }
      }
      let stop =
        monotonicNow().rawValue + UInt64.random(in: 0...60_000_000, using: &random)
      while monotonicNow().rawValue < stop {
        primary.submit(Int.random(in: 1...40, using: &random))
        if primary.step() == 0 { primary.link.wait(limitNanoseconds: 100_000) }
      }
      let lines = process.kill()
      #expect(primary.position.sequence > before, "seed \(seed) round \(round): \(lines.suffix(2))")
      let said = lines.compactMap { UInt64($0) }
      #expect(said.count == lines.count, "seed \(seed) round \(round): \(lines.suffix(1))")
      // It recovers what it had, and the primary counts nothing that it does not have.
      let found = try recoverTally(openFolder(b.path))
      durable = max(durable, said.last ?? 0)
      expect(found.lastSequence >= durable, "seed \(seed) round \(round)")
      expect(found.lastSequence >= primary.position.sequence, "seed \(seed) round \(round)")
    }
    let endpoint = primary.link.endpoint
    var pair = Pair(primary: primary, standby: try openStandby(b.path, primary: endpoint))
    let isLevel = pair.run { $0.isLevel && $0.primary.isAcknowledged }
    expect(isLevel, "\(String(describing: pair.standby.failure))")
    expect(try pair.standby.engine.digest == TallyReference(count: pair.primary.count).digest)
  }
}
