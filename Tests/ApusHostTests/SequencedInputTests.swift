// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusRings
import Testing

@Suite struct SequencedInputTests {
  @Test func commandsOfSeveralProducersGetOneOrder() throws {
    var ends = try ManyToOneRing<LedgerCommand>.makeEnds(
      RingConfiguration(capacity: 16), producerCount: 2)
    guard var first = ends.producers.take(), var second = ends.producers.take() else {
      Issue.record("a ring of two producers has them")
      return
    }
    var host = try EngineHost(
      engine: LedgerEngine(), input: ends.consumer, journal: NoJournal(),
      output: CallerOutput(), configuration: .init(release: .atOnce, eventCapacity: 64))
    for account in 0..<8 {
      expect(first.tryPush(.open(UInt32(account))))
      expect(second.tryPush(.open(UInt32(account + 8))))
    }
    while host.commandCount < 16 { _ = host.step(now: .zero, countMax: 3) }
    var events: [SequencedEvent<LedgerEvent>] = []
    host.takeEvents { events.append($0) }
    #expect(events.map(\.sequence) == Array(1...16))
    let accounts = events.map { Int($0.event.account) }
    #expect(accounts.filter { $0 < 8 } == Array(0..<8))
    #expect(accounts.filter { $0 >= 8 } == Array(8..<16))
  }
}
