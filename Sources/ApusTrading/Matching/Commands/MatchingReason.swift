// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Why a command was refused, or why something happened to an order. One list for all events; the
/// rules: docs/matching-rules.md.
@frozen
public enum MatchingReason: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  /// No reason: what was asked for was done.
  case none = 0

  // Refusals, in the order of the checks.
  case malformed
  case unknownInstrument
  case unknownOwner
  case marketKilled
  case ownerKilled
  case messageRate
  case orderIdReused
  case duplicateOrderId
  case unknownOrder
  case notOwner
  case closed
  case halted
  case phase
  case timeInForce
  case quantity
  case lot
  case instrumentQuantity
  case price
  case tick
  case priceBand
  case displayQuantity
  case trigger
  case expiry
  case postOnly
  case link
  case restricted
  case ownerOrderQuantity
  case notionalOverflow
  case ownerOrderNotional
  case priceTolerance
  case duplicateOrder
  case openOrders
  case position
  case grossNotional
  case netNotional
  case credit
  case capacity
  case wouldTake
  case notFillable
  case duplicateInstrument
  case property
  case unfinished
  /// A limit needs a price, and the order has none. After the others, so that they keep their codes.
  case noRiskPrice

  // Ends of orders.
  case requested = 64
  case massCancel
  case disconnected
  case killed
  case immediate
  case selfTrade
  case linked
  case expired
  case endOfDay
  case auctionOnly
  case quoteReplaced
  case volatility
  case eventLimit
}
