// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestSupport
import ApusTrading
import ApusTradingService
import Testing

/// A venue's primary dies at a random moment of a day with auctions, and its standby goes on.
@Suite struct MatchingFailoverTests {
  typealias Host = EngineHost<
    MatchingEngine, NoInput<MatchingCommand>, JournalWriter, CallerOutput<MatchingEvent>
  >

  static let configuration = MatchingEngine.Configuration(
    orderCapacity: 1 << 14, levelCapacity: 1 << 14, eventCountMax: 1 << 12, pages: .plain)

  /// A day's commands, and what each of them gives.
  final class Day {
    private(set) var records: [OrderLogRecord] = []
    private(set) var events: [[MatchingEvent]] = []
    private(set) var digest: UInt64 = 0

    init(seed: UInt64, commandCount: Int) throws {
      var stream = OrderStream(
        try OrderStreamConfiguration(kind: .auctionDay, seed: seed, commandCount: commandCount))
      var engine = try MatchingEngine(configuration: MatchingFailoverTests.configuration)
      var queue = try EventQueue<MatchingEvent>(capacity: 1 << 13)
      while let record = stream.next() {
        records.append(record)
        queue.withSink(sequence: UInt64(records.count), countMax: engine.eventCountMax) {
          engine.apply(
            record.command, at: Nanoseconds(record.timeNanoseconds),
            sequence: UInt64(records.count), into: &$0)
        }
        var given: [MatchingEvent] = []
        queue.removeAll { given.append($0.event) }
        events.append(given)
      }
      digest = engine.digest
    }
  }

  /// What left the hosts, by the sequence of its command.
  final class Seen {
    var sequences: [UInt64] = []
    fileprivate private(set) var events: [UInt64: [MatchingEvent]] = [:]
    private(set) var last: UInt64 = 0

    func take(_ event: SequencedEvent<MatchingEvent>) {
      events[event.sequence, default: []].append(event.event)
      last = max(last, event.sequence)
    }

    /// The first command whose events are others than the day's; those of the last one that left may
    /// be the first few.
    func difference(_ day: Day, upTo sequence: UInt64) -> Int? {
      for (index, own) in sequences.enumerated() where own <= sequence {
        let seen = events[own] ?? []
        if own < sequence ? seen != day.events[index] : !day.events[index].starts(with: seen) {
          return index
        }
      }
      return nil
    }
  }

  static func host(
    _ engine: consuming MatchingEngine, _ writer: consuming JournalWriter,
    _ position: ReplicatedPosition
  ) throws -> Host {
    let last = writer.lastSequence
    return try EngineHost(
      engine: engine, input: NoInput(), journal: writer, output: CallerOutput(),
      configuration: HostConfiguration(
        release: .replicated, eventCapacity: 1 << 13, digestInterval: 50, timedBatchInterval: nil,
        lastSequence: last, replica: position))
  }

  @Test(arguments: [UInt64(1), 3]) func aStandbyGoesOnWhereThePrimaryDied(seed: UInt64) throws {
    let day = try Day(seed: seed, commandCount: 4_000)
    let diesAfter = day.records.count / 4 * Int(seed)
    let seen = Seen()
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let standby = try Self.live(day, seen, until: diesAfter, a.path, b.path)
    // Whatever left the primary is the day's, and the standby has it.
    #expect(seen.difference(day, upTo: seen.last) == nil)
    #expect(seen.last > 0)
    let promoted = try standby.promote(epoch: 2)
    let kept = promoted.lastSequence
    expect(kept >= seen.last)
    let keptCount = seen.sequences.count { $0 < kept }
    expect(keptCount > diesAfter / 2, "\(keptCount)")
    var host: Host = try promoted.makeHost(
      input: NoInput(), output: CallerOutput(),
      configuration: HostConfiguration(
        release: .durable, eventCapacity: 1 << 13, timedBatchInterval: nil))
    let later = Seen()
    var numbers = Array(seen.sequences.prefix(keptCount))
    for record in day.records[keptCount...] {
      while !host.step(now: Nanoseconds(record.timeNanoseconds), command: record.command) {
        _ = host.flush()
        host.takeEvents { later.take($0) }
      }
      numbers.append(host.lastSequence)
    }
    let isDurable = host.flush()
    host.takeEvents { later.take($0) }
    expect(isDurable && host.engine.digest == day.digest)
    // Its events are those of the commands that the primary took with it, and of the rest.
    later.sequences = numbers
    var differing: Int?
    for index in keptCount..<numbers.count where differing == nil {
      if later.events(of: numbers[index]) != day.events[index] { differing = index }
    }
    #expect(differing == nil)
  }

  /// Feeds a primary that replicates, and stops both where they are then.
  static func live(
    _ day: Day, _ seen: Seen, until count: Int, _ path: String, _ standbyPath: String
  ) throws -> ReplicationStandby<MatchingEngine> {
    let storage = try openFolder(path)
    var writer = try JournalWriter(storage: storage, configuration: smallJournal())
    try ReplicationEpoch.begin(1, journal: &writer, storage: storage, time: .zero)
    let position = ReplicatedPosition()
    var host = try host(MatchingEngine(configuration: configuration), writer, position)
    var link = try ReplicationPrimary(
      storage: openFolder(path), position: position,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: ReplicationEndpoint(address: "127.0.0.1", port: 0), epoch: 1,
        acknowledgingNode: 2, frameByteCountMax: 16_384, silenceNanoseconds: patientNanoseconds))
    var standby = try ReplicationStandby(
      engine: MatchingEngine(configuration: configuration), after: 0, lastTime: .zero,
      storage: openFolder(standbyPath),
      configuration: ReplicationStandbyConfiguration(
        primary: link.endpoint, node: 2, journal: smallJournal(), frameByteCountMax: 16_384,
        silenceNanoseconds: patientNanoseconds, retryNanoseconds: 5_000_000))
    // A slow disk makes it long; only a minute without progress means that it hangs.
    let patience: UInt64 = 60_000_000_000
    var end = monotonicNow().rawValue + patience
    while seen.sequences.count < count, monotonicNow().rawValue < end {
      for _ in 0..<10 where seen.sequences.count < count {
        let record = day.records[seen.sequences.count]
        guard host.step(now: Nanoseconds(record.timeNanoseconds), command: record.command) else {
          break
        }
        seen.sequences.append(host.lastSequence)
        end = monotonicNow().rawValue + patience
      }
      host.move()
      _ = link.step(now: monotonicNow())
      _ = standby.step(now: monotonicNow())
      host.move()
      host.takeEvents { seen.take($0) }
    }
    expect(seen.sequences.count == count && standby.failure == nil)
    return standby
  }
}

extension MatchingFailoverTests.Seen {
  func events(of sequence: UInt64) -> [MatchingEvent] { events[sequence] ?? [] }
}
