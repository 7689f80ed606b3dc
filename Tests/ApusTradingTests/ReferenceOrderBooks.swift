// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// The obvious order book: an array of orders in arrival order, scanned for everything.
struct ReferenceOrderBooks {
  private(set) var orders: [RestingOrder] = []

  mutating func add(_ order: RestingOrder) -> BookOutcome {
    guard order.quantity > 0 else { return .zeroQuantity }
    guard index(order.reference) == nil else { return .duplicateReference }
    orders.append(order)
    return .applied
  }

  mutating func reduce(_ reference: UInt64, _ quantity: UInt32) -> BookOutcome {
    guard let index = index(reference) else { return .unknownReference }
    let resting = orders[index].quantity
    if quantity >= resting {
      orders.remove(at: index)
      return quantity == resting ? .applied : .overExecution
    }
    orders[index].quantity -= quantity
    return .applied
  }

  mutating func delete(_ reference: UInt64) -> BookOutcome {
    guard let index = index(reference) else { return .unknownReference }
    orders.remove(at: index)
    return .applied
  }

  mutating func replace(
    _ original: UInt64, _ new: UInt64, _ quantity: UInt32, _ priceTicks: UInt32
  ) -> BookOutcome {
    guard let index = index(original) else { return .unknownReference }
    var order = orders.remove(at: index)
    order.reference = new
    order.quantity = quantity
    order.priceTicks = priceTicks
    return add(order)
  }

  func levels(_ side: Side, locate: UInt16) -> [BookLevel] {
    var byPrice: [UInt32: BookLevel] = [:]
    for order in orders where order.side == side && order.locate == locate {
      var level =
        byPrice[order.priceTicks]
        ?? BookLevel(priceTicks: order.priceTicks, quantity: 0, orderCount: 0)
      level.quantity += UInt64(order.quantity)
      level.orderCount += 1
      byPrice[order.priceTicks] = level
    }
    return byPrice.values.sorted {
      side == .buy ? $0.priceTicks > $1.priceTicks : $0.priceTicks < $1.priceTicks
    }
  }

  func queue(_ side: Side, locate: UInt16, priceTicks: UInt32) -> [RestingOrder] {
    orders.filter { $0.side == side && $0.locate == locate && $0.priceTicks == priceTicks }
  }

  func queuePosition(_ reference: UInt64) -> QueuePosition? {
    guard let order = orders.first(where: { $0.reference == reference }) else { return nil }
    let ahead = queue(order.side, locate: order.locate, priceTicks: order.priceTicks)
      .prefix { $0.reference != reference }
    return QueuePosition(
      ordersAhead: ahead.count, quantityAhead: ahead.reduce(0) { $0 + UInt64($1.quantity) })
  }

  private func index(_ reference: UInt64) -> Int? {
    orders.firstIndex { $0.reference == reference }
  }
}
