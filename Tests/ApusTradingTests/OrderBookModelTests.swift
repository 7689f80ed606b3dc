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

  enum Command {
    case add(RestingOrder)
    case delete(UInt64)
    case reduce(UInt64, by: UInt32)
    case replace(UInt64, by: UInt64, quantity: UInt32, priceTicks: UInt32)
  }

  /// Draws commands whose references are mostly good.
  struct Commands {
    var references: References
    private var issued: [UInt64] = []
    private var last: UInt64 = 0

    init(_ references: References) { self.references = references }

    mutating func next(_ random: inout SeededRandom) -> Command {
      let price = 10_000 + UInt32(random.below(41)) * 100
      let quantity = UInt32(random.below(10)) * 100
      switch random.below(10) {
      case 0...4:
        return .add(
          RestingOrder(
            reference: nextReference(&random), locate: UInt16(random.below(4)) * 21_845,
            side: random.oneIn(2) ? .buy : .sell, priceTicks: price, quantity: quantity))
      case 5, 6: return .delete(someReference(&random))
      case 7: return .reduce(someReference(&random), by: quantity)
      default:
        let target = someReference(&random)
        let new = random.oneIn(8) ? target : nextReference(&random)
        return .replace(target, by: new, quantity: quantity, priceTicks: price)
      }
    }

    private mutating func nextReference(_ random: inout SeededRandom) -> UInt64 {
      switch references {
      case .dense: last += 1 + UInt64(random.below(3))
      case .scattered: last = random.next()
      case .sparsePages: last += 1 + UInt64(random.below(20_000))
      }
      // Now and then one that was used before.
      if random.oneIn(20), let old = issued.randomElement(using: &random) { return old }
      issued.append(last)
      return last
    }

    private func someReference(_ random: inout SeededRandom) -> UInt64 {
      // Recent ones are likely to be live.
      issued.suffix(80).randomElement(using: &random) ?? 7
    }
  }

  private static func comparison() -> ModelComparison<Command> {
    ModelComparison(
      system: {
        try OrderBooks(configuration: .init(orderCapacity: 1 << 16, levelCapacity: 1 << 15))
      },
      model: { ReferenceOrderBooks() },
      applyToSystem: { books, command in
        switch command {
        case .add(let order):
          books.add(
            reference: order.reference, locate: order.locate, side: order.side,
            quantity: order.quantity, priceTicks: order.priceTicks)
        case .delete(let reference): books.delete(reference: reference)
        case .reduce(let reference, let quantity):
          books.reduce(reference: reference, quantity: quantity)
        case .replace(let reference, let new, let quantity, let price):
          books.replace(
            originalReference: reference, newReference: new, quantity: quantity, priceTicks: price)
        }
      },
      applyToModel: { reference, command in
        switch command {
        case .add(let order): reference.add(order)
        case .delete(let target): reference.delete(target)
        case .reduce(let target, let quantity): reference.reduce(target, quantity)
        case .replace(let target, let new, let quantity, let price):
          reference.replace(target, new, quantity, price)
        }
      },
      compareStates: { books, reference in Self.difference(books, reference) })
  }

  @Test(arguments: References.allCases, OrderBookModelTests.seeds)
  func matchesReference(references: References, seed: UInt64) throws {
    var commands = Commands(references)
    let difference = try Self.comparison().run(seed: seed, count: 3_000) { commands.next(&$0) }
    if let difference { Issue.record("\(references): \(difference)") }
  }

  private static func difference(
    _ books: borrowing OrderBooks, _ reference: ReferenceOrderBooks
  ) -> String? {
    if let broken = books._checkInvariants() { return "\(broken)" }
    if books.orderCount != reference.orders.count { return "\(books.orderCount) orders" }
    for locate in (0...3).map({ UInt16($0) * 21_845 }) {
      for side in [Side.buy, .sell] {
        let expected = reference.levels(side, locate: locate)
        guard books.levels(side, locate: locate) == expected,
          books.best(side, locate: locate) == expected.first,
          books.depth(side, locate: locate) == expected.count
        else { return "levels of \(locate) \(side)" }
        for level in expected {
          var queue: [RestingOrder] = []
          books.forEachOrder(side, locate: locate, priceTicks: level.priceTicks) {
            queue.append($0)
          }
          let wanted = reference.queue(side, locate: locate, priceTicks: level.priceTicks)
          if queue != wanted { return "queue of \(locate) \(side) at \(level.priceTicks)" }
        }
      }
    }
    for order in reference.orders.prefix(20) {
      guard books.order(reference: order.reference) == order,
        books.queuePosition(reference: order.reference)
          == reference.queuePosition(order.reference)
      else { return "order \(order.reference)" }
    }
    return nil
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
