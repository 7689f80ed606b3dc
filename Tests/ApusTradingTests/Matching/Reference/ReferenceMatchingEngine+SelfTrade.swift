// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Section 6.
extension ReferenceMatchingEngine {
  /// What an incoming order does about its own group.
  private func mode(
    _ mode: SelfTradePrevention, _ instrument: ReferenceInstrument
  ) -> SelfTradePrevention {
    let mode = mode == .default ? instrument.selfTradePrevention : mode
    return mode == .default ? .allow : mode
  }

  func isPrevented(_ incoming: ReferenceOrder, _ resting: ReferenceOrder) -> Bool {
    mode(incoming.mode, incoming.instrument) != .allow && incoming.owner.isGroup(of: resting.owner)
  }

  func prevent(_ incoming: ReferenceOrder, _ resting: ReferenceOrder, at price: UInt32) {
    switch mode(incoming.mode, incoming.instrument) {
    case .default, .allow: break
    case .cancelNewest: cancel(incoming, .selfTrade)
    case .cancelOldest: cancel(resting, .selfTrade)
    case .cancelBoth:
      cancel(resting, .selfTrade)
      // A link between the two was quicker.
      if incoming.isLive { cancel(incoming, .selfTrade) }
    case .decrementAndCancel: decrement(incoming, resting, at: price)
    }
  }

  private func decrement(_ incoming: ReferenceOrder, _ resting: ReferenceOrder, at price: UInt32) {
    let quantity = min(incoming.leaves, resting.leaves)
    for order in [incoming, resting] {
      order.leaves -= quantity
      // What shows goes first.
      if order.place != .incoming { order.shown -= min(order.shown, quantity) }
    }
    events.append(
      .of(incoming, resting, .selfTradePrevented, quantity: quantity, price: price))
    touch(incoming.instrument)
    for order in [incoming, resting] { useUp(order) }
    for order in [incoming, resting] where !order.isLive { followLinks(of: order) }
  }

  /// 6.5.
  func isFillable(_ request: OrderRequest) -> Bool {
    let instrument = request.instrument
    let mode = mode(request.mode, instrument)
    var missing = UInt64(request.quantity)
    for (price, set, level) in reachable(by: request) {
      if instrument.isOutsideDynamicBand(price, command: commandCount) { return false }
      let own =
        mode == .allow ? nil : level.firstIndex { $0.owner.isGroup(of: request.owner) }
      if let own, mode != .cancelOldest {
        if set == .main, instrument.allocation != .priceTime { return false }
        // An iceberg goes behind the own order before it shows more.
        return level[..<own].reduce(0) { $0 + UInt64($1.shown) } >= missing
      }
      for order in level where own == nil || !order.owner.isGroup(of: request.owner) {
        if UInt64(order.leaves) >= missing { return true }
        missing -= UInt64(order.leaves)
      }
    }
    return false
  }

  /// Opposite levels within the limit, in the order in which matching comes to them.
  private func reachable(
    by request: OrderRequest
  ) -> [(price: UInt32, set: BookSet, orders: [ReferenceOrder])] {
    let (instrument, side) = (request.instrument, request.side.opposite)
    let reference = instrument.pegReference()
    var levels: [(price: UInt32, set: BookSet, orders: [ReferenceOrder])] = []
    func add(_ order: ReferenceOrder, _ set: BookSet, _ price: UInt32?) {
      guard let price, request.side.accepts(price, limit: request.limit) else { return }
      if let index = levels.firstIndex(where: { $0.price == price && $0.set == set }) {
        levels[index].orders.append(order)
      } else {
        levels.append((price, set, [order]))
      }
    }
    for order in instrument[.main, side] { add(order, .main, order.price) }
    for set in [BookSet.primaryPeg, .midPeg] {
      for order in instrument[set, side].sorted(by: { $0.arrival < $1.arrival }) {
        add(order, set, reference.price(order))
      }
    }
    return levels.sorted {
      $0.price == $1.price
        ? $0.set.rawValue < $1.set.rawValue : side.isBetter($0.price, $1.price)
    }
  }
}
