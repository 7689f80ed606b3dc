// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Rebuilds every main book, queue by queue, from events alone: what a subscriber of the feed does.
struct BookRebuilder {
  private enum Place { case nowhere, main, atOpen, atClose }
  private struct Order {
    var instrument: UInt16
    var side: Side
    var isMarket: Bool
    var price: UInt32
    var display: UInt32
    var leaves: UInt32
    var shown: UInt32 = 0
    var place = Place.nowhere
  }
  private struct Queue: Hashable {
    var instrument: UInt16
    var side: Side
    var place: Place
  }

  private var orders: [UInt64: Order] = [:]
  private var queues: [Queue: [UInt64]] = [:]

  /// What is displayed, best price first, then in time order.
  func mainBook(_ instrument: UInt16, _ side: Side) -> [BookLine] {
    (queues[Queue(instrument: instrument, side: side, place: .main)] ?? []).compactMap { id in
      orders[id].map {
        // At any price: seen while an auction is not finished.
        let anyPrice = side == .buy ? UInt32.max : 0
        return BookLine(
          orderId: id, priceTicks: $0.isMarket ? anyPrice : $0.price, shown: $0.shown)
      }
    }
  }

  mutating func apply(_ event: MatchingEvent) {
    switch event.kind {
    case .accepted: enter(event, isDormant: event.flags.contains(.bracketChild))
    case .replaced: replace(event)
    case .triggered:
      if event.detailCode & 15 == OrderType.stopLimit.rawValue { rest(event.orderId, in: .main) }
    case .activated:
      if event.detailCode & 15 == OrderType.limit.rawValue { rest(event.orderId, in: .main) }
    case .trade, .selfTradePrevented:
      let isAuction = event.flags.contains(.auction)
      lose(event.orderId, event.quantity, event.leavesQuantity, isIncoming: !isAuction)
      lose(event.relatedOrderId, event.quantity, event.relatedLeavesQuantity, isIncoming: false)
    case .replenished:
      let place = orders[event.orderId]?.place ?? .nowhere
      leave(event.orderId)
      rest(event.orderId, in: place)
      orders[event.orderId]?.shown = event.quantity
    case .reduced: shrink(event.orderId, to: event.leavesQuantity)
    case .cancelled: remove(event.orderId)
    case .auction: moveToMain(event)
    default: break
    }
  }

  // MARK: Steps

  private mutating func enter(_ event: MatchingEvent, isDormant: Bool) {
    guard let side = Side(rawValue: event.sideCode) else { return }
    let type = OrderType(rawValue: event.detailCode & 15)
    orders[event.orderId] = Order(
      instrument: event.instrument, side: side, isMarket: type == .market,
      price: event.priceTicks, display: event.relatedLeavesQuantity, leaves: event.leavesQuantity)
    switch (type, TimeInForce(rawValue: event.detailCode >> 4)) {
    case _ where isDormant: break
    case (_, .atOpen): rest(event.orderId, in: .atOpen)
    case (_, .atClose): rest(event.orderId, in: .atClose)
    case (.limit, .day), (.limit, .goodTillCancel), (.limit, .goodTillDate):
      rest(event.orderId, in: .main)
    default: break
    }
  }

  private mutating func replace(_ event: MatchingEvent) {
    guard event.flags.contains(.keptPriority) else {
      remove(event.relatedOrderId)
      return enter(event, isDormant: false)
    }
    guard let order = orders.removeValue(forKey: event.relatedOrderId) else { return }
    orders[event.orderId] = order
    let queue = queue(of: order)
    if let index = queues[queue]?.firstIndex(of: event.relatedOrderId) {
      queues[queue]?[index] = event.orderId
    }
    shrink(event.orderId, to: event.leavesQuantity)
  }

  /// An order loses quantity; what an incoming one shows is settled when it rests.
  private mutating func lose(
    _ id: UInt64, _ quantity: UInt32, _ leaves: UInt32, isIncoming: Bool
  ) {
    guard leaves > 0, var order = orders[id] else { return remove(id) }
    order.leaves = leaves
    if isIncoming {
      order.shown = order.display == 0 ? leaves : min(order.display, leaves)
    } else {
      order.shown -= min(order.shown, quantity)
    }
    orders[id] = order
  }

  private mutating func shrink(_ id: UInt64, to leaves: UInt32) {
    orders[id]?.leaves = leaves
    if let order = orders[id] { orders[id]?.shown = min(order.shown, leaves) }
  }

  private mutating func moveToMain(_ event: MatchingEvent) {
    let isClose = event.detailCode == MarketPhase.closed.rawValue
    for side in [Side.buy, .sell] {
      let queue = Queue(
        instrument: event.instrument, side: side, place: isClose ? .atClose : .atOpen)
      for id in queues.removeValue(forKey: queue) ?? [] {
        orders[id]?.place = .nowhere
        rest(id, in: .main)
      }
    }
  }

  // MARK: Queues

  private func queue(of order: Order) -> Queue {
    Queue(instrument: order.instrument, side: order.side, place: order.place)
  }

  /// Less comes first.
  private func rank(_ order: Order) -> UInt32 {
    if order.isMarket { return 0 }
    return order.side == .buy ? .max - order.price : order.price
  }

  private mutating func rest(_ id: UInt64, in place: Place) {
    guard place != .nowhere, var order = orders[id] else { return }
    order.place = place
    order.shown = order.display == 0 ? order.leaves : min(order.display, order.leaves)
    orders[id] = order
    let rank = rank(order)
    let ids = queues[queue(of: order)] ?? []
    var (low, high) = (0, ids.count)
    while low < high {
      let middle = (low + high) / 2
      if let other = orders[ids[middle]], self.rank(other) <= rank {
        low = middle + 1
      } else {
        high = middle
      }
    }
    queues[queue(of: order), default: []].insert(id, at: low)
  }

  private mutating func leave(_ id: UInt64) {
    guard let order = orders[id], order.place != .nowhere else { return }
    let queue = queue(of: order)
    if let index = queues[queue]?.firstIndex(of: id) { queues[queue]?.remove(at: index) }
    orders[id]?.place = .nowhere
  }

  private mutating func remove(_ id: UInt64) {
    leave(id)
    orders[id] = nil
  }
}
