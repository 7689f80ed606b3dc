// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusMarketProtocols
import ApusTestSupport
import ApusTrading
import Testing

/// Section 15, what happens when a slab is full, and what the engine's memory and time are.
@Suite struct LimitTests {
  static func engine(
    orders: Int = 1 << 12, levels: Int = 1 << 12, holdings: Int = 1 << 10, events: Int = 64
  ) throws -> MatchingEngineAdapter {
    try MatchingEngineAdapter(
      configuration: .init(
        orderCapacity: orders, levelCapacity: levels, holdingCapacity: holdings,
        eventCountMax: events, pages: .plain))
  }

  static func open(_ engine: MatchingEngineAdapter) {
    for command: MatchingCommand in [
      .defineInstrument(1), .setOwnerLimit(1, .openOrders, to: 0),
      .setOwnerLimit(2, .openOrders, to: 0), .setPhase(1, .continuous),
    ] {
      _ = engine.apply(command, at: 1)
    }
  }

  static func fillForClose(_ engine: MatchingEngineAdapter, orderCount: Int) {
    open(engine)
    for id in 1...UInt64(orderCount) {
      _ = engine.apply(.buy(id, 5, at: 100 + UInt32(id % 50)), at: 2)
    }
  }

  @Test func aSweepStopsAtTheEventLimit() throws {
    let engine = try Self.engine()
    Self.open(engine)
    for id in UInt64(1)...200 { _ = engine.apply(.sell(id, 1, at: 10), at: 2) }
    let events = engine.apply(.buy(1_000, 200, at: 10), at: 3)
    #expect(events.count <= 64)
    let last = try #require(events.last)
    #expect(last.kind == .cancelled && last.reason == .eventLimit)
    let traded = events.filter { $0.kind == .trade }.count
    #expect(last.quantity == 200 - UInt32(traded))
    // The rest is still there, and the next order takes it.
    #expect(engine.orderCount == 200 - traded)
    #expect(engine.apply(.buy(1_001, 1, at: 10), at: 4).last?.kind == .trade)
  }

  @Test func aMassCancelTellsWhatIsLeft() throws {
    let engine = try Self.engine()
    Self.fillForClose(engine, orderCount: 300)
    var rounds = 0
    var cancelled = 0
    while engine.orderCount > 0, rounds < 20 {
      let before = engine.orderCount
      let events = engine.apply(.massCancel(owner: 1), at: 5)
      let done = try #require(events.last)
      #expect(done.kind == .massCancelled)
      #expect(events.count <= 64 && before - engine.orderCount == events.count - 1)
      cancelled += events.count - 1
      rounds += 1
    }
    #expect(cancelled == 300 && rounds > 4)
  }

  @Test func aCloseGoesOnAtTheNextCommands() throws {
    let engine = try Self.engine()
    Self.fillForClose(engine, orderCount: 300)
    #expect(engine.apply(.setPhase(1, .closed), at: 5).count <= 64)
    #expect(engine.orderCount > 200)
    let refused = engine.apply(.buy(5_000, 1, at: 5), at: 6)
    #expect(refused.contains { $0.kind == .rejected && $0.reason == .unfinished })
    #expect(refused.count > 16 && refused.count <= 64)
    for _ in 0..<30 { _ = engine.apply(.expire, at: 7) }
    #expect(engine.orderCount == 0)
    #expect(engine.apply(.buy(5_001, 1, at: 5), at: 8).last?.reason == .closed)
  }

  @Test func aFullSlabOfOrdersIsARefusal() throws {
    let engine = try Self.engine(orders: 100)
    Self.open(engine)
    for id in UInt64(1)...100 {
      #expect(engine.apply(.buy(id, 5, at: 10), at: 2).last?.kind == .accepted)
    }
    // What the refusal changes and what not: RefusalTests.
    #expect(engine.apply(.buy(101, 5, at: 10), at: 3).last?.reason == .capacity)
    #expect(engine.orderCount == 100)
    // All that rests works as before: it trades, is cancelled, and makes room.
    #expect(engine.apply(.cancel(orderId: 50, owner: 1), at: 4).last?.kind == .cancelled)
    #expect(engine.apply(.sell(102, 5, at: 10), at: 5).last?.kind == .trade)
    #expect(engine.apply(.buy(103, 5, at: 10), at: 6).last?.kind == .accepted)
    #expect(engine.brokenInvariant == nil)
  }

