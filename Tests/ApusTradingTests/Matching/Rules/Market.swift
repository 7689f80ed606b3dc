// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// A market for examples: instrument 1, owners 1 to 9 without limits, and an engine that says what
/// happens.
final class Market {
  static let second: UInt64 = 1_000_000_000

  let engine: any MatchingUnderTest
  /// When the next command is sequenced.
  var time: UInt64 = 0

  init(
    _ engine: EngineUnderTest, _ phase: MarketPhase = .continuous, lot: UInt32 = 1,
    tick: UInt32 = 1, allocation: AllocationRule = .priceTime,
    prevention: SelfTradePrevention = .default
  ) throws {
    self.engine = try engine.make()
    for owner in UInt16(1)...9 { apply(.setOwnerLimit(owner, .openOrders, to: 0)) }
    apply(
      .defineInstrument(
        1, lot: lot, tick: tick, allocation: allocation,
        selfTradePrevention: prevention))
    if phase != .closed { apply(.setPhase(1, phase)) }
  }

  /// Applies commands whose events the example does not look at.
  @discardableResult
  func apply(_ commands: MatchingCommand...) -> [MatchingEvent] {
    commands.flatMap { engine.apply($0, at: time) }
  }

  /// Applies a command and compares what it says.
  func expect(
    _ command: MatchingCommand, _ texts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let events = engine.apply(command, at: time)
    #expect(events.map(\.text) == texts, sourceLocation: sourceLocation)
  }

  /// Compares one side of the main book: "order: shown at price".
  func expectBook(
    _ side: Side, _ texts: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let lines = engine.mainBook(1, side).map { "\($0.orderId): \($0.shown) at \($0.priceTicks)" }
    #expect(lines == texts, sourceLocation: sourceLocation)
  }

  /// Makes `price` the last one, without a trace in the books.
  func trade(at price: UInt32) {
    let id = nextId
    apply(
      .buy(id, 1, at: price, .limit, .goodTillCancel).of(8).through(99),
      .sell(id + 1, 1, at: price, .limit, .immediateOrCancel).of(9).through(99))
  }

  private var usedIds: UInt64 = 1 << 40
  private var nextId: UInt64 {
    usedIds += 2
    return usedIds
  }
}
