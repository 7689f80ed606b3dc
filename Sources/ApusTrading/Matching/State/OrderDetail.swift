// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// What a matching engine keeps of an order besides its place in the book, in the slot of the same
/// number: 48 bytes that are looked at when the order trades or ends, not when the book is searched.
struct OrderDetail: BitwiseCopyable {
  var clientOrderId: UInt64
  /// Owner, session and account, as ``EventWord/party(_:_:_:)`` puts them together.
  var party: UInt64
  /// The owner's other orders in the instrument, in order of entry.
  var next: UInt32
  var previous: UInt32
  /// Of the owner and the instrument.
  var holding: UInt32
  /// The order's `OrderExtra`, where its tag says that there is one.
  var extra: UInt32
  /// What has traded since it was entered or replaced.
  var filledQuantity: UInt32
  /// Margin at entry. Unit: ppm of the notional.
  var marginPpm: UInt32
  /// Type in the low half, time in force in the high half: as events say it.
  var typeAndTime: UInt8
  /// Capacity in the low half, self-trade prevention in the high half: as commands say it.
  var capacityCode: UInt8
  var flags: CommandFlags

  @inline(__always)
  var owner: UInt16 { UInt16(truncatingIfNeeded: party) }

  @inline(__always)
  var session: UInt16 {
    get { UInt16(truncatingIfNeeded: party >> 16) }
    set { party = EventWord.party(owner, newValue, account) }
  }

  @inline(__always)
  var account: UInt32 { UInt32(truncatingIfNeeded: party >> 32) }

  @inline(__always)
  var type: OrderType { OrderType(rawValue: typeAndTime & 15) ?? .limit }

  @inline(__always)
  var timeInForce: TimeInForce { TimeInForce(rawValue: typeAndTime >> 4) ?? .day }
}

/// What only some orders have: icebergs, stops, pegs, good-till-date and linked orders, bracket
/// children, orders of auctions at any price.
struct OrderExtra: BitwiseCopyable {
  /// Time of entry, among all orders that have one: pegs of several limits go by it.
  var entry: UInt64 = 0
  /// When a good-till-date order ends.
  var expiry: UInt64 = 0
  /// What an iceberg does not show.
  var hiddenQuantity: UInt32 = 0
  /// What an iceberg shows at most; 0 for none.
  var displayQuantity: UInt32 = 0
  /// Price as entered: a stop-limit's limit, a market order's protection.
  var priceTicks: UInt32 = 0
  /// Trigger at entry, or a trailing stop's amount.
  var triggerTicks: UInt32 = 0
  /// What risk counts a unit for.
  var riskTicks: UInt32 = 0
  /// The order that is cancelled when something happens to this one.
  var linked: UInt32 = OrderExtra.none
  /// The order a dormant one waits for.
  var parent: UInt32 = OrderExtra.none
  /// The dormant orders that wait for this one.
  var firstChild: UInt32 = OrderExtra.none
  var secondChild: UInt32 = OrderExtra.none
  /// Neighbours among the instrument's trailing stops in order of entry; of an activated first
  /// child, the next bracket's.
  var next: UInt32 = OrderExtra.none
  var previous: UInt32 = OrderExtra.none
  /// Most that is entered of an activated child.
  var activatedQuantityMax: UInt32 = 0

  static let none = UInt32.max
}
