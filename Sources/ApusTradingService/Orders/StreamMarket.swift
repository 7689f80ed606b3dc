// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// A stop that waits in the model.
struct StreamStop: Sendable {
  var orderId: UInt64
  var trigger: UInt32
  var quantity: UInt32
  /// Of a stop-limit order; nil of a stop.
  var limit: UInt32?
}

/// An order for an auction that is not in the books yet.
struct StreamAuctionOrder: Sendable {
  var orderId: UInt64
  var side: UInt8
  /// Nil for a market order.
  var price: UInt32?
  var quantity: UInt32
  var isAtOpen: Bool
}

/// What the model knows of one instrument beside its resting orders.
struct StreamInstrument: Sendable {
  var phase = MarketPhase.closed
  var last: UInt32 = 0
  var reference: UInt32 = 0
  var dynamicBandPpm: UInt64 = 0
  /// By side; the next to trigger at the end, in time order at equal triggers.
  var stops: [[StreamStop]] = [[], []]
  var auctionOrders: [StreamAuctionOrder] = []

  var anchor: UInt32 { last != 0 ? last : reference }

  /// Prices at which a command that begins now may trade.
  var band: ClosedRange<UInt32> {
    guard dynamicBandPpm > 0, anchor > 0 else { return 0...UInt32.max }
    let width = UInt32(UInt64(anchor) * dynamicBandPpm / 1_000_000)
    return anchor - width...anchor + width
  }
}

/// The generator's model of the market: which of its orders live, and where the prices are.
///
/// Price-time matching of limit and market orders, icebergs, stops, the dynamic band and auctions, as
/// docs/matching-rules.md has them. Pegs, pro-rata allocation, links and self-trade prevention are
/// left out: streams that use them know their books nearly.
struct StreamMarket: Sendable {
  static let buy = GeneratorBooks.buy
  static let sell = GeneratorBooks.sell

  private(set) var books: GeneratorBooks
  /// By instrument; entry 0 is unused.
  var instruments: [StreamInstrument]
  var totals = OrderStreamTotals()
  /// Slots of resting orders by id; only where orders are looked up by id.
  private var slots: [UInt64: UInt32] = [:]
  private let findsById: Bool
  /// Icebergs: what they show at most, and what they do not show.
  private(set) var hidden: [UInt64: (display: UInt32, quantity: UInt32)] = [:]

  init(instrumentCount: Int, findsById: Bool, orderCapacity: Int = 8_192) {
    books = GeneratorBooks(symbolCount: instrumentCount, orderCapacity: orderCapacity)
    instruments = Array(repeating: StreamInstrument(), count: instrumentCount + 1)
    self.findsById = findsById
  }

  var liveCount: Int { books.live.count }

  func best(_ instrument: UInt16, _ side: UInt8) -> UInt32? {
    books.bestPrice(locate: instrument, side: side)
  }

  /// The resting order with this id.
  func order(_ orderId: UInt64) -> (slot: UInt32, order: RestingOrder)? {
    slots[orderId].map { ($0, books.orders[Int($0)]) }
  }

  // MARK: Entering and leaving

  /// Rests an order behind all others of its price.
  mutating func rest(
    _ orderId: UInt64, _ instrument: UInt16, _ side: UInt8, price: UInt32, quantity: UInt32,
    display: UInt32 = 0
  ) {
    let shown = display == 0 ? quantity : min(display, quantity)
    if quantity > shown { hidden[orderId] = (display, quantity - shown) }
    books.insert(
      reference: orderId, locate: instrument, side: side, quantity: shown, price: price,
      isStub: false)
    if findsById, let slot = books.live.last { slots[orderId] = slot }
    totals.liveOrderPeak = max(totals.liveOrderPeak, books.live.count)
  }

  /// Takes an order out.
  mutating func remove(slot: UInt32) {
    let orderId = books.orders[Int(slot)].reference
    if findsById { slots[orderId] = nil }
    if !hidden.isEmpty { hidden[orderId] = nil }
    books.remove(slot: slot)
  }

  /// Takes quantity off a resting order that keeps its place; the last of it takes the order out.
  mutating func reduce(slot: UInt32, by quantity: UInt32) {
    let order = books.orders[Int(slot)]
    var visible = quantity
    if let iceberg = hidden[order.reference] {
      let unseen = min(iceberg.quantity, quantity)
      visible -= unseen
      hidden[order.reference] =
        iceberg.quantity == unseen ? nil : (iceberg.display, iceberg.quantity - unseen)
      if visible == 0 { return }
    }
    if visible >= order.quantity {
      remove(slot: slot)
    } else {
      books.reduce(slot: slot, by: visible)
    }
  }

  /// Takes traded quantity off a resting order; an iceberg shows more, behind the others.
  mutating func fill(slot: UInt32, by quantity: UInt32) {
    let order = books.orders[Int(slot)]
    guard quantity == order.quantity else {
      books.reduce(slot: slot, by: quantity)
      return
    }
    let iceberg = hidden[order.reference]
    remove(slot: slot)
    guard let iceberg else { return }
    rest(
      order.reference, order.locate, order.side, price: order.price, quantity: iceberg.quantity,
      display: iceberg.display)
  }

