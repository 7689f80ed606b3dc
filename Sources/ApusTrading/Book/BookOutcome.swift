// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a change did to the books.
public enum BookOutcome: UInt8, Sendable, CaseIterable {
  /// The change was applied.
  case applied = 0
  /// No live order has this reference; nothing changed.
  case unknownReference
  /// A live order has this reference already; the new order was not added.
  case duplicateReference
  /// More was executed or cancelled than was left; the order was taken off.
  case overExecution
  /// An order of no quantity; it was not added.
  case zeroQuantity
  /// No room for another order, price or reference; the order was not added and the rest goes on.
  case capacityExceeded
}
