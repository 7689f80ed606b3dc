// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import Foundation
import Testing

@testable import ApusTrading

/// Section 15: what one command may cost. Where work was quadratic, a stream is measured against another
/// of as many commands whose work never was: they took ten times as long as that or more, and now take
/// about as long. Time is that of the thread, so that others on the machine do not count.
@Suite(.serialized) struct WorkBoundTests {
  static let count: UInt64 = 10_000

  /// Unit: seconds of this thread.
  static func seconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let start = now()
    try body()
    return now() - start
  }

  /// An engine whose instrument 1 is in a phase.
  static func engine(
    _ phase: MarketPhase, events: Int = 1 << 15, allocation: AllocationRule = .priceTime
  ) throws -> MatchingEngineAdapter {
    let engine = try MatchingEngineAdapter(
      configuration: .init(
        orderCapacity: 1 << 16, levelCapacity: 1 << 16, eventCountMax: events, pages: .plain))
    for command: MatchingCommand in [
      .defineInstrument(1, allocation: allocation), .setOwnerLimit(1, .openOrders, to: 0),
      .setOwnerLimit(2, .openOrders, to: 0), .setOwnerLimit(3, .openOrders, to: 0),
      .setPhase(1, phase),
    ] {
      _ = engine.apply(command, at: 1)
    }
    return engine
  }

  /// Enters orders with ids from 1 on; the time that takes.
  @discardableResult
  static func enter(
    _ engine: MatchingEngineAdapter, from first: UInt64 = 1, _ count: UInt64 = count,
    _ make: (UInt64) -> MatchingCommand
  ) -> Double {
    seconds {
      for id in first..<first + count { _ = engine.apply(make(id), at: 2) }
    }
  }

  /// Whether so many orders are cancelled in little more time than it took to enter as many.
  static func expect(
    _ command: MatchingCommand, ends ended: UInt64, of reason: MatchingReason,
    _ engine: MatchingEngineAdapter, within limit: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var ends = 0
    let time = seconds {
      ends = engine.apply(command, at: 3).count { $0.reason == reason }
      // What has to go on does so with commands that do nothing else.
      for _ in 0..<2 * count / 16 where UInt64(ends) < ended {
        ends += engine.apply(.expire, at: 4).count { $0.reason == reason }
      }
    }
    #expect(UInt64(ends) == ended, sourceLocation: sourceLocation)
    #expect(time < 3 * limit, "\(time) s of \(limit)", sourceLocation: sourceLocation)
  }

  // MARK: Phases

  @Test(arguments: [1 << 15, 64]) func atOpenOrdersBehindOthers(events: Int) throws {
    let engine = try Self.engine(.preOpen, events: events)
    let time = Self.enter(engine) { .buy($0, 1, at: 100, .limit, .goodTillCancel) }
    Self.enter(engine, from: Self.count + 1) { .buy($0, 1, at: 100, .limit, .atOpen) }
    Self.expect(
      .setPhase(1, .continuous), ends: Self.count, of: .auctionOnly, engine, within: time)
  }

  @Test(arguments: [1 << 15, 64]) func dayOrdersBehindOthers(events: Int) throws {
    let engine = try Self.engine(.continuous, events: events)
    let time = Self.enter(engine) { .buy($0, 1, at: 100, .limit, .goodTillCancel) }
    Self.enter(engine, from: Self.count + 1) { .buy($0, 1, at: 100) }
    Self.expect(.setPhase(1, .closed), ends: Self.count, of: .endOfDay, engine, within: time)
  }

  @Test func dayOrdersBehindOtherPrices() throws {
    let engine = try Self.engine(.continuous, events: 64)
    let count: UInt64 = 8_000
    let time = Self.enter(engine, count) {
      .buy($0, 1, at: 200_000 - UInt32($0) * 2, .limit, .goodTillCancel)
    }
    Self.enter(engine, from: count + 1, count) { .buy($0, 1, at: 200_001 - UInt32($0) * 2) }
    Self.expect(.setPhase(1, .closed), ends: count, of: .endOfDay, engine, within: time)
  }

  @Test(arguments: [1 << 15, 64]) func dormantDayOrders(events: Int) throws {
    let engine = try Self.engine(.continuous, events: events)
    let time = Self.enter(engine) { .buy($0, 1, at: 100, .limit, .goodTillCancel) }
    Self.enter(engine, from: Self.count + 1) {
      .sell($0, 1, at: 200).of(1).after(2 * Self.count + 1 - $0)
    }
    Self.expect(.setPhase(1, .closed), ends: Self.count, of: .endOfDay, engine, within: time)
  }

  @Test func bracketsThatWaitForTheirTurn() throws {
    let engine = try Self.engine(.closingAuction)
    Self.enter(engine) { .buy($0, 1, at: 100, .limit, .goodTillCancel) }
    let time = Self.enter(engine, from: Self.count + 1) {
      .sell($0, 1, at: 200, .limit, .goodTillCancel).of(1).after($0 - Self.count)
    }
    _ = engine.apply(.sell(3 * Self.count, UInt32(Self.count), at: 100), at: 3)
    _ = engine.apply(.setPhase(1, .closed), at: 3)
    #expect(engine.orderCount == Self.count)
    let cancelling = Self.seconds {
      for id in (Self.count + 1...2 * Self.count).reversed() {
        _ = engine.apply(.cancel(orderId: id, owner: 1), at: 4)
      }
    }
    #expect(engine.orderCount == 0)
    #expect(cancelling < 3 * time, "\(cancelling) s of \(time)")
  }

  // MARK: Matching

  @Test func ownOrdersBehindOthersProRata() throws {
    let engine = try Self.engine(.continuous, allocation: .proRata)
    let time = Self.enter(engine) { .sell($0, 1, at: 100) }
    Self.enter(engine, from: Self.count + 1) { .sell($0, 1, at: 100).of(1) }
    Self.expect(
      .buy(3 * Self.count, 1, at: 100).mode(.cancelOldest), ends: Self.count, of: .selfTrade,
      engine, within: time)
  }

  @Test func fillOrKillAgainstPegs() throws {
    let engine = try Self.engine(.continuous)
    _ = engine.apply(.sell(1, 1, at: 50), at: 2)
    let time = Self.enter(engine, from: 2) { .sell($0, 1, at: 40, .primaryPeg) }
    var kinds: [MatchingReason?] = []
    let killing = Self.seconds {
      let wanted = UInt32(Self.count)
      kinds += engine.apply(.buy(1 << 40, wanted + 2, at: 50, .limit, .fillOrKill), at: 3)
        .map(\.reason)
    }
    #expect(kinds == [.notFillable])
    #expect(killing < time, "\(killing) s of \(time)")
    let events = engine.apply(
      .buy(1 << 41, UInt32(Self.count) + 1, at: 50, .limit, .fillOrKill), at: 3)
    #expect(events.count == Int(Self.count) + 2)
  }

  @Test func midPegsThatDoNotMeet() throws {
    let engine = try Self.engine(.continuous)
    let time = Self.enter(engine) { .buy($0, 1, at: 100) }
    _ = engine.apply(.sell(1 << 40, 1, at: 104).through(1), at: 2)
    Self.enter(engine, from: Self.count + 1, 2_000) {
      .buy($0, 1, at: 200 + UInt32($0), .midPeg)
    }
    _ = engine.apply(.sell(2 << 40, 1, at: 103, .midPeg).through(1), at: 2)
    let entering = Self.enter(engine, from: 1 << 42) { .buy($0, 1, at: 100) }
    #expect(entering < 4 * time, "\(entering) s of \(time)")
  }

  @Test func trailingStopsAtTheSamePrice() throws {
    let engine = try Self.engine(.continuous)
    Self.enter(engine) { .sell($0, 1, at: 100) }
    let time = Self.enter(engine, from: Self.count + 1) { .sell($0, 1, at: 101) }
    _ = engine.apply(.buy(1 << 40, 1, at: 100), at: 2)
    Self.enter(engine, from: 1 << 41, 1_000) { .sell($0, 1, at: 0, .trailingStop).trigger(50) }
    let trading = Self.enter(engine, from: 1 << 42, Self.count - 1) { .buy($0, 1, at: 100) }
    #expect(trading < 6 * time, "\(trading) s of \(time)")
  }
}
