// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@Suite struct FencingTests {
  @Test func eventsWaitForTheStandby() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 1)
    primary.submit(10)
    _ = primary.host.flush()
    for _ in 0..<50 { _ = primary.step() }
    expect(primary.acknowledged.isEmpty && primary.host.durableSequence == 11)
    // One record of the epoch, then the commands.
    primary.position.advance(to: 5)
    _ = primary.step()
    expect(primary.acknowledged.map(\.count) == [1, 2, 3, 4])
    expect(primary.host.acknowledgedSequence == 5)
    primary.position.advance(to: 3)
    expect(primary.position.sequence == 5, "a position never goes back")
    primary.position.fence(by: 2)
    primary.position.advance(to: 11)
    _ = primary.step()
    expect(primary.acknowledged.count == 4 && primary.host.hasFailed)
    expect(primary.submit(1) == 0)
    expect(primary.host.failureDescription?.contains("epoch 2") == true)
    expect(!primary.host.flush())
  }

  @Test func aFenceStopsADurableHostAsWell() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    primary.submit(3)
    _ = primary.host.flush()
    _ = primary.step()
    expect(primary.acknowledged.count == 3)
    primary.submit(2)
    primary.position.fence(by: 4)
    _ = primary.host.flush()
    _ = primary.step()
    let count = primary.acknowledged.count
    primary.submit(2)
    _ = primary.step()
    expect(primary.acknowledged.count == count && primary.host.hasFailed)
  }

  @Test func releaseModesAskForWhatTheyNeed() throws {
    func refused(_ field: String, _ body: () throws -> Void) {
      do {
        try body()
        Issue.record("\(field) was accepted")
      } catch {
        #expect("\(error)".contains(field), "\(error)")
      }
    }
    refused("release") {
      _ = try EngineHost(
        engine: TallyEngine(), input: NoInput(), journal: NoJournal(), output: NoOutput(),
        configuration: HostConfiguration(release: .replicated, eventCapacity: 4))
    }
    refused("replica") {
      _ = try EngineHost(
        engine: TallyEngine(), input: NoInput(), journal: NoJournal(), output: NoOutput(),
        configuration: HostConfiguration(
          release: .atOnce, eventCapacity: 4, replica: ReplicatedPosition()))
    }
    let a = try ScratchFolder()
    refused("replica") {
      let writer = try JournalWriter(storage: openFolder(a.path), configuration: smallJournal())
      _ = try EngineHost(
        engine: TallyEngine(), input: NoInput(), journal: writer, output: NoOutput(),
        configuration: HostConfiguration(release: .replicated, eventCapacity: 4))
    }
  }

  /// A primary that lost its standby to a take-over is fenced, and comes back only by a cut.
  @Test func anOldPrimaryIsFencedAndComesBackByACut() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var old: PrimaryReplica
    var new: PrimaryReplica
    do {
      let primary = try PrimaryReplica(a.path, epoch: 1)
      let endpoint = primary.link.endpoint
      var pair = Pair(primary: primary, standby: try openStandby(b.path, primary: endpoint))
      let isSettled = pair.submit(200)
      expect(isSettled)
      let isLevel = pair.run { $0.isLevel }
      expect(isLevel)
      var parts = pair.split()
      old = try taken(&parts.primary)
      new = try PrimaryReplica(
        taking: taken(&parts.standby), path: b.path, epoch: 2, acknowledgingNode: 1)
    }
    expect(new.count == 200)
    // The old primary knows nothing, goes on, and acknowledges nothing.
    let acknowledged = old.acknowledged.count
    old.submit(60)
    _ = old.host.flush()
    for _ in 0..<100 { _ = old.step() }
    expect(old.acknowledged.count == acknowledged && !old.host.hasFailed)
    let tail = old.host.lastSequence

    // A standby of the new one, which then looks for the old one: it fences it.
    let c = try ScratchFolder()
    let newEndpoint = new.link.endpoint
    var pair = Pair(
      primary: consume new, standby: try openStandby(c.path, primary: newEndpoint, node: 1))
    let follows = pair.run { $0.standby.phase == .following && $0.isLevel }
    expect(follows, "\(String(describing: pair.standby.failure))")
    pair.standby.follow(old.link.endpoint)
    var end = patience()
    while !old.host.hasFailed, monotonicNow() < end {
      if old.step() + pair.standby.step(now: monotonicNow()) == 0 { usleep(200) }
    }
    expect(old.link.fencingEpoch == 2 && old.host.fencingEpoch == 2)
    expect(old.acknowledged.count == acknowledged)
    expect(pair.standby.failure == nil)
    let oldEndpoint = old.link.endpoint
    _ = consume old

    // It may not begin its epoch again, nor any that is not new.
    for epoch in [UInt64(1), 2] {
      do {
        _ = try PrimaryReplica(a.path, epoch: epoch)
        Issue.record("epoch \(epoch) began again")
      } catch {
        #expect("\(error)".contains("epoch"), "\(error)")
      }
    }

    // It comes back as a standby: its tail is found and told, and nothing is cut by itself.
    pair.standby.follow(newEndpoint)
    let returns = pair.run { $0.standby.phase == .following }
    expect(returns)
    let isSettled = pair.submit(100)
    expect(isSettled)
    new = pair.takePrimary()
    var returning = try openStandby(a.path, primary: newEndpoint, node: 1)
    end = patience()
    while returning.failure == nil, monotonicNow() < end {
      if new.step() + returning.step(now: monotonicNow()) == 0 { usleep(200) }
    }
    guard case .diverged(let lastCommon?, let last, _)? = returning.failure else {
      Issue.record("\(oldEndpoint): \(String(describing: returning.failure))")
      return
    }
    #expect(last == tail && lastCommon < tail)
    expect(returning.lastSequence == tail)
    _ = consume returning
    // The commands of both are the same; what differs are the epoch's record and what follows it.
    let reports = try JournalInspection.report(openFolder(a.path), depth: .everything)
    #expect(reports.lastSequence == tail)
    let cut = try JournalRecovery.cutBack(openFolder(a.path), after: lastCommon)
    #expect(cut.sequences == lastCommon + 1..<tail + 1)
    pair = Pair(
      primary: consume new, standby: try openStandby(a.path, primary: newEndpoint, node: 1))
    let isLevel = pair.run { $0.isLevel }
    expect(isLevel, "\(String(describing: pair.standby.failure))")
    expect(try pair.standby.engine.digest == TallyReference(count: pair.primary.count).digest)
  }

  @Test func aPromiseOutlivesARestart() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let primary = try PrimaryReplica(a.path, epoch: 7)
    let endpoint = primary.link.endpoint
    var pair = Pair(primary: primary, standby: try openStandby(b.path, primary: endpoint))
    let isSettled = pair.submit(10)
    expect(isSettled)
    _ = pair.takePrimary()
    // Another machine with an old copy of the lease: same journal, lower epoch.
    #expect(try EpochFile.read(openFolder(b.path)) == EpochPromise(epoch: 7))
    var again = try openStandby(b.path, primary: endpoint)
    expect(again.promisedEpoch == 7)
    do throws(ReplicationError) {
      _ = try again.promote(epoch: 7)
      Issue.record("an epoch that was seen began again")
    } catch {
      #expect(error == .staleEpoch(offered: 7, promised: 7))
    }
    again = try openStandby(b.path, primary: endpoint)
    let promoted = try again.promote(epoch: 8)
    expect(promoted.engine.count == 10 && promoted.epoch == 8)
    _ = consume promoted
    #expect(
      try EpochFile.read(openFolder(b.path))
        == EpochPromise(epoch: 8, isPrimary: true, acknowledged: .alone))
    // A file that does not hold is not taken for none.
    let file = "\(b.path)/replication.epoch"
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    bytes[17] ^= 4
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    #expect(throws: ReplicationError.self) { _ = try EpochFile.read(openFolder(b.path)) }
    #expect(throws: ReplicationError.self) { _ = try openStandby(b.path, primary: endpoint) }
  }

  /// An epoch says something only from a replica of the same journal.
  @Test func anEpochOfAnotherJournalFencesNobody() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 1)
    let other = try PrimaryReplica(b.path, epoch: 900)
    _ = consume other
    var stranger = try openStandby(b.path, primary: primary.link.endpoint)
    expect(stranger.promisedEpoch == 900)
    let end = monotonicNow().rawValue + 5_000_000_000
    while stranger.failure == nil, monotonicNow().rawValue < end {
      if primary.step() + stranger.step(now: monotonicNow()) == 0 { usleep(200) }
    }
    guard case .refused(.foreignJournal, _, _, _)? = stranger.failure else {
      Issue.record("\(String(describing: stranger.failure))")
      return
    }
    expect(primary.link.fencingEpoch == 0 && !primary.host.hasFailed)
  }

  @Test func aStaticLeaseIsHeldForEverOrNever() throws {
    let leader = try StaticLease(epoch: 3)
    #expect(leader.step(now: .zero).epoch(at: Nanoseconds(.max - 1)) == 3)
    leader.release()
    #expect(leader.step(now: .zero) == .notHeld)
    #expect(try StaticLease(epoch: nil).step(now: .zero).epoch(at: .zero) == nil)
    #expect(throws: ReplicationError.self) { try StaticLease(epoch: 0) }
  }
}

/// The two sides of a pair, to be taken one by one.
struct SplitPair: ~Copyable {
  var primary: PrimaryReplica?
  var standby: ReplicationStandby<TallyEngine>?
}

struct AlreadyTaken: Error {}

func taken<T: ~Copyable>(_ value: inout T?) throws(AlreadyTaken) -> T {
  guard let own = value.take() else { throw AlreadyTaken() }
  return own
}

extension Pair {
  consuming func split() -> SplitPair { SplitPair(primary: primary, standby: standby) }
}
