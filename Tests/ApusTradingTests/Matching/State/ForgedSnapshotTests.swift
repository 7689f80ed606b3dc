// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusMarketProtocols
import Testing

@testable import ApusTrading

/// Snapshots that somebody meant to be wrong, with fields that no engine writes: they are refused.
@Suite struct ForgedSnapshotTests {
  static let configuration = MatchingEngine.Configuration(
    orderCapacity: 1 << 12, levelCapacity: 1 << 12, eventCountMax: 64, pages: .plain)
  /// Where the first instrument's unfinished work and its auction's set are.
  static let unfinishedOffset = 34
  static let auctionSetOffset = 35

  /// Orders of one owner that cross, in a phase that gathers them.
  static func crossed() throws -> MatchingEngineAdapter {
    let engine = try MatchingEngineAdapter(configuration: configuration)
    for command: MatchingCommand in [
      .defineInstrument(1), .setOwnerLimit(1, .openOrders, to: 0), .setPhase(1, .preOpen),
      .buy(1, 5, at: 100), .sell(2, 5, at: 90).of(1), .buy(3, 5, at: 100),
      .sell(4, 5, at: 90).of(1),
    ] { _ = engine.apply(command, at: 1) }
    return engine
  }

  static func restore(_ bytes: [UInt8]) throws -> MatchingEngineAdapter {
    try MatchingEngineAdapter(restoring: bytes, configuration: configuration, after: 20)
  }

  /// The field of that name is what a snapshot is refused for.
  static func expectRefusal(_ name: String, _ bytes: [UInt8]) {
    do {
      let engine = try restore(bytes)
      Issue.record("\(name) accepted: \(engine.orderCount) orders")
    } catch SnapshotError.malformed(let field, _, _, _) {
      #expect(field == name)
    } catch {
      Issue.record("\(error)")
    }
  }

  /// The snapshot with work left, of which the instrument is in the list at its end.
  static func unfinished(_ work: UnfinishedWork, _ set: OrderSet) throws -> [UInt8] {
    var bytes = try crossed().snapshot()
    bytes[unfinishedOffset] = work.rawValue
    bytes[auctionSetOffset] = set.rawValue
    return bytes.dropLast(4) + [1, 0, 0, 0, 1, 0]
  }

  @Test(arguments: OrderSet.allCases, [UnfinishedWork.auction, .auctionOnly, .close])
  func anAuctionHasASetOfItsOwn(set: OrderSet, work: UnfinishedWork) throws {
    let bytes = try Self.unfinished(work.union(.queued), set)
    if work == .close || set == .atOpen || set == .atClose {
      let engine = try Self.restore(bytes)
      for _ in 0..<4 { _ = engine.apply(.expire, at: 2) }
      #expect(engine.brokenInvariant == nil)
    } else {
      Self.expectRefusal("auction set", bytes)
    }
  }

  /// What nobody would ever finish: the instrument would be refused its orders for good.
  @Test(arguments: [UnfinishedWork.auction, .auctionOnly, .close, .followUp])
  func unfinishedWorkIsInTheList(work: UnfinishedWork) throws {
    var bytes = try Self.crossed().snapshot()
    bytes[Self.unfinishedOffset] = work.rawValue
    bytes[Self.auctionSetOffset] = OrderSet.atOpen.rawValue
    Self.expectRefusal("unfinished work", bytes)
  }

  /// Quantity and price of an order, found by its id and quantity.
  static func change(
    _ bytes: inout [UInt8], id: UInt8, _ quantity: UInt32, _ price: UInt32
  ) throws {
    let start = try #require(order(id, in: bytes))
    for byte in 0..<4 {
      bytes[start + 8 + byte] = UInt8(truncatingIfNeeded: quantity >> (8 * UInt32(byte)))
      bytes[start + 12 + byte] = UInt8(truncatingIfNeeded: price >> (8 * UInt32(byte)))
    }
  }

  /// Four times 2^62 is 0: sums that wrap look like none.
  @Test func whatIsOpenDoesNotWrap() throws {
    var bytes = try Self.crossed().snapshot()
    for id in UInt8(1)...4 { try Self.change(&bytes, id: id, 1 << 31, 1 << 31) }
    Self.expectRefusal("order", bytes)
  }

