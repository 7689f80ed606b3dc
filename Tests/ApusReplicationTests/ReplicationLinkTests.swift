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

@Suite struct ReplicationLinkTests {
  @Test func aStandbyCatchesUpFromTheBeginningAndFollows() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    // Several segments before anybody listens.
    while primary.count < 3_000 {
      primary.submit(40)
      _ = primary.step()
    }
    let endpoint = primary.link.endpoint
    var pair = Pair(
      primary: primary, standby: try openStandby(b.path, primary: endpoint))
    let caughtUp = pair.run { $0.isDurablyLevel }
    expect(caughtUp, "\(String(describing: pair.standby.failure))")
    for _ in 0..<20 {
      let isSettled = pair.submit(17)
      expect(isSettled)
      let isLevel = pair.run { $0.isLevel }
      expect(isLevel)
    }
    let isHeard = pair.run { $0.primary.link.replicatedSequence == $0.primary.host.lastSequence }
    expect(isHeard)
    expect(try pair.standby.engine.digest == TallyReference(count: 3_340).digest)
    // 3,340 commands, a digest every 50.
    expect(pair.standby.report.digestCheckCount >= 66)
    expect(pair.primary.link.standbys.first?.digestCount == pair.standby.report.digestCheckCount)
    expect(pair.standby.journalIdentifier != nil)
    expect(pair.standby.promisedEpoch == 1 && pair.standby.report.lastEpoch == 1)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func aStandbyGoesOnFromAnySequence(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    let atStart = UInt64.random(in: 1...900, using: &random)
    while primary.count < atStart {
      primary.submit(min(30, Int(atStart - primary.count)))
      _ = primary.step()
    }
    _ = primary.host.flush()
    // A snapshot's state: what a standby with an empty folder may begin from.
    let bytes = SnapshotBytes()
    let header = try primary.host.writeSnapshot(to: bytes)
    while primary.count < 1_500 {
      primary.submit(30)
      _ = primary.step()
    }
    let restored = try EngineSnapshot.restore(
      TallyEngine.self, configuration: .init(), from: SnapshotBytes(bytes.bytes))
    let endpoint = primary.link.endpoint
    let standby = try ReplicationStandby(
      engine: restored.takeEngine(), after: header.sequence, lastTime: header.time,
      storage: openFolder(b.path),
      configuration: ReplicationStandbyConfiguration(
        primary: endpoint, node: 2, journal: smallJournal(), frameByteCountMax: 8_192))
    var pair = Pair(primary: primary, standby: standby)
    let isLevel = pair.run { $0.isDurablyLevel }
    expect(isLevel, "seed \(seed): \(String(describing: pair.standby.failure))")
    let own = try JournalInspection.report(openFolder(b.path), depth: .everything)
    let theirs = try JournalInspection.report(openFolder(a.path), depth: .everything)
    #expect(own.firstSequence == header.sequence + 1, "seed \(seed)")
    #expect(own.lastChecksum == theirs.lastChecksum, "seed \(seed)")
  }

