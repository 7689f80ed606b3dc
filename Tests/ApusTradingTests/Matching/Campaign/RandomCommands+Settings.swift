// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import ApusTrading

/// Instruments and owners: what a stream begins with, and changes that are undone after a while.
extension RandomCommands {
  /// What every stream begins with.
  static var beginning: [MatchingCommand] {
    var commands: [MatchingCommand] = [
      .defineInstrument(1, symbol: 0x41),
      .defineInstrument(
        2, lot: 10, tick: 5, allocation: .proRata, selfTradePrevention: .cancelOldest),
      .defineInstrument(
        3, tick: 2, allocation: .proRataTopOrder, selfTradePrevention: .decrementAndCancel),
      .defineInstrument(4, selfTradePrevention: .cancelNewest),
      .defineInstrument(5, selfTradePrevention: .cancelBoth),
      .defineInstrument(6, allocation: .proRata),
      .addTick(3, from: 2_004, tick: 4),
    ]
    for profile in profiles {
      commands.append(.setReferencePrice(profile.instrument, priceTicks: profile.middle))
    }
    commands += usualSettings
    for profile in profiles { commands.append(.setPhase(profile.instrument, .preOpen)) }
    // Without a price of any kind.
    commands += [.defineInstrument(priceless), .setPhase(priceless, .continuous)]
    return commands
  }

  /// Settings with which most orders are taken.
  static let usualSettings: [MatchingCommand] = {
    var commands: [MatchingCommand] = []
    for instrument in UInt16(1)...6 {
      for property in InstrumentProperty.allCases where property != .tick {
        if property == .restricted {
          commands += owners.map { .restrict(instrument, owner: $0, isRestricted: false) }
        } else {
          commands.append(
            .changeInstrument(instrument, property, to: usual(property, of: instrument)))
        }
      }
    }
    for owner in owners {
      for limit in OwnerLimit.allCases {
        commands.append(.setOwnerLimit(owner, limit, to: usual(limit, of: owner)))
      }
    }
    // Owners come first: a restriction is for one that is known.
    return commands.sorted { $0.kindCode > $1.kindCode }
  }()

  static func usual(_ property: InstrumentProperty, of instrument: UInt16) -> UInt64 {
    switch (property, instrument) {
    case (.lot, 2): 10
    case (.lot, _): 1
    case (.quantityMax, 3): 250
    case (.staticBandPpm, 2): 80_000
    case (.dynamicBandPpm, 1): 6_000
    case (.dynamicBandPpm, 4): 30_000
    case (.collarPpm, 1): 4_000
    case (.collarPpm, 5): 500_000
    case (.proRataMinimum, 2): 20
    case (.allocation, 2), (.allocation, 6): 1
    case (.allocation, 3): 2
    case (.selfTradePrevention, 2): 3
    case (.selfTradePrevention, 3): 5
    case (.selfTradePrevention, 4): 2
    case (.selfTradePrevention, 5): 4
    case (.marginPpm, 1): 100_000
    case (.marginPpm, _): 1_000_000
    default: 0
    }
  }

  static func usual(_ limit: OwnerLimit, of owner: UInt16) -> UInt64 {
    switch (limit, owner) {
    case (.selfTradeGroup, 1), (.selfTradeGroup, 2): 3
    case (.selfTradeGroup, 5): 1
    case (.position, 6): 400
    case (.takerFeePpm, 9): 3_000
    case (.makerFeePpm, 9): 1_000
    case (.openOrders, 10): 12
    case (.messageRate, 10): 5
    case (.priceTolerancePpm, 11): 8_000
    case (.duplicateWindow, 11): 2_000_000_000
    case (.grossNotional, 12): 1 << 43
    case (.netNotional, 9): 1 << 42
    default: 0
    }
  }

  /// Undoes a setting after a while.
  private mutating func undo(_ command: MatchingCommand) {
    undoings.append((stepCount + 60, command))
  }

  mutating func setting() -> MatchingCommand {
    let instrument = profile().instrument
    let property = anyOf(InstrumentProperty.allCases)
    if property == .tick {
      return .addTick(
        instrument, from: UInt32(1_000 + random.below(3_000)), tick: UInt32(random.below(2)))
    }
    if property == .restricted {
      let owner = owner()
      undo(.restrict(instrument, owner: owner, isRestricted: false))
      return .restrict(instrument, owner: owner, isRestricted: true)
    }
    let usual = Self.usual(property, of: instrument)
    undo(.changeInstrument(instrument, property, to: usual))
    let value: Int =
      switch property {
      case .lot: random.below(8)
      case .quantityMax: 100
      case .staticBandPpm, .dynamicBandPpm, .collarPpm:
        random.below(oneIn(9) ? 2_000_000 : instrument == 5 ? 500_000 : 15_000)
      case .proRataMinimum: random.below(9)
      case .allocation: random.below(4)
      case .selfTradePrevention: random.below(7)
      default: random.below(1_100_000)
      }
    return .changeInstrument(instrument, property, to: UInt64(value))
  }

  mutating func ownerLimit() -> MatchingCommand {
    let (owner, limit) = (owner(), anyOf(OwnerLimit.allCases))
    undo(.setOwnerLimit(owner, limit, to: Self.usual(limit, of: owner)))
    let value: UInt64 =
      switch limit {
      case .orderQuantity, .openOrders, .messageRate: UInt64(1 + random.below(40))
      case .priceTolerancePpm: UInt64(1 + random.below(30_000))
      case .duplicateWindow: 3_000_000_000
      case .selfTradeGroup: UInt64(random.below(4))
      case .takerFeePpm, .makerFeePpm: UInt64(random.below(1_000_010))
      case .position: UInt64(10 + random.below(2_000))
      case .orderNotional, .grossNotional, .netNotional, .credit:
        1 << UInt64(8 + random.below(45))
      }
    return .setOwnerLimit(owner, limit, to: value)
  }
}
