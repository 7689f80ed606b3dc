// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// An order that is being entered: a new one, one that takes another's place, a triggered stop or an
/// activated bracket child. The last three have a slot already.
///
/// While it matches, its open quantity does not count for risk; it does again when it rests.
struct Incoming: ~Copyable {
  var orderId: UInt64
  var clientOrderId: UInt64
  var owner: UInt16
  var session: UInt16
  var instrument: UInt16
  var side: Side
  var typeAndTime: UInt8
  var account: UInt32
  var capacityCode: UInt8
  var flags: CommandFlags
  /// Price as entered.
  var priceTicks: UInt32
  /// The worst price it may trade at.
  var limitTicks: UInt32
  /// Unit: quantity units.
  var leaves: UInt32
  var displayQuantity: UInt32
  var filledQuantity: UInt32 = 0
  var riskTicks: UInt32
  var marginPpm: UInt32
  var holding: UInt32
  var group: UInt32
  var selfTradePrevention: SelfTradePrevention
  /// Its slot, or none.
  var slot = UInt32.max

  @inline(__always)
  var type: OrderType { OrderType(rawValue: typeAndTime & 15) ?? .limit }

  @inline(__always)
  var timeInForce: TimeInForce { TimeInForce(rawValue: typeAndTime >> 4) ?? .day }
}

/// Why an incoming order stopped matching.
enum MatchEnd {
  /// Nothing is left of it, or nothing at its price.
  case done
  /// What is left of it is cancelled for this reason.
  case cancelled(MatchingReason)
  /// The next price lay outside the dynamic band.
  case volatility
}
