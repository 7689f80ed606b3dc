// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Foundation
import Testing

@testable import ApusTrading

/// The memory of the lists of prices: it suffices whatever came before, since lists give it back.
@Suite struct LadderTests {
  static var stepCount: Int {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] == nil ? 6_000 : 200_000
  }

  /// Levels come and go in a few or in many ladders, so that blocks of every size are wanted at one time
  /// and left at another: whether there is room follows from what is there, and from nothing else.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func roomFollowsFromTheLevels(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let levels = [1, 2, 9, 40, 70, 300][Int(seed) - 1]
    var configuration = OrderBooks.Configuration(
      orderCapacity: 1 << 10, levelCapacity: levels, pages: .plain)
    configuration.priceCountMax = [1, 40, 5, 40, 33, 1 << 16][Int(seed) - 1]
    var books = try OrderBooks(configuration: configuration)
    let extent = LadderExtent(
      levelCount: levels, ladderCount: 1 << 17, priceCountMax: configuration.priceCountMax)
    struct Place: Hashable {
      var locate: UInt16
      var price: UInt32
    }
    var live: [Place: UInt64] = [:]
    var counts: [UInt16: Int] = [:]
    var reference: UInt64 = 0
    // How many ladders there are, and whether more is added or taken off, changes now and then.
    var (ladderCount, chance) = (1, 90)
    for step in 0..<Self.stepCount {
      if step % 200 == 0 {
        ladderCount = [1, 2, 7, 60, 1 << 16][random.below(5)]
        chance = [100, 90, 50, 20, 0][random.below(5)]
      }
      if random.below(100) < chance {
        let place = Place(
          locate: UInt16(random.below(ladderCount)), price: UInt32(1 + random.below(400)))
        guard live[place] == nil else { continue }
        reference += 1
        let hasRoom =
          live.count < levels && counts[place.locate, default: 0] < configuration.priceCountMax
        let outcome = books.add(
          reference: reference, locate: place.locate, side: .buy, quantity: 1,
          priceTicks: place.price)
        try #require(outcome == (hasRoom ? .applied : .capacityExceeded), "step \(step)")
        if hasRoom {
          live[place] = reference
          counts[place.locate, default: 0] += 1
        }
      } else if let (place, reference) = live.first {
        _ = books.delete(reference: reference)
        live[place] = nil
        counts[place.locate, default: 0] -= 1
      }
      let used = books.ladders.usedByteCount
      try #require(used <= extent.lineCount * 64, "step \(step)")
      if step % 500 == 0 {
        let broken = books._checkInvariants()
        try #require(broken == nil, "step \(step)")
      }
    }
    for reference in live.values { _ = books.delete(reference: reference) }
    let (count, broken) = (books.levelCount, books._checkInvariants())
    #expect(count == 0 && broken == nil)
  }

  /// A block is left only when the ladder has less than half of what the smaller one holds, or nothing.
  @Test func aPriceThatComesAndGoesMovesNoBlock() throws {
    var books = try OrderBooks(
      configuration: .init(orderCapacity: 64, levelCapacity: 64, pages: .plain))
    func place() -> UInt32 { unsafe books.ladder(1, .buy).pointee.place }
    func add(_ price: UInt32) {
      _ = books.add(
        reference: UInt64(price), locate: 1, side: .buy, quantity: 1, priceTicks: price)
    }
    for price in UInt32(1)...33 {
      add(price)
      let before = place()
      _ = books.delete(reference: UInt64(price))
      if price > 1 { #expect(place() == before, "\(price) prices") }
      add(price)
      #expect(price == 1 || place() == before, "\(price) prices")
    }
    for price in UInt32(1)...33 { _ = books.delete(reference: UInt64(price)) }
    #expect(place() == 0)
  }

  /// What is reserved can be numbered, whatever the configuration, and a day of a market is not cut short.
  @Test func theExtentFitsAnyConfiguration() throws {
    let whole = OrderBooks.Configuration.wholeMarket
    let day = LadderExtent(
      levelCount: whole.levelCapacity, ladderCount: 1 << 17, priceCountMax: whole.priceCountMax)
    #expect(day.priceCountMax == 1 << 16 && day.lineCount < LadderStorage.lineCountMax / 2)
    for levels in [1, 7, 1 << 20, 1 << 24, 1 << 31] {
      for prices in [1, 8, 9, 1 << 14, 1 << 31] {
        for ladders in [1 << 17, 6 << 17] {
          let extent = LadderExtent(
            levelCount: levels, ladderCount: ladders, priceCountMax: prices)
          #expect(
            (1...LadderStorage.lineCountMax).contains(extent.lineCount), "\(levels) \(prices)")
          #expect(extent.priceCountMax >= min(prices, levels, 1 << 9))
        }
      }
    }
    _ = try OrderBooks(configuration: whole)
  }
}
