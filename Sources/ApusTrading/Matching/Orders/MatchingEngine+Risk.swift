// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// Sums stop here rather than wrap, so that what follows is refused.
  static var notionalMax: UInt64 { UInt64(Int64.max) }

  @inline(__always)
  static func notional(_ priceTicks: UInt32, _ quantity: UInt32) -> UInt64 {
    UInt64(priceTicks) &* UInt64(quantity)
  }

  /// floor(amount × ppm / 1,000,000).
  @inline(__always)
  static func share(_ amount: UInt64, _ ppm: UInt32) -> UInt64 {
    if ppm == 1_000_000 { return amount }
    if ppm == 0 { return 0 }
    let product = amount.multipliedFullWidth(by: UInt64(ppm))
    // ppm is at most a million, so that the quotient is at most the amount.
    return UInt64(1_000_000).dividingFullWidth(product).quotient
  }

  @inline(__always)
  static func add(_ amount: UInt64, to sum: inout UInt64) {
    sum = min(sum &+ amount, notionalMax)
  }

  @inline(__always)
  mutating func riskTicks(_ slot: UInt32) -> UInt32 {
    orders[slot].tag.hasExtra ? extras[details[slot].extra].riskTicks : orders[slot].priceTicks
  }

  /// Counts an order's leaves as open.
  @inline(__always)
  mutating func claimRisk(_ slot: UInt32, leaves: UInt32) {
    let notional = Self.notional(riskTicks(slot), leaves)
    let owner = details[slot].owner
    let holding = details[slot].holding
    if orders[slot].side == .buy {
      holdings.records[holding].openBuyQuantity &+= UInt64(leaves)
      owners[owner].openBuyNotional &+= notional
    } else {
      holdings.records[holding].openSellQuantity &+= UInt64(leaves)
      owners[owner].openSellNotional &+= notional
    }
    owners[owner].openMargin &+= Self.share(notional, details[slot].marginPpm)
  }

  /// Takes what an order lost off what counts as open.
  @inline(__always)
  mutating func releaseRisk(_ slot: UInt32, from before: UInt32, to after: UInt32) {
    let risk = riskTicks(slot)
    let lost = before &- after
    let notional = Self.notional(risk, lost)
    let owner = details[slot].owner
    let holding = details[slot].holding
    if orders[slot].side == .buy {
      holdings.records[holding].openBuyQuantity &-= UInt64(lost)
      owners[owner].openBuyNotional &-= notional
    } else {
      holdings.records[holding].openSellQuantity &-= UInt64(lost)
      owners[owner].openSellNotional &-= notional
    }
    let ppm = details[slot].marginPpm
    if ppm == 1_000_000 {
      owners[owner].openMargin &-= notional
    } else {
      owners[owner].openMargin &-=
        Self.share(Self.notional(risk, before), ppm) &- Self.share(Self.notional(risk, after), ppm)
    }
  }

  /// Counts a trade for the resting side.
  @inline(__always)
  mutating func settleResting(
    _ slot: UInt32, _ priceTicks: UInt32, _ quantity: UInt32, leaves: UInt32
  ) {
    releaseRisk(slot, from: leaves, to: leaves &- quantity)
    let owner = details[slot].owner
    settle(
      owner, details[slot].holding, orders[slot].side, orders[slot].locate, priceTicks, quantity,
      feePpm: owners[owner].makerFeePpm)
  }

  /// Counts a trade for the incoming side.
  @inline(__always)
  mutating func settle(_ incoming: borrowing Incoming, _ priceTicks: UInt32, _ quantity: UInt32) {
    settle(
      incoming.owner, incoming.holding, incoming.side, incoming.instrument, priceTicks, quantity,
      feePpm: owners[incoming.owner].takerFeePpm)
  }

  @inline(__always)
  private mutating func settle(
    _ owner: UInt16, _ holding: UInt32, _ side: Side, _ instrument: UInt16, _ priceTicks: UInt32,
    _ quantity: UInt32, feePpm: UInt32
  ) {
    let notional = Self.notional(priceTicks, quantity)
    if side == .buy {
      Self.add(notional, to: &owners[owner].boughtNotional)
      holdings.records[holding].position &+= Int64(quantity)
    } else {
      Self.add(notional, to: &owners[owner].soldNotional)
      holdings.records[holding].position &-= Int64(quantity)
    }
    if feePpm != 0 { Self.add(Self.share(notional, feePpm), to: &owners[owner].fees) }
    let position = holdings.records[holding].position.magnitude
    let (value, overflow) = position.multipliedReportingOverflow(by: UInt64(priceTicks))
    let margin = Self.share(
      overflow ? Self.notionalMax : min(value, Self.notionalMax), instruments[instrument].marginPpm)
    let before = holdings.records[holding].positionMargin
    holdings.records[holding].positionMargin = margin
    // Wraps where sums over holdings do, and back again: never checked while it cannot be.
    owners[owner].positionMargin = owners[owner].positionMargin &+ margin &- before
  }

  // MARK: Checks

  /// What risk says of an order; nil where it may enter. Section 12.
  @inline(__always)
  mutating func checkRisk(_ order: RiskRequest) -> RiskRefusal? {
    let owner = order.owner
    let notional = Self.notional(order.riskTicks, order.quantity)
    let open = owners[owner].openBuyNotional &+ owners[owner].openSellNotional
    let gross = owners[owner].boughtNotional &+ owners[owner].soldNotional
    let margin = Self.share(notional, order.marginPpm)
    let held = owners[owner].openMargin &+ owners[owner].positionMargin &+ owners[owner].fees
    // Each summand is below 2^63 and there are few, so that what wraps is seen in the parts.
    let isOverflow =
      notional > Self.notionalMax || gross > Self.notionalMax || open > Self.notionalMax
      || gross &+ open > Self.notionalMax || gross &+ open &+ notional > Self.notionalMax
      || held > Self.notionalMax || held &+ margin > Self.notionalMax
    if owners[owner].limitsSet != 0 {
      return checkLimits(order, notional, gross &+ open &+ notional, held &+ margin, isOverflow)
    }
    return isOverflow ? RiskRefusal(.notionalOverflow) : nil
  }

  @inline(never)
  private mutating func checkLimits(
    _ order: RiskRequest, _ notional: UInt64, _ gross: UInt64, _ credit: UInt64,
    _ isOverflow: Bool
  ) -> RiskRefusal? {
    let owner = order.owner
    if let refusal = Self.refusal(
      .ownerOrderQuantity, owners[owner].orderQuantityMax, UInt64(order.quantity))
    {
      return refusal
    }
    if isOverflow { return RiskRefusal(.notionalOverflow) }
    if let refusal = Self.refusal(
      .ownerOrderNotional, owners[owner].orderNotionalMax, notional)
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
    if let refusal = Self.refusal(.grossNotional, owners[owner].grossNotionalMax, gross) {
      return refusal
    }
    if owners[owner].netNotionalMax != 0 {
      let bought = Int64(owners[owner].boughtNotional)
      let sold = Int64(owners[owner].soldNotional)
      let net =
        order.side == .buy
        ? bought &+ Int64(owners[owner].openBuyNotional &+ notional) &- sold
        : sold &+ Int64(owners[owner].openSellNotional &+ notional) &- bought
      if net > 0, UInt64(net) > owners[owner].netNotionalMax {
        return RiskRefusal(.netNotional, owners[owner].netNotionalMax, UInt64(net))
      }
    }
    return Self.refusal(.credit, owners[owner].creditMax, credit)
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
      open =
        order.side == .buy
        ? holdings.records[order.holding].openBuyQuantity
        : holdings.records[order.holding].openSellQuantity
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
