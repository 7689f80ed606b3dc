// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestSupport
import ApusTrading
import Foundation
import Testing

@testable import ApusTradingService

/// A recorded market day is a stream like any other: its messages are attachments, so that it is journaled,
/// replicated, followed and recovered.
@Suite struct RecordedDayTests {
  typealias Host = EngineHost<
    BookReplayEngine, NoInput<FramedMessages>, JournalWriter, CallerOutput<BestPriceChange>
  >

  static let configuration = BookReplayEngine.Configuration(
    books: .init(orderCapacity: 1 << 16, levelCapacity: 1 << 16, pages: .plain),
    tellsBestPrices: true, messageCountMax: 24)
  /// A record takes what one command's messages may.
  static let journal = JournalConfiguration(
    segmentByteCount: 2 << 20, bufferByteCount: 1 << 19, preallocation: .allocate)
  static let frameByteCountMax = 1 << 20

  static func generatedDay() throws -> [UInt8] {
    var generator = MarketDayGenerator(
      configuration: try MarketDayConfiguration(seed: 4, messageCount: 12_000, symbolCount: 40))
    var buffer = FramedMessageBuffer(capacityByteCount: 1 << 16)
    var bytes: [UInt8] = []
    while generator.fill(&buffer) {
      buffer.withBytes { span in
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      }
      buffer.removeAll()
    }
    return bytes
  }

  @Test func aGeneratedDayIsReplicatedFollowedAndRecovered() throws {
    try Self.check(Self.generatedDay())
  }

  static let recorded = "market/nasdaq-start-of-day.itch"
  @Test(.enabled(if: RecordedData.has(recorded), "the recorded start of a day is not here"))
  func aRecordedDayIsReplicatedFollowedAndRecovered() throws {
    try Self.check([UInt8](Data(contentsOf: URL(filePath: RecordedData.path(Self.recorded)))))
  }

  /// Dies in the middle, is recovered on both sides, and ends the day as books that never died.
  static func check(_ bytes: [UInt8]) throws {
    let whole = try unbroken(bytes)
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let position = try firstLife(bytes, a.path, b.path)
    let (own, standbys) = (try recover(a.path), try recover(b.path))
    expect(own.digest == standbys.digest && own.sequence == standbys.sequence)
    expect(own.fromSnapshot && own.digestChecks > 0)
    let end = try finish(bytes, from: position, a.path)
    expect(end == whole)
  }

  static func unbroken(_ bytes: [UInt8]) throws -> UInt64 {
    var host = try EngineHost(
      engine: BookReplayEngine(configuration: configuration), input: NoInput(),
      journal: NoJournal(),
      output: NoOutput(), configuration: .init(release: .atOnce, eventCapacity: 1 << 12))
    var position = 0
    while position < bytes.count {
      let taken = unsafe host.step(
        framed: bytes.span.bytes.extracting(position..<bytes.count),
        streamOffset: UInt64(position), messageCountMax: 24)
      if taken == 0 { break }
      position += taken
    }
    return host.engine.digest
  }

  static func host(
    _ engine: consuming BookReplayEngine, _ writer: consuming JournalWriter,
    _ lastTime: Nanoseconds,
    _ position: ReplicatedPosition?
  ) throws -> Host {
    let last = writer.lastSequence
    return try EngineHost(
      engine: engine, input: NoInput(), journal: writer, output: CallerOutput(),
      configuration: HostConfiguration(
        release: position == nil ? .durable : .replicated, eventCapacity: 1 << 12,
        digestInterval: 4, timedBatchInterval: nil, lastSequence: last, lastTime: lastTime,
        replica: position))
  }

