// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTrading

/// An owner that is authorised: limits, sums and live orders.
final class ReferenceOwner {
  struct LastNew {
    var instrument: UInt16
    var side: UInt8
    var price: UInt32
    var quantity: UInt32
    var time: UInt64
  }
  struct Quote {
    var bid: ReferenceOrder?
    var ask: ReferenceOrder?
    var live: [ReferenceOrder] { [bid, ask].compactMap(\.self).filter(\.isLive) }
  }

  let id: UInt16
  var isKilled = false
  /// In the order of their entry.
  var orders: [ReferenceOrder] = []
  /// In the order of the first accepted order.
  var instruments: [UInt16] = []
  var quotes: [UInt16: Quote] = [:]
  var lastNew: LastNew?
  /// The second in which messages are counted.
  var windowBegin: UInt64?
  var windowMessages: UInt64 = 0

  var positions: [UInt16: Int128] = [:]
  var positionMargins: [UInt16: Int128] = [:]
  var bought: Int128 = 0
  var sold: Int128 = 0
  var fees: Int128 = 0
  private var limits = [UInt64](repeating: 0, count: 14)

  init(id: UInt16) { self.id = id }

  /// A limit; 0 where there is none.
  subscript(_ limit: OwnerLimit) -> UInt64 {
    get { limits[Int(limit.rawValue)] }
    set { limits[Int(limit.rawValue)] = newValue }
  }

  /// Whether two owners do not trade with each other.
  func isGroup(of other: ReferenceOwner) -> Bool {
    if self === other { return true }
    return self[.selfTradeGroup] != 0 && self[.selfTradeGroup] == other[.selfTradeGroup]
  }

  /// Its orders as section 13.6 sorts them.
  var ordersByInstrument: [ReferenceOrder] {
    instruments.flatMap { instrument in orders.filter { $0.instrument.id == instrument } }
  }
}