  @Test func aFullSlabOfPricesCancels() throws {
    let engine = try Self.engine(levels: 10)
    Self.open(engine)
    for id in UInt64(1)...10 { _ = engine.apply(.buy(id, 5, at: UInt32(id)), at: 2) }
    let events = engine.apply(.buy(11, 5, at: 11), at: 3)
    #expect(events.map(\.kind) == [.accepted, .cancelled])
    #expect(events.last?.reason == .capacity)
    #expect(engine.orderCount == 10)
    #expect(engine.apply(.buy(12, 5, at: 3), at: 4).map(\.kind) == [.accepted])
    #expect(engine.brokenInvariant == nil)
  }

  @Test func aFullTableOfHoldingsIsARefusal() throws {
    let engine = try Self.engine(holdings: 1)
    Self.open(engine)
    #expect(engine.apply(.buy(1, 5, at: 10), at: 2).last?.kind == .accepted)
    #expect(engine.apply(.sell(2, 5, at: 10), at: 3).last?.reason == .capacity)
    #expect(engine.apply(.sell(3, 5, at: 10).of(1), at: 4).last?.kind == .trade)
  }

  @Test func anOrderTakesNinetySixBytesAtMost() throws {
    var engine = try MatchingEngine(configuration: .init())
    var queue = try EventQueue<MatchingEvent>(capacity: 1 << 13)
    var sequence: UInt64 = 0
    func apply(_ command: MatchingCommand) {
      sequence += 1
      queue.withSink(sequence: sequence, countMax: engine.eventCountMax) {
        engine.apply(command, at: Nanoseconds(1), sequence: sequence, into: &$0)
      }
      queue.removeAll { _ in }
    }
    apply(.defineInstrument(1))
    apply(.setOwnerLimit(1, .openOrders, to: 0))
    apply(.setPhase(1, .continuous))
    let count = 300_000
    for id in 1...UInt64(count) { apply(.buy(id, 5, at: 1 + UInt32(id % 5_000))) }
    let bytes = engine.orderByteCount
    #expect(engine.books.orderCount == count)
    let each = Double(bytes) / Double(count)
    #expect(each <= 96, "\(each) bytes an order")
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func commandsAllocateNothing() throws {
    let engine = try MatchingEngine(
      configuration: .init(residentOrderCount: 1 << 14, eventCountMax: 1 << 12))
    let runner = Runner(engine)
    var commands: [TimedCommand] = []
    var stream = RandomCommands(seed: 3)
    let model = try EngineUnderTest.fast.make()
    for _ in 0..<20_000 {
      let next = stream.next()
      stream.observe(model.apply(next.command, at: next.time))
      commands.append(next)
    }
    try runner.prepare()
    #expect(allocationCount { runner.run(commands) } == 0)
    #expect(runner.eventCount > 20_000)
  }

  final class Runner {
    private var engine: MatchingEngine
    private var queue: EventQueue<MatchingEvent>?
    private(set) var eventCount = 0

    init(_ engine: consuming MatchingEngine) { self.engine = engine }

    func prepare() throws { queue = try EventQueue(capacity: 1 << 13) }

    func run(_ commands: [TimedCommand]) {
      guard var queue = queue.take() else { return }
      var sequence: UInt64 = 0
      for next in commands {
        sequence += 1
        queue.withSink(sequence: sequence, countMax: engine.eventCountMax) {
          engine.apply(next.command, at: Nanoseconds(next.time), sequence: sequence, into: &$0)
        }
        queue.removeAll { _ in eventCount += 1 }
      }
    }
  }
}
