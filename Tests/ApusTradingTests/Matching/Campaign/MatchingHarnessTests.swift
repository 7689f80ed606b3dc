// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// The checkers are checked: engines with one defect each are found, and the report is short.
@Suite struct MatchingHarnessTests {
  /// The reference with one thing wrong.
  final class DefectiveEngine: MatchingUnderTest {
    enum Defect: CaseIterable {
      case forgetsReplenished, tradesAtTakersPrice, countsTwice, losesPriority, acknowledgesLate
    }

    private let engine = ReferenceMatchingEngine()
    private let defect: Defect

    init(_ defect: Defect) { self.defect = defect }

    func apply(_ command: MatchingCommand, at time: UInt64) -> [MatchingEvent] {
      let events = engine.apply(command, at: time)
      switch defect {
      case .forgetsReplenished: return events.filter { $0.kind != .replenished }
      case .tradesAtTakersPrice:
        return events.map { $0.kind == .trade ? atTakersPrice($0, command) : $0 }
      case .countsTwice:
        return events.map { event in
          var event = event
          if event.kind == .reduced { event.leavesQuantity -= min(1, event.leavesQuantity - 1) }
          return event
        }
      case .losesPriority: return events
      case .acknowledgesLate:
        guard events.first?.reason == .unknownOrder else { return events }
        var event = events[0]
        event.kindCode = MatchingEventKind.cancelled.rawValue
        return [event]
      }
    }

    private func atTakersPrice(
      _ event: MatchingEvent, _ command: MatchingCommand
    ) -> MatchingEvent {
      var event = event
      if event.orderId == command.orderId, command.priceTicks != 0 {
        event.priceTicks = command.priceTicks
      }
      return event
    }

    /// Two orders of one price in the wrong order, which no event tells.
    func mainBook(_ instrument: UInt16, _ side: Side) -> [BookLine] {
      var book = engine.mainBook(instrument, side)
      if defect == .losesPriority, book.count > 1, book[0].priceTicks == book[1].priceTicks {
        book.swapAt(0, 1)
      }
      return book
    }
  }

  @Test(arguments: DefectiveEngine.Defect.allCases)
  func defectIsFoundAndShrunk(_ defect: DefectiveEngine.Defect) throws {
    let comparison = MatchingComparison(
      left: .reference,
      right: EngineUnderTest(name: "\(defect)") { DefectiveEngine(defect) })
    let difference = try #require(
      try comparison.run(seed: 11, count: 5_000, isMutated: false), "\(defect)")
    let shrunk = try comparison.shrunk(difference, workMax: 100_000)
    #expect(try comparison.differs(shrunk))
    #expect(
      shrunk.count <= 20,
      "\(defect): \(difference.commands.count) \(shrunk.map(\.command.swiftText))")
    #expect(try comparison.report(difference, shrunk).contains("MatchingCommand("))
  }

  /// Each law is broken by events made for it.
  @Test func lawsSeeWhatIsWrong() {
    func broken(_ command: MatchingCommand, _ change: (inout [MatchingEvent]) -> Void) -> String? {
      let engine = ReferenceMatchingEngine()
      var laws = MatchingLaws()
      let beginning: [MatchingCommand] = [
        .setOwnerLimit(1, .credit, to: 0), .setOwnerLimit(2, .credit, to: 0), .defineInstrument(1),
        .setPhase(1, .continuous), .sell(1, 5, at: 10), .sell(2, 5, at: 10),
      ]
      for command in beginning {
        #expect(laws.check(command, engine.apply(command, at: 0), engine) == nil)
      }
      var events = engine.apply(command, at: 0)
      change(&events)
      return laws.check(command, events, engine)
    }
    #expect(broken(.buy(3, 2, at: 10)) { _ in } == nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0.removeFirst() } != nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0.removeLast() } != nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0[1].priceTicks = 11 } != nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0[1].quantity = 3 } != nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0[1].relatedLeavesQuantity = 5 } != nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0[1].relatedOrderId = 2 } != nil)
    #expect(broken(.buy(3, 2, at: 10)) { $0[1].value = 7 } != nil)
    #expect(broken(.cancel(orderId: 1, owner: 2)) { $0[0].quantity = 4 } != nil)
    #expect(broken(.cancel(orderId: 1, owner: 2)) { $0[0].orderId = 2 } != nil)
    #expect(broken(.reduce(orderId: 1, owner: 2, by: 1)) { $0[0].leavesQuantity = 5 } != nil)
    #expect(broken(.cancel(orderId: 9, owner: 2)) { $0 += $0 } != nil)
    #expect(broken(.massCancel(owner: 2)) { $0.removeLast() } != nil)
  }
}
