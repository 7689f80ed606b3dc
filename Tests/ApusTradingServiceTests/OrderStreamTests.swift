// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTrading
import Testing

@testable import ApusTradingService

/// The obvious book: price-time, limit and market orders and cancels of one instrument.
private struct ObviousBook {
  struct Order {
    var id: UInt64
    var isBuy: Bool
    var price: UInt32
    var quantity: UInt32
  }
  private(set) var orders: [Order] = []
  private(set) var totals = OrderStreamTotals()
  private(set) var missedCancelCount = 0

  mutating func apply(_ command: MatchingCommand) {
    switch MatchingCommandKind(rawValue: command.kindCode) {
    case .cancel:
      guard let index = orders.firstIndex(where: { $0.id == command.orderId }) else {
        missedCancelCount += 1
        return
      }
      orders.remove(at: index)
    case .new:
      let isMarket = command.typeCode == OrderType.market.rawValue
      var order = Order(
        id: command.orderId, isBuy: command.sideCode == 0x42, price: command.priceTicks,
        quantity: command.quantity)
      trade(&order, isMarket: isMarket)
      if order.quantity > 0, !isMarket { orders.append(order) }
    default: break
    }
  }

  private mutating func trade(_ order: inout Order, isMarket: Bool) {
    while order.quantity > 0 {
      let opposite = orders.indices.filter { orders[$0].isBuy != order.isBuy }
      // The first of equals is the oldest: orders are appended.
      let best = opposite.min {
        order.isBuy ? orders[$0].price < orders[$1].price : orders[$0].price > orders[$1].price
      }
      guard let best else { return }
      let price = orders[best].price
      guard isMarket || (order.isBuy ? price <= order.price : price >= order.price) else { return }
      let quantity = min(order.quantity, orders[best].quantity)
      totals.trade(price: price, quantity: quantity)
      order.quantity -= quantity
      orders[best].quantity -= quantity
      if orders[best].quantity == 0 { orders.remove(at: best) }
    }
  }
}

@Suite struct OrderStreamTests {
  private func stream(
    _ kind: OrderStreamKind, seed: UInt64 = 1, count: Int, limitsEveryOwner: Bool = false
  ) throws -> OrderStream {
    OrderStream(
      try OrderStreamConfiguration(
        kind: kind, seed: seed, commandCount: count, limitsEveryOwner: limitsEveryOwner))
  }

  private func records(_ stream: OrderStream) -> [OrderLogRecord] {
    var stream = stream
    var records: [OrderLogRecord] = []
    while let record = stream.next() { records.append(record) }
    return records
  }

  @Test(arguments: [OrderStreamKind.mixed, .trades], [UInt64(1), 9])
  func theModelIsAnObviousBook(kind: OrderStreamKind, seed: UInt64) throws {
    var stream = try stream(kind, seed: seed, count: 6_000)
    var book = ObviousBook()
    while let record = stream.next() { book.apply(record.command) }
    let totals = stream.totals
    #expect(book.missedCancelCount == 0)
    #expect(totals.tradeCount == book.totals.tradeCount && totals.tradeCount > 500)
    #expect(totals.tradedQuantity == book.totals.tradedQuantity)
    #expect(totals.tradedNotional == book.totals.tradedNotional)
    #expect(totals.liveOrderCount == book.orders.count)
  }

