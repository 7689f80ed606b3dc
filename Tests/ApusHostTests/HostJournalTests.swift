// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusRings
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

typealias JournaledHost = EngineHost<
  LedgerEngine, NoInput<LedgerCommand>, JournalWriter, CallerOutput<LedgerEvent>
>

/// A host with a journal on a disk of its own.
enum JournalRig {
  static func writer(
    _ storage: any JournalStorage, bufferByteCount: Int = 4_096
  ) throws(JournalError) -> JournalWriter {
    try JournalWriter(
      storage: storage,
      configuration: JournalConfiguration(
        segmentByteCount: 16 * bufferByteCount, bufferByteCount: bufferByteCount,
        commitAlignment: 512))
  }

  static func host(
    _ storage: any JournalStorage, release: EventRelease, digestInterval: Int? = nil,
    bufferByteCount: Int = 4_096, latencies: SharedLatencies? = nil
  ) throws -> JournaledHost {
    try EngineHost(
      engine: LedgerEngine(), input: NoInput(),
      journal: writer(storage, bufferByteCount: bufferByteCount), output: CallerOutput(),
      configuration: .init(
        release: release, eventCapacity: 1_024, digestInterval: digestInterval,
        timedBatchInterval: 1, latencies: latencies))
  }

  /// A disk whose commits take two looks.
  static func slowDisk() -> SimulatedJournalStorage {
    SimulatedJournalStorage(seed: 3)
  }
}

@Suite struct HostJournalTests {
  @Test func eventsWaitForTheDiskAndTheEngineDoesNot() throws {
    let disk = JournalRig.slowDisk()
    disk.faults.commitLookCountMax = 0
    var host = try JournalRig.host(disk, release: .durable)
    // A commit is told of at the look after the one that began it, so the first events wait.
    disk.faults.commitLookCountMax = 50
    var applied: UInt64 = 0
    var waited = false
    for account in UInt32(0)..<30 {
      expect(host.step(now: Nanoseconds(5), command: .open(account)))
      applied += 1
      expect(host.engine.digest != LedgerEngine().digest)
      var released: UInt64 = 0
      host.takeEvents { released = $0.sequence }
      expect(released <= host.durableSequence)
      expect(host.acknowledgedSequence <= host.durableSequence)
      waited = waited || host.waitingEventCount > 0
      expect(host.lastSequence == applied)
    }
    #expect(waited)
    expect(host.flush())
    expect(host.durableSequence == 30)
    host.takeEvents { _ in }
    expect(host.acknowledgedSequence == 30)
    expect(host.isSettled)
    // One batch at a time is followed to the disk.
    expect(host.latencies.durability.totalCount > 0)
    expect(host.latencies.append.totalCount == 30)
  }

  @Test func eventsAtOnceDoNotWait() throws {
    let disk = JournalRig.slowDisk()
    disk.faults.commitLookCountMax = 50
    var host = try JournalRig.host(disk, release: .atOnce)
    expect(host.step(now: .zero, command: .open(1)))
    var count = 0
    host.takeEvents { _ in count += 1 }
    #expect(count == 1)
    expect(host.flush())
    expect(host.durableSequence == 1)
  }

  @Test func aFullJournalHoldsCommandsBack() throws {
    let disk = JournalRig.slowDisk()
    disk.faults.commitLookCountMax = 1_000_000
    var host = try JournalRig.host(disk, release: .atOnce)
    let commands = (0..<400).map { LedgerCommand.open(UInt32($0 % 60)) }
    var position = 0
    for _ in 0..<200 {
      position += host.step(now: .zero, commands: commands.span.extracting(position..<400))
      host.takeEvents { _ in }
    }
    // Two buffers of 4 KiB hold about 140 records of 56 bytes.
    #expect(position > 100 && position < 160)
    expect(host.lastSequence == UInt64(position))
    expect(host.flush())
    while position < 400 {
      position += host.step(now: .zero, commands: commands.span.extracting(position..<400))
      host.takeEvents { _ in }
      expect(host.flush())
    }
    expect(host.durableSequence == 400)
  }

