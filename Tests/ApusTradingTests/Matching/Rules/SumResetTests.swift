// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// Section 12.3: traded notional and fees begin again, by command: for an owner, or for all of them
/// with the day.
@Suite struct MatchingSumResetTests {
  /// Owner 1 has bought 40 and has 60 open; owner 2 has sold 40. Fees of a tenth.
  private func traded(_ engine: EngineUnderTest) throws -> Market {
    let market = try Market(engine)
    market.apply(
      .setOwnerLimit(1, .makerFeePpm, to: 100_000), .setOwnerLimit(2, .takerFeePpm, to: 100_000),
      .buy(1, 10, at: 10), .sell(2, 4, at: 10), .setOwnerLimit(1, .grossNotional, to: 150),
      .setOwnerLimit(2, .grossNotional, to: 45))
    return market
  }

  @Test(arguments: EngineUnderTest.all)
  func oneOwnerBeginsAgain123(_ engine: EngineUnderTest) throws {
    let market = try traded(engine)
    market.expect(.buy(3, 6, at: 9), "rejected: grossNotional 154, limit 150")
    market.expect(.resetSums(owner: 1, .traded), "reset of 1: bought 40, sold 0, fees 0")
    // What is open still counts, and the others' sums do.
    market.expect(.buy(4, 11, at: 9), "rejected: grossNotional 159, limit 150")
    market.expect(.buy(5, 10, at: 9), "accepted 5")
    market.expect(.sell(6, 1, at: 20), "rejected: grossNotional 60, limit 45")
    market.expect(.resetSums(owner: 2, .traded), "reset of 2: bought 0, sold 40, fees 0")
    market.expect(.sell(7, 2, at: 20), "accepted 7")
    market.expect(.resetSums(owner: 2, .traded), "reset of 2: bought 0, sold 0, fees 0")
  }

  @Test(arguments: EngineUnderTest.all)
  func aDayBeginsForAll123(_ engine: EngineUnderTest) throws {
    let market = try traded(engine)
    market.expect(.resetSums(owner: 0, .tradedAndFees), "reset of 0: bought 0, sold 0, fees 0")
    market.expect(.buy(3, 11, at: 9), "rejected: grossNotional 159, limit 150")
    market.expect(.sell(4, 1, at: 46), "rejected: grossNotional 46, limit 45")
    // A fill is counted from zero on either side.
    market.expect(.sell(5, 4, at: 10), "accepted 5", "trade 5 with 1: 4 at 10, left 0 and 2")
    market.expect(.sell(6, 1, at: 6), "rejected: grossNotional 46, limit 45")
    market.expect(
      .resetSums(owner: 1, .tradedAndFees), "reset of 1: bought 40, sold 0, fees 4")
    market.expect(
      .resetSums(owner: 2, .tradedAndFees), "reset of 2: bought 0, sold 40, fees 4")
    // An owner that is authorised only now has nothing to forget.
    market.apply(.setOwnerLimit(33, .openOrders, to: 0))
    market.expect(.resetSums(owner: 33, .tradedAndFees), "reset of 33: bought 0, sold 0, fees 0")
  }

  /// The sums are two; positions, what is open and messages are none of them.
  @Test(arguments: EngineUnderTest.all)
  func eachSumAlone123(_ engine: EngineUnderTest) throws {
    let market = try traded(engine)
    market.apply(
      .changeInstrument(1, .marginPpm, to: 0), .setOwnerLimit(1, .credit, to: 3),
      .setOwnerLimit(1, .grossNotional, to: 0))
    // The position's margin of 40 and the open one of 60 are of before.
    market.expect(.buy(3, 1, at: 1), "rejected: credit 104, limit 3")
    market.expect(.resetSums(owner: 0, .traded), "reset of 0: bought 0, sold 0, fees 0")
    market.expect(.buy(4, 1, at: 1), "rejected: credit 104, limit 3")
    market.expect(.resetSums(owner: 0, .fees), "reset of 0: bought 0, sold 0, fees 0")
    market.expect(.buy(5, 1, at: 1), "rejected: credit 100, limit 3")
    market.apply(.setOwnerLimit(1, .credit, to: 0), .setOwnerLimit(1, .position, to: 11))
    market.expect(.buy(6, 2, at: 1), "rejected: position 12, limit 11")
  }

  /// Net notional is of the same sums.
  @Test(arguments: EngineUnderTest.all)
  func netNotionalBeginsAgain123(_ engine: EngineUnderTest) throws {
    let market = try traded(engine)
    market.apply(.setOwnerLimit(1, .netNotional, to: 100))
    market.expect(.buy(3, 1, at: 9), "rejected: netNotional 109, limit 100")
    market.apply(.resetSums(owner: 0, .tradedAndFees))
    market.expect(.buy(4, 1, at: 9), "accepted 4")
  }

  /// Sums stop at 2^63 - 1, and what stopped there begins again too.
  @Test(arguments: EngineUnderTest.all)
  func sumsThatStoppedBeginAgain123(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.defineInstrument(2), .setPhase(2, .continuous))
    for instrument in UInt16(1)...2 {
      market.apply(
        .changeInstrument(instrument, .marginPpm, to: 0),
        .setReferencePrice(instrument, priceTicks: 1))
      let id = UInt64(instrument)
      // Checked at 1, and filled at the greatest price there is.
      market.apply(
        .sell(id, 1 << 31, at: .max - 1).of(2 + instrument).on(instrument).through(instrument),
        .buy(10 + id, 1 << 31, at: 0, .market, .immediateOrCancel).on(instrument))
    }
    market.expect(.buy(20, 1, at: 1), "rejected: notionalOverflow")
    market.expect(
      .resetSums(owner: 1, .traded), "reset of 1: bought \(Int64.max), sold 0, fees 0")
    market.expect(.buy(21, 1, at: 1), "accepted 21")
  }

  /// Three positions, each worth as much as a sum may be: together more than 64 bits hold.
  @Test(arguments: EngineUnderTest.all)
  func positionMarginsOfManyInstrumentsDoNotWrap12(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.apply(.defineInstrument(2), .setPhase(2, .continuous))
    market.apply(.defineInstrument(3), .setPhase(3, .continuous))
    var id: UInt64 = 1
    // Bought for little, and the last of it for the greatest price there is.
    for (quantity, price) in [(UInt32.max, UInt32(1)), (1, .max - 1)] {
      for instrument in UInt16(1)...3 {
        market.apply(.buy(id + UInt64(instrument), quantity, at: price).on(instrument))
      }
      id += 3
      for instrument in UInt16(1)...3 {
        market.apply(
          .sell(id + UInt64(instrument), quantity, at: price).of(2 + instrument).on(instrument))
      }
      id += 4
    }
    market.expect(.buy(id, 1, at: 1), "rejected: notionalOverflow")
  }

  @Test(arguments: EngineUnderTest.all)
  func whatCannotBeIsRefused123(_ engine: EngineUnderTest) throws {
    let market = try Market(engine)
    market.expect(.resetSums(owner: 77, .traded), "rejected: unknownOwner")
    for code in [UInt8(0), 4, 255] {
      market.expect(
        .resetSums(owner: 77, .traded).with { $0.detailCode = code }, "rejected: malformed")
    }
  }
}
