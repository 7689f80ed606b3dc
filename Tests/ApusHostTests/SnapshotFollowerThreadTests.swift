// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusRings
import ApusTestSupport
import Foundation
import Testing

/// A host on its thread, a follower on another one, and the log between them.
@Suite struct SnapshotFollowerThreadTests {
  static func startHost(
    _ path: String, engine: LedgerEngine.Configuration = .init()
  ) throws -> LedgerRun {
    let ends = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: 256))
    let writer = try FollowerRig.whenUnlocked {
      try JournalRig.writer(FileJournalStorage(path: path), bufferByteCount: 1 << 14)
    }
    let recovered = try EngineRecovery.recover(
      LedgerEngine.self, configuration: engine, writer: writer,
      snapshots: JournalSnapshots(
        storage: FileJournalStorage(path: path), journal: writer.identifier),
      storage: FileJournalStorage(path: path))
    let last = recovered.report.replay
    let host = try EngineHost(
      engine: recovered.takeEngine(), input: ends.consumer, journal: writer, output: NoOutput(),
      configuration: .init(
        release: .durable, eventCapacity: 1_024, digestInterval: 50,
        lastSequence: last.lastSequence, lastTime: last.lastTime))
    return LedgerRun(
      thread: try EngineThread.start(host, name: "ledger", cpuIndex: nil),
      producer: ends.producer)
  }

  static func startFollower(
    _ path: String, engine: LedgerEngine.Configuration = .init(),
    _ configuration: SnapshotFollowerConfiguration
  ) throws -> SnapshotFollowerThread {
    try SnapshotFollowerThread.start(
      name: "snapshots", cpuIndex: nil, pollNanoseconds: 1_000_000
    ) { () throws(SnapshotFollowerError) in
      try SnapshotFollower(
        LedgerEngine.self, engine: engine, path: path, configuration: configuration)
    }
  }

  static func wait(
    _ what: Comment, _ follower: SnapshotFollowerThread,
    until isDone: (SnapshotFollowerStatus) -> Bool
  ) {
    let deadline = Date().addingTimeInterval(20)
    while !isDone(follower.status), Date() < deadline { usleep(500) }
    #expect(isDone(follower.status), what)
  }

  @Test func itSnapshotsWhileCommandsFlow() throws {
    let folder = try ScratchFolder()
    let path = folder.path("journal")
    var run = try Self.startHost(path)
    let follower = try Self.startFollower(path, .init(commandInterval: 500))
    run.push(4_000, seed: 3)
    Self.wait("snapshots while it runs", follower) { $0.snapshotCount >= 2 }
    // On demand: everything that was durable when it was asked for is in it.
    let durable = run.thread.status.acknowledgedSequence
    let number = follower.requestSnapshot()
    Self.wait("an answer", follower) { $0.answeredRequestCount >= number }
    #expect(follower.status.snapshotSequence >= durable)
    let host = run.finish()
    let (digest, last) = (host.engine.digest, host.lastSequence)
    expect(host.failureDescription == nil)
    _ = host.finish()
    Self.wait("the end of the log", follower) { $0.lastSequence == last }
    let status = follower.finish()
    #expect(status.failure == nil && status.snapshotFailure == nil && status.hasEnded)
    #expect(status.digestCheckCount >= 70 && status.snapshotNanoseconds > 0)
    let report = try FollowerRig.recover(path: path)
    #expect(report.snapshotSequence == status.snapshotSequence && report.digest == digest)
    #expect(report.refusedSnapshots.isEmpty)
  }

  @Test func whateverHappensToItTheHostGoesOn() throws {
    let folder = try ScratchFolder()
    let path = folder.path("journal")
    var run = try Self.startHost(path)
    run.push(500, seed: 3)
    let nowhere = try Self.startFollower(folder.path("nowhere"), .init(commandInterval: 1))
    Self.wait("its end", nowhere) { $0.hasEnded }
    #expect(nowhere.status.failure == .journal(.missing(path: folder.path("nowhere"))))
    // Another engine than the one that is followed.
    let other = try Self.startFollower(
      path, engine: .init(accountCapacity: 3), .init(commandInterval: 1))
    Self.wait("its end", other) { $0.hasEnded }
    guard case .replay(.digest)? = other.status.failure else {
      Issue.record("\(other.status)")
      return
    }
    run.push(500, seed: 4)
    let host = run.finish()
    expect(host.failureDescription == nil && host.commandCount == 1_000)
  }

  /// The process dies while the follower writes, again and again: whatever is there then recovers
  /// to what the log alone gives.
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func everySnapshotSurvivesSIGKILL(seed: UInt64) async throws {
    let folder = try ScratchFolder()
    let path = folder.path("journal")
    for round in UInt64(0)..<3 {
      var random = SeededRandom(seed: seed &* 31 &+ round)
      let microseconds = UInt32(random.next() % 40_000)
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [
          path = path as String, seed = seed &+ round as UInt64,
          microseconds = microseconds as UInt32
        ]
        in
        let engine = LedgerEngine.Configuration(accountCapacity: 20_000)
        var run = try SnapshotFollowerThreadTests.startHost(path, engine: engine)
        let follower = try SnapshotFollowerThreadTests.startFollower(
          path, engine: engine, .init(commandInterval: 20, bufferByteCount: 4_096))
        Thread.detachNewThread {
          while follower.status.snapshotCount == 0, !follower.status.hasEnded { usleep(200) }
          usleep(microseconds)
          kill(getpid(), SIGKILL)
        }
        run.push(10_000_000, seed: seed)
      }
      let engine = LedgerEngine.Configuration(accountCapacity: 20_000)
      let report = try FollowerRig.recover(path: path, engine: engine)
      let plain = try FollowerRig.recover(path: path, engine: engine, usesSnapshots: false)
      #expect(report.digest == plain.digest, "seed \(seed) round \(round)")
      #expect(report.replay.lastSequence == plain.replay.lastSequence)
      #expect(report.refusedSnapshots.isEmpty, "seed \(seed) round \(round)")
      #expect(report.snapshotSequence != nil, "seed \(seed) round \(round)")
    }
  }
}

/// A host on its thread and the ring that it reads.
struct LedgerRun: ~Copyable {
  typealias Thread = EngineThread<
    LedgerEngine, OneToOneConsumer<LedgerCommand>, JournalWriter, NoOutput<LedgerEvent>
  >

  var thread: Thread
  var producer: OneToOneProducer<LedgerCommand>

  mutating func push(_ count: Int, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<count {
      let command = LedgerCommand.random(&random, accountCount: 24)
      while !producer.tryPush(command) { usleep(20) }
    }
  }

  consuming func finish() -> Thread.Host {
    producer.close()
    return thread.finish()
  }
}
