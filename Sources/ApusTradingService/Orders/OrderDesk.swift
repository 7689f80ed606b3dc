// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusTestBasics
internal import ApusTrading

/// Where a flow's orders are written: numbers and times them, and tells the model.
///
/// The owner of an order follows from its id, so that a cancel needs no look-up.
struct OrderDesk: Sendable {
  var random: SeededRandom
  var market: StreamMarket
  /// Unit: nanoseconds since midnight.
  var timeNanoseconds: UInt64
  /// Mean distance of commands. Unit: nanoseconds.
  var meanGapNanoseconds: UInt32 = 1_000
  let ownerCount: UInt16
  /// Commands that are written and not handed out, from `nextIndex` on.
  private(set) var written: [OrderLogRecord] = []
  private var nextIndex = 0
  private(set) var lastOrderId: UInt64 = 0
  /// Owners of orders whose id does not tell: those that took another's place.
  private var namedOwners: [UInt64: UInt16] = [:]

  init(
    seed: UInt64, instrumentCount: Int, ownerCount: UInt16, findsById: Bool,
    timeNanoseconds: UInt64
  ) {
    random = SeededRandom(seed: seed)
    market = StreamMarket(instrumentCount: instrumentCount, findsById: findsById)
    self.ownerCount = ownerCount
    self.timeNanoseconds = timeNanoseconds
  }

  // MARK: Handing out

  var hasWritten: Bool { nextIndex < written.count }

  mutating func takeNext() -> OrderLogRecord {
    let record = written[nextIndex]
    nextIndex += 1
    if nextIndex == written.count {
      written.removeAll(keepingCapacity: true)
      nextIndex = 0
    }
    return record
  }

  // MARK: Commands

  mutating func send(_ command: MatchingCommand) {
    timeNanoseconds += UInt64(random.below(narrow: 2 * meanGapNanoseconds))
    written.append(OrderLogRecord(timeNanoseconds: timeNanoseconds, command: command))
  }

  mutating func newOrderId() -> UInt64 {
    lastOrderId += 1
    return lastOrderId
  }

  func owner(of orderId: UInt64) -> UInt16 {
    if !namedOwners.isEmpty, let owner = namedOwners[orderId] { return owner }
    return 1 + UInt16(truncatingIfNeeded: (orderId &* 0x9E37_79B9_7F4A_7C15) >> 40) % ownerCount
  }

  /// Gives an order an owner that its id does not tell; nil for the one that it tells.
  mutating func setOwner(of orderId: UInt64, _ owner: UInt16?) { namedOwners[orderId] = owner }

  /// A new order; the model is the caller's matter.
  @discardableResult
  mutating func new(
    _ instrument: UInt16, _ side: UInt8, type: OrderType = .limit,
    timeInForce: TimeInForce = .day, price: UInt32 = 0, quantity: UInt32, display: UInt32 = 0,
    trigger: UInt32 = 0, flags: CommandFlags = [], related: UInt64 = 0, expiry: UInt64 = 0,
    owner: UInt16? = nil
  ) -> UInt64 {
    let orderId = newOrderId()
    let owner = owner ?? self.owner(of: orderId)
    var command = MatchingCommand.new(
      orderId: orderId, owner: owner, instrument: instrument,
      side: side == StreamMarket.buy ? .buy : .sell, type: type, timeInForce: timeInForce,
      priceTicks: price, quantity: quantity, session: 1 + owner % 8, flags: flags)
    command.displayQuantity = display
    command.triggerTicks = trigger
    command.relatedOrderId = related
    command.value = expiry
    send(command)
    return orderId
  }

  /// A limit order that may rest.
  @discardableResult
  mutating func limit(
    _ instrument: UInt16, _ side: UInt8, price: UInt32, quantity: UInt32,
    timeInForce: TimeInForce = .day, display: UInt32 = 0, flags: CommandFlags = []
  ) -> UInt64 {
    let orderId = new(
      instrument, side, timeInForce: timeInForce, price: price, quantity: quantity,
      display: display, flags: flags)
    market.enter(
      orderId, instrument, side, limit: price, quantity: quantity, display: display,
      rests: timeInForce != .immediateOrCancel)
    return orderId
  }

  /// A market order whose rest is cancelled.
  mutating func marketOrder(
    _ instrument: UInt16, _ side: UInt8, quantity: UInt32, protection: UInt32 = 0
  ) {
    let orderId = new(
      instrument, side, type: .market, timeInForce: .immediateOrCancel, price: protection,
      quantity: quantity)
    market.enter(
      orderId, instrument, side, limit: protection == 0 ? nil : protection, quantity: quantity,
      rests: false)
  }

