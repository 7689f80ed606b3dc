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
    guard let side = Side(rawValue: sideCode), OrderSet(rawValue: tag & 7) != nil,
      let holding = holdings.find(owner: owner, instrument: instrument)
    else {
      throw Self.malformed("order", start, "\(orderId)", "a side, a set, an owner and an instrument")
    }
    orders[slot] = BookOrder(
      reference: orderId, quantity: quantity, priceTicks: priceTicks, level: .none, next: .none,
      previous: .none, locate: instrument, side: side)
    orders[slot].tag.rawValue = tag
    details[slot] = OrderDetail(
      clientOrderId: clientOrderId, account: account, owner: owner,
      session: try reader.read(field: "order's session"), next: .max, previous: .max,
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
    if orders[slot].tag.hasExtra {
      try readExtra(of: slot, from: &reader)
    } else if orders[slot].tag.set != .main {
      throw Self.malformed("order tag", start, "\(tag)", "an extra outside the displayed book")
    }
    _ = unsafe books.index.insert(orderId, slot: slot, in: books.orderBase)
    owners[owner].openOrderCount &+= 1
    claimRisk(slot, leaves: leaves(slot))
    if orders[slot].tag.hasExtra { countIn(slot) }
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
      throw Self.malformed("hidden quantity", start, "\(extra.hiddenQuantity)", "what an iceberg hides")
    }
    extras[index] = extra
  }

  /// Links between orders, owners' orders in order of entry, trailing stops, brackets.
  mutating func readListsOfOrders(from reader: inout SnapshotReader) throws(SnapshotError) {
    let joinCount = try reader.read(0...UInt32(books.orders.count), field: "linked orders")
    for _ in 0..<joinCount {
      guard let slot = try readSlot("linked order", from: &reader), orders[slot].tag.hasExtra
      else {
        throw Self.malformed("linked order", reader.offset, "none", "an order with more to it")
      }
      let extra = details[slot].extra
      extras[extra].linked = try readSlot("link", from: &reader) ?? OrderExtra.none
      extras[extra].parent = try readSlot("parent", from: &reader) ?? OrderExtra.none
      extras[extra].firstChild = try readSlot("first child", from: &reader) ?? OrderExtra.none
      extras[extra].secondChild = try readSlot("second child", from: &reader) ?? OrderExtra.none
    }
    var listed = 0
    for number in 0..<holdings.count {
      while let slot = try readSlot("owner's order", from: &reader) {
        listed += 1
        guard listed <= books.orders.count, details[slot].holding == number,
          details[slot].previous == .max, details[slot].next == .max,
          holdings.records[number].head != slot
        else {
          throw Self.malformed(
            "owner's order", reader.offset - 8, "\(orders[slot].reference)", "each order once")
        }
        appendToHolding(slot)
      }
    }
    guard listed == books.orders.count else {
      throw Self.malformed(
        "owners' orders", reader.offset, "\(listed)", "\(books.orders.count)")
    }
    for instrument in UInt16.min...UInt16.max where instruments[instrument].isDefined {
      try readTrailing(instrument, from: &reader)
      try readActivated(instrument, from: &reader)
    }
  }

  /// The slot of an order that is named by its id; nil for 0.
  private func readSlot(
    _ field: StaticString, from reader: inout SnapshotReader
  ) throws(SnapshotError) -> UInt32? {
    let start = reader.offset
    let orderId: UInt64 = try reader.read(field: field)
    if orderId == 0 { return nil }
    guard let slot = findSlot(orderId) else {
      throw Self.malformed("\(field)", start, "\(orderId)", "a live order")
    }
    return slot
  }

  /// Stops were put into the list as they came; this is the order of entry.
  private func readTrailing(
    _ instrument: UInt16, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    while let slot = try readSlot("trailing stop", from: &reader) {
      guard orders[slot].locate == instrument, orders[slot].tag.set == .stop,
        details[slot].type == .trailingStop
      else {
        throw Self.malformed(
          "trailing stop", reader.offset - 8, "\(orders[slot].reference)", "one that rests")
      }
      removeTrailing(slot)
      appendTrailing(slot)
    }
  }

  private func readActivated(
    _ instrument: UInt16, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    while let slot = try readSlot("activated bracket", from: &reader) {
      guard orders[slot].locate == instrument, orders[slot].tag.set == .dormant else {
        throw Self.malformed(
          "activated bracket", reader.offset - 8, "\(orders[slot].reference)", "a dormant order")
      }
      if instruments[instrument].firstActivated == 0 {
        instruments[instrument].firstActivated = slot &+ 1
      } else {
        extras[details[instruments[instrument].lastActivated &- 1].extra].next = slot
      }
      instruments[instrument].lastActivated = slot &+ 1
      instruments[instrument].followUpCount &+= 1
    }
  }
}
