// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusMemory
import ApusTestKit
import ApusTestSupport
import ApusTrading
import Testing

@Suite struct MatchingRecoveryTests {
  @Test func whatWasAcknowledgedSurvivesEveryCrash() throws {
    var crashes = 0
    var fromSnapshots = 0
    var lost = 0
    for seed in 1...UInt64(MatchingCampaignTests.isCampaign ? 400 : 2) {
      let lives = try MatchingLives(seed: seed, commandCount: 900)
      while try lives.live() {}
      crashes += lives.crashCount
      fromSnapshots += lives.snapshotRecoveryCount
      lost += lives.lostCount
    }
    // The runs did what they are there for.
    #expect(crashes > 8 && fromSnapshots > 2 && lost > 0)
  }
}

/// A durable host with a matching engine over a simulated disk, killed or cut off from power at random
/// and recovered, until a stream is done.
///
/// The engine, the host, the journal and the recovery are the real ones. After every crash the
/// journal has a prefix of what was submitted with every acknowledged command in it, the recovered
/// engine has the digest of one that was fed with the prefix, and every event that left is that one's.
final class MatchingLives {
  typealias Host = EngineHost<
    MatchingEngine, NoInput<MatchingCommand>, JournalWriter, CallerOutput<MatchingEvent>
  >

  private static let configuration = MatchingEngine.Configuration(
    orderCapacity: 1 << 14, levelCapacity: 1 << 14, eventCountMax: 1 << 12, pages: .plain)

  private let seed: UInt64
  private var random: SeededRandom
  private let storage: SimulatedJournalStorage
  private var stream: [TimedCommand] = []
  private var expected: [[MatchingEvent]] = []
  /// Sequences of the commands that the journal may have, in order.
  private var sequences: [UInt64] = []
  /// How many events of each command were seen in this life.
  private var seenCounts: [Int]
  private var acknowledged: UInt64 = 0
  private(set) var crashCount = 0
  private(set) var snapshotRecoveryCount = 0
  /// Commands that a crash took with it, which nobody had an event of.
  private(set) var lostCount = 0

  init(seed: UInt64, commandCount: Int) throws {
    self.seed = seed
    random = SeededRandom(seed: seed)
    storage = SimulatedJournalStorage(seed: seed)
    let model = try MatchingEngineAdapter(configuration: Self.configuration)
    var commands = RandomCommands(seed: seed)
    for _ in 0..<commandCount {
      let next = commands.next()
      let events = model.apply(next.command, at: next.time)
      commands.observe(events)
      stream.append(next)
      expected.append(events)
    }
    seenCounts = Array(repeating: 0, count: commandCount)
  }

  /// One life and its end, by a crash or, at the end of the stream, by a power cut. False once the
  /// stream was done before it.
  func live() throws -> Bool {
    let isDone = sequences.count == stream.count
    var host = try recoveredHost()
    if isDone { return false }
    let stepCount = 20 + Int(random.below(220))
    for _ in 0..<stepCount where sequences.count < stream.count {
      switch random.below(100) {
      case ..<80: try step(&host)
      case ..<90: take(&host)
      case ..<97: expect(host.flush())
      default: try makeSnapshots().write(&host)
      }
    }
    take(&host)
    acknowledged = max(acknowledged, host.acknowledgedSequence)
    crashCount += 1
    if random.below(2) == 0 { storage.killProcess() } else { storage.cutPower() }
    return true
  }

  private func step(_ host: inout Host) throws {
    let next = stream[sequences.count]
    while !host.step(now: Nanoseconds(next.time), command: next.command) {
      expect(host.flush())
      take(&host)
    }
    sequences.append(host.lastSequence)
  }

  /// Compares what may leave with the model's events.
  private func take(_ host: inout Host) {
    host.takeEvents { event in
      guard let index = sequences.firstIndex(of: event.sequence) else {
        Issue.record("seed \(seed): an event of sequence \(event.sequence)")
        return
      }
      let count = seenCounts[index]
      if count >= expected[index].count || expected[index][count] != event.event {
        Issue.record("seed \(seed): event \(count) of command \(index)")
      }
      seenCounts[index] = count + 1
    }
  }

  private func makeSnapshots() throws -> JournalSnapshots {
    try JournalSnapshots(storage: storage, journal: JournalIdentifier(high: 2, low: seed))
  }

  private func recoveredHost() throws -> Host {
    let writer = try JournalWriter(
      storage: storage,
      configuration: JournalConfiguration(
        segmentByteCount: 1 << 17, bufferByteCount: 1 << 14, commitAlignment: 512,
        identifier: JournalIdentifier(high: 2, low: seed)))
    let recovered = try EngineRecovery.recover(
      MatchingEngine.self, configuration: Self.configuration, writer: writer,
      snapshots: makeSnapshots(), storage: storage)
    let last = writer.lastSequence
    if recovered.report.snapshotSequence != nil { snapshotRecoveryCount += 1 }
    expect(last >= acknowledged)
    let kept = sequences.count { $0 <= last }
    lostCount += sequences.count - kept
    sequences.removeSubrange(kept...)
    for index in kept..<stream.count { seenCounts[index] = 0 }
    let model = try MatchingEngineAdapter(configuration: Self.configuration)
    for next in stream[..<kept] { _ = model.apply(next.command, at: next.time) }
    let digest = recovered.report.digest
    if digest != model.digest { Issue.record("seed \(seed): digest after \(kept) commands") }
    return try EngineHost(
      engine: recovered.takeEngine(), input: NoInput(), journal: writer, output: CallerOutput(),
      configuration: HostConfiguration(
        release: .durable, eventCapacity: 1 << 13, digestInterval: 197, timedBatchInterval: nil,
        lastSequence: last,
        lastTime: Nanoseconds(kept > 0 ? stream[kept - 1].time : 0)))
  }

  /// A condition over non-copyable values, which `#expect` cannot take.
  private func expect(_ condition: Bool, line: Int = #line) {
    if !condition { Issue.record("seed \(seed): line \(line)") }
  }
}
