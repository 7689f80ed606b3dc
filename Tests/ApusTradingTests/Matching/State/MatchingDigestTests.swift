// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusMarketProtocols
import ApusTrading
import Testing

/// Two states that differ in anything that decides what later commands do have different digests.
@Suite struct MatchingDigestTests {
  static let configuration = MatchingEngine.Configuration(
    orderCapacity: 1 << 10, levelCapacity: 1 << 10, holdingCapacity: 1 << 8, eventCountMax: 64,
    pages: .plain)

  static func engine(_ commands: [MatchingCommand]) throws -> MatchingEngineAdapter {
    let engine = try MatchingEngineAdapter(configuration: configuration)
    let start: [MatchingCommand] =
      [.defineInstrument(1), .setPhase(1, .continuous)]
      + (1...6).map { .setOwnerLimit($0, .openOrders, to: 0) }
    for command in start + commands { _ = engine.apply(command, at: 10) }
    return engine
  }

  /// The digests after two lists of commands.
  static func digests(
    _ one: [MatchingCommand], _ other: [MatchingCommand]
  ) throws -> (UInt64, UInt64) {
    try (engine(one).digest, engine(other).digest)
  }

  /// What a later order is compared with, though nothing of the earlier one is left.
  @Test func theLastSide() throws {
    let digests = try Self.digests(
      [.buy(1, 5, at: 100, .limit, .immediateOrCancel)],
      [.sell(1, 5, at: 100, .limit, .immediateOrCancel).of(1)])
    #expect(digests.0 != digests.1)
  }

  @Test func restrictionsWhereNothingWasTraded() throws {
    let restricted = MatchingCommand.restrict(1, owner: 1, isRestricted: true)
    let digests = try Self.digests(
      [restricted], [restricted, .restrict(1, owner: 1, isRestricted: false)])
    #expect(digests.0 != digests.1)
  }

  @Test func whichOfTwoPegsCameFirst() throws {
    let one = MatchingCommand.buy(1, 5, at: 100, .primaryPeg).of(1).through(1)
    let other = MatchingCommand.buy(2, 5, at: 101, .primaryPeg).of(2).through(2)
    let digests = try Self.digests([one, other], [other, one])
    #expect(digests.0 != digests.1)
  }

  @Test func whichOfTwoTrailingStopsCameFirst() throws {
    let trade: [MatchingCommand] = [.buy(1, 1, at: 100).of(5), .sell(2, 1, at: 100).of(6)]
    let one = MatchingCommand.sell(3, 1, at: 0, .trailingStop).trigger(10).of(1).through(1)
    let other = MatchingCommand.sell(4, 1, at: 0, .trailingStop).trigger(20).of(2).through(2)
    let digests = try Self.digests(trade + [one, other], trade + [other, one])
    #expect(digests.0 != digests.1)
  }

  /// How far a close has come, where one that has not begun has the same orders.
  @Test func howFarASweepHasCome() throws {
    let engine = try Self.sweeping()
    let bytes = try engine.snapshot()
    let sizes = engine.snapshotFieldSizes
    // The field of eight bytes behind the step, which stands before unfinished work.
    let last = sizes.reduce(0, +) - 4 - 2
    var changed = bytes
    for index in last - 9..<last { changed[index] = 0 }
    try #require(changed != bytes)
    let restored = try MatchingEngineAdapter(
      restoring: changed, configuration: Self.configuration, after: engine.sequence)
    #expect(restored.digest != engine.digest)
  }

  static func sweeping() throws -> MatchingEngineAdapter {
    let engine = try engine([])
    for id in UInt64(1)...140 {
      let timeInForce: TimeInForce = id <= 40 ? .goodTillCancel : .day
      _ = engine.apply(.buy(id, 1, at: id <= 40 ? 100 : 99, .limit, timeInForce), at: 10)
    }
    _ = engine.apply(.setPhase(1, .closed), at: 10)
    return engine
  }

