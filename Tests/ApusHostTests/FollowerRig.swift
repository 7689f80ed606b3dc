// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// A host that is fed with random commands, and what a snapshot of it is followed by.
struct FollowedHost: ~Copyable {
  var host: JournaledHost
  private var random: SeededRandom
  private var time: UInt64 = 1_000
  /// Events of all commands.
  private(set) var eventCount: UInt64 = 0

  init(_ storage: any JournalStorage, seed: UInt64, digestInterval: Int? = 7) throws {
    host = try JournalRig.host(storage, release: .durable, digestInterval: digestInterval)
    random = SeededRandom(seed: seed)
  }

  /// Applies `count` commands, and makes them durable.
  mutating func feed(_ count: Int) {
    for _ in 0..<count {
      time += 1 + random.next() % 90
      let command = LedgerCommand.random(&random, accountCount: 24)
      while !host.step(now: Nanoseconds(time), command: command) { _ = host.flush() }
      eventCount += UInt64(host.takeEvents { _ in })
    }
    expect(host.flush())
    eventCount += UInt64(host.takeEvents { _ in })
  }
}

enum FollowerRig {
  static func empty(_ configuration: LedgerEngine.Configuration) -> LedgerEngine {
    LedgerEngine(configuration: configuration)
  }

  static func follower(
    _ journal: any JournalStorage, snapshots: (any JournalStorage)? = nil,
    engine: LedgerEngine.Configuration = .init(),
    _ configuration: SnapshotFollowerConfiguration = .init(commandInterval: nil)
  ) throws(SnapshotFollowerError) -> SnapshotFollower<LedgerEngine> {
    try SnapshotFollower(
      LedgerEngine.self, engine: engine, journal: journal, snapshots: snapshots,
      configuration: configuration)
  }

  /// Follows to the journal's durable end, and writes every snapshot that is due on the way.
  static func run(
    _ follower: inout SnapshotFollower<LedgerEngine>
  ) throws(SnapshotFollowerError) {
    while true {
      if try follower.step(countMax: 100) > 0 { continue }
      guard follower.isSnapshotDue else { return }
      try follower.writeSnapshot()
    }
  }

  /// What a recovery finds.
  static func recover(
    _ journal: any JournalStorage, snapshots: (any JournalStorage)?,
    engine: LedgerEngine.Configuration = .init(), bufferByteCount: Int = 4_096
  ) throws -> RecoveryReport {
    let writer = try JournalRig.writer(journal, bufferByteCount: bufferByteCount)
    let catalog = try snapshots.map {
      try JournalSnapshots(storage: $0, journal: writer.identifier)
    }
    return try EngineRecovery.recover(
      LedgerEngine.self, configuration: engine, writer: writer, snapshots: catalog,
      storage: journal
    ).report
  }

  /// What a recovery of a real folder finds, which is free again afterwards.
  static func recover(
    path: String, engine: LedgerEngine.Configuration = .init(), usesSnapshots: Bool = true
  ) throws -> RecoveryReport {
    try whenUnlocked {
      let storage = try FileJournalStorage(path: path)
      return try recover(
        storage, snapshots: usesSnapshots ? storage : nil, engine: engine,
        bufferByteCount: 1 << 14)
    }
  }

  /// Tries again for a while where another writer has the journal: the kernel gives a killed
  /// process's lock back a moment after its end can be seen.
  static func whenUnlocked<T: ~Copyable>(_ body: () throws -> T) throws -> T {
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      do {
        return try body()
      } catch let error as JournalError {
        guard case .locked = error, ContinuousClock.now < deadline else { throw error }
        usleep(1_000)
      }
    }
  }

  static func snapshotName(_ sequence: UInt64) -> String {
    let digits = String(sequence)
    return String(repeating: "0", count: 20 - digits.count) + digits + ".snapshot"
  }

  static func names(_ disk: SimulatedJournalStorage, _ suffix: String) throws -> [String] {
    try disk.list().filter { $0.hasSuffix(suffix) }.sorted()
  }

  /// Flips a bit. Commits begin at multiples of 512 bytes, and what pads them is not checked.
  static func damage(_ disk: SimulatedJournalStorage, _ name: String, at offset: Int) throws {
    var bytes = try #require(disk.contents(name))
    bytes[offset] ^= 0x10
    disk.replaceContents(name, with: bytes)
  }
}
