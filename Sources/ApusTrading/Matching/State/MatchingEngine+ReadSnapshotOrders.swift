// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Puts every order where it was. Links between orders are ids until all are there.
  mutating func readOrders(from reader: inout SnapshotReader) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(configuration.orderCapacity), field: "order count")
    for _ in 0..<count { try readOrder(from: &reader) }
  }

  private mutating func readOrder(from reader: inout SnapshotReader) throws(SnapshotError) {
    let start = reader.offset
    let orderId = try reader.read(1...UInt64.max, field: "order id")
    guard findSlot(orderId) == nil, let slot = books.orders.allocate()?.rawValue else {
      throw Self.malformed("order id", start, "\(orderId)", "one that is not there yet")
    }
    let quantity = try reader.read(1...UInt32.max, field: "order quantity")
    let priceTicks: UInt32 = try reader.read(field: "order price")
    let instrument: UInt16 = try reader.read(field: "order's instrument")
    let sideCode: UInt8 = try reader.read(field: "order side")
    let tag = try reader.read(0...UInt8(31), field: "order tag")
    let clientOrderId: UInt64 = try reader.read(field: "client order id")
    let account: UInt32 = try reader.read(field: "account")
    let owner: UInt16 = try reader.read(field: "order's owner")
    let session: UInt16 = try reader.read(field: "order's session")
    guard let side = Side(rawValue: sideCode), OrderSet(rawValue: tag & 7) != nil,
      let holding = holdings.find(owner: owner, instrument: instrument)
    else {
      throw Self.malformed(
        "order", start, "\(orderId)", "a side, a set, an owner and an instrument")
    }
    orders[slot] = BookOrder(
      reference: orderId, quantity: quantity, priceTicks: priceTicks, level: .none, next: .none,
      previous: .none, locate: instrument, side: side)
    orders[slot].tag.rawValue = tag
    details[slot] = OrderDetail(
      clientOrderId: clientOrderId, party: EventWord.party(owner, session, account),
      next: .max, previous: .max,
      holding: holding, extra: .max,
      filledQuantity: try reader.read(field: "filled quantity"),
      marginPpm: try reader.read(0...UInt32(1_000_000), field: "order's margin"),
      typeAndTime: try reader.read(field: "order type"),
      capacityCode: try reader.read(field: "order capacity"),
      flags: CommandFlags(rawValue: try reader.read(field: "order flags")))
    guard OrderType(rawValue: details[slot].typeAndTime & 15) != nil,
      TimeInForce(rawValue: details[slot].typeAndTime >> 4) != nil,
      OrderRequest.isCapacityKnown(details[slot].capacityCode)
    else { throw Self.malformed("order type", start, "\(orderId)", "known codes") }
    guard isSetKnown(slot) else {
      throw Self.malformed("order tag", start, "\(tag)", "the set of its type and time in force")
    }
    if orders[slot].tag.hasExtra {
      try readExtra(of: slot, from: &reader)
    } else if orders[slot].tag.set != .main {
      throw Self.malformed("order tag", start, "\(tag)", "an extra outside the displayed book")
    } else if details[slot].timeInForce == .goodTillDate {
      throw Self.malformed("order tag", start, "\(tag)", "an extra with the order's expiry")
    }
    guard arePricesKnown(slot), isNotionalCountable(slot) else {
      throw Self.malformed("order", start, "\(orderId)", "prices, and sums, that there may be")
    }
    _ = unsafe books.index.insert(orderId, slot: slot, in: books.orderBase)
    owners[owner].openOrderCount &+= 1
    claimRisk(slot, leaves: leaves(slot))
    if orders[slot].tag.hasExtra { countIn(slot) }
    guard instruments[instrument].trailingCount <= configuration.trailingStopCountMax else {
      throw Self.malformed("order", start, "\(orderId)", "no more trailing stops than configured")
    }
    guard orders[slot].tag.set == .dormant || link(slot) else {
      throw Self.malformed("order", start, "\(orderId)", "room for its price")
    }
    if orders[slot].tag.isQuote {
      if side == .buy {
        holdings.records[holding].quoteBid = slot
      } else {
        holdings.records[holding].quoteAsk = slot
      }
    }
  }

  /// Whether an order may rest in its set: that follows from its type and its time in force, but that
  /// those of an auction go to the displayed book, and a bracket's children wait in none.
  private mutating func isSetKnown(_ slot: UInt32) -> Bool {
    let timeInForce = details[slot].timeInForce
    let type = details[slot].type
    let lasts = timeInForce.rawValue <= TimeInForce.goodTillDate.rawValue
    let isStop = type == .stop || type == .stopLimit || type == .trailingStop
    let mayAuction = type == .limit || type == .market
    let isForAuction = mayAuction && (timeInForce == .atOpen || timeInForce == .atClose)
    switch orders[slot].tag.set {
    case .main: return lasts && type == .limit || isForAuction && orders[slot].tag.hasExtra
    case .stop: return lasts && isStop
    case .primaryPeg: return lasts && type == .primaryPeg
    case .midPeg: return lasts && type == .midPeg
    case .atOpen: return isForAuction && timeInForce == .atOpen
    case .atClose: return isForAuction && timeInForce == .atClose
    case .dormant: return lasts && (isStop || type == .limit)
    }
  }

  /// Whether no price is above the highest, but that of an order which buys at any price. The amount of
  /// a trailing stop is no price.
  private mutating func arePricesKnown(_ slot: UInt32) -> Bool {
    let most = OrderRequest.priceTicksMax
    let isAny = details[slot].type == .market && orders[slot].side == .buy
    guard isAny || orders[slot].priceTicks <= most else { return false }
    guard orders[slot].tag.hasExtra else { return true }
    let extra = extras[details[slot].extra]
    return (isAny || extra.priceTicks <= most) && extra.riskTicks <= most
      && (details[slot].type == .trailingStop || extra.triggerTicks <= most)
  }

  /// Whether what its owner has open, on both sides, is still counted with this order. Section 12.
  private mutating func isNotionalCountable(_ slot: UInt32) -> Bool {
    let most = unsafe RiskAccount.notionalMax
    let owner = details[slot].owner
    // Both together are at most this, as is what is added to them: nothing wraps.
    let open = owners[owner].openNotional[0] + owners[owner].openNotional[1]
    let notional = Self.notional(riskTicks(slot), leaves(slot))
    return notional <= most && open + notional <= most
  }

  private mutating func readExtra(
    of slot: UInt32, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    let start = reader.offset
    guard let index = extraSlab.allocate()?.rawValue else {
      throw Self.malformed("order", start, "\(slot)", "room for what it has besides")
    }
    details[slot].extra = index
    var extra = OrderExtra()
    extra.entry = try reader.read(field: "entry")
    extra.expiry = try reader.read(field: "expiry")
    extra.hiddenQuantity = try reader.read(field: "hidden quantity")
    extra.displayQuantity = try reader.read(field: "display quantity")
    extra.priceTicks = try reader.read(field: "price as entered")
    extra.triggerTicks = try reader.read(field: "trigger")
    extra.riskTicks = try reader.read(field: "risk price")
    extra.activatedQuantityMax = try reader.read(field: "quantity of a child")
    guard extra.hiddenQuantity <= UInt32.max - orders[slot].quantity,
      extra.hiddenQuantity == 0 || extra.displayQuantity != 0
    else {
      throw Self.malformed(
        "hidden quantity", start, "\(extra.hiddenQuantity)", "what an iceberg hides")
    }
    extras[index] = extra
    if details[slot].timeInForce == .goodTillDate {
      expiries.insert(time: extra.expiry, orderId: orders[slot].reference, slot: slot)
    }
  }
}
