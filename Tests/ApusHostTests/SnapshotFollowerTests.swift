// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusJournal
import ApusTestKit
import ApusTestSupport
import Testing

@Suite struct SnapshotFollowerTests {
  @Test func itsSnapshotsHaveTheBytesOfTheHostsOwn() throws {
    let journal = SimulatedJournalStorage(seed: 1)
    let (own, followed) = (SimulatedJournalStorage(seed: 2), SimulatedJournalStorage(seed: 3))
    var followedHost = try FollowedHost(journal, seed: 4)
    var follower = try FollowerRig.follower(journal, snapshots: followed)
    let identifier = try JournalInspection.report(journal, depth: .tail).identifier
    let snapshots = try JournalSnapshots(storage: own, journal: try #require(identifier))
    for round in 0..<6 {
      followedHost.feed(40 + 31 * round)
      let header = try snapshots.write(&followedHost.host)
      // One that began from a snapshot goes on as well as one that saw everything.
      if round == 3 { follower = try FollowerRig.follower(journal, snapshots: followed) }
      try FollowerRig.run(&follower)
      let written = try follower.writeSnapshot()
      #expect(written == header)
      let name = FollowerRig.snapshotName(header.sequence)
      let bytes = try #require(own.contents(name))
      // The header of the follower's says how many events there were, which a host does not count.
      let headerByteCount = 4_096
      let contents = followed.contents(name)?.dropFirst(headerByteCount)
      let isSame = contents.map { $0.elementsEqual(bytes.dropFirst(headerByteCount)) }
      #expect(isSame == true, "round \(round)")
      var rejected: [SnapshotStore.Rejected] = []
      let found = try SnapshotStore(storage: followed).newestValid(rejected: &rejected)?.header
      let eventCount = followedHost.eventCount
      #expect(found?.digest == header.digest && found?.eventCount == eventCount)
      let digest = followedHost.host.engine.digest
      expect(follower.engine.digest == digest)
      expect(follower.report.digestCheckCount > 0)
      // Nothing has come since: it is there already.
      let again = try follower.writeSnapshot()
      #expect(again == nil)
    }
    expect(follower.startSequence != nil && follower.snapshotCount == 3)
    journal.cutPower()
    let report = try FollowerRig.recover(journal, snapshots: followed)
    let digest = followedHost.host.engine.digest
    #expect(report.snapshotSequence == followedHost.host.lastSequence)
    #expect(report.digest == digest && report.replay.commandCount == 0)
  }

  @Test func snapshotsFallOnTheInterval() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    // No digests among the records: commands and sequences are the same numbers.
    var followedHost = try FollowedHost(disk, seed: 9, digestInterval: nil)
    var follower = try FollowerRig.follower(disk, .init(commandInterval: 100, keptCount: 3))
    followedHost.feed(30)
    try FollowerRig.run(&follower)
    expect(follower.snapshotCount == 0 && follower.report.lastSequence == 30)
    followedHost.feed(525)
    try FollowerRig.run(&follower)
    expect(follower.snapshotCount == 5 && follower.report.lastSequence == 555)
    #expect(
      try FollowerRig.names(disk, ".snapshot") == [300, 400, 500].map(FollowerRig.snapshotName))
  }

  /// Records that are written and not yet durable can be read, and a power cut would take them.
  @Test func whatIsNotDurableIsInNoSnapshot() throws {
    let disk = SimulatedJournalStorage(seed: 5)
    disk.faults.commitLookCountMax = 0
    var followedHost = try FollowedHost(disk, seed: 2, digestInterval: nil)
    followedHost.feed(20)
    disk.faults.syncError = 1
    for account in UInt32(0)..<5 {
      _ = followedHost.host.step(now: Nanoseconds(1 << 40), command: .deposit(1, to: account))
    }
    expect(!followedHost.host.flush())
    disk.faults.syncError = 0
    var live = try JournalReader(storage: disk, mode: .live)
    let seen = try live.read { _, _ in true }
    #expect(seen > 20)
    var follower = try FollowerRig.follower(disk)
    try FollowerRig.run(&follower)
    let snapshot = try follower.writeSnapshot()
    #expect(snapshot?.sequence == 20)
    disk.cutPower()
    let report = try FollowerRig.recover(disk, snapshots: disk)
    #expect(report.snapshotSequence == 20 && report.refusedSnapshots.isEmpty)
  }

  @Test func aDamagedNewestSnapshotFallsBackToAnOlderOne() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var followedHost = try FollowedHost(disk, seed: 6, digestInterval: nil)
    var first = try FollowerRig.follower(disk, .init(commandInterval: 100))
    followedHost.feed(250)
    try FollowerRig.run(&first)
    try FollowerRig.damage(disk, FollowerRig.snapshotName(200), at: 5_000)
    var second = try FollowerRig.follower(disk, .init(commandInterval: 100))
    expect(second.startSequence == 100)
    expect(second.refusedSnapshots.map(\.sequence) == [200])
    followedHost.feed(100)
    try FollowerRig.run(&second)
    // The damaged one is written anew; the one that held is kept beside it.
    #expect(
      try FollowerRig.names(disk, ".snapshot") == [200, 300].map(FollowerRig.snapshotName))
    disk.cutPower()
    let report = try FollowerRig.recover(disk, snapshots: disk)
    let digest = followedHost.host.engine.digest
    #expect(report.snapshotSequence == 300 && report.digest == digest)
  }

  /// A snapshot that does not hold takes no place among those to keep.
  @Test func aSnapshotThatHoldsIsKeptBesideADamagedOne() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var followedHost = try FollowedHost(disk, seed: 6, digestInterval: nil)
    var first = try FollowerRig.follower(disk, .init(commandInterval: 100))
    followedHost.feed(250)
    try FollowerRig.run(&first)
    try FollowerRig.damage(disk, FollowerRig.snapshotName(200), at: 5_000)
    var second = try FollowerRig.follower(disk, .init(commandInterval: 130))
    followedHost.feed(10)
    try FollowerRig.run(&second)
    expect(second.snapshotSequence == 230)
    #expect(
      try FollowerRig.names(disk, ".snapshot") == [100, 200, 230].map(FollowerRig.snapshotName))
    followedHost.feed(120)
    try FollowerRig.run(&second)
    #expect(
      try FollowerRig.names(disk, ".snapshot") == [230, 360].map(FollowerRig.snapshotName))
  }

  @Test func segmentsBelowTheOldestKeptSnapshotAreRemoved() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    // A segment of 64 KiB takes about 120 commits of a command each.
    var followedHost = try FollowedHost(disk, seed: 6)
    var follower = try FollowerRig.follower(
      disk, .init(commandInterval: 150, retainedSegmentCountMin: 2))
    followedHost.feed(250)
    try FollowerRig.run(&follower)
    // One snapshot of two: were it damaged, everything behind it would be needed.
    expect(follower.snapshotCount == 1)
    let all = try FollowerRig.names(disk, ".segment")
    #expect(all.count > 2 && all[0].hasSuffix("01.segment"))
    followedHost.feed(800)
    try FollowerRig.run(&follower)
    let left = try JournalInspection.report(disk, depth: .everything)
    let oldest = try #require(
      FollowerRig.names(disk, ".snapshot").first.flatMap { UInt64($0.prefix(20)) })
    #expect(left.firstSequence > 1 && left.firstSequence <= oldest + 1)
    #expect(left.segments.count >= 2)
    // The host, whose journal it is, goes on; and so does a recovery from either snapshot.
    followedHost.feed(50)
    let digest = followedHost.host.engine.digest
    disk.cutPower()
    #expect(try FollowerRig.recover(disk, snapshots: disk).digest == digest)
    disk.killProcess()
    let newest = try #require(FollowerRig.names(disk, ".snapshot").last)
    try FollowerRig.damage(disk, newest, at: 4_200)
    let report = try FollowerRig.recover(disk, snapshots: disk)
    #expect(report.refusedSnapshots.count == 1 && report.digest == digest)
  }
}

