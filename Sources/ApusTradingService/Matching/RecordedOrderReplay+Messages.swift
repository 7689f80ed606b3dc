// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusTrading

/// What each message asks of the engine.
extension RecordedOrderReplay {
  mutating func take(_ message: ITCHMessage) {
    switch message {
    case .stockDirectory(let entry):
      define(entry.header.locate, entry.symbol, at: entry.header.timestampNanoseconds)
    case .stockTradingAction(let action):
      setStopped(
        action.header.locate, action.tradingState != UInt8(ascii: "T"),
        at: action.header.timestampNanoseconds)
    case .operationalHalt(let halt):
      setStopped(
        halt.header.locate, halt.action == UInt8(ascii: "H"),
        at: halt.header.timestampNanoseconds)
    case .addOrder(let add):
      enter(
        add.header, add.reference, add.sideCode, add.symbol, quantity: add.quantity,
        price: add.price)
    case .addOrderAttributed(let add):
      enter(
        add.header, add.reference, add.sideCode, add.symbol, quantity: add.quantity,
        price: add.price)
    case .orderExecuted(let execution):
      execute(execution.header, execution.reference, execution.executedQuantity, price: nil)
    case .orderExecutedWithPrice(let execution):
      execute(
        execution.header, execution.reference, execution.executedQuantity, price: execution.price)
    case .orderCancel(let cancel):
      reduce(cancel.header, cancel.reference, by: cancel.cancelledQuantity)
    case .orderDelete(let delete):
      cancel(delete.header, delete.reference)
    case .orderReplace(let replacement):
      replace(replacement)
    case .trade, .crossTrade:
      agreement.undisplayedTradeCount += 1
    default:
      break
    }
  }

  // MARK: Instruments

  private mutating func define(_ locate: UInt16, _ symbol: ITCHSymbol, at time: UInt64) {
    guard instruments[locate] == nil else { return }
    instruments[locate] = RecordedInstrument(symbol: symbol)
    run.apply(.defineInstrument(locate, symbol: symbol.rawValue), at: time)
    run.apply(.setPhase(locate, .continuous), at: time)
  }

  private mutating func setStopped(_ locate: UInt16, _ isStopped: Bool, at time: UInt64) {
    guard let instrument = instruments[locate], instrument.isStopped != isStopped else { return }
    instruments[locate]?.isStopped = isStopped
    apply(.setPhase(locate, isStopped ? .preOpen : .continuous), at: time, askedFor: nil)
  }

  // MARK: Orders

  private mutating func newOrderId() -> UInt64 {
    lastOrderId += 1
    return lastOrderId
  }

  private mutating func enter(
    _ header: ITCHHeader, _ reference: UInt64, _ sideCode: UInt8, _ symbol: ITCHSymbol,
    quantity: UInt32, price: UInt32
  ) {
    guard let side = Side(rawValue: sideCode), orders[reference] == nil else { return }
    define(header.locate, symbol, at: header.timestampNanoseconds)
    enter(
      reference,
      RecordedOrder(
        orderId: newOrderId(), locate: header.locate, side: side, price: price, leaves: quantity),
      at: header.timestampNanoseconds)
  }

  private mutating func enter(_ reference: UInt64, _ order: RecordedOrder, at time: UInt64) {
    orders[reference] = order
    references[order.orderId] = reference
    apply(
      .new(
        orderId: order.orderId, owner: Self.maker, instrument: order.locate, side: order.side,
        priceTicks: order.price, quantity: order.leaves, session: Self.maker),
      at: time, askedFor: nil)
  }

  private mutating func forget(_ reference: UInt64) -> RecordedOrder? {
    guard let order = orders.removeValue(forKey: reference) else { return nil }
    references[order.orderId] = nil
    return order
  }

  private mutating func cancel(_ header: ITCHHeader, _ reference: UInt64) {
    guard let order = forget(reference), order.engineLeaves > 0 else { return }
    run.apply(
      .cancel(orderId: order.orderId, owner: Self.maker), at: header.timestampNanoseconds)
  }

  private mutating func reduce(_ header: ITCHHeader, _ reference: UInt64, by quantity: UInt32) {
    guard var order = orders[reference] else { return }
    let before = order.engineLeaves
    order.leaves -= min(order.leaves, quantity)
    reduceInEngine(order, from: before, at: header.timestampNanoseconds)
    orders[reference] = order
    if order.leaves == 0 { _ = forget(reference) }
  }

  /// Brings what the engine has of an order down to what it should have.
  private mutating func reduceInEngine(
    _ order: RecordedOrder, from before: UInt32, at time: UInt64
  ) {
    guard before > order.engineLeaves else { return }
    run.apply(
      .reduce(orderId: order.orderId, owner: Self.maker, by: before - order.engineLeaves),
      at: time)
  }

