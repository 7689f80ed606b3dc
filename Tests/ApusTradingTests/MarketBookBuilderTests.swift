// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Foundation
import Testing

@testable import ApusTrading

/// Length-framed messages made by hand.
struct Feed {
  var bytes: [UInt8] = []
  private var time: UInt64 = 34_200_000_000_000

  mutating func append<M: ITCHMessageBody>(_ message: M) {
    var buffer = FramedMessageBuffer(capacityByteCount: 64)
    _ = buffer.append(message)
    buffer.withBytes { span in
      for offset in 0..<span.byteCount {
        bytes.append(unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      }
    }
  }

  mutating func header(_ locate: UInt16) -> ITCHHeader {
    time += 1_000
    return ITCHHeader(locate: locate, timestampNanoseconds: time)
  }

  mutating func list(_ locate: UInt16, _ symbol: String) {
    append(
      StockDirectory(
        header: header(locate), symbol: ITCHSymbol(symbol), marketCategory: 0x51,
        financialStatus: 0x4E, roundLotSize: 100, roundLotsOnly: 0x4E, issueClassification: 0x43,
        issueSubType: ITCHText2("Z"), authenticity: 0x50, shortSaleThreshold: 0x4E, ipoFlag: 0x4E,
        luldReferencePriceTier: 0x31, etpFlag: 0x4E, etpLeverageFactor: 0,
        inverseIndicator: 0x4E))
  }

  mutating func add(
    _ reference: UInt64, locate: UInt16 = 1, side: UInt8 = 0x42, quantity: UInt32 = 100,
    price: UInt32 = 10_000
  ) {
    append(
      AddOrder(
        header: header(locate), reference: reference, sideCode: side, quantity: quantity,
        symbol: ITCHSymbol("ABC"), price: price))
  }

  mutating func delete(_ reference: UInt64, locate: UInt16 = 1) {
    append(OrderDelete(header: header(locate), reference: reference))
  }

  mutating func execute(_ reference: UInt64, _ quantity: UInt32, locate: UInt16 = 1) {
    append(
      OrderExecuted(
        header: header(locate), reference: reference, executedQuantity: quantity, matchNumber: 1))
  }
}

extension MarketBookBuilder {
  static func small(symbols: [ITCHSymbol]? = nil) throws -> MarketBookBuilder {
    try MarketBookBuilder(
      configuration: .init(orderCapacity: 1 << 16, levelCapacity: 1 << 15), symbols: symbols)
  }

  /// Takes bytes in pieces, the rest of each before the next, as a reader hands them on.
  mutating func take(_ bytes: [UInt8], piece: Int = .max) -> Int {
    var start = 0
    var end = 0
    while end < bytes.count || start < end {
      let before = (start, end)
      end = piece < bytes.count - end ? end + piece : bytes.count
      start += unsafe process(
        framed: bytes.span.bytes.extracting(start..<end), streamOffset: UInt64(start))
      if before == (start, end) { break }
    }
    return start
  }
}

@Suite struct MarketBookBuilderTests {
  @Test func anomaliesAreCountedWithTheirFirstOffset() throws {
    var feed = Feed()
    var offsets: [MarketAnomaly: UInt64] = [:]
    feed.list(1, "ABC")
    feed.add(1)
    func mark(_ kind: MarketAnomaly) { offsets[kind] = UInt64(feed.bytes.count) }
    mark(.unknownReference)
    feed.delete(99)
    feed.delete(98)
    mark(.duplicateReference)
    feed.add(1)
    mark(.overExecution)
    feed.execute(1, 101)
    mark(.zeroQuantity)
    feed.add(2, quantity: 0)
    mark(.unknownLocate)
    feed.add(3, locate: 7)
    mark(.locateMismatch)
    feed.execute(3, 1, locate: 1)
    mark(.invalidSide)
    feed.add(4, side: 0x3F)
    mark(.unknownMessageType)
    feed.bytes += [0, 2, 0x7A, 0]
    mark(.wrongMessageLength)
    feed.bytes += [0, 2, 0x41, 0]
    feed.add(5)

    var builder = try MarketBookBuilder.small()
    #expect(builder.take(feed.bytes) == feed.bytes.count)
    for (kind, offset) in offsets {
      #expect(builder.anomalies[kind].firstOffset == offset, "\(kind)")
      #expect(builder.anomalies[kind].count == (kind == .unknownReference ? 2 : 1), "\(kind)")
    }
    #expect(builder.anomalies.total == 10)
    #expect(builder.books.order(reference: 3)?.quantity == 99)
    #expect(builder.books.order(reference: 5)?.quantity == 100)
    #expect(builder.books.orderCount == 2)
    #expect(builder.books._checkInvariants() == nil)
  }

  @Test func theDirectoryAndOrdersNameLocates() throws {
    var feed = Feed()
    feed.list(5, "LISTED")
    feed.add(1, locate: 9)
    var builder = try MarketBookBuilder.small()
    _ = builder.take(feed.bytes)
    #expect(builder.locates == [5, 9])
    #expect(builder.symbol(locate: 5)?.description == "LISTED")
    #expect(builder.symbol(locate: 9)?.description == "ABC")
    #expect(builder.isListed(locate: 5) && !builder.isListed(locate: 9))
  }

