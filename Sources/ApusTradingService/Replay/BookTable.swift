// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusMarketProtocols
internal import ApusTrading

/// Text in a table of values between commas.
enum CSVField {
  /// The text as it is, or between quotes where it has a comma, a quote or the end of a line.
  ///
  /// - Source: RFC 4180 §2.
  static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return text }
    let bytes = text.utf8.flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
    return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
  }
}

/// The final state of the books as CSV, one row an instrument, sorted by locate.
enum BookTable {
  static let header =
    "locate,symbol,bidPrice,bidQuantity,askPrice,askQuantity,orderCount,orderQuantity\n"

  /// One book's row. Prices are integers in the file's unit; an empty side leaves both fields empty.
  static func row(locate: UInt16, symbol: String, books: borrowing OrderBooks) -> String {
    let totals = books.totals(locate: locate)
    let bid = side(books.best(.buy, locate: locate))
    let ask = side(books.best(.sell, locate: locate))
    return "\(locate),\(CSVField.quoted(symbol)),\(bid),\(ask),"
      + "\(totals.orderCount),\(totals.quantity)\n"
  }

  private static func side(_ level: BookLevel?) -> String {
    level.map { "\($0.priceTicks),\($0.quantity)" } ?? ","
  }
}

/// Every change of a best bid or offer as CSV.
enum BestPriceTable {
  static let header = "timestampNanoseconds,symbol,bidPrice,bidQuantity,askPrice,askQuantity\n"

  static func appendRow(_ change: BestPriceChange, symbol: String, to text: inout String) {
    text += "\(change.timestampNanoseconds),\(CSVField.quoted(symbol)),"
    text += change.bidQuantity == 0 ? "," : "\(change.bidPriceTicks),\(change.bidQuantity)"
    text += ","
    text += change.askQuantity == 0 ? "," : "\(change.askPriceTicks),\(change.askQuantity)"
    text += "\n"
  }
}
