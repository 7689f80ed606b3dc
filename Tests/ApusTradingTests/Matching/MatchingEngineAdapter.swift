// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusMarketProtocols

@testable import ApusTrading

// One line switches the engine on: #if true. It needs `mainBook` (below) over its own books.
#if false
  /// The engine behind the protocol of the tests.
  final class MatchingEngineAdapter: MatchingUnderTest {
    private var engine: MatchingEngine
    private var queue: EventQueue<MatchingEvent>
    private var sequence: UInt64 = 0

    init(configuration: MatchingEngine.Configuration) throws {
      engine = try MatchingEngine(configuration: configuration)
      queue = try EventQueue(capacity: engine.eventCountMax)
    }

    func apply(_ command: MatchingCommand, at time: UInt64) -> [MatchingEvent] {
      sequence += 1
      queue.withSink(sequence: sequence, countMax: engine.eventCountMax) { sink in
        engine.apply(command, at: Nanoseconds(time), sequence: sequence, into: &sink)
      }
      var events: [MatchingEvent] = []
      queue.removeAll { events.append($0.event) }
      return events
    }

    func mainBook(_ instrument: UInt16, _ side: Side) -> [BookLine] {
      var lines: [BookLine] = []
      engine.forEachDisplayed(instrument: instrument, side: side) { orderId, priceTicks, shown in
        lines.append(BookLine(orderId: orderId, priceTicks: priceTicks, shown: shown))
      }
      return lines
    }
  }

  extension EngineUnderTest {
    static let fast = EngineUnderTest(name: "engine") {
      try MatchingEngineAdapter(configuration: .init())
    }
    static let all = [reference, fast]
  }
#else
  extension EngineUnderTest {
    static let all = [reference]
  }
#endif
