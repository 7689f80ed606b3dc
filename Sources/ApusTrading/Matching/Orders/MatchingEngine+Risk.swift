// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  @inline(__always)
  static func notional(_ priceTicks: UInt32, _ quantity: UInt32) -> UInt64 {
    UInt64(priceTicks) &* UInt64(quantity)
  }

  /// Where an owner's orders and trades of an instrument are counted.
  @inline(__always)
  @unsafe
  func account(_ owner: UInt16, _ holding: UInt32) -> RiskAccount {
    // SAFETY: every owner has a record; holdings are numbered below the table's count.
    unsafe RiskAccount(
      owner: owners.base + Int(owner), holding: holdings.records.base + Int(holding))
  }

  /// Makes an owner's sums what they are since the last reset of all owners'.
  @inline(__always)
  func catchUp(_ owner: UInt16) {
    if owners[owner].resetCount != sumResets.count { sumResets.catchUp(&owners[owner]) }
  }

  @inline(__always)
  mutating func riskTicks(_ slot: UInt32) -> UInt32 {
    orders[slot].tag.hasExtra ? extras[details[slot].extra].riskTicks : orders[slot].priceTicks
  }

  /// Counts an order's leaves as open.
  @inline(__always)
  mutating func claimRisk(_ slot: UInt32, leaves: UInt32) {
    unsafe account(details[slot].owner, details[slot].holding).claim(
      orders[slot].side, riskTicks(slot), leaves, marginPpm: details[slot].marginPpm)
  }

  /// Takes what an order lost off what counts as open.
  @inline(__always)
  mutating func releaseRisk(_ slot: UInt32, from before: UInt32, to after: UInt32) {
    unsafe account(details[slot].owner, details[slot].holding).release(
      orders[slot].side, riskTicks(slot), from: before, to: after,
      marginPpm: details[slot].marginPpm)
  }

  /// Counts a trade for the resting side.
  @inline(__always)
  mutating func settleResting(
    _ slot: UInt32, _ priceTicks: UInt32, _ quantity: UInt32, leaves: UInt32
  ) {
    let owner = details[slot].owner
    catchUp(owner)
    unsafe account(owner, details[slot].holding).settleResting(
      orders[slot].side, riskTicks(slot), leaves, details[slot].marginPpm, priceTicks, quantity,
      marginPpm: instruments[orders[slot].locate].marginPpm)
  }

  /// Counts a trade for the incoming side.
  @inline(__always)
  mutating func settle(_ incoming: borrowing Incoming, _ priceTicks: UInt32, _ quantity: UInt32) {
    catchUp(incoming.owner)
    unsafe account(incoming.owner, incoming.holding).settle(
      incoming.side, priceTicks, quantity, feePpm: owners[incoming.owner].takerFeePpm,
      marginPpm: instruments[incoming.instrument].marginPpm)
  }

  // MARK: Checks

  /// What risk says of an order; nil where it may enter. Section 12.
  @inline(__always)
  mutating func checkRisk(_ order: RiskRequest) -> RiskRefusal? {
    catchUp(order.owner)
    let sums = riskSums(
      order.owner, Self.notional(order.riskTicks, order.quantity), order.marginPpm)
    if owners[order.owner].limitsSet != 0 { return checkLimits(order, sums) }
    return sums.isOverflow ? RiskRefusal(.notionalOverflow) : nil
  }

  /// What an owner's sums, looked at since the last reset, would be with one order more.
  @inline(__always)
  func riskSums(_ owner: UInt16, _ notional: UInt64, _ marginPpm: UInt32) -> RiskSums {
    let most = unsafe RiskAccount.notionalMax
    let (buys, sells) = (owners[owner].openNotional[0], owners[owner].openNotional[1])
    let open = buys &+ sells
    let gross = owners[owner].tradedNotional[0] &+ owners[owner].tradedNotional[1]
    let margin = unsafe RiskAccount.share(notional, marginPpm)
    let position = owners[owner].positionMargin
    let held = owners[owner].openMargin &+ position &+ owners[owner].fees
    // Each summand is below 2^63, or seen in the parts itself, and there are few: what wraps is seen.
    let parts =
      notional | position | gross | buys | sells | open | (gross &+ open)
      | (gross &+ open &+ notional)
    return RiskSums(
      notional: notional, gross: gross &+ open &+ notional, credit: held &+ margin,
      isOverflow: (parts | held | (held &+ margin)) > most
        || owners[owner].positionMarginCarry != 0)
  }

  @inline(never)
  mutating func checkLimits(_ order: RiskRequest, _ sums: RiskSums) -> RiskRefusal? {
    let owner = order.owner
    if let refusal = Self.refusal(
      .ownerOrderQuantity, owners[owner].orderQuantityMax, UInt64(order.quantity))
    {
      return refusal
    }
    if sums.isOverflow { return RiskRefusal(.notionalOverflow) }
    // Section 12.6: 0 would pass whatever the limit is.
    if order.riskTicks == 0, owners[owner].limitsSet & OwnerLimit.ofNotional != 0 {
      return RiskRefusal(.noRiskPrice)
    }
    if let refusal = Self.refusal(
      .ownerOrderNotional, owners[owner].orderNotionalMax, sums.notional)
    {
      return refusal
    }
    if let refusal = checkPriceTolerance(order) { return refusal }
    if !order.isReplacement {
      if let refusal = checkDuplicate(order) { return refusal }
      if let refusal = Self.refusal(
        .openOrders, owners[owner].openOrdersMax,
        UInt64(owners[owner].openOrderCount) &+ order.additionalOrders &+ 1)
      {
        return refusal
      }
    }
    if owners[owner].positionMax != 0, let refusal = checkPosition(order) { return refusal }
    if let refusal = Self.refusal(.grossNotional, owners[owner].grossNotionalMax, sums.gross) {
      return refusal
    }
    if owners[owner].netNotionalMax != 0 {
      let bought = Int64(owners[owner].tradedNotional[0])
      let sold = Int64(owners[owner].tradedNotional[1])
      let net =
        order.side == .buy
        ? bought &+ Int64(owners[owner].openNotional[0] &+ sums.notional) &- sold
        : sold &+ Int64(owners[owner].openNotional[1] &+ sums.notional) &- bought
      if net > 0, UInt64(net) > owners[owner].netNotionalMax {
        return RiskRefusal(.netNotional, owners[owner].netNotionalMax, UInt64(net))
      }
    }
    return Self.refusal(.credit, owners[owner].creditMax, sums.credit)
  }

  @inline(__always)
  private static func refusal(
    _ reason: MatchingReason, _ limit: UInt64, _ value: UInt64
  ) -> RiskRefusal? {
    limit != 0 && value > limit ? RiskRefusal(reason, limit, value) : nil
  }

  private mutating func checkPriceTolerance(_ order: RiskRequest) -> RiskRefusal? {
    let limit = owners[order.owner].priceTolerancePpm
    let anchor = instruments[order.instrument].anchorTicks
    guard limit != 0, anchor != 0, order.checkedTicks != 0 else { return nil }
    let distance = UInt64(max(order.checkedTicks, anchor) - min(order.checkedTicks, anchor))
    let scaled = distance * 1_000_000
    let allowed = limit.multipliedFullWidth(by: UInt64(anchor))
    guard allowed.high == 0, scaled > allowed.low else { return nil }
    return RiskRefusal(
      .priceTolerance, limit, (scaled + UInt64(anchor) - 1) / UInt64(anchor))
  }

  private mutating func checkDuplicate(_ order: RiskRequest) -> RiskRefusal? {
    let window = owners[order.owner].duplicateWindow
    guard window != 0, !order.isQuote, owners[order.owner].hasLastOrder,
      owners[order.owner].lastInstrument == order.instrument,
      owners[order.owner].lastSideCode == order.side.rawValue,
      owners[order.owner].lastPriceTicks == order.priceTicks,
      owners[order.owner].lastQuantity == order.quantity
    else { return nil }
    let age = now &- owners[order.owner].lastOrderTime
    return age <= window ? RiskRefusal(.duplicateOrder, window, age) : nil
  }

  private mutating func checkPosition(_ order: RiskRequest) -> RiskRefusal? {
    var position: Int64 = 0
    var open: UInt64 = 0
    if order.holding != Holding.none {
      position = holdings.records[order.holding].position
      open = holdings.records[order.holding].openQuantity[order.side.ordinal]
    }
    let signed = order.side == .buy ? position : 0 &- position
    let value = signed &+ Int64(truncatingIfNeeded: open) &+ Int64(order.quantity)
    let limit = owners[order.owner].positionMax
    return value > 0 && UInt64(value) > limit
      ? RiskRefusal(.position, limit, UInt64(value)) : nil
  }
}

/// What risk looks at.
struct RiskRequest {
  var owner: UInt16
  var instrument: UInt16
  var side: Side
  var quantity: UInt32
  /// As entered.
  var priceTicks: UInt32
  /// The price whose distance from the last one is checked; 0 for none.
  var checkedTicks: UInt32
  var riskTicks: UInt32
  var marginPpm: UInt32
  /// Or none, where the owner never used the instrument.
  var holding: UInt32
  var isReplacement = false
  var isQuote = false
  /// Orders that will be live but are not yet: the bid, when the ask is checked.
  var additionalOrders: UInt64 = 0
}

/// What an owner's sums would be with one order more. Section 12.
struct RiskSums {
  var notional: UInt64
  var gross: UInt64
  var credit: UInt64
  /// Whether a sum, or a part of one, is beyond what is counted.
  var isOverflow: Bool
}

/// Which limit was broken, and by what.
struct RiskRefusal {
  var reason: MatchingReason
  var limit: UInt64
  var value: UInt64

  init(_ reason: MatchingReason, _ limit: UInt64 = 0, _ value: UInt64 = 0) {
    self.reason = reason
    self.limit = limit
    self.value = value
  }
}
