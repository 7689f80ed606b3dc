// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTrading

/// Two orders that trade.
@main
enum Program {
  static func main() throws {
    var engine = try MatchingEngine(configuration: .init(orderCapacity: 1 << 10))
    var events = try EventQueue<MatchingEvent>(capacity: engine.eventCountMax)
    var sequence: UInt64 = 0
    for command in [
      MatchingCommand.defineInstrument(1), .setOwnerLimit(10, .openOrders, to: 10),
      .setPhase(1, .continuous), order(1, .sell), order(2, .buy),
    ] {
      sequence += 1
      events.withSink(sequence: sequence, countMax: engine.eventCountMax) {
        engine.apply(command, at: Nanoseconds(sequence), sequence: sequence, into: &$0)
      }
      events.removeAll { print($0.sequence, $0.event.kindCode) }
    }
    print(engine.books.best(.sell, locate: 1)?.quantity ?? 0)
  }

  static func order(_ id: UInt64, _ side: Side) -> MatchingCommand {
    .new(orderId: id, owner: 10, instrument: 1, side: side, priceTicks: 100, quantity: 5)
  }

  static func text(_ symbol: ITCHSymbol) -> String { symbol.description }
}