/// What goes wrong with a follower, and that it stays the follower's.
@Suite struct SnapshotFollowerFaultTests {
  @Test func anEngineThatReachesAnotherDigestWritesNothing() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var followedHost = try FollowedHost(disk, seed: 6)
    followedHost.feed(200)
    var follower = try FollowerRig.follower(
      disk, engine: .init(accountCapacity: 3), .init(commandInterval: 100))
    do {
      try FollowerRig.run(&follower)
      Issue.record("another engine was taken for the same")
    } catch {
      guard case .replay(.digest(_, _, _)) = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(try FollowerRig.names(disk, ".snapshot").isEmpty)
    followedHost.feed(10)
  }

  @Test func aDiskThatRefusesASnapshotIsToldAndTriedAgain() throws {
    let (disk, snapshots) = (SimulatedJournalStorage(seed: 1), SimulatedJournalStorage(seed: 2))
    var followedHost = try FollowedHost(disk, seed: 6, digestInterval: nil)
    var follower = try FollowerRig.follower(
      disk, snapshots: snapshots, .init(commandInterval: 100))
    followedHost.feed(100)
    snapshots.faults.capacityByteCount = 100
    do {
      try FollowerRig.run(&follower)
      Issue.record("a full disk took a snapshot")
    } catch {
      guard case .snapshot(.storage(let text)) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(text.contains("no space left"))
    }
    // The one that failed is not due again at once.
    expect(!follower.isSnapshotDue && follower.snapshotSequence == 0)
    snapshots.faults.capacityByteCount = .max
    followedHost.feed(150)
    try FollowerRig.run(&follower)
    expect(follower.snapshotSequence == 200)
    #expect(try snapshots.list() == [FollowerRig.snapshotName(200)])
  }

