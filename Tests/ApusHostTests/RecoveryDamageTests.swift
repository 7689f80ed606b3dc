// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusHost
import ApusJournal
import ApusTestKit
import ApusTestSupport
import Testing

/// Damage before the last segment. Opening a journal does not look there; a recovery that needs the
/// records does, and refuses them.
@Suite struct RecoveryDamageTests {
  /// A journal of several segments with a snapshot after about half of the records.
  private static func sample() throws -> (
    disk: SimulatedJournalStorage, snapshots: SimulatedJournalStorage, digest: UInt64,
    segments: [String]
  ) {
    let (disk, snapshots) = (SimulatedJournalStorage(seed: 1), SimulatedJournalStorage(seed: 2))
    var followedHost = try FollowedHost(disk, seed: 6)
    followedHost.feed(300)
    let identifier = try #require(JournalInspection.report(disk, depth: .tail).identifier)
    let store = try JournalSnapshots(storage: snapshots, journal: identifier)
    try store.write(&followedHost.host)
    followedHost.feed(400)
    let digest = followedHost.host.engine.digest
    disk.cutPower()
    let segments = try FollowerRig.names(disk, ".segment")
    #expect(segments.count > 4)
    return (disk, snapshots, digest, segments)
  }

  /// Where `apus journal verify` finds it.
  private static func place(_ disk: SimulatedJournalStorage) throws -> (
    path: String, offset: UInt64
  ) {
    let error = #expect(throws: JournalError.self) {
      _ = try JournalInspection.report(disk, depth: .everything)
    }
    guard case .damaged(let path, let offset, _)? = error else {
      throw try #require(error)
    }
    return (path, offset)
  }

  @Test(arguments: [5_170, 30_258, 59_954])
  func damageInAnEarlySegmentIsRefusedWithItsOffset(offset: Int) throws {
    let (disk, snapshots, digest, segments) = try Self.sample()
    try FollowerRig.damage(disk, segments[1], at: offset)
    let place = try Self.place(disk)
    #expect(place.path == "simulated/\(segments[1])")
    // The last segment is whole: a writer opens.
    _ = try JournalRig.writer(disk)
    disk.killProcess()
    let error = #expect(throws: RecoveryError.self) {
      _ = try FollowerRig.recover(disk, snapshots: nil)
    }
    guard case .replay(nil, .recording(let text))? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(text.hasPrefix("\(place.path): offset \(place.offset): "))
    disk.killProcess()
    // The snapshot has the damaged records' effect: they are not needed.
    let report = try FollowerRig.recover(disk, snapshots: snapshots)
    #expect(report.digest == digest)
  }

  @Test func damageBehindTheSnapshotIsRefusedWithItsOffset() throws {
    let (disk, snapshots, _, segments) = try Self.sample()
    try FollowerRig.damage(disk, segments[segments.count - 2], at: 12_338)
    let place = try Self.place(disk)
    let error = #expect(throws: RecoveryError.self) {
      _ = try FollowerRig.recover(disk, snapshots: snapshots)
    }
    guard case .replay(.some, .recording(let text))? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(text.hasPrefix("\(place.path): offset \(place.offset): "))
  }

  @Test(arguments: [1, 2]) func aSegmentThatIsGoneIsRefused(index: Int) throws {
    let (disk, snapshots, digest, segments) = try Self.sample()
    try disk.remove(segments[index])
    let error = #expect(throws: RecoveryError.self) {
      _ = try FollowerRig.recover(disk, snapshots: nil)
    }
    guard case .replay(nil, .recording(let text))? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(text.hasPrefix("simulated/\(segments[index - 1]): offset "))
    disk.killProcess()
    // Whether the snapshot covers what is gone.
    let first = try #require(UInt64(segments[index + 1].prefix(20)))
    let taken = try #require(UInt64(FollowerRig.names(snapshots, ".snapshot")[0].prefix(20)))
    guard taken + 1 >= first else { return }
    #expect(try FollowerRig.recover(disk, snapshots: snapshots).digest == digest)
  }
}