  @Test func onlyChosenSymbolsAreBuilt() throws {
    var feed = Feed()
    feed.list(1, "ABC")
    feed.list(2, "XYZ")
    feed.add(1, locate: 1)
    feed.add(2, locate: 2)
    feed.delete(2, locate: 2)
    var builder = try MarketBookBuilder.small(symbols: [ITCHSymbol("ABC")])
    _ = builder.take(feed.bytes)
    #expect(builder.locates == [1])
    #expect(builder.books.orderCount == 1)
    #expect(builder.anomalies.total == 0)
    #expect(builder.messageCount == 5)
  }

  @Test func piecesOfAnySizeGiveTheSameBooks() throws {
    let feed = randomFeed(seed: 3, messageCount: 2_000)
    var whole = try MarketBookBuilder.small()
    #expect(whole.take(feed) == feed.count)
    for piece in [1, 2, 3, 35, 36, 37, 100, 4_096] {
      var builder = try MarketBookBuilder.small()
      #expect(builder.take(feed, piece: piece) == feed.count)
      #expect(builder.books.digest == whole.books.digest, "piece \(piece)")
      #expect(builder.messageCount == whole.messageCount)
    }
    #expect(whole.books._checkInvariants() == nil)
  }

  @Test func secondsAreCounted() throws {
    var feed = Feed()
    for reference in 1...2_500 as ClosedRange<UInt64> { feed.add(reference) }
    var builder = try MarketBookBuilder.small()
    _ = builder.take(feed.bytes)
    #expect((34_199...34_203).map { builder.messageCount(inSecond: $0) } == [0, 2_500, 0, 0, 0])
    #expect(builder.messageCount(inSecond: 34_200) == 2_500)
    #expect(builder.messageCount(ofType: 0x41) == 2_500)
    #expect(builder.messageCount(locate: 1) == 2_500)
  }

  @Test func bestPriceChangesAreExactlyTheChanges() throws {
    let feed = randomFeed(seed: 11, messageCount: 3_000)
    var builder = try MarketBookBuilder.small()
    var changes = try BestPriceChanges(capacity: 64)
    var told: [UInt16: (BookLevel?, BookLevel?)] = [:]
    var single = try MarketBookBuilder.small()
    var expected: [BestPriceChange] = []
    var position = 0
    // One message at a time: what the best prices are after each is the truth.
    while position < feed.count {
      let span = unsafe feed.span.bytes.extracting(position..<feed.count)
      position += single.process(
        framed: span, streamOffset: UInt64(position), messageCountMax: 1)
      for locate in 1...3 as ClosedRange<UInt16> {
        let best = (
          single.books.best(.buy, locate: locate), single.books.best(.sell, locate: locate)
        )
        let last = told[locate] ?? (nil, nil)
        let isSame =
          best.0?.priceTicks == last.0?.priceTicks && best.0?.quantity == last.0?.quantity
          && best.1?.priceTicks == last.1?.priceTicks && best.1?.quantity == last.1?.quantity
        guard !isSame else { continue }
        told[locate] = best
        expected.append(
          BestPriceChange(
            timestampNanoseconds: single.lastTimestampNanoseconds, locate: locate,
            bidPriceTicks: best.0?.priceTicks ?? 0, bidQuantity: best.0?.quantity ?? 0,
            askPriceTicks: best.1?.priceTicks ?? 0, askQuantity: best.1?.quantity ?? 0))
      }
    }
    var found: [BestPriceChange] = []
    position = 0
    while position < feed.count {
      position += unsafe builder.process(
        framed: feed.span.bytes.extracting(position..<feed.count),
        streamOffset: UInt64(position), changes: &changes)
      for index in 0..<changes.count { found.append(changes[index]) }
      changes.removeAll()
    }
    #expect(found == expected)
    #expect(builder.books.digest == single.books.digest)
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func processingAllocatesNothing() throws {
    let feed = randomFeed(seed: 5, messageCount: 4_000)
    var builder = try MarketBookBuilder.small()
    _ = builder.take(feed)
    let count = allocationCount {
      _ = unsafe builder.process(framed: feed.span.bytes, streamOffset: 0)
    }
    #expect(count == 0)
  }
}

/// Seeded orders on three books, references dense, every kind of change.
func randomFeed(seed: UInt64, messageCount: Int) -> [UInt8] {
  var random = SeededRandom(seed: seed)
  var feed = Feed()
  for locate in 1...3 as ClosedRange<UInt16> { feed.list(locate, "SYM\(locate)") }
  var live: [(reference: UInt64, locate: UInt16, quantity: UInt32)] = []
  var next: UInt64 = 0
  for _ in 0..<messageCount {
    let price = 10_000 + UInt32(random.next() % 60) * 100
    let quantity = UInt32(random.next() % 9 + 1) * 100
    let index = live.isEmpty ? 0 : Int(random.next() % UInt64(live.count))
    switch live.isEmpty ? 0 : random.next() % 10 {
    case 0...4:
      next += 1
      let locate = UInt16(random.next() % 3 + 1)
      feed.add(
        next, locate: locate, side: random.next() & 1 == 0 ? 0x42 : 0x53, quantity: quantity,
        price: price)
      live.append((next, locate, quantity))
    case 5, 6, 7:
      feed.delete(live[index].reference, locate: live[index].locate)
      live.remove(at: index)
    case 8:
      next += 1
      feed.append(
        OrderReplace(
          header: feed.header(live[index].locate), originalReference: live[index].reference,
          newReference: next, quantity: quantity, price: price))
      live[index].reference = next
      live[index].quantity = quantity
    default:
      feed.execute(live[index].reference, 100, locate: live[index].locate)
      live[index].quantity -= 100
      if live[index].quantity == 0 { live.remove(at: index) }
    }
  }
  return feed.bytes
}