  /// Half of the day, with a standby, and a follower that writes snapshots. Says where the day stands.
  static func firstLife(_ bytes: [UInt8], _ path: String, _ standbyPath: String) throws -> Int {
    let storage = try openFolder(path)
    var writer = try JournalWriter(storage: storage, configuration: journal)
    try ReplicationEpoch.begin(1, journal: &writer, storage: storage, time: .zero)
    let replica = ReplicatedPosition()
    var host = try host(BookReplayEngine(configuration: configuration), writer, .zero, replica)
    var link = try ReplicationPrimary(
      storage: openFolder(path), position: replica,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: ReplicationEndpoint(address: "127.0.0.1", port: 0), epoch: 1,
        acknowledgingNode: 2, frameByteCountMax: frameByteCountMax,
        silenceNanoseconds: patientNanoseconds))
    var standby = try ReplicationStandby(
      engine: BookReplayEngine(configuration: configuration), after: 0, lastTime: .zero,
      storage: openFolder(standbyPath),
      configuration: ReplicationStandbyConfiguration(
        primary: link.endpoint, node: 2, journal: journal, frameByteCountMax: frameByteCountMax,
        silenceNanoseconds: patientNanoseconds, retryNanoseconds: 5_000_000))
    var follower = try SnapshotFollower(
      BookReplayEngine.self, engine: configuration, path: path,
      configuration: SnapshotFollowerConfiguration(commandInterval: bytes.count > 200_000 ? 60 : 6))
    var position = 0
    var changeCount = 0
    // As long as a busy machine needs for a few hundred commits on two sides.
    let end = Nanoseconds(monotonicNow().rawValue + 4 * patientNanoseconds)
    while monotonicNow() < end {
      if position < bytes.count / 2 {
        let taken = unsafe host.step(
          framed: bytes.span.bytes.extracting(position..<bytes.count),
          streamOffset: UInt64(position), messageCountMax: 24)
        position += taken
      } else if host.acknowledgedSequence == host.lastSequence {
        break
      }
      host.move()
      _ = link.step(now: monotonicNow())
      _ = standby.step(now: monotonicNow())
      host.move()
      host.takeEvents { _ in changeCount += 1 }
      _ = try follower.step(countMax: 64)
      if follower.isSnapshotDue { try follower.writeSnapshot() }
    }
    expect(host.acknowledgedSequence == host.lastSequence && standby.failure == nil)
    expect(follower.snapshotCount > 0)
    return position
  }

  struct Recovered {
    var digest: UInt64
    var sequence: UInt64
    var fromSnapshot: Bool
    var digestChecks: UInt64
  }

  static func recover(_ path: String) throws -> Recovered {
    let storage = try openFolder(path)
    let writer = try JournalWriter(storage: storage, configuration: journal)
    let recovered = try EngineRecovery.recover(
      BookReplayEngine.self, configuration: configuration, writer: writer,
      snapshots: JournalSnapshots(storage: storage, journal: writer.identifier), storage: storage)
    let report = recovered.report
    return Recovered(
      digest: report.digest, sequence: report.replay.lastSequence,
      fromSnapshot: report.snapshotSequence != nil, digestChecks: report.replay.digestCheckCount)
  }

  /// The rest of the day on a recovered engine; says the digest at its end.
  static func finish(_ bytes: [UInt8], from start: Int, _ path: String) throws -> UInt64 {
    let storage = try openFolder(path)
    let writer = try JournalWriter(storage: storage, configuration: journal)
    let recovered = try EngineRecovery.recover(
      BookReplayEngine.self, configuration: configuration, writer: writer, snapshots: nil,
      storage: storage)
    let lastTime = recovered.report.replay.lastTime
    var host = try host(recovered.takeEngine(), writer, lastTime, nil)
    var position = start
    while position < bytes.count {
      let taken = unsafe host.step(
        framed: bytes.span.bytes.extracting(position..<bytes.count),
        streamOffset: UInt64(position), messageCountMax: 24)
      position += taken
      host.takeEvents { _ in }
      if taken == 0 {
        let rest = unsafe bytes.span.bytes.extracting(position..<bytes.count)
        if FramedMessages.wholeByteCount(of: rest, messageCountMax: 1) == 0 { break }
        expect(host.flush())
      }
    }
    expect(host.flush())
    return host.engine.digest
  }
}
