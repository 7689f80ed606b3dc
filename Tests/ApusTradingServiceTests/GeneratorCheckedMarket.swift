// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols

/// Follows a day message by message and notes every breach of the market's rules.
struct GeneratorCheckedMarket {
  private struct Order {
    var locate: UInt16
    var isBuy: Bool
    var price: UInt32
    var quantity: UInt32
  }

  /// One side of one book: prices from the worst to the best, and the queue at each.
  private struct Side {
    var isBuy: Bool
    var prices: [UInt32] = []
    var queues: [UInt32: [UInt64]] = [:]

    var best: UInt32? { prices.last }

    mutating func insert(_ reference: UInt64, price: UInt32) {
      if queues[price]?.append(reference) == nil {
        queues[price] = [reference]
        let position = prices.lastIndex { isBuy ? $0 < price : $0 > price }
        prices.insert(price, at: position.map { $0 + 1 } ?? 0)
      }
    }

    mutating func remove(_ reference: UInt64, price: UInt32) {
      queues[price]?.removeAll { $0 == reference }
      if queues[price]?.isEmpty == true {
        queues[price] = nil
        prices.removeAll { $0 == price }
      }
    }
  }

  private var orders: [UInt64: Order] = [:]
  private var sides: [UInt32: Side] = [:]
  private var names: [UInt16: ITCHSymbol] = [:]
  private var haltedTrading: Set<UInt16> = []
  private var haltedOperations: Set<UInt16> = []
  private var lastReference: UInt64 = 0
  private var lastMatch: UInt64 = 0
  private var lastTime: UInt64 = 0
  private var printedMatches: Set<UInt64> = []

  private(set) var violations: [String] = []
  private(set) var systemEvents: [UInt8] = []
  private(set) var haltCount = 0
  private(set) var partialExecutionCount = 0
  private(set) var fullExecutionCount = 0
  private(set) var orderCountPeak = 0
  /// Living times of deleted orders. Unit: nanoseconds.
  private(set) var lifetimes: [UInt64] = []
  private var births: [UInt64: UInt64] = [:]
  var orderCount: Int { orders.count }

  mutating func apply(_ message: ITCHMessage, header: ITCHHeader) {
    if header.timestampNanoseconds < lastTime { breach("time goes back", header) }
    lastTime = header.timestampNanoseconds
    switch message {
    case .systemEvent(let event): systemEvents.append(event.eventCode)
    case .stockDirectory(let entry): names[header.locate] = entry.symbol
    case .stockTradingAction(let action): applyAction(action)
    case .operationalHalt(let halt):
      if halt.action == UInt8(ascii: "H") {
        haltedOperations.insert(header.locate)
      } else {
        haltedOperations.remove(header.locate)
      }
    case .addOrder(let add):
      if names[header.locate] != add.symbol { breach("wrong symbol", header) }
      insert(
        add.reference, header, isBuy: add.sideCode == UInt8(ascii: "B"), price: add.price,
        quantity: add.quantity)
    case .addOrderAttributed(let add):
      insert(
        add.reference, header, isBuy: add.sideCode == UInt8(ascii: "B"), price: add.price,
        quantity: add.quantity)
    case .orderDelete(let delete): take(delete.reference, header, quantity: nil)
    case .orderCancel(let cancel):
      if cancel.cancelledQuantity >= orders[cancel.reference]?.quantity ?? 0 {
        breach("cancel of all or more", header)
      }
      take(cancel.reference, header, quantity: cancel.cancelledQuantity)
    case .orderReplace(let replace):
      guard let old = orders[replace.originalReference] else {
        breach("replace of unknown \(replace.originalReference)", header)
        return
      }
      take(replace.originalReference, header, quantity: nil)
      insert(
        replace.newReference, header, isBuy: old.isBuy, price: replace.price,
        quantity: replace.quantity)
    case .orderExecuted(let execution):
      execute(
        execution.reference, header, quantity: execution.executedQuantity,
        match: execution.matchNumber)
      printedMatches.insert(execution.matchNumber)
    case .orderExecutedWithPrice(let execution):
      execute(
        execution.reference, header, quantity: execution.executedQuantity,
        match: execution.matchNumber)
      if execution.printable == UInt8(ascii: "Y") { printedMatches.insert(execution.matchNumber) }
    case .trade(let trade):
      checkTrade(header, match: trade.matchNumber)
      printedMatches.insert(trade.matchNumber)
      if let bid = best(header.locate, isBuy: true), trade.price < bid {
        breach("trade below the bid", header)
      }
      if let ask = best(header.locate, isBuy: false), trade.price > ask {
        breach("trade above the ask", header)
      }
    case .crossTrade(let cross): checkTrade(header, match: cross.matchNumber)
    case .brokenTrade(let broken):
      if !printedMatches.contains(broken.matchNumber) { breach("breaks no trade", header) }
    default: break
    }
    orderCountPeak = max(orderCountPeak, orders.count)
  }