  @Test func aStandbyThatDoesNotReadCostsNoMemory() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let storage = try openFolder(a.path)
    // More than the kernel keeps for a connection on either side.
    let configuration = JournalConfiguration(
      segmentByteCount: 4 << 20, bufferByteCount: 1 << 18, preallocation: .allocate)
    var writer = try JournalWriter(storage: storage, configuration: configuration)
    try ReplicationEpoch.begin(1, journal: &writer, storage: storage, time: .zero)
    let payload = [UInt8](repeating: 7, count: 8_000)
    while writer.lastSequence < 4_000 {
      let outcome = unsafe writer.tryAppend(
        sequence: writer.lastSequence + 1, timeNanoseconds: 0, type: 9,
        payload: payload.span.bytes)
      if outcome == .full { writer.poll() }
    }
    try writer.flush()
    let position = ReplicatedPosition()
    var primary = try ReplicationPrimary(
      storage: openFolder(a.path), position: position,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "127.0.0.1", port: 0), epoch: 1, acknowledgingNode: 2,
        frameByteCountMax: 16_384, silenceNanoseconds: 60_000_000_000))
    var standby = try openStandby(b.path, primary: primary.endpoint)
    // It says hello, and then nobody reads what comes.
    var end = patience()
    while primary.standbys.isEmpty, monotonicNow() < end {
      _ = standby.step(now: monotonicNow())
      _ = primary.step(now: monotonicNow())
      usleep(100)
    }
    var idleCount = 0
    for _ in 0..<20_000 where idleCount < 200 {
      idleCount = primary.step(now: monotonicNow()) == 0 ? idleCount + 1 : 0
    }
    let status = try #require(primary.standbys.first)
    #expect(status.sentSequence < 4_000 && status.sentSequence > 1)
    #expect(status.queuedByteCount > 4_096 && status.queuedByteCount <= 2 * 16_384 + 4_096)
    expect(primary.neededSequence == status.sentSequence + 1)
    #expect(position.sequence == 0)
    // What it left in the journal is still there for it.
    let sent = status.sentSequence
    end = patience()
    while standby.failure == nil, standby.lastSequence <= sent, monotonicNow() < end {
      _ = standby.step(now: monotonicNow())
      _ = primary.step(now: monotonicNow())
    }
    // The records are no commands: the standby's engine says so with the first one.
    guard case .replay(.kind(sequence: 2, found: 9))? = standby.failure else {
      Issue.record("\(String(describing: standby.failure))")
      return
    }
  }

  @Test func aStandbyConnectsAgainAfterItsPrimaryCameBack() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var port: UInt16 = 0
    var standby: ReplicationStandby<TallyEngine>?
    for life in 0..<3 {
      let primary = try PrimaryReplica(
        a.path, epoch: 1, endpoint: .init(address: "127.0.0.1", port: port))
      port = primary.link.endpoint.port
      let endpoint = primary.link.endpoint
      if life == 0 { standby = try openStandby(b.path, primary: endpoint) }
      var pair = Pair(primary: primary, standby: try taken(&standby))
      let isSettled = pair.submit(120)
      expect(isSettled, "life \(life): \(String(describing: pair.standby.failure))")
      let isLevel = pair.run { $0.isLevel }
      expect(isLevel, "life \(life)")
      expect(pair.primary.count == UInt64(life + 1) * 120)
      standby = pair.takeStandby()
    }
    let last = try taken(&standby)
    expect(last.counters.connectionCount >= 3)
  }

  @Test func anEngineThatReachesAnotherDigestStops() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let primary = try PrimaryReplica(a.path, epoch: 1, release: .durable)
    let endpoint = primary.link.endpoint
    var pair = Pair(
      primary: primary,
      standby: try openStandby(b.path, primary: endpoint, engine: .init(faultyCommand: 75)))
    _ = pair.submit(300)
    let stopped = pair.run { $0.standby.failure != nil }
    expect(stopped)
    guard case .replay(.digest(let sequence, let recorded, let reached))? = pair.standby.failure
    else {
      Issue.record("\(String(describing: pair.standby.failure))")
      return
    }
    // The record of the epoch, 100 commands and one digest come before it.
    #expect(sequence == 103 && recorded != reached)
    let isTold = pair.run { $0.primary.link.counters.refusedCount(.digestMismatch) == 1 }
    expect(isTold)
    expect("\(String(describing: pair.standby.failure))".contains("digest"))
    do throws(ReplicationError) {
      _ = try pair.takeStandby().promote(epoch: 9)
      Issue.record("a standby with another state took over")
    } catch {
      #expect("\(error)".contains("digest"))
    }
  }

  @Test func recordsThatWereRemovedAreRefusedByName() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let storage = try openFolder(a.path)
    var writer = try JournalWriter(storage: storage, configuration: smallJournal())
    try ReplicationEpoch.begin(1, journal: &writer, storage: storage, time: .zero)
    for sequence in UInt64(2)...3_000 {
      while writer.append(sequence: sequence) == .full { writer.poll() }
    }
    try writer.flush()
    let removed = try writer.removeSegments(below: 2_500)
    #expect(!removed.isEmpty)
    var primary = try ReplicationPrimary(
      storage: openFolder(a.path), position: ReplicatedPosition(),
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "127.0.0.1", port: 0), epoch: 1, acknowledgingNode: 2,
        frameByteCountMax: 8_192))
    var standby = try openStandby(b.path, primary: primary.endpoint)
    let end = patience()
    while standby.failure == nil, monotonicNow() < end {
      if primary.step(now: monotonicNow()) + standby.step(now: monotonicNow()) == 0 { usleep(200) }
    }
    guard case .refused(.removed, sequence: 1, let first, _)? = standby.failure else {
      Issue.record("\(String(describing: standby.failure))")
      return
    }
    #expect(first > 1 && first <= 2_500)
  }

  @Test func configurationsThatCannotBeAreRefused() throws {
    let a = try ScratchFolder()
    func refused(_ field: String, _ body: () throws -> Void) {
      do {
        try body()
        Issue.record("\(field) was accepted")
      } catch {
        #expect("\(error)".contains(field), "\(error)")
      }
    }
    refused("frameByteCountMax") {
      _ = try openStandby(
        a.path, primary: .init(address: "127.0.0.1", port: 1), frameByteCountMax: 100)
    }
    refused("address") {
      var standby = try openStandby(a.path, primary: .init(address: "no.such.name", port: 1))
      _ = standby.step(now: monotonicNow())
      if let failure = standby.failure { throw failure }
    }
    refused("epoch 3") {
      _ = try PrimaryReplica(a.path, epoch: 5)
      _ = try PrimaryReplica(a.path, epoch: 3)
    }
    refused("bind") {
      let first = try PrimaryReplica(a.path, epoch: 5)
      let other = try ScratchFolder()
      _ = try PrimaryReplica(other.path, epoch: 1, endpoint: first.link.endpoint)
    }
  }
}

extension Pair {
  consuming func takeStandby() -> ReplicationStandby<TallyEngine> { standby }
  consuming func takePrimary() -> PrimaryReplica { primary }
}

extension JournalWriter {
  /// Appends a command of the stream.
  mutating func append(sequence: UInt64) -> CommandJournalOutcome {
    var command = TallyCommand.number(sequence)
    return unsafe withUnsafeBytes(of: &command) {
      unsafe append(sequence: sequence, time: .zero, kind: .command, payload: $0)
    }
  }
}
