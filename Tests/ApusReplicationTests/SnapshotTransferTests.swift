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

/// Standbys that need records which retention has removed.
@Suite struct SnapshotTransferTests {
  /// Brings a primary to 2,000 commands, with a snapshot at 1,500 and no whole segment before it.
  static func advance(_ primary: inout PrimaryReplica, _ path: String) throws -> EngineSnapshot {
    primary.advance(to: 1_500)
    let snapshot = try primary.writeSnapshot(path)
    primary.advance(to: 2_000)
    let first = try removeSegments(path, below: snapshot.sequence + 1)
    #expect(first > 1 && first <= snapshot.sequence + 1)
    return snapshot
  }

  /// A primary of 300 commands and a standby that has them all on its disk.
  static func levelPair(_ a: String, _ b: String) throws -> Pair {
    var primary = try PrimaryReplica(a, epoch: 1, release: .durable)
    let endpoint = primary.link.endpoint
    primary.advance(to: 300)
    var pair = Pair(primary: primary, standby: try openRestoringStandby(b, primary: endpoint))
    let isLevel = pair.run { $0.isDurablyLevel }
    expect(isLevel)
    return pair
  }

  static func snapshotFiles(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { $0.contains("snapshot") }
  }

  /// The standby's journal is the primary's from the snapshot on, and both states are the stream's.
  static func check(_ pair: borrowing Pair, _ a: String, _ b: String, _ snapshot: EngineSnapshot)
    throws
  {
    expect(try pair.standby.engine.digest == TallyReference(count: pair.primary.count).digest)
    let own = try JournalInspection.report(openFolder(b), depth: .everything)
    let theirs = try JournalInspection.report(openFolder(a), depth: .everything)
    #expect(own.identifier == theirs.identifier)
    #expect(own.firstSequence == snapshot.sequence + 1)
    #expect(own.lastSequence == theirs.lastSequence && own.lastChecksum == theirs.lastChecksum)
  }

