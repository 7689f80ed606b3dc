// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Testing

@testable import ApusTrading

@Suite struct OrderBooksTests {
  static func books(orders: Int = 1_024, levels: Int = 256) throws -> OrderBooks {
    try OrderBooks(configuration: .init(orderCapacity: orders, levelCapacity: levels))
  }

  @Test func anEmptyBookHasNothing() throws {
    let books = try Self.books()
    #expect(books.best(.buy, locate: 5) == nil)
    #expect(books.levels(.sell, locate: 5).isEmpty)
    #expect(books.quantity(.buy, locate: 5, priceTicks: 100) == 0)
    #expect(books.order(reference: 1) == nil)
    #expect(books.queuePosition(reference: 1) == nil)
    #expect(books.estimateFill(from: .sell, locate: 5, quantity: 10).averagePriceTicks == nil)
    #expect(books._checkInvariants() == nil)
  }

  @Test func bestPricesAreTheHighestBidAndTheLowestOffer() throws {
    var books = try Self.books()
    for (reference, price) in [(1, 100), (2, 102), (3, 101)] as [(UInt64, UInt32)] {
      _ = books.add(reference: reference, locate: 1, side: .buy, quantity: 10, priceTicks: price)
      _ = books.add(
        reference: reference + 10, locate: 1, side: .sell, quantity: 10, priceTicks: price + 10)
    }
    #expect(books.best(.buy, locate: 1)?.priceTicks == 102)
    #expect(books.best(.sell, locate: 1)?.priceTicks == 110)
    #expect(books.levels(.buy, locate: 1, countMax: 2).map(\.priceTicks) == [102, 101])
    #expect(books.levels(.sell, locate: 1).map(\.priceTicks) == [110, 111, 112])
  }