  @Test func sharesOfTheMix() throws {
    var stream = try stream(.mixed, seed: 5, count: 200_000)
    while stream.next() != nil {}
    let totals = stream.totals
    func share(_ count: Int) -> Double { Double(count) / 200_000 }
    #expect(abs(share(totals.ordersByType[Int(OrderType.limit.rawValue)]) - 0.61) < 0.005)
    #expect(abs(share(totals.ordersByType[Int(OrderType.market.rawValue)]) - 0.05) < 0.005)
    #expect(
      abs(share(totals.commandsByKind[Int(MatchingCommandKind.cancel.rawValue)]) - 0.34) < 0.005)
    #expect((4_500...5_500).contains(totals.liveOrderCount), "\(totals.liveOrderCount)")
    #expect(totals.liveOrderPeak < 5_600)
  }

  @Test func mostOrdersOfATradesStreamRestUntilThereAreManyOfThem() throws {
    var stream = try stream(.trades, seed: 2, count: 700_000)
    while stream.next() != nil {}
    let totals = stream.totals
    #expect((290_000...300_000).contains(totals.liveOrderPeak), "\(totals.liveOrderPeak)")
    #expect(totals.ordersByType[Int(OrderType.market.rawValue)] * 20 > 680_000)
    #expect(totals.commandsByKind[Int(MatchingCommandKind.cancel.rawValue)] == 0)
  }

  @Test(arguments: OrderStreamKind.allCases)
  func equalSeedsGiveEqualStreams(kind: OrderStreamKind) throws {
    let first = records(try stream(kind, seed: 7, count: 20_000))
    #expect(first.count == 20_000)
    #expect(first == records(try stream(kind, seed: 7, count: 20_000)))
    #expect(first != records(try stream(kind, seed: 8, count: 20_000)))
  }

  /// The bytes are the same with every build: these are of an optimised one.
  @Test(arguments: zip(OrderStreamKind.allCases, goldenDigests))
  func streamsAreKnown(kind: OrderStreamKind, digest: UInt64) throws {
    let hash = OrderLogRecord.withBytes(of: records(try stream(kind, count: 20_000)).span) {
      fnv1a($0)
    }
    #expect(hash == digest, "\(kind) has \(hash)")
  }

  @Test(arguments: OrderStreamKind.allCases)
  func timesRiseIdsAreDenseAndInstrumentsAreMadeFirst(kind: OrderStreamKind) throws {
    var lastTime: UInt64 = 0
    var lastId: UInt64 = 0
    var instruments: Set<UInt16> = []
    var owners: Set<UInt16> = []
    for record in records(try stream(kind, seed: 3, count: 30_000)) {
      let command = record.command
      #expect(record.timeNanoseconds >= lastTime)
      lastTime = record.timeNanoseconds
      switch MatchingCommandKind(rawValue: command.kindCode) {
      case .defineInstrument: #expect(instruments.insert(command.instrument).inserted)
      case .setOwnerLimit: owners.insert(command.owner)
      case .new:
        #expect(command.orderId == lastId + 1)
        lastId += 1
        #expect(instruments.contains(command.instrument) && owners.contains(command.owner))
        #expect(command.quantity > 0 && command.priceTicks < 1 << 30)
      case .replace:
        #expect(command.relatedOrderId == lastId + 1 && command.orderId <= lastId)
        lastId += 1
      case .quote:
        #expect(command.orderId == lastId + 1 && command.relatedOrderId == lastId + 2)
        #expect(command.priceTicks < command.triggerTicks)
        lastId += 2
      case .cancel, .reduce: #expect((1...lastId).contains(command.orderId))
      case nil: Issue.record("kind \(command.kindCode)")
      default: break
      }
    }
    #expect(lastId > 2_000)
  }

  @Test func limitsChangeNothingButTheirOwnCommands() throws {
    let plain = try stream(.mixed, seed: 4, count: 10_000)
    let limited = try stream(.mixed, seed: 4, count: 10_000, limitsEveryOwner: true)
    #expect(limited.preparingCount == plain.preparingCount + 16 * 11)
    #expect(limited.commandCount == plain.commandCount + 16 * 11)
    #expect(
      records(plain).dropFirst(plain.preparingCount).map(\.command)
        == records(limited).dropFirst(limited.preparingCount).map(\.command))
  }

  @Test func theCrashPausesAndEndsInAuctions() throws {
    var stream = try stream(.flashCrash, count: 60_000)
    var pausesLeft = 0
    var stops = 0
    while let record = stream.next() {
      if record.command.kindCode == MatchingCommandKind.setPhase.rawValue { pausesLeft += 1 }
      if record.command.typeCode == OrderType.stop.rawValue { stops += 1 }
    }
    // The first is the beginning of the day.
    #expect(pausesLeft > 3)
    #expect(stops > 500)
  }

  @Test func theAuctionDayHasEverything() throws {
    let records = records(try stream(.auctionDay, count: 60_000))
    let orders = records.map(\.command).filter {
      $0.kindCode == MatchingCommandKind.new.rawValue
    }
    #expect(Set(orders.map(\.typeCode)) == Set(OrderType.allCases.map(\.rawValue)))
    #expect(Set(orders.map(\.detailCode)) == Set(TimeInForce.allCases.map(\.rawValue)))
    for flag in [CommandFlags.postOnly, .oneCancelsOther, .bracketChild] {
      #expect(orders.contains { $0.flags.contains(flag) })
    }
    #expect(orders.contains { $0.displayQuantity > 0 })
    let kinds = Set(records.map(\.command.kindCode))
    let absent = MatchingCommandKind.allCases.filter { !kinds.contains($0.rawValue) }
    #expect(absent == [.killSwitch, .resetSums])
    let phases = records.map(\.command).filter {
      $0.kindCode == MatchingCommandKind.setPhase.rawValue && $0.instrument == 1
    }
    #expect(phases.map(\.detailCode) == [1, 2, 3, 4, 0])
  }

  @Test func quotesAreTheStorm() throws {
    var stream = try stream(.quoteStorm, count: 50_000)
    while stream.next() != nil {}
    let totals = stream.totals
    #expect(totals.commandsByKind[Int(MatchingCommandKind.quote.rawValue)] > 44_000)
    #expect((100...5_000).contains(totals.tradeCount))
  }

  @Test func aStreamHasRoomForWhatMakesIt() {
    for count in [-1, 0, 3_999, 1_000_000_001] {
      #expect(throws: OrderStreamConfigurationError.commandCount(count)) {
        try OrderStreamConfiguration(kind: .mixed, seed: 1, commandCount: count)
      }
    }
    #expect(
      OrderStreamConfigurationError.commandCount(5).description
        == "command count 5: a stream has 4000 to 1000000000 commands; choose one in that range")
  }
}

private let goldenDigests: [UInt64] = [
  5_863_488_769_590_201_094, 15_581_413_333_501_712_757, 7_873_862_513_689_259_205,
  11_463_102_099_121_335_433, 14_536_458_588_732_076_023,
]

private func fnv1a(_ bytes: RawSpan) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for index in 0..<bytes.byteCount {
    hash = (hash ^ UInt64(bytes.byte(at: index))) &* 0x100_0000_01B3
  }
  return hash
}

extension RawSpan {
  fileprivate func byte(at index: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