  // MARK: Every field

  /// One of each kind of order, owner, instrument and list.
  static func rich() throws -> MatchingEngineAdapter {
    let engine = try engine([])
    func apply(_ commands: MatchingCommand...) {
      for command in commands { _ = engine.apply(command, at: 10) }
    }
    for limit in OwnerLimit.allCases { apply(.setOwnerLimit(3, limit, to: 900_000 / 16)) }
    apply(.changeInstrument(1, .dynamicBandPpm, to: 900_000), .addTick(1, from: 5_000, tick: 5))
    apply(.setReferencePrice(1, priceTicks: 100), .restrict(1, owner: 4, isRestricted: true))
    apply(.buy(1, 3, at: 100).of(1), .sell(2, 1, at: 100).of(2))
    apply(.sell(3, 9, at: 110, .limit, .goodTillDate).of(2).showing(2).until(500))
    apply(.sell(4, 1, at: 0, .trailingStop).trigger(10).of(1))
    apply(.buy(5, 1, at: 0, .trailingStop).trigger(20).of(2))
    apply(.buy(6, 1, at: 90, .stopLimit).trigger(120).of(2), .buy(7, 1, at: 99, .primaryPeg))
    apply(.sell(8, 1, at: 106, .midPeg).of(1), .buy(9, 4, at: 80).or(7))
    apply(.sell(10, 4, at: 130).of(1).after(9))
    apply(.sell(11, 4, at: 0, .stop).of(1).trigger(70).after(9))
    apply(
      .quote(
        bidOrderId: 12, askOrderId: 13, owner: 5, instrument: 1, bidTicks: 50, bidQuantity: 1,
        askTicks: 150, askQuantity: 1))
    apply(.sell(14, 1, at: 200, .limit, .atClose).of(2), .buy(15, 1, at: 60).of(6).through(7))
    // Brackets that wait for their turn.
    apply(.defineInstrument(2), .setPhase(2, .closingAuction))
    apply(.buy(16, 6, at: 20, .limit, .goodTillCancel).on(2))
    apply(.sell(17, 1, at: 30, .limit, .goodTillCancel).on(2).of(1).after(16))
    apply(.sell(18, 1, at: 0, .stop, .goodTillCancel).on(2).of(1).trigger(5).after(16))
    apply(.sell(19, 6, at: 20, .limit, .atClose).on(2), .setPhase(2, .closed))
    apply(.killSwitch(owner: 6, isOn: true))
    return engine
  }

  /// Changes each field of a snapshot, one at a time: it is refused, or the digest tells. Every ninth
  /// field where it is to be quick: to restore an engine takes a while.
  @Test func everyFieldOfASnapshotCounts() throws {
    var accepted = 0
    let step = MatchingCampaignTests.isCampaign ? 1 : 9
    for engine in [try Self.rich(), try Self.sweeping()] {
      let bytes = try engine.snapshot()
      let sizes = engine.snapshotFieldSizes
      let digest = engine.digest
      #expect(sizes.reduce(0, +) == bytes.count)
      var offset = 0
      // Of the second engine only what stands behind its orders.
      let start = accepted == 0 ? 0 : sizes.count - 40
      for (number, size) in sizes.enumerated() {
        defer { offset += size }
        guard number >= start, number % step == 0 else { continue }
        // A code may be known with one bit changed and unknown with another.
        for bit: UInt8 in [1, 2, 4] {
          var changed = bytes
          changed[offset] ^= bit
          guard
            let restored = try? MatchingEngineAdapter(
              restoring: changed, configuration: Self.configuration, after: engine.sequence)
          else { continue }
          accepted += 1
          #expect(restored.digest != digest, "field \(number) at \(offset), bit \(bit)")
          break
        }
      }
    }
    // Most fields may have other values: it is those that a digest has to tell.
    #expect(accepted > 300 / step, "\(accepted) fields")
  }
}
