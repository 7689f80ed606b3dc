// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols

/// The obvious order book: a dictionary of orders, and a scan for the best prices at the end.
///
/// It reads emitted messages and nothing else, and shares no code with the generator or with the
/// engine, so that a mistake in either shows as a difference.
public struct TruthModel: Sendable {
  private struct Order {
    var locate: UInt16
    var isBuy: Bool
    var price: UInt32
    var quantity: UInt32
  }

  private var orders: [UInt64: Order] = [:]
  private var symbols: [UInt16: String] = [:]
  /// Messages that named an unknown order, reused a reference or took more than was there.
  public private(set) var anomalyCount = 0

  /// An empty market.
  public init() {}

  /// Orders that live now.
  public var orderCount: Int { orders.count }

  /// Applies one message; those that change no order are ignored.
  public mutating func apply(_ message: ITCHMessage) {
    switch message {
    case .stockDirectory(let entry):
      symbols[entry.header.locate] = entry.symbol.description
    case .addOrder(let add):
      insert(
        add.reference, locate: add.header.locate, sideCode: add.sideCode, price: add.price,
        quantity: add.quantity)
    case .addOrderAttributed(let add):
      insert(
        add.reference, locate: add.header.locate, sideCode: add.sideCode, price: add.price,
        quantity: add.quantity)
    case .orderExecuted(let execution):
      reduce(execution.reference, by: execution.executedQuantity)
    case .orderExecutedWithPrice(let execution):
      reduce(execution.reference, by: execution.executedQuantity)
    case .orderCancel(let cancel):
      reduce(cancel.reference, by: cancel.cancelledQuantity)
    case .orderDelete(let delete):
      if orders.removeValue(forKey: delete.reference) == nil { anomalyCount += 1 }
    case .orderReplace(let replace):
      guard var order = orders.removeValue(forKey: replace.originalReference) else {
        anomalyCount += 1
        return
      }
      order.price = replace.price
      order.quantity = replace.quantity
      insert(replace.newReference, order)
    default:
      break
    }
  }

  private mutating func insert(
    _ reference: UInt64, locate: UInt16, sideCode: UInt8, price: UInt32, quantity: UInt32
  ) {
    insert(
      reference,
      Order(
        locate: locate, isBuy: sideCode == UInt8(ascii: "B"), price: price, quantity: quantity))
  }

  private mutating func insert(_ reference: UInt64, _ order: Order) {
    if orders[reference] == nil {
      orders[reference] = order
    } else {
      anomalyCount += 1
    }
  }

  private mutating func reduce(_ reference: UInt64, by quantity: UInt32) {
    guard let order = orders[reference], order.quantity >= quantity else {
      anomalyCount += 1
      return
    }
    if order.quantity == quantity {
      orders[reference] = nil
    } else {
      orders[reference]?.quantity -= quantity
    }
  }

  /// The state now, one row for every symbol of the directory, by locate code.
  ///
  /// - Complexity: O(orders + symbols × log symbols).
  public func rows() -> [BookTruthRow] {
    var rowsByLocate: [UInt16: BookTruthRow] = [:]
    for (locate, symbol) in symbols {
      rowsByLocate[locate] = BookTruthRow(locate: locate, symbol: symbol)
    }
    for order in orders.values {
      rowsByLocate[order.locate]?
        .count(isBuy: order.isBuy, price: order.price, quantity: UInt64(order.quantity))
    }
    return rowsByLocate.values.sorted { $0.locate < $1.locate }
  }
}