  @Test func extremePricesSortAsNumbers() throws {
    var books = try Self.books()
    let prices: [UInt32] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, .max]
    for (offset, price) in prices.enumerated() {
      _ = books.add(
        reference: UInt64(offset), locate: 0, side: .sell, quantity: 1, priceTicks: price)
      _ = books.add(
        reference: UInt64(offset) + 10, locate: .max, side: .buy, quantity: 1, priceTicks: price)
    }
    #expect(books.levels(.sell, locate: 0).map(\.priceTicks) == prices)
    #expect(books.levels(.buy, locate: .max).map(\.priceTicks) == prices.reversed())
  }

  @Test func aPartialExecutionKeepsItsPlaceAndAReplacementLosesIt() throws {
    var books = try Self.books()
    for reference in 1...3 as ClosedRange<UInt64> {
      _ = books.add(reference: reference, locate: 1, side: .buy, quantity: 10, priceTicks: 100)
    }
    #expect(books.reduce(reference: 1, quantity: 4) == .applied)
    #expect(
      books.queuePosition(reference: 2) == QueuePosition(ordersAhead: 1, quantityAhead: 6))
    #expect(
      books.replace(originalReference: 1, newReference: 4, quantity: 6, priceTicks: 100)
        == .applied)
    #expect(
      books.queuePosition(reference: 4) == QueuePosition(ordersAhead: 2, quantityAhead: 20))
    #expect(books.queuePosition(reference: 2)?.ordersAhead == 0)
  }

  @Test func aFillIsEstimatedOverLevels() throws {
    var books = try Self.books()
    _ = books.add(reference: 1, locate: 1, side: .sell, quantity: 100, priceTicks: 10)
    _ = books.add(reference: 2, locate: 1, side: .sell, quantity: 100, priceTicks: 20)
    let estimate = books.estimateFill(from: .sell, locate: 1, quantity: 150)
    #expect(estimate == FillEstimate(filledQuantity: 150, notional: 2_000, worstPriceTicks: 20))
    #expect(estimate.averagePriceTicks == 2_000.0 / 150)
    #expect(books.estimateFill(from: .sell, locate: 1, quantity: 999).filledQuantity == 200)
  }

  @Test func anomaliesAreToldAndChangeNothingElse() throws {
    var books = try Self.books()
    _ = books.add(reference: 1, locate: 1, side: .buy, quantity: 10, priceTicks: 100)
    let digest = books.digest
    #expect(books.delete(reference: 2) == .unknownReference)
    #expect(books.reduce(reference: 2, quantity: 1) == .unknownReference)
    #expect(
      books.replace(originalReference: 2, newReference: 3, quantity: 1, priceTicks: 1)
        == .unknownReference)
    #expect(
      books.add(reference: 1, locate: 2, side: .sell, quantity: 1, priceTicks: 1)
        == .duplicateReference)
    #expect(
      books.add(reference: 9, locate: 2, side: .sell, quantity: 0, priceTicks: 1)
        == .zeroQuantity)
    #expect(books.digest == digest)
    #expect(books.reduce(reference: 1, quantity: 11) == .overExecution)
    #expect(books.orderCount == 0)
    #expect(books._checkInvariants() == nil)
  }

  @Test func aFullSlabIsAnOutcomeAndTheRestGoesOn() throws {
    var books = try Self.books(orders: 4, levels: 2)
    for reference in 1...2 as ClosedRange<UInt64> {
      #expect(
        books.add(
          reference: reference, locate: 1, side: .buy, quantity: 1, priceTicks: UInt32(reference))
          == .applied)
    }
    // Both levels are in use; a third price has none, a known price has one.
    #expect(
      books.add(reference: 3, locate: 1, side: .buy, quantity: 1, priceTicks: 3)
        == .capacityExceeded)
    for reference in 4...5 as ClosedRange<UInt64> {
      #expect(
        books.add(reference: reference, locate: 1, side: .buy, quantity: 1, priceTicks: 2)
          == .applied)
    }
    #expect(
      books.add(reference: 6, locate: 1, side: .buy, quantity: 1, priceTicks: 2)
        == .capacityExceeded)
    #expect(books.order(reference: 3) == nil)
    #expect(books._checkInvariants() == nil)
    #expect(books.delete(reference: 5) == .applied)
    #expect(
      books.add(reference: 6, locate: 1, side: .buy, quantity: 1, priceTicks: 2) == .applied)
  }

  @Test func hundredsOfPricesAreFoundByBisection() throws {
    var books = try Self.books(levels: 1_024)
    for reference in 0..<UInt64(500) {
      let price = UInt32(reference &* 7_919 % 500) * 100
      _ = books.add(reference: reference, locate: 1, side: .sell, quantity: 5, priceTicks: price)
    }
    #expect(books.depth(.sell, locate: 1) == 500)
    for price in stride(from: UInt32(0), to: 50_000, by: 100) {
      #expect(books.quantity(.sell, locate: 1, priceTicks: price) == 5)
      #expect(books.quantity(.sell, locate: 1, priceTicks: price + 1) == 0)
    }
    for reference in 0..<UInt64(500) { _ = books.delete(reference: reference) }
    #expect(books.levelCount == 0)
    #expect(books._checkInvariants() == nil)
  }

  @Test func theDigestDependsOnPriorityOnly() throws {
    func digest(_ references: [UInt64], deleting: [UInt64] = []) throws -> UInt64 {
      var books = try Self.books()
      for reference in references {
        _ = books.add(reference: reference, locate: 1, side: .buy, quantity: 1, priceTicks: 1)
      }
      for reference in deleting { _ = books.delete(reference: reference) }
      return books.digest
    }
    #expect(try digest([1, 2, 3]) == digest([1, 9, 2, 3], deleting: [9]))
    #expect(try digest([1, 2, 3]) != digest([1, 3, 2]))
    #expect(try digest([1, 2, 3]) != digest([1, 2]))
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func changesAllocateNothing() throws {
    var books = try Self.books(orders: 4_096)
    func churn(_ base: UInt64) {
      for reference in base..<base + 2_000 {
        _ = books.add(
          reference: reference, locate: 1, side: .buy, quantity: 10,
          priceTicks: UInt32(reference % 50))
      }
      for reference in base..<base + 2_000 {
        _ = books.reduce(reference: reference, quantity: 5)
        _ = books.replace(
          originalReference: reference, newReference: reference + 5_000, quantity: 3,
          priceTicks: 7)
        _ = books.delete(reference: reference + 5_000)
      }
    }
    churn(0)
    #expect(allocationCount { churn(10_000) } == 0)
  }
}
