// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Names of message types as people read them.
public enum MessageNames {
  /// The name of a type in a form of recordings.
  public static func name(_ type: String, _ format: MarketDataFormat) -> String {
    (format == .lobster ? lobster[type] : itch[type]) ?? "Unknown"
  }

  private static let itch: [String: String] = [
    "S": "System event", "R": "Stock directory", "H": "Trading action", "Y": "Reg SHO restriction",
    "L": "Market participant position", "V": "Circuit breaker levels",
    "W": "Circuit breaker status",
    "K": "IPO quoting period", "J": "LULD auction collar", "h": "Operational halt",
    "A": "Add order", "F": "Add order, attributed", "E": "Order executed",
    "C": "Order executed with price", "X": "Order cancel", "D": "Order delete",
    "U": "Order replace", "P": "Trade, non-displayed", "Q": "Cross trade", "B": "Broken trade",
    "I": "Net order imbalance", "N": "Retail price improvement", "O": "Direct listing price",
  ]

  private static let lobster: [String: String] = [
    "1": "New order", "2": "Cancellation", "3": "Deletion", "4": "Execution, visible",
    "5": "Execution, hidden", "6": "Cross", "7": "Halt",
  ]
}
