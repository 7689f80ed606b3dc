// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One row of the final state of all books, as `apus replay --books` writes it.
public struct BookTruthRow: Sendable, Equatable {
  /// Column names; the first line of every such file.
  public static let csvHeader =
    "locate,symbol,bidPrice,bidQuantity,askPrice,askQuantity,orderCount,orderQuantity"

  /// Locate code of the symbol.
  public var locate: UInt16
  /// Name from the stock directory, without padding.
  public var symbol: String
  /// Best price to buy and the quantity there, or nil when nobody buys. Unit: 1/10,000 dollar.
  public var bid: (price: UInt32, quantity: UInt64)?
  /// Best price to sell and the quantity there, or nil when nobody sells. Unit: 1/10,000 dollar.
  public var ask: (price: UInt32, quantity: UInt64)?
  /// Living orders of both sides.
  public var orderCount: Int = 0
  /// Shares of all living orders.
  public var orderQuantity: UInt64 = 0

  /// A row without orders.
  public init(locate: UInt16, symbol: String) {
    self.locate = locate
    self.symbol = symbol
  }

  /// The row as one line, without its end.
  public var csvLine: String {
    func fields(_ side: (price: UInt32, quantity: UInt64)?) -> String {
      side.map { "\($0.price),\($0.quantity)" } ?? ","
    }
    return "\(locate),\(CSVField.quoted(symbol)),\(fields(bid)),\(fields(ask)),"
      + "\(orderCount),\(orderQuantity)"
  }

  /// A whole file: the header and one line a row, each ended by a line feed.
  public static func csv(_ rows: [BookTruthRow]) -> String {
    var text = csvHeader + "\n"
    for row in rows { text += row.csvLine + "\n" }
    return text
  }

  /// Equal when every column is.
  public static func == (left: BookTruthRow, right: BookTruthRow) -> Bool {
    left.csvLine == right.csvLine
  }

  /// Counts one living order into the row.
  mutating func count(isBuy: Bool, price: UInt32, quantity: UInt64) {
    orderCount += 1
    orderQuantity += quantity
    if isBuy {
      if let best = bid, best.price >= price {
        if best.price == price { bid = (price, best.quantity + quantity) }
      } else {
        bid = (price, quantity)
      }
    } else {
      if let best = ask, best.price <= price {
        if best.price == price { ask = (price, best.quantity + quantity) }
      } else {
        ask = (price, quantity)
      }
    }
  }
}
