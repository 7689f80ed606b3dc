// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// What a refused command changes: nothing, except that its id counts as used once check 3.7 has
/// passed [1.1], and its message counts for the rate once check 3.6 has [1.2].
@Suite struct RefusalTests {
  /// An engine with one order, which is as many as it has room for.
  private static func fullEngine() throws -> MatchingEngineAdapter {
    let engine = try LimitTests.engine(orders: 1)
    LimitTests.open(engine)
    _ = engine.apply(.setOwnerLimit(1, .messageRate, to: 3), at: 1)
    try #require(engine.apply(.buy(1, 5, at: 10), at: 2).last?.kind == .accepted)
    return engine
  }

  private static func reason(
    _ command: MatchingCommand, _ engine: MatchingEngineAdapter
  ) -> MatchingReason? {
    let events = engine.apply(command, at: 3)
    return events.count == 1 && events[0].kind == .rejected ? events[0].reason : nil
  }

  @Test func untilCheck36NothingChanges() throws {
    let engine = try Self.fullEngine()
    let before = engine.digest
    for (command, expected) in [
      (.buy(2, 5, at: 9).with { $0.sideCode = 0x43 }, .malformed),
      (.buy(2, 5, at: 9).on(7), .unknownInstrument), (.buy(2, 5, at: 9).of(70), .unknownOwner),
      (.cancel(orderId: 99, owner: 1), .unknownOrder), (.cancel(orderId: 1, owner: 2), .notOwner),
      (.reduce(orderId: 1, owner: 2, by: 1), .notOwner),
      (.defineInstrument(1), .duplicateInstrument),
      (.setPhase(9, .closed), .unknownInstrument),
    ] as [(MatchingCommand, MatchingReason)] {
      #expect(Self.reason(command, engine) == expected)
      #expect(engine.digest == before, "\(expected)")
    }
  }

  @Test func aMessageThatPassedCheck36Counts() throws {
    let (first, second) = (try Self.fullEngine(), try Self.fullEngine())
    let before = first.digest
    #expect(Self.reason(.buy(1, 5, at: 9), first) == .orderIdReused)
    #expect(first.digest != before)
    // Nothing else of it does: another message of a used id gives the same state.
    #expect(Self.reason(.buy(0, 0, at: 30), second) == .orderIdReused)
    #expect(first.digest == second.digest)
    // With one more the rate is reached, and what is refused for it changes nothing.
    #expect(Self.reason(.buy(1, 5, at: 9), first) == .orderIdReused)
    let reached = first.digest
    for _ in 0..<3 { #expect(Self.reason(.buy(2, 5, at: 9), first) == .messageRate) }
    #expect(first.digest == reached)
  }

  @Test func anIdThatPassedCheck37IsUsed() throws {
    var digests: Set<UInt64> = []
    for (command, expected) in [
      (.buy(2, 0, at: 9), .quantity), (.buy(2, 5, at: .max), .price),
      (.buy(2, 5, at: 9).showing(9), .displayQuantity), (.buy(2, 5, at: 9).trigger(3), .trigger),
      (.buy(2, 5, at: 9).until(9), .expiry), (.buy(2, 5, at: 9), .capacity),
    ] as [(MatchingCommand, MatchingReason)] {
      let engine = try Self.fullEngine()
      let before = engine.digest
      #expect(Self.reason(command, engine) == expected)
      #expect(engine.digest != before, "\(expected)")
      digests.insert(engine.digest)
      #expect(Self.reason(.buy(2, 5, at: 9), engine) == .orderIdReused, "\(expected)")
      #expect(engine.orderCount == 1)
    }
    // The id and the count of messages are all that changed, whatever check refused it.
    #expect(digests.count == 1)
  }
}