  /// What a primary acknowledged alone it keeps, also where it was fenced: it takes no snapshot in its place.
  @Test func aFencedPrimaryThatAcknowledgedAloneTakesNoSnapshot() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var old: PrimaryReplica
    var new: PrimaryReplica
    do {
      let pair = try SnapshotTransferTests.levelPair(a.path, b.path)
      var parts = pair.split()
      old = try taken(&parts.primary)
      _ = try taken(&parts.standby)
      new = try PrimaryReplica(b.path, epoch: 2, acknowledgingNode: 1, release: .durable)
    }
    old.advance(to: 350)
    old.link.fence(by: 2)
    _ = consume old
    #expect(try EpochFile.read(openFolder(a.path)).acknowledged == .alone)
    _ = try Self.advance(&new, b.path)
    let endpoint = new.link.endpoint
    var pair = Pair(
      primary: new, standby: try openRestoringStandby(a.path, primary: endpoint, node: 1))
    let hasStopped = pair.run { $0.standby.failure != nil }
    expect(hasStopped && pair.standby.counters.snapshotCount == 0)
  }

  @Test func anEmptyStandbyBeginsFromASnapshot() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    let snapshot = try Self.advance(&primary, a.path)
    let endpoint = primary.link.endpoint
    var pair = Pair(
      primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    let isSent = pair.run { $0.primary.link.counters.snapshotCount == 1 }
    expect(isSent, "\(String(describing: pair.standby.failure))")
    // Segments behind the snapshot must not go while the standby is on its way.
    expect(pair.primary.link.neededSequence == snapshot.sequence + 1)
    let isLevel = pair.run { $0.isDurablyLevel }
    expect(isLevel, "\(String(describing: pair.standby.failure))")
    expect(pair.standby.counters.snapshotCount == 1)
    expect(pair.standby.counters.snapshotByteCount > 64 << 10)
    expect(pair.standby.counters.connectionCount == 1)
    // The live tail, with its digests.
    let isSettled = pair.submit(200)
    expect(isSettled)
    let follows = pair.run { $0.isDurablyLevel }
    expect(follows && pair.standby.report.digestCheckCount >= 4)
    try Self.check(pair, a.path, b.path, snapshot)
  }

  @Test func aStandbyThatFellBehindGoesOnFromASnapshotAndTakesOver() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var pair = try Self.levelPair(a.path, b.path)
    let endpoint = pair.primary.link.endpoint
    var primary = pair.takePrimary()
    let snapshot = try Self.advance(&primary, a.path)
    pair = Pair(
      primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    expect(pair.standby.engine.count == 300)
    let catchesUp = pair.run { $0.isDurablyLevel }
    expect(catchesUp, "\(String(describing: pair.standby.failure))")
    expect(pair.standby.counters.snapshotCount == 1)
    try Self.check(pair, a.path, b.path, snapshot)
    let reached = pair.primary.host.engine.digest
    _ = pair.takePrimary()
    // It starts again from its own folder, and is as good as a standby that has everything.
    let again = try openRestoringStandby(b.path, primary: endpoint)
    expect(again.engine.digest == reached && again.engine.count == 2_000)
    var new = try PrimaryReplica(taking: again, path: b.path, epoch: 2, acknowledgingNode: 1)
    expect(new.count == 2_000)
    new.submit(10)
    expect(new.host.flush())
  }

  /// The connection ends in the middle, from either side or with either process; what was there stays
  /// until all of the snapshot is.
  @Test func aTransferThatIsCutBeginsAgain() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var pair = try Self.levelPair(a.path, b.path)
    let endpoint = pair.primary.link.endpoint
    let before = pair.standby.lastSequence
    var parts = pair.split()
    var primary = try taken(&parts.primary)
    _ = parts.standby.take()
    let snapshot = try Self.advance(&primary, a.path)
    pair = Pair(
      primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    for cut in 0..<6 {
      let start = pair.standby.counters.snapshotByteCount
      let target = start + UInt64(cut) * 9_000 + 1
      let isUnderWay = pair.run { $0.standby.counters.snapshotByteCount >= target }
      expect(isUnderWay && pair.standby.phase == .restoring, "cut \(cut)")
      expect(pair.standby.lastSequence == before && pair.standby.engine.count == 300, "cut \(cut)")
      switch cut % 3 {
      case 0:
        pair.standby.follow(endpoint)
        #expect(Self.snapshotFiles(b.path).isEmpty, "cut \(cut)")
      case 1:
        // The primary dies and comes back.
        var parts = pair.split()
        let standby = try taken(&parts.standby)
        _ = parts.primary.take()
        pair = Pair(
          primary: try PrimaryReplica(
            a.path, epoch: 1, release: .durable, endpoint: endpoint), standby: standby)
      default:
        var parts = pair.split()
        let primary = try taken(&parts.primary)
        _ = parts.standby.take()
        pair = Pair(
          primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
        expect(pair.standby.lastSequence == before, "cut \(cut)")
      }
    }
    let isThere = pair.run { $0.isDurablyLevel }
    expect(isThere, "\(String(describing: pair.standby.failure))")
    expect(pair.standby.counters.snapshotCount == 1)
    try Self.check(pair, a.path, b.path, snapshot)
  }

  /// A snapshot whose journal did not follow, as a crash between the two leaves it, is made again.
  @Test func aSnapshotAheadOfItsJournalIsPassedOver() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var pair = try Self.levelPair(a.path, b.path)
    let endpoint = pair.primary.link.endpoint
    var primary = pair.takePrimary()
    let snapshot = try Self.advance(&primary, a.path)
    for name in Self.snapshotFiles(a.path) {
      try FileManager.default.copyItem(atPath: "\(a.path)/\(name)", toPath: "\(b.path)/\(name)")
    }
    pair = Pair(
      primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    expect(pair.standby.engine.count == 300)
    let isThere = pair.run { $0.isDurablyLevel }
    expect(isThere, "\(String(describing: pair.standby.failure))")
    try Self.check(pair, a.path, b.path, snapshot)
  }

  @Test func aDamagedSnapshotIsPassedOverForAnOlderOne() throws {
    let (a, b, c) = (try ScratchFolder(), try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    let endpoint = primary.link.endpoint
    let snapshot = try Self.advance(&primary, a.path)
    let newer = try primary.writeSnapshot(a.path)
    let path = try #require(
      Self.snapshotFiles(a.path).first { $0.contains("\(newer.sequence)") })
    try damage("\(a.path)/\(path)")
    var pair = Pair(
      primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    let isLevel = pair.run { $0.isDurablyLevel }
    expect(isLevel, "\(String(describing: pair.standby.failure))")
    try Self.check(pair, a.path, b.path, snapshot)
    // With none that holds, the standby is told what is missing.
    for name in Self.snapshotFiles(a.path) where name != path { try damage("\(a.path)/\(name)") }
    pair = Pair(
      primary: pair.takePrimary(), standby: try openRestoringStandby(c.path, primary: endpoint))
    let stopped = pair.run { $0.standby.failure != nil }
    expect(stopped)
    guard case .refused(.removed, sequence: 1, let first, _)? = pair.standby.failure else {
      Issue.record("\(String(describing: pair.standby.failure))")
      return
    }
    #expect(first > 1)
  }

  private func damage(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 9] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  /// Segments go while a standby that follows is on its way to them: no matter of the primary's.
  @Test(arguments: [true, false]) func recordsMayGoUnderAStandbyThatFollows(
    takesSnapshots: Bool
  ) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let begun = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    let endpoint = begun.link.endpoint
    var pair = Pair(
      primary: begun,
      standby: takesSnapshots
        ? try openRestoringStandby(b.path, primary: endpoint)
        : try openStandby(b.path, primary: endpoint))
    let isSettled = pair.submit(100)
    expect(isSettled)
    let isLevel = pair.run { $0.isLevel }
    expect(isLevel)
    while pair.primary.count < 1_500 {
      pair.primary.submit(40)
      _ = pair.primary.host.flush()
      pair.primary.host.takeEvents { _ in }
    }
    let snapshot = try pair.primary.writeSnapshot(a.path)
    try removeSegments(a.path, below: snapshot.sequence + 1)
    let isThere = pair.run { $0.isLevel || $0.standby.failure != nil }
    expect(isThere && pair.primary.link.failure == nil)
    expect(pair.primary.link.counters.turnedAwayCount(.removed) == 1)
    if takesSnapshots {
      expect(pair.standby.failure == nil && pair.standby.counters.snapshotCount == 1)
    } else {
      guard case .refused(.removed, _, _, _)? = pair.standby.failure else {
        Issue.record("\(String(describing: pair.standby.failure))")
        return
      }
    }
  }

  /// The last records of an old primary may be nobody else's: no snapshot takes their place.
  @Test func anOldPrimaryKeepsItsRecords() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let begun = try PrimaryReplica(a.path, epoch: 1)
    let oldEndpoint = begun.link.endpoint
    var pair = Pair(primary: begun, standby: try openStandby(b.path, primary: oldEndpoint))
    let isSettled = pair.submit(100)
    expect(isSettled)
    pair.primary.submit(20)
    expect(pair.primary.host.flush())
    var parts = pair.split()
    let last = lastSequence(try taken(&parts.primary))
    var new = try PrimaryReplica(
      taking: taken(&parts.standby), path: b.path, epoch: 2, acknowledgingNode: 1,
      release: .durable)
    _ = try Self.advance(&new, b.path)
    let endpoint = new.link.endpoint
    pair = Pair(
      primary: new, standby: try openRestoringStandby(a.path, primary: endpoint, node: 1))
    let stopped = pair.run { $0.standby.failure != nil }
    expect(stopped)
    guard case .refused(.removed, _, _, _)? = pair.standby.failure else {
      Issue.record("\(String(describing: pair.standby.failure))")
      return
    }
    let found = try JournalInspection.report(openFolder(a.path), depth: .everything)
    #expect(found.lastSequence == last)
  }

  private func lastSequence(_ primary: consuming PrimaryReplica) -> UInt64 {
    primary.host.lastSequence
  }
}
