// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Commands as the examples write them: instrument 1, owner 1 buys and owner 2 sells, unless said
/// otherwise.
extension MatchingCommand {
  static func buy(
    _ id: UInt64, _ quantity: UInt32, at price: UInt32 = 0, _ type: OrderType = .limit,
    _ timeInForce: TimeInForce = .day
  ) -> MatchingCommand {
    .new(
      orderId: id, owner: 1, instrument: 1, side: .buy, type: type, timeInForce: timeInForce,
      priceTicks: price, quantity: quantity)
  }

  static func sell(
    _ id: UInt64, _ quantity: UInt32, at price: UInt32 = 0, _ type: OrderType = .limit,
    _ timeInForce: TimeInForce = .day
  ) -> MatchingCommand {
    .new(
      orderId: id, owner: 2, instrument: 1, side: .sell, type: type, timeInForce: timeInForce,
      priceTicks: price, quantity: quantity)
  }

  static func halt(_ instrument: UInt16 = 1) -> MatchingCommand {
    var command = MatchingCommand(.halt)
    command.instrument = instrument
    return command
  }

  static func resume(_ instrument: UInt16 = 1) -> MatchingCommand {
    var command = MatchingCommand(.resume)
    command.instrument = instrument
    return command
  }

  static var expire: MatchingCommand { MatchingCommand(.expire) }

  func of(_ owner: UInt16) -> MatchingCommand { with { $0.owner = owner } }
  func on(_ instrument: UInt16) -> MatchingCommand { with { $0.instrument = instrument } }
  func through(_ session: UInt16) -> MatchingCommand { with { $0.session = session } }
  func showing(_ display: UInt32) -> MatchingCommand { with { $0.displayQuantity = display } }
  func trigger(_ ticks: UInt32) -> MatchingCommand { with { $0.triggerTicks = ticks } }
  func until(_ time: UInt64) -> MatchingCommand { with { $0.value = time } }

  var postOnly: MatchingCommand { with { $0.flags.insert(.postOnly) } }

  /// One cancels the other.
  func or(_ other: UInt64) -> MatchingCommand {
    with {
      $0.flags.insert(.oneCancelsOther)
      $0.relatedOrderId = other
    }
  }

  /// A bracket's child.
  func after(_ parent: UInt64) -> MatchingCommand {
    with {
      $0.flags.insert(.bracketChild)
      $0.relatedOrderId = parent
    }
  }

  func mode(_ mode: SelfTradePrevention) -> MatchingCommand {
    with { $0.capacityCode = $0.capacityCode & 15 | mode.rawValue << 4 }
  }

  func with(_ change: (inout MatchingCommand) -> Void) -> MatchingCommand {
    var command = self
    change(&command)
    return command
  }
}