  private mutating func breach(_ what: String, _ header: ITCHHeader) {
    if violations.count < 10 {
      violations.append("\(what): locate \(header.locate) at \(header.timestampNanoseconds)")
    }
  }

  private mutating func applyAction(_ action: StockTradingAction) {
    if action.tradingState == UInt8(ascii: "T") {
      haltedTrading.remove(action.header.locate)
    } else if haltedTrading.insert(action.header.locate).inserted {
      haltCount += 1
    }
  }

  private func sideKey(_ locate: UInt16, _ isBuy: Bool) -> UInt32 {
    UInt32(locate) * 2 + (isBuy ? 0 : 1)
  }

  private func best(_ locate: UInt16, isBuy: Bool) -> UInt32? {
    sides[sideKey(locate, isBuy)]?.best
  }

  private mutating func insert(
    _ reference: UInt64, _ header: ITCHHeader, isBuy: Bool, price: UInt32, quantity: UInt32
  ) {
    let step = Int64(reference) - Int64(lastReference)
    if step < 1 || (lastReference > 0 && step > 16) { breach("reference \(reference)", header) }
    lastReference = reference
    if quantity == 0 || price == 0 { breach("nothing to add", header) }
    if price >= 10_000, price % 100 != 0 { breach("price \(price) off the grid", header) }
    if let other = best(header.locate, isBuy: !isBuy), isBuy ? price >= other : price <= other {
      breach("crossed book", header)
    }
    orders[reference] = Order(
      locate: header.locate, isBuy: isBuy, price: price, quantity: quantity)
    births[reference] = header.timestampNanoseconds
    sides[sideKey(header.locate, isBuy), default: Side(isBuy: isBuy)]
      .insert(reference, price: price)
  }

  private mutating func take(_ reference: UInt64, _ header: ITCHHeader, quantity: UInt32?) {
    guard let order = orders[reference], order.locate == header.locate,
      quantity ?? 0 <= order.quantity
    else {
      breach("unknown order or too much of it: \(reference)", header)
      return
    }
    if let quantity, quantity < order.quantity {
      orders[reference]?.quantity -= quantity
      return
    }
    orders[reference] = nil
    sides[sideKey(order.locate, order.isBuy)]?.remove(reference, price: order.price)
    if let birth = births.removeValue(forKey: reference) {
      lifetimes.append(header.timestampNanoseconds - birth)
    }
  }

  private mutating func execute(
    _ reference: UInt64, _ header: ITCHHeader, quantity: UInt32, match: UInt64
  ) {
    checkTrade(header, match: match)
    guard let order = orders[reference] else {
      breach("execution of unknown \(reference)", header)
      return
    }
    let side = sides[sideKey(order.locate, order.isBuy)]
    if side?.best != order.price || side?.queues[order.price]?.first != reference {
      breach("execution out of turn", header)
    }
    if quantity < order.quantity { partialExecutionCount += 1 } else { fullExecutionCount += 1 }
    take(reference, header, quantity: quantity)
  }

  private mutating func checkTrade(_ header: ITCHHeader, match: UInt64) {
    if haltedTrading.contains(header.locate) || haltedOperations.contains(header.locate) {
      breach("trade while halted", header)
    }
    if match <= lastMatch { breach("match \(match)", header) }
    lastMatch = match
  }
}