  @Test func afterTheJournalFailsNothingLeavesAndNothingIsTaken() throws {
    let disk = JournalRig.slowDisk()
    var host = try JournalRig.host(disk, release: .durable)
    expect(host.step(now: .zero, command: .open(1)))
    expect(host.flush())
    host.takeEvents { _ in }
    disk.faults.syncError = 1
    expect(host.step(now: .zero, command: .open(2)))
    expect(!host.flush())
    expect(host.hasFailed)
    expect(host.failureDescription?.contains("fdatasync") == true)
    var count = 0
    host.takeEvents { _ in count += 1 }
    #expect(count == 0)
    let taken = host.step(now: .zero, command: .open(3))
    #expect(!taken)
    expect(host.acknowledgedSequence == 1)
    #expect(throws: SnapshotError.self) { try host.writeSnapshot(to: SnapshotBytes()) }
  }

  @Test func anEngineThatIsNotWhereItsJournalIsIsRefused() throws {
    let disk = JournalRig.slowDisk()
    var first = try JournalRig.host(disk, release: .durable)
    expect(first.step(now: .zero, command: .open(1)))
    expect(first.flush())
    _ = first.finish()
    disk.cutPower()
    do {
      _ = try JournalRig.host(disk, release: .durable)
      Issue.record("a new engine was accepted behind an old journal")
    } catch let error as HostError {
      #expect(error == .position(engine: 0, journal: 1))
      #expect(error.description.contains("recover"))
    }
  }

  @Test func aDurableThreadOnARealDiskIsRecoveredInFull() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.path("journal")
    let inputEnds = try OneToOneRing<LedgerCommand>.makeEnds(RingConfiguration(capacity: 64))
    let outputEnds = try OneToOneRing<SequencedEvent<LedgerEvent>>.makeEnds(
      RingConfiguration(capacity: 256))
    var producer = inputEnds.producer
    var consumer = outputEnds.consumer
    let host = try EngineHost(
      engine: LedgerEngine(), input: inputEnds.consumer,
      journal: JournalWriter(
        storage: FileJournalStorage(path: folder),
        configuration: JournalConfiguration(
          segmentByteCount: 1 << 16, bufferByteCount: 1 << 14)),
      output: outputEnds.producer,
      configuration: .init(release: .durable, eventCapacity: 256, digestInterval: 50))
    let thread = try EngineThread.start(host, name: "ledger", cpuIndex: nil)
    var random = SeededRandom(seed: 8)
    var last: UInt64 = 0
    for _ in 0..<1_000 {
      let command = LedgerCommand.random(&random, accountCount: 24)
      while !producer.tryPush(command) {
        while let event = consumer.tryPop() { last = event.sequence }
      }
    }
    producer.close()
    while !consumer.isDrained, thread.status.commandCount < 1_000 || consumer.fillCount > 0 {
      if let event = consumer.tryPop() { last = event.sequence }
    }
    let finished = thread.finish()
    while let event = consumer.tryPop() { last = event.sequence }
    let digest = finished.engine.digest
    let sequence = finished.lastSequence
    expect(finished.failureDescription == nil)
    expect(finished.durableSequence == sequence)
    #expect(last <= sequence && last + 1 >= sequence)
    _ = finished.finish()

    let storage = try FileJournalStorage(path: folder)
    let writer = try JournalRig.writer(storage, bufferByteCount: 1 << 14)
    let recovered = try EngineRecovery.recover(
      LedgerEngine.self, configuration: .init(), writer: writer, snapshots: nil,
      storage: storage)
    let report = recovered.report
    #expect(report.digest == digest)
    #expect(report.replay.commandCount == 1_000)
    #expect(report.replay.digestCheckCount >= 19)
    #expect(report.description.contains("1000 commands replayed"))
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func aJournaledHostAllocatesNothingOnceItRuns() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.path("journal")
    var host = try JournalRig.host(
      FileJournalStorage(path: folder), release: .durable, digestInterval: 10,
      bufferByteCount: 1 << 16)
    func round() {
      for account in UInt32(0)..<8 {
        _ = host.step(now: .zero, command: .deposit(1, to: account))
      }
      host.takeEvents { _ in }
    }
    for _ in 0..<200 { round() }
    expect(host.flush())
    // Less than a segment: opening the next one is set-up.
    #expect(allocationCount { for _ in 0..<200 { round() } } == 0)
  }
}