  @Test func noOrderIsAboveTheHighestPrice() throws {
    var bytes = try Self.crossed().snapshot()
    try Self.change(&bytes, id: 1, 5, .max)
    Self.expectRefusal("order", bytes)
    // But those that buy at any price in an auction.
    let engine = try Self.crossed()
    _ = engine.apply(.buy(9, 5, at: 0, .market, .atOpen), at: 2)
    let restored = try Self.restore(engine.snapshot())
    #expect(restored.digest == engine.digest)
  }

  /// Where an order rests follows from its type and time in force: nothing else counts and finds it.
  @Test func anOrderIsInTheSetOfItsType() throws {
    let engine = try Self.crossed()
    _ = engine.apply(.buy(9, 5, at: 80, .limit, .atOpen), at: 2)
    let bytes = try engine.snapshot()
    let start = try #require(Self.order(9, in: bytes))
    // Id, quantity, price, instrument, side; the tag; three ids and two quantities later the type.
    let (tag, type) = (start + 19, start + 44)
    try #require(bytes[type] == OrderType.limit.rawValue | TimeInForce.atOpen.rawValue << 4)
    for set in OrderSet.allCases where set != .atOpen && set != .main {
      var changed = bytes
      changed[tag] = changed[tag] & ~7 | set.rawValue
      Self.expectRefusal("order tag", changed)
    }
    for (other, timeInForce): (OrderType, TimeInForce) in [
      (.stop, .atOpen), (.limit, .atClose), (.limit, .day), (.market, .immediateOrCancel),
    ] {
      var changed = bytes
      changed[type] = other.rawValue | timeInForce.rawValue << 4
      Self.expectRefusal("order tag", changed)
    }
  }

  /// Where an order of five lots begins.
  private static func order(_ id: UInt8, in bytes: [UInt8]) -> Int? {
    let wanted: [UInt8] = [id, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0]
    return (0..<bytes.count - 16).first { Array(bytes[$0..<$0 + 12]) == wanted }
  }

  /// A net limit reads sums of each side as signed ones: what a side has may not be above them.
  @Test func aNetLimitMeetsTheGreatestSums() throws {
    var bytes = try Self.crossed().snapshot()
    // 2^62 and a little less than that on one side.
    try Self.change(&bytes, id: 1, 1 << 31, 1 << 31)
    try Self.change(&bytes, id: 3, 1 << 31, (1 << 31) - 1)
    let engine = try Self.restore(bytes)
    for command: MatchingCommand in [
      .setOwnerLimit(1, .netNotional, to: 1_000), .buy(11, .max, at: .max - 1),
      .sell(12, .max, at: .max - 1).of(1), .buy(13, 1, at: 10), .sell(14, 1, at: 10).of(1),
    ] { _ = engine.apply(command, at: 3) }
    #expect(engine.brokenInvariant == nil)
  }

  /// Children whose parent has traded wait for their turn, cut to what it traded: never to nothing.
  @Test func anActivatedChildHasAQuantity() throws {
    let engine = try MatchingEngineAdapter(configuration: Self.configuration)
    for command: MatchingCommand in [
      .defineInstrument(1), .setOwnerLimit(1, .openOrders, to: 0),
      .setOwnerLimit(2, .openOrders, to: 0), .setPhase(1, .closingAuction),
      .buy(1, 6, at: 20, .limit, .goodTillCancel),
      .sell(2, 3, at: 30, .limit, .goodTillCancel).of(1).after(1),
      .sell(3, 3, at: 0, .stop, .goodTillCancel).of(1).trigger(5).after(1),
      .sell(4, 6, at: 20, .limit, .atClose).of(2), .setPhase(1, .closed),
    ] { _ = engine.apply(command, at: 1) }
    let bytes = try engine.snapshot()
    let sizes = engine.snapshotFieldSizes
    // Of an extra's eight fields the last: 6, what the parent traded.
    let ends = sizes.indices.filter { last in
      last >= 7 && sizes[last - 7...last].elementsEqual([8, 8, 4, 4, 4, 4, 4, 4])
    }
    var found = 0
    for last in ends {
      let offset = sizes[..<last].reduce(0, +)
      guard bytes[offset..<offset + 4].elementsEqual([6, 0, 0, 0]) else { continue }
      found += 1
      var changed = bytes
      changed[offset] = 0
      Self.expectRefusal("activated bracket", changed)
    }
    #expect(found == 2)
  }
}