  /// A stop; with a limit, a stop-limit.
  mutating func stop(
    _ instrument: UInt16, _ side: UInt8, trigger: UInt32, quantity: UInt32, limit: UInt32? = nil
  ) -> UInt64 {
    let orderId = new(
      instrument, side, type: limit == nil ? .stop : .stopLimit, timeInForce: .goodTillCancel,
      price: limit ?? 0, quantity: quantity, trigger: trigger)
    market.restStop(
      StreamStop(orderId: orderId, trigger: trigger, quantity: quantity, limit: limit), instrument,
      side)
    return orderId
  }

  /// Cancels the resting order in a slot.
  mutating func cancel(slot: UInt32) {
    let orderId = market.books.orders[Int(slot)].reference
    market.remove(slot: slot)
    cancel(orderId)
  }

  /// Cancels an order; the model is the caller's matter.
  mutating func cancel(_ orderId: UInt64) {
    send(.cancel(orderId: orderId, owner: owner(of: orderId)))
    setOwner(of: orderId, nil)
  }

  /// Puts a bid and an ask in place of the owner's last ones.
  ///
  /// - Parameter previous: Ids of those; what still rests of them leaves the model.
  /// - Returns: The new ids.
  mutating func quote(
    _ instrument: UInt16, owner: UInt16, previous: (bid: UInt64, ask: UInt64)?,
    bid: (price: UInt32, quantity: UInt32), ask: (price: UInt32, quantity: UInt32)
  ) -> (bid: UInt64, ask: UInt64) {
    let ids = (bid: newOrderId(), ask: newOrderId())
    if let previous {
      for orderId in [previous.bid, previous.ask] {
        if let old = market.order(orderId) { market.remove(slot: old.slot) }
      }
    }
    send(
      .quote(
        bidOrderId: ids.bid, askOrderId: ids.ask, owner: owner, instrument: instrument,
        bidTicks: bid.price, bidQuantity: bid.quantity, askTicks: ask.price,
        askQuantity: ask.quantity, session: 1 + owner % 8))
    market.enter(
      ids.bid, instrument, StreamMarket.buy, limit: bid.price, quantity: bid.quantity, rests: true)
    market.enter(
      ids.ask, instrument, StreamMarket.sell, limit: ask.price, quantity: ask.quantity,
      rests: true)
    return ids
  }

  /// Any resting order; nil when there is none.
  mutating func anyResting() -> UInt32? {
    let live = market.books.live
    return live.isEmpty ? nil : live[Int(random.below(narrow: UInt32(live.count)))]
  }

  mutating func setPhase(_ instrument: UInt16, _ phase: MarketPhase) {
    send(.setPhase(instrument, phase))
    market.setPhase(instrument, phase)
  }

  // MARK: Beginnings

  /// Makes instruments known, with their reference prices.
  mutating func define(
    _ instrument: UInt16, symbol: String, reference: UInt32, lot: UInt32 = 1, tick: UInt32 = 1,
    allocation: AllocationRule = .priceTime
  ) {
    send(
      .defineInstrument(
        instrument, symbol: ITCHSymbol(symbol).rawValue, lot: lot, tick: tick,
        allocation: allocation))
    send(.setReferencePrice(instrument, priceTicks: reference))
    market.instruments[Int(instrument)].reference = reference
  }

  /// Makes owners known; with every limit where asked for, each too high to refuse an order.
  mutating func authorise(limitsEveryOwner: Bool) {
    let high = UInt64(1) << 62
    let limits: [(OwnerLimit, UInt64)] = [
      (.orderQuantity, 1 << 31), (.orderNotional, high), (.priceTolerancePpm, 1 << 40),
      (.duplicateWindow, 1), (.messageRate, 1 << 40), (.openOrders, 1 << 40), (.position, high),
      (.grossNotional, high), (.netNotional, high), (.credit, high), (.takerFeePpm, 30),
      (.makerFeePpm, 10),
    ]
    for owner in 1...ownerCount {
      if limitsEveryOwner {
        for (limit, value) in limits { send(.setOwnerLimit(owner, limit, to: value)) }
      } else {
        send(.setOwnerLimit(owner, .orderQuantity, to: 0))
      }
    }
  }
}
