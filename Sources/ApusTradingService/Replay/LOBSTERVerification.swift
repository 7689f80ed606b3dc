// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols

/// Compares a LOBSTER order-book file with its message file, transition by transition.
///
/// The file's row before an event, changed by the event, must give the file's row after it on every
/// level that the row before determines. A row of N levels knows nothing of what rests behind them,
/// so when an event takes a level away, the last level of that side cannot be told and is not
/// compared.
public struct LOBSTERVerification {
  /// Rows that were compared with the row before them and their event.
  public private(set) var rowsCompared = 0
  /// Of these, rows equal on all determined levels.
  public private(set) var rowsEqual = 0
  /// The first difference in words.
  public private(set) var firstDifference: String?
  private var previous: LOBSTERBookRow?

  /// Nothing compared yet.
  public init() {}

  /// Takes an event and the row after it.
  public mutating func take(_ message: LOBSTERMessage, row: LOBSTERBookRow, lineNumber: Int) {
    defer { previous = row }
    guard let previous else { return }
    rowsCompared += 1
    let difference =
      Self.difference(.sell, previous.asks, row.asks, message)
      ?? Self.difference(.buy, previous.bids, row.bids, message)
    guard let difference else {
      rowsEqual += 1
      return
    }
    if firstDifference == nil { firstDifference = "line \(lineNumber): \(difference)" }
  }

  /// Counts a row or an event that is missing.
  public mutating func takeMissing(_ what: String, lineNumber: Int) {
    rowsCompared += 1
    if firstDifference == nil { firstDifference = "line \(lineNumber): \(what)" }
  }

  private static func difference(
    _ side: Side, _ before: [LOBSTERLevel], _ after: [LOBSTERLevel], _ message: LOBSTERMessage
  ) -> String? {
    let levelCount = before.count
    guard after.count == levelCount else { return "the number of levels changed" }
    let isFull = !(before.last?.isEmpty ?? true)
    var expected = before.filter { !$0.isEmpty }
    // What a full row shows may go on behind its last level; an empty level means that nothing does.
    var determined = levelCount
    if message.side == side {
      switch apply(message, side, &expected, isFull: isFull) {
      case .tookLevel: if isFull { determined = levelCount - 1 }
      case .changed: break
      case .impossible(let why): return why
      }
    }
    for level in 0..<determined {
      let wanted = level < expected.count ? expected[level] : nil
      let found = after[level].isEmpty ? nil : after[level]
      if wanted != found {
        return "\(side == .buy ? "bid" : "ask") level \(level + 1): expected "
          + "\(text(wanted)), found \(text(found))"
      }
    }
    return nil
  }

  private enum Effect { case changed, tookLevel, impossible(String) }

  private static func apply(
    _ message: LOBSTERMessage, _ side: Side, _ levels: inout [LOBSTERLevel], isFull: Bool
  ) -> Effect {
    let place = levels.firstIndex {
      side == .buy ? $0.price <= message.price : $0.price >= message.price
    }
    let isPresent = place.map { levels[$0].price == message.price } ?? false
    switch message.kind {
    case .add:
      if let place, isPresent {
        // A row may hold any number; what wraps cannot agree with the next row and does not trap.
        levels[place].size &+= Int64(message.size)
      } else {
        levels.insert(
          LOBSTERLevel(price: message.price, size: Int64(message.size)), at: place ?? levels.count)
      }
      return .changed
    case .cancel, .delete, .executeVisible:
      guard let place, isPresent else {
        // Behind the last level shown nothing is known; before it the level must be there.
        return place == nil && isFull ? .changed : .impossible("no level at \(message.price)")
      }
      levels[place].size &-= Int64(message.size)
      if levels[place].size > 0 { return .changed }
      if levels[place].size < 0 { return .impossible("more taken than rests at \(message.price)") }
      levels.remove(at: place)
      return .tookLevel
    case .executeHidden, .cross, .halt:
      return .changed
    }
  }

  private static func text(_ level: LOBSTERLevel?) -> String {
    level.map { "\($0.size) at \($0.price)" } ?? "nothing"
  }
}
