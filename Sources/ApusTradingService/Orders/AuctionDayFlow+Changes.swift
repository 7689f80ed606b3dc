// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// Commands about orders that live.
extension AuctionDayFlow {
  /// A resting order of the instrument, preferably not at the best price, where the model may err.
  private func draw(_ desk: inout OrderDesk, _ instrument: UInt16) -> UInt32? {
    var found: UInt32?
    for _ in 0..<24 {
      guard let slot = desk.anyResting() else { return nil }
      let order = desk.market.books.orders[Int(slot)]
      guard order.locate == instrument else { continue }
      found = slot
      if desk.market.best(instrument, order.side) != order.price { break }
    }
    return found
  }

  mutating func cancelAny(_ desk: inout OrderDesk, _ instrument: UInt16) {
    guard let slot = draw(&desk, instrument) else { return desk.send(MatchingCommand(.expire)) }
    lasting.remove(desk.market.books.orders[Int(slot)].reference)
    desk.cancel(slot: slot)
  }

  mutating func cancelLoose(_ desk: inout OrderDesk, _ instrument: UInt16) {
    guard !loose.isEmpty else { return cancelAny(&desk, instrument) }
    let index = Int(desk.random.below(narrow: UInt32(loose.count)))
    loose.swapAt(index, loose.count - 1)
    desk.cancel(loose.removeLast())
  }

  func reduceAny(_ desk: inout OrderDesk, _ instrument: UInt16) {
    guard let slot = draw(&desk, instrument) else { return desk.send(MatchingCommand(.expire)) }
    let order = desk.market.books.orders[Int(slot)]
    let lot = lots[Int(instrument)]
    let part = max(lot, order.quantity / 3 / lot * lot)
    desk.send(
      .reduce(orderId: order.reference, owner: desk.owner(of: order.reference), by: part))
    desk.market.reduce(slot: slot, by: part)
  }

  /// A new price near the old one; one in four keeps it and loses quantity.
  mutating func replaceAny(_ desk: inout OrderDesk, _ instrument: UInt16) {
    guard let slot = draw(&desk, instrument) else { return desk.send(MatchingCommand(.expire)) }
    let order = desk.market.books.orders[Int(slot)]
    let (lot, tick) = (lots[Int(instrument)], ticks[Int(instrument)])
    let owner = desk.owner(of: order.reference)
    let newId = desk.newOrderId()
    var price = order.price
    var quantity = quantity(&desk, instrument)
    if desk.random.oneIn(4) {
      quantity = max(lot, order.quantity / 2 / lot * lot)
    } else {
      let away = (1 + desk.random.below(narrow: 5)) * tick
      price = order.side == StreamMarket.buy ? price - away : price + away
    }
    desk.send(
      .replace(
        orderId: order.reference, newOrderId: newId, owner: owner, priceTicks: price,
        quantity: quantity, session: 1 + owner % 8))
    desk.market.remove(slot: slot)
    desk.market.enter(newId, instrument, order.side, limit: price, quantity: quantity, rests: true)
    desk.setOwner(of: order.reference, nil)
    desk.setOwner(of: newId, owner)
    if lasting.remove(order.reference) != nil { lasting.insert(newId) }
  }

  mutating func quote(_ desk: inout OrderDesk, _ instrument: UInt16) {
    let maker = 1 + UInt16(desk.random.below(narrow: 4))
    let (lot, tick) = (lots[Int(instrument)], ticks[Int(instrument)])
    let middle = middles[Int(instrument)] - middles[Int(instrument)] % tick
    let place = UInt32(instrument) << 16 | UInt32(maker)
    let ids = desk.quote(
      instrument, owner: maker, previous: quotes[place],
      bid: (
        middle - (3 + desk.random.below(narrow: 4)) * tick,
        (1 + desk.random.below(narrow: 200)) * lot
      ),
      ask: (
        middle + (3 + desk.random.below(narrow: 4)) * tick,
        (1 + desk.random.below(narrow: 200)) * lot
      ))
    quotes[place] = ids
    desk.setOwner(of: ids.bid, maker)
    desk.setOwner(of: ids.ask, maker)
  }

  mutating func massCancel(_ desk: inout OrderDesk, _ instrument: UInt16) {
    let owner = 1 + UInt16(desk.random.below(narrow: UInt32(desk.ownerCount)))
    desk.send(.massCancel(owner: owner, instrument: instrument))
    let slots = desk.market.books.live.filter {
      let order = desk.market.books.orders[Int($0)]
      return order.locate == instrument && desk.owner(of: order.reference) == owner
    }
    for slot in slots {
      lasting.remove(desk.market.books.orders[Int(slot)].reference)
      desk.market.remove(slot: slot)
    }
    for side in [StreamMarket.buy, StreamMarket.sell] {
      desk.market.instruments[Int(instrument)].stops[Int(side)]
        .removeAll { [desk] in desk.owner(of: $0.orderId) == owner }
    }
    desk.market.instruments[Int(instrument)].auctionOrders
      .removeAll { [desk] in desk.owner(of: $0.orderId) == owner }
  }

  mutating func expire(_ desk: inout OrderDesk) {
    desk.send(MatchingCommand(.expire))
    let now = desk.timeNanoseconds
    for due in expiring where due.time <= now {
      if let resting = desk.market.order(due.orderId) { desk.market.remove(slot: resting.slot) }
      lasting.remove(due.orderId)
    }
    expiring.removeAll { $0.time <= now }
  }

  /// After the close: what lasts is cancelled or told the time.
  mutating func closed(_ desk: inout OrderDesk, _ instrument: UInt16) {
    if desk.random.oneIn(4) { expire(&desk) } else { cancelAny(&desk, instrument) }
  }
}
