// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import ApusTrading

extension RandomCommands {
  /// Makes one field what it should not be.
  mutating func spoil(_ command: inout MatchingCommand) {
    switch random.below(24) {
    case 0: command.sideCode = UInt8(random.below(100))
    case 1: command.typeCode = UInt8(random.below(10))
    case 2, 3: command.detailCode = UInt8(random.below(17))
    case 4: command.instrument = UInt16(random.below(9))
    case 5: command.flags = CommandFlags(rawValue: random.byte())
    case 6: command.capacityCode = random.byte()
    case 7: command.orderId = UInt64(random.below(Int(command.orderId % 1_000_000) + 1))
    case 8: command.owner = UInt16(random.below(15))
    case 9: command.session = UInt16(random.below(5))
    case 10: command.priceTicks = anyOf([0, 1, .max, .max - 1, command.priceTicks &+ 1])
    case 11:
      command.quantity = anyOf([0, 1, .max, .max / 2, command.quantity &+ 3, command.quantity / 2])
    case 12: command.displayQuantity = anyOf([0, 1, .max, command.quantity, command.quantity &- 1])
    case 13: command.triggerTicks = anyOf([0, 1, .max, .max - 1, command.triggerTicks &+ 1])
    case 14: command.relatedOrderId = someOrder().id
    case 15: command.value = anyOf([0, 1, time, time + 1, .max, 1 << 63])
    case 16: command.flags.insert(.postOnly)
    case 17: command.flags.insert(.bracketChild)
    case 18: command.flags.insert(.oneCancelsOther)
    case 19: command.kindCode = UInt8(random.below(18))
    case 20:
      // An id that lives in another session.
      command.orderId = someOrder().id
      command.session = UInt16(500 + random.below(2_000))
    case 21:
      command.relatedOrderId = someOrder().id
      command.session = UInt16(500 + random.below(2_000))
    default: command.detailCode = TimeInForce.goodTillDate.rawValue
    }
  }

  /// Makes a few bytes anything.
  mutating func mutate(_ command: inout MatchingCommand) {
    // SAFETY: a command is plain bytes, any of which are a command.
    unsafe withUnsafeMutableBytes(of: &command) { bytes in
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count)
        unsafe bytes[place] =
          switch random.below(3) {
          case 0: random.byte()
          case 1: anyOf([0, 1, 0x7F, 0x80, 0xFF])
          default: unsafe bytes[place] ^ 1 << UInt8(random.below(8))
          }
      }
    }
  }
}
