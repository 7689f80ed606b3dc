// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusJournal
import ApusServeTestKit
import ApusServiceKit
import ApusTestSupport
import ApusTradingService
import Foundation
import Testing

/// The real service and its clients, killed at random points on the real file system.
@Suite struct ServeCrashTests {
  /// No acknowledged command is lost, and nothing is done twice, however often the service dies.
  @Test(arguments: [1, 2] as [UInt64])
  func whatAClientWasToldSurvivesSIGKILL(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var killCount = 0
    var acceptedCount: UInt64 = 0
    var refusedCount = 0
    var snapshotCount = 0
    for round in Campaign.rounds(1, campaign: 250) {
      let service = try ServeProcess()
      let traders = (UInt16(1)...2).map { ServeTrader(service, session: $0) }
      try service.start()
      for trader in traders { try trader.connect(readsFirst: true) }
      traders[0].prepare()
      for life in 0..<(Campaign.isOn ? 20 : 5) {
        let comment: Comment = "seed \(seed) round \(round) life \(life)"
        try Self.live(service, traders, &random, comment)
        service.kill()
        killCount += 1
        try service.start()
        // Also while it recovers.
        while random.next() % 4 == 0 {
          usleep(UInt32(random.next() % 60_000))
          service.kill()
          killCount += 1
          try service.start()
        }
        let readsFirst = random.next() % 2 == 0
        for trader in traders { try trader.connect(readsFirst: readsFirst) }
      }
      for trader in traders { trader.trade(through: trader.told + 50) }
      service.terminate()
      for trader in traders { trader.poll() }
      if try Self.check(service, traders, "seed \(seed) round \(round)") { snapshotCount += 1 }
      acceptedCount += traders.reduce(0) { $0 + $1.told }
      refusedCount += traders.reduce(0) { $0 + $1.refusedCount }
    }
    print(
      "killed \(killCount) times: \(acceptedCount) orders accepted, \(refusedCount) refused as known,",
      "\(snapshotCount) times with a snapshot")
    #expect(!Campaign.isOn || snapshotCount > 0)
  }

  /// Clients that submit and read for a while: until an event of some order is there, wherever the disk is
  /// then, and one time in four for no longer than a moment.
  private static func live(
    _ service: ServeProcess, _ traders: [ServeTrader], _ random: inout SeededRandom,
    _ comment: Comment
  ) throws {
    let limit = random.next() % 4 == 0 ? Int(random.next() % 30_000) : 2_000_000
    let end = ContinuousClock.now + .microseconds(limit)
    let last = traders[0].told + random.next() % 600
    // One that does not read knows less than the engine when it comes back.
    let otherReads = random.next() % 2 == 0
    while ContinuousClock.now < end, traders[0].told < last {
      for trader in traders {
        #expect(trader.submit(window: 1 + random.next() % 300), comment)
        if otherReads || trader === traders[0] { trader.poll() }
      }
    }
    for trader in traders { trader.submit(window: 300) }
    usleep(UInt32(random.next() % 10_000))
    #expect(service.isRunning, "\(comment): \(service.errors)")
  }

  /// The log has what every client read, once and in order, and it is what the journal's replay gives.
  ///
  /// - Returns: Whether a snapshot was there, which a follower writes that is killed as well.
  private static func check(
    _ service: ServeProcess, _ traders: [ServeTrader], _ comment: Comment
  ) throws -> Bool {
    let events = try service.events()
    for trader in traders {
      #expect(trader.seen == events, comment)
      let accepted = events.map(\.event).filter {
        $0.kind == .accepted && $0.session == trader.session
      }
      #expect(
        accepted.map(\.orderId)
          == (1...max(1, trader.told)).map { ServeTrades.orderID($0, session: trader.session) },
        comment)
    }
    for part in ["journal", "events"] {
      let verified = try CommandRun("journal", "verify", service.folder + "/" + part)
      #expect(verified.exitCode == 0, "\(comment) \(verified.errors)")
    }
    try checkAttachments(service, comment)

    // The same folder with nothing but the journal's records.
    let files = FileManager.default
    let copy = service.scratch.path("copy")
    try files.createDirectory(atPath: copy, withIntermediateDirectories: true)
    try files.copyItem(atPath: service.folder + "/journal", toPath: copy + "/journal")
    for name in try files.contentsOfDirectory(atPath: copy + "/journal")
    where name.hasSuffix(".snapshot") {
      try files.removeItem(atPath: copy + "/journal/" + name)
    }
    let whole = try recover(service.configuration)
    var other = service.configuration
    other.folder = copy
    let replayed = try recover(other)
    #expect(replayed.snapshotSequence == nil, comment)
    #expect(replayed.digest == whole.digest, comment)
    #expect(replayed.replay.lastSequence == whole.replay.lastSequence, comment)
    #expect(try service.events(in: copy) == events, comment)
    return whole.snapshotSequence != nil
  }

  private static func recover(_ configuration: ServiceConfiguration) throws -> RecoveryReport {
    let service = try MatchingService.start(
      orderCapacity: ServeProcess.orderCapacity, configuration: configuration)
    try service.stop()
    return service.recovery
  }

  /// The journal has each attachment as it was sent, beside its command.
  private static func checkAttachments(_ service: ServeProcess, _ comment: Comment) throws {
    let storage = try FileJournalStorage(path: service.folder + "/journal")
    var reader = try JournalReader(storage: storage)
    var count = 0
    while true {
      let records = try reader.copies(countMax: 1_000)
      if records.isEmpty { break }
      for (record, payload) in records where record.type == 4 {
        count += 1
        let command = MemoryLayout<MatchingCommand>.size
        var id: UInt64 = 0
        for byte in payload[8..<16].reversed() { id = id << 8 | UInt64(byte) }
        #expect(Array(payload[command...]) == ServeTrades.attachment(ofOrder: id), comment)
      }
    }
    #expect(count > 0, comment)
  }

  /// A client that dies leaves its ring to the next one, and the others do not notice.
  @Test func aKilledClientHoldsNothingUp() throws {
    var random = SeededRandom(seed: 3)
    let service = try ServeProcess(clients: 2)
    try service.start()
    let trader = ServeTrader(service, session: 1)
    try trader.connect(readsFirst: true)
    trader.prepare()
    var last = 0
    for round in Campaign.rounds(6, campaign: 1_000) {
      let comment: Comment = "round \(round)"
      // One of three dies in the middle of a message.
      let isClaim = random.next() % 3 == 0
      let peer = try ClientPeerProcess(
        isClaim ? "claim" : "trade", service.folder, isClaim ? 1 : 2)
      #expect(peer.wait(forLines: 2), "\(comment) \(peer.lines)")
      #expect(peer.lines.first == "ring 1", comment)
      usleep(UInt32(random.next() % 20_000))
      trader.submit()
      peer.kill()
      if !isClaim {
        let numbers = peer.lines.dropFirst().compactMap { Int($0) }
        #expect(numbers.count == peer.lines.count - 1 && numbers.first ?? 0 > last, comment)
        last = numbers.last ?? last
      }
      trader.trade(through: trader.told + 20)
    }
    service.terminate()
    trader.poll()
    let events = try service.events()
    #expect(trader.seen == events)
    let numbers = events.map(\.event).filter { $0.kind == .accepted && $0.session == 2 }
      .map { Int(ServeTrades.number(ofOrder: $0.orderId)) }
    #expect(numbers.count >= last && numbers == Array(1...max(1, numbers.count)))
    #expect(last > 0)
  }
}