  /// An order that trades as far as its limit reaches, and rests if it may.
  ///
  /// - Parameter limit: Nil for a market order without protection.
  /// - Returns: What is left of it, whether or not that rests.
  @discardableResult
  mutating func enter(
    _ orderId: UInt64, _ instrument: UInt16, _ side: UInt8, limit: UInt32?, quantity: UInt32,
    display: UInt32 = 0, rests: Bool
  ) -> UInt32 {
    let band = instruments[Int(instrument)].band
    let leaves = take(
      orderId, instrument, side, limit: limit, quantity: quantity, display: display, rests: rests,
      band: band)
    if !instruments[Int(instrument)].stops.allSatisfy(\.isEmpty) {
      triggerStops(instrument, band: band)
    }
    return leaves
  }

  private mutating func take(
    _ orderId: UInt64, _ instrument: UInt16, _ side: UInt8, limit: UInt32?, quantity: UInt32,
    display: UInt32, rests: Bool, band: ClosedRange<UInt32>
  ) -> UInt32 {
    var leaves = quantity
    if instruments[Int(instrument)].phase == .continuous {
      let farthest = limit ?? (side == Self.buy ? .max : 0)
      leaves = match(instrument, side, limit: farthest, quantity: quantity, band: band)
    }
    if leaves > 0, rests, let limit {
      rest(orderId, instrument, side, price: limit, quantity: leaves, display: display)
    }
    return leaves
  }

  private mutating func match(
    _ instrument: UInt16, _ side: UInt8, limit: UInt32, quantity: UInt32,
    band: ClosedRange<UInt32>
  ) -> UInt32 {
    var leaves = quantity
    while leaves > 0, let slot = books.bestOrder(locate: instrument, side: side ^ 1) {
      let maker = books.orders[Int(slot)]
      guard side == Self.buy ? maker.price <= limit : maker.price >= limit else { break }
      guard band.contains(maker.price) else {
        instruments[Int(instrument)].phase = .volatilityPause
        break
      }
      let traded = min(leaves, maker.quantity)
      fill(slot: slot, by: traded)
      leaves -= traded
      totals.trade(price: maker.price, quantity: traded)
      instruments[Int(instrument)].last = maker.price
    }
    return leaves
  }

  // MARK: Stops

  /// Puts a stop behind others at its trigger.
  mutating func restStop(_ stop: StreamStop, _ instrument: UInt16, _ side: UInt8) {
    var stops = instruments[Int(instrument)].stops[Int(side)]
    // Buys with the lowest trigger and sells with the highest are next, so at the end.
    let index =
      stops.firstIndex {
        side == Self.buy ? $0.trigger <= stop.trigger : $0.trigger >= stop.trigger
      } ?? stops.count
    stops.insert(stop, at: index)
    instruments[Int(instrument)].stops[Int(side)] = stops
    if instruments[Int(instrument)].phase == .continuous {
      triggerStops(instrument, band: instruments[Int(instrument)].band)
    }
  }

  /// Takes a stop out; false where it is not there.
  mutating func removeStop(_ orderId: UInt64, _ instrument: UInt16, _ side: UInt8) -> Bool {
    let index = instruments[Int(instrument)].stops[Int(side)].firstIndex { $0.orderId == orderId }
    guard let index else { return false }
    instruments[Int(instrument)].stops[Int(side)].remove(at: index)
    return true
  }

  mutating func triggerStops(_ instrument: UInt16, band: ClosedRange<UInt32>) {
    while instruments[Int(instrument)].phase == .continuous {
      let state = instruments[Int(instrument)]
      guard state.last > 0 else { return }
      let side: UInt8
      if let next = state.stops[Int(Self.buy)].last, state.last >= next.trigger {
        side = Self.buy
      } else if let next = state.stops[Int(Self.sell)].last, state.last <= next.trigger {
        side = Self.sell
      } else {
        return
      }
      let stop = instruments[Int(instrument)].stops[Int(side)].removeLast()
      _ = take(
        stop.orderId, instrument, side, limit: stop.limit, quantity: stop.quantity, display: 0,
        rests: stop.limit != nil, band: band)
    }
  }

  // MARK: Closing

  /// Takes out every order of an instrument that is not in `kept`.
  mutating func close(_ instrument: UInt16, keeping kept: Set<UInt64>) {
    let slots = books.live.filter {
      books.orders[Int($0)].locate == instrument
        && !kept.contains(books.orders[Int($0)].reference)
    }
    for slot in slots { remove(slot: slot) }
    instruments[Int(instrument)].auctionOrders.removeAll()
    for side in 0..<2 {
      instruments[Int(instrument)].stops[side].removeAll { !kept.contains($0.orderId) }
    }
  }
}
