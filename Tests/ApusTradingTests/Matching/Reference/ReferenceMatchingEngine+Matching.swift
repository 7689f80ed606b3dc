// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Section 5.
extension ReferenceMatchingEngine {
  /// Where an incoming order trades next.
  struct Target {
    var set: BookSet
    var price: UInt32
    var first: ReferenceOrder
  }

  /// The best opposite price among main and the pegs, in this order at equal prices.
  func opposite(
    of side: Side, _ instrument: ReferenceInstrument, _ reference: PegReference
  ) -> Target? {
    var best: Target?
    if let first = instrument[.main, side.opposite].first {
      best = Target(set: .main, price: first.price, first: first)
    }
    for set in [BookSet.primaryPeg, .midPeg] {
      guard let (order, price) = instrument.firstPeg(set, side.opposite, reference) else {
        continue
      }
      if best.map({ side.opposite.isBetter(price, $0.price) }) ?? true {
        best = Target(set: set, price: price, first: order)
      }
    }
    return best
  }

  /// Matches an incoming order as far as it goes.
  func match(_ incoming: ReferenceOrder) {
    let instrument = incoming.instrument
    let reference = instrument.pegReference()
    var limit: UInt32? = incoming.price
    switch incoming.type {
    case .market:
      limit = incoming.price != 0 ? incoming.price : instrument.collar(for: incoming.side)
    case .primaryPeg, .midPeg:
      guard let price = reference.price(incoming) else { return }
      limit = price
    default: break
    }
    while incoming.isLive,
      let target = opposite(of: incoming.side, instrument, reference),
      incoming.side.accepts(target.price, limit: limit)
    {
      if instrument.isOutsideDynamicBand(target.price, command: commandCount) {
        return pause(instrument)
      }
      if target.set == .main, instrument.allocation != .priceTime {
        matchLevel(incoming, at: target.price)
      } else {
        meet(incoming, target.first, at: target.price)
        stopWhereEventsEnd(incoming)
      }
    }
  }

  /// Section 15: after every step of an incoming order.
  private func stopWhereEventsEnd(_ incoming: ReferenceOrder) {
    if incoming.isLive, !hasEventRoom { cancel(incoming, .eventLimit) }
  }

  /// A volatility pause.
  func pause(_ instrument: ReferenceInstrument) {
    events.append(.phaseChanged(instrument, to: .volatilityPause, .volatility))
    instrument.phase = .volatilityPause
  }

  /// 5.1: the two trade, or are kept from it.
  func meet(_ incoming: ReferenceOrder, _ resting: ReferenceOrder, at price: UInt32) {
    if isPrevented(incoming, resting) {
      prevent(incoming, resting, at: price)
    } else {
      trade(incoming, resting, min(incoming.leaves, resting.shown), at: price)
    }
  }

  /// 5.2: the group's own orders, then one round.
  private func matchLevel(_ incoming: ReferenceOrder, at price: UInt32) {
    func level() -> [ReferenceOrder] {
      incoming.instrument[.main, incoming.side.opposite].filter { $0.price == price }
    }
    for resting in level() where isPrevented(incoming, resting) {
      guard incoming.isLive else { return }
      if resting.isLive {
        prevent(incoming, resting, at: price)
        stopWhereEventsEnd(incoming)
      }
    }
    guard incoming.isLive else { return }
    let orders = level()
    for (resting, allotment) in zip(orders, allotments(incoming, orders)) where allotment > 0 {
      guard incoming.isLive else { return }
      if resting.isLive {
        trade(incoming, resting, allotment, at: price)
        stopWhereEventsEnd(incoming)
      }
    }
  }

  /// What each order of a level gets of an incoming one.
  private func allotments(_ incoming: ReferenceOrder, _ level: [ReferenceOrder]) -> [UInt32] {
    let instrument = incoming.instrument
    var quantity = UInt64(incoming.leaves)
    var total = level.reduce(0) { $0 + UInt64($1.shown) }
    if quantity >= total { return level.map(\.shown) }
    var allotted = [UInt64](repeating: 0, count: level.count)
    var shared = level.indices[...]
    if instrument.allocation == .proRataTopOrder, let top = shared.popFirst() {
      allotted[top] = min(quantity, UInt64(level[top].shown))
      quantity -= allotted[top]
      total -= UInt64(level[top].shown)
    }
    var rest = quantity
    for index in shared {
      let part = quantity * UInt64(level[index].shown) / total
      if part >= instrument.proRataMinimum { allotted[index] = part }
      rest -= allotted[index]
    }
    for index in shared {
      let more = min(rest, UInt64(level[index].shown) - allotted[index])
      allotted[index] += more
      rest -= more
    }
    return allotted.map { UInt32($0) }
  }

  /// 5.3 and 5.4. In an auction the buy stands for the incoming order, and both rest.
  func trade(
    _ incoming: ReferenceOrder, _ resting: ReferenceOrder, _ quantity: UInt32, at price: UInt32,
    isAuction: Bool = false
  ) {
    let instrument = incoming.instrument
    instrument.keepAnchor(of: commandCount)
    for order in [incoming, resting] {
      order.leaves -= quantity
      order.traded += UInt64(quantity)
      if order.place != .incoming { order.shown -= quantity }
    }
    matchCount += 1
    var event = MatchingEvent.of(incoming, resting, .trade, quantity: quantity, price: price)
    event.value = matchCount
    if isAuction { event.flags.insert(.auction) }
    events.append(event)
    settle(incoming, quantity: quantity, price: price, fee: isAuction ? .makerFeePpm : .takerFeePpm)
    settle(resting, quantity: quantity, price: price, fee: .makerFeePpm)
    let isMoved = instrument.last != price
    instrument.last = price
    if isMoved { moveTrailingStops(instrument) }
    for order in [incoming, resting] { useUp(order) }
    followLinks(of: incoming)
    followLinks(of: resting)
  }

  /// An order with nothing left goes; one with nothing shown shows what is hidden.
  func useUp(_ order: ReferenceOrder) {
    if order.leaves == 0 { return remove(order) }
    guard case .resting(let set) = order.place, order.shown == 0 else { return }
    order.instrument.remove(order)
    place(order, in: set)
    var event = MatchingEvent.of(order, .replenished)
    event.quantity = order.shown
    event.leavesQuantity = order.leaves
    events.append(event)
  }
}
