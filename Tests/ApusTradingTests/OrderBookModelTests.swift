// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Foundation
import Testing

@testable import ApusTrading

/// Seeded commands on the books and on the obvious reference: outcomes, levels, queues and
/// invariants must agree.
@Suite struct OrderBookModelTests {
  /// How references are chosen: dense as on Nasdaq, or scattered over 64 bits.
  enum References: CaseIterable { case dense, scattered, sparsePages }

  static var seeds: [UInt64] {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] == nil ? [1, 2, 0x5EED] : Array(1...60)
  }

  @Test(arguments: References.allCases, OrderBookModelTests.seeds)
  func matchesReference(references: References, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var books = try OrderBooks(configuration: .init(orderCapacity: 1 << 16, levelCapacity: 1 << 15))
    var reference = ReferenceOrderBooks()
    var issued: [UInt64] = []
    var last: UInt64 = 0

    func nextReference() -> UInt64 {
      switch references {
      case .dense: last += UInt64.random(in: 1...3, using: &random)
      case .scattered: last = random.next()
      case .sparsePages: last += UInt64.random(in: 1...20_000, using: &random)
      }
      // Now and then one that was used before.
      if !issued.isEmpty, random.next() % 20 == 0 { return issued.randomElement(using: &random)! }
      issued.append(last)
      return last
    }
    func someReference() -> UInt64 {
      // Recent ones are likely to be live.
      issued.suffix(80).randomElement(using: &random) ?? 7
    }

    for step in 0..<3_000 {
      let comment: Comment = "seed \(seed) step \(step) \(references)"
      let price = 10_000 + UInt32.random(in: 0...40, using: &random) * 100
      let quantity = UInt32.random(in: 0...9, using: &random) * 100
      switch random.next() % 10 {
      case 0...4:
        let order = RestingOrder(
          reference: nextReference(), locate: UInt16.random(in: 0...3, using: &random) * 21_845,
          side: random.next() & 1 == 0 ? .buy : .sell, priceTicks: price, quantity: quantity)
        let outcome = books.add(
          reference: order.reference, locate: order.locate, side: order.side,
          quantity: order.quantity, priceTicks: order.priceTicks)
        #expect(outcome == reference.add(order), comment)
      case 5, 6:
        let target = someReference()
        #expect(books.delete(reference: target) == reference.delete(target), comment)
      case 7:
        let target = someReference()
        #expect(
          books.reduce(reference: target, quantity: quantity)
            == reference.reduce(target, quantity), comment)
      default:
        let target = someReference()
        let new = random.next() % 8 == 0 ? target : nextReference()
        #expect(
          books.replace(
            originalReference: target, newReference: new, quantity: quantity, priceTicks: price)
            == reference.replace(target, new, quantity, price), comment)
      }
      if step % 50 == 0 { compare(books, reference, comment) }
    }
    compare(books, reference, "seed \(seed) end")
    #expect(books._checkInvariants() == nil)
  }

  private func compare(
    _ books: borrowing OrderBooks, _ reference: ReferenceOrderBooks, _ comment: Comment
  ) {
    #expect(books.orderCount == reference.orders.count, comment)
    for locate in (0...3).map({ UInt16($0) * 21_845 }) {
      for side in [Side.buy, .sell] {
        let expected = reference.levels(side, locate: locate)
        #expect(books.levels(side, locate: locate) == expected, comment)
        #expect(books.best(side, locate: locate) == expected.first, comment)
        #expect(books.depth(side, locate: locate) == expected.count, comment)
        for level in expected {
          var queue: [RestingOrder] = []
          books.forEachOrder(side, locate: locate, priceTicks: level.priceTicks) {
            queue.append($0)
          }
          #expect(
            queue == reference.queue(side, locate: locate, priceTicks: level.priceTicks), comment)
        }
      }
    }
    for order in reference.orders.prefix(20) {
      #expect(books.order(reference: order.reference) == order, comment)
      #expect(
        books.queuePosition(reference: order.reference)
          == reference.queuePosition(order.reference), comment)
    }
  }

  /// Old pages are given up, so that memory follows live orders and not references.
  @Test func indexMemoryFollowsLiveOrders() throws {
    var books = try OrderBooks(configuration: .init(orderCapacity: 1 << 18, levelCapacity: 1 << 10))
    // Five million references; one in 400 rests for good.
    for reference in 0..<UInt64(5_000_000) {
      _ = books.add(
        reference: reference, locate: 1, side: .buy, quantity: 1,
        priceTicks: UInt32(reference % 7))
      if reference >= 100, (reference - 100) % 400 != 0 {
        #expect(books.delete(reference: reference - 100) == .applied)
      }
    }
    #expect(books.orderCount == 12_500 + 100)
    #expect(books.index.slotsInUse == OrderReferenceIndex.pageCountMin)
    #expect(books.memoryByteCount < 4 << 20)
    for reference in stride(from: UInt64(0), to: 4_000_000, by: 400) {
      #expect(books.order(reference: reference)?.reference == reference)
    }
    #expect(books._checkInvariants() == nil)
  }
}