  /// The recorded market puts a replacement behind the others at its price, always; the engine does
  /// not where only the quantity shrinks. So such a one is a cancel and a new order.
  private mutating func replace(_ replacement: OrderReplace) {
    let time = replacement.header.timestampNanoseconds
    guard let old = forget(replacement.originalReference),
      orders[replacement.newReference] == nil
    else { return }
    let order = RecordedOrder(
      orderId: newOrderId(), locate: old.locate, side: old.side, price: replacement.price,
      leaves: replacement.quantity)
    let keepsPlace = old.price == order.price && order.leaves <= old.engineLeaves
    guard old.engineLeaves > 0, !keepsPlace else {
      if old.engineLeaves > 0 {
        run.apply(.cancel(orderId: old.orderId, owner: Self.maker), at: time)
      }
      enter(replacement.newReference, order, at: time)
      return
    }
    orders[replacement.newReference] = order
    references[order.orderId] = replacement.newReference
    apply(
      .replace(
        orderId: old.orderId, newOrderId: order.orderId, owner: Self.maker,
        priceTicks: order.price, quantity: order.leaves, session: Self.maker),
      at: time, askedFor: nil)
  }

  // MARK: Executions

  private mutating func execute(
    _ header: ITCHHeader, _ reference: UInt64, _ executed: UInt32, price: UInt32?
  ) {
    guard var order = orders[reference], executed > 0 else { return }
    instruments[order.locate]?.recordedCount += 1
    instruments[order.locate]?.recordedQuantity += UInt64(executed)
    let quantity = min(executed, order.leaves)
    // What the engine has traded unasked is not asked for again.
    let early = min(order.unasked, quantity)
    let isEqual =
      early < quantity
      && ask(for: quantity - early, of: order, at: header.timestampNanoseconds)
    if early > 0 {
      count(.tradedEarlier)
    } else if isEqual, quantity == executed {
      agreement.equalCount += 1
      if let price, price != order.price { agreement.otherPriceCount += 1 }
    } else if quantity < executed {
      count(.notThere)
    }
    order = orders[reference] ?? order
    order.leaves -= quantity
    order.ahead -= Int64(quantity)
    order.unasked -= early
    orders[reference] = order
    guard order.leaves == 0 else { return }
    _ = forget(reference)
    // Others traded in its place: what the engine has left of it is no order of the recording.
    if order.engineLeaves > 0 {
      run.apply(
        .cancel(orderId: order.orderId, owner: Self.maker), at: header.timestampNanoseconds)
    }
  }

  private mutating func count(_ difference: ExecutionDifference) {
    differences[difference, default: 0] += 1
  }

  /// Sends the order opposite.
  ///
  /// - Parameter order: As it is before the execution.
  /// - Returns: Whether it was one trade with that order, of all of the quantity.
  private mutating func ask(
    for quantity: UInt32, of order: RecordedOrder, at time: UInt64
  ) -> Bool {
    let outcome = apply(
      .new(
        orderId: newOrderId(), owner: Self.taker, instrument: order.locate,
        side: order.side.opposite, timeInForce: .immediateOrCancel, priceTicks: order.price,
        quantity: quantity, session: Self.taker),
      at: time, askedFor: order.orderId)
    if outcome.tradedQuantity == quantity, outcome.otherQuantity == 0 { return true }
    // One that is in part traded unasked is counted as that already.
    if order.unasked > 0 { return false }
    if instruments[order.locate]?.isStopped == true {
      count(.stopped)
    } else if order.ahead > 0 {
      count(.tradedEarlier)
    } else if outcome.otherQuantity > 0 {
      count(outcome.hasBetterPrice ? .notBestPrice : .notFirstInQueue)
    } else {
      count(.notThere)
    }
    return false
  }

  /// What one command traded, beside its own order's.
  private struct Outcome {
    /// With the resting order that was asked for.
    var tradedQuantity: UInt32 = 0
    /// With others.
    var otherQuantity: UInt32 = 0
    /// Whether one of the others had another price.
    var hasBetterPrice = false
  }

  /// Applies a command and books its trades.
  ///
  /// - Parameter askedFor: The order whose execution this is; nil for trades that none asked for.
  @discardableResult
  private mutating func apply(
    _ command: MatchingCommand, at time: UInt64, askedFor: UInt64?
  ) -> Outcome {
    var outcome = Outcome()
    var trades: [MatchingEvent] = []
    run.apply(command, at: time) { event in
      if event.kindCode == MatchingEventKind.trade.rawValue { trades.append(event) }
    }
    for trade in trades {
      instruments[trade.instrument]?.tradeCount += 1
      instruments[trade.instrument]?.tradedQuantity += UInt64(trade.quantity)
      if askedFor == nil {
        agreement.unaskedTradeCount += 1
      } else if trade.relatedOrderId == askedFor {
        outcome.tradedQuantity += trade.quantity
      } else {
        outcome.otherQuantity += trade.quantity
        if trade.priceTicks != command.priceTicks { outcome.hasBetterPrice = true }
      }
      for orderId in [trade.orderId, trade.relatedOrderId] {
        guard let reference = references[orderId] else { continue }
        orders[reference]?.ahead += Int64(trade.quantity)
        if askedFor == nil { orders[reference]?.unasked += trade.quantity }
      }
    }
    return outcome
  }
}