  @Test func aFollowerThatCannotBeginSaysWhy() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var error = #expect(throws: SnapshotFollowerError.self) { _ = try FollowerRig.follower(disk) }
    #expect(error == .journal(.noJournal(path: "simulated")))
    var followedHost = try FollowedHost(disk, seed: 6)
    followedHost.feed(300)
    error = #expect(throws: SnapshotFollowerError.self) {
      _ = try FollowerRig.follower(disk, .init(commandInterval: 0))
    }
    #expect(error?.description.contains("commandInterval 0: expected 1 or more, or nil") == true)
    // No snapshot, and a journal that lost its beginning.
    try disk.remove(try #require(FollowerRig.names(disk, ".segment").first))
    error = #expect(throws: SnapshotFollowerError.self) { _ = try FollowerRig.follower(disk) }
    guard case .journal(.sequenceUnavailable(_, asked: 1, _, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func damageOfTheJournalEndsItWithThePlace() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var followedHost = try FollowedHost(disk, seed: 6)
    followedHost.feed(300)
    let name = try #require(FollowerRig.names(disk, ".segment").first)
    try FollowerRig.damage(disk, name, at: 20_018)
    var follower = try FollowerRig.follower(disk)
    do {
      try FollowerRig.run(&follower)
      Issue.record("damage was read over")
    } catch {
      guard case .replay(.recording(let text)) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(text.hasPrefix("simulated/\(name): offset "))
    }
    followedHost.feed(10)
  }

  /// The power fails at each write and sync of a snapshot, its renaming and the removals behind it.
  @Test func aPowerCutAtAnyOperationLeavesARecovery() throws {
    var interruptionCount = 0
    for operation in 0..<200 {
      let disk = SimulatedJournalStorage(seed: UInt64(operation) + 1)
      var followedHost = try FollowedHost(disk, seed: 8)
      var follower = try FollowerRig.follower(
        disk, .init(commandInterval: nil, bufferByteCount: 512, retainedSegmentCountMin: 1))
      for _ in 0..<2 {
        followedHost.feed(120)
        try FollowerRig.run(&follower)
        try follower.writeSnapshot()
      }
      followedHost.feed(30)
      let digest = followedHost.host.engine.digest
      try FollowerRig.run(&follower)
      let cut = disk.cutPower(atOperation: operation)
      let outcome = Result { () throws(SnapshotFollowerError) in try follower.writeSnapshot() }
      guard cut.end() else {
        // Past the last operation: it was done in peace.
        _ = try outcome.get()
        break
      }
      interruptionCount += 1
      disk.cutPower()
      let report = try FollowerRig.recover(disk, snapshots: disk)
      #expect(report.digest == digest, "operation \(operation)")
      #expect(report.snapshotSequence != nil && report.refusedSnapshots.isEmpty)
    }
    #expect(interruptionCount > 5)
  }
}
