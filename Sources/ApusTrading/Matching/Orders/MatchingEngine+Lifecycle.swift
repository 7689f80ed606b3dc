// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  // MARK: Books

  /// Puts a filled-in order at the end of the queue at its price in its set.
  @inline(__always)
  mutating func link(_ slot: UInt32) -> Bool {
    let order = orders[slot]
    // SAFETY: every set but `dormant` has ladders, and dormant orders are never linked.
    return unsafe books.link(
      SlabIndex(rawValue: slot), books.ladder(order.tag.set, order.locate, order.side),
      OrderBooks.key(order))
  }

  /// Takes an order out of its queue.
  @inline(__always)
  mutating func unlink(_ slot: UInt32) {
    let order = orders[slot]
    // SAFETY: as in `link`.
    unsafe books.unlink(
      SlabIndex(rawValue: slot), books.ladder(order.tag.set, order.locate, order.side),
      OrderBooks.key(order))
  }

  /// Whether a slot's order has left: it is in no set, and waits for none.
  mutating func isOut(_ slot: UInt32) -> Bool {
    orders[slot].level.isNone && orders[slot].tag.set != .dormant
  }

  /// Makes an order found by its id, which is new: the checks have looked.
  ///
  /// The index grows by memory of its own. Where the host gives it none, an engine stops: it could not
  /// go on as its standby does.
  @inline(__always)
  mutating func index(_ orderId: UInt64, _ slot: UInt32) {
    let outcome = unsafe books.index.insert(orderId, slot: slot, in: orders.base)
    precondition(outcome == .inserted, "MatchingEngine.index: expected memory for one id more")
  }

  // MARK: Coming

  /// Gives an incoming order a slot, if it has none.
  ///
  /// - Precondition: There is room; `enter` has made sure.
  mutating func makeSlot(_ incoming: inout Incoming) {
    guard incoming.slot == .max, let slot = books.orders.allocate() else { return }
    incoming.slot = slot.rawValue
    orders[slot.rawValue] = BookOrder(
      reference: incoming.orderId, quantity: incoming.leaves, priceTicks: incoming.priceTicks,
      level: .none, next: .none, previous: .none, locate: incoming.instrument,
      side: incoming.side)
    details[slot.rawValue] = OrderDetail(
      clientOrderId: incoming.clientOrderId,
      party: EventWord.party(incoming.owner, incoming.session, incoming.account), next: .max,
      previous: .max, holding: incoming.holding,
      extra: .max, filledQuantity: incoming.filledQuantity, marginPpm: incoming.marginPpm,
      typeAndTime: incoming.typeAndTime, capacityCode: incoming.capacityCode,
      flags: incoming.flags)
    index(incoming.orderId, slot.rawValue)
    appendToHolding(slot.rawValue)
    owners[incoming.owner].openOrderCount &+= 1
  }

  /// Gives an order its extra, if it has none.
  ///
  /// - Returns: Its number.
  @discardableResult
  mutating func makeExtra(_ slot: UInt32) -> UInt32 {
    if orders[slot].tag.hasExtra { return details[slot].extra }
    guard let index = extraSlab.allocate() else {
      preconditionFailure("MatchingEngine.makeExtra: expected as many extras as orders")
    }
    entryCount &+= 1
    var extra = OrderExtra()
    extra.entry = entryCount
    extra.priceTicks = orders[slot].priceTicks
    extra.riskTicks = orders[slot].priceTicks
    extras[index.rawValue] = extra
    details[slot].extra = index.rawValue
    orders[slot].tag.hasExtra = true
    return index.rawValue
  }

  /// Puts what is left of an incoming order into a set, behind all others at its price there.
  mutating func rest(
    _ incoming: inout Incoming, in set: OrderSet, at priceTicks: UInt32,
    _ events: inout MatchingSink
  ) {
    makeSlot(&incoming)
    let slot = incoming.slot
    if incoming.displayQuantity != 0 || set != .main || incoming.riskTicks != priceTicks
      || orders[slot].tag.hasExtra || incoming.timeInForce == .goodTillDate
    {
      restWithExtra(incoming, set)
    } else {
      orders[slot].quantity = incoming.leaves
    }
    orders[slot].priceTicks = priceTicks
    orders[slot].tag.set = set
    details[slot].filledQuantity = incoming.filledQuantity
    claimRisk(slot, leaves: incoming.leaves)
    if orders[slot].tag.hasExtra { countIn(slot) }
    guard instruments[incoming.instrument].trailingCount <= configuration.trailingStopCountMax,
      link(slot)
    else {
      // No level could be had, or no more trailing stops. Nothing of it may stay behind.
      remove(slot, .capacity, &events)
      incoming.leaves = 0
      return
    }
  }

  private mutating func restWithExtra(_ incoming: borrowing Incoming, _ set: OrderSet) {
    let slot = incoming.slot
    let extra = makeExtra(slot)
    extras[extra].priceTicks = incoming.priceTicks
    extras[extra].riskTicks = incoming.riskTicks
    extras[extra].displayQuantity = incoming.displayQuantity
    let shown =
      incoming.displayQuantity == 0
      ? incoming.leaves : min(incoming.displayQuantity, incoming.leaves)
    orders[slot].quantity = shown
    extras[extra].hiddenQuantity = incoming.leaves &- shown
  }

  /// Counts an order among those of its instrument that need looking after.
  mutating func countIn(_ slot: UInt32) {
    let instrument = orders[slot].locate
    switch orders[slot].tag.set {
    case .main:
      if details[slot].timeInForce == .atOpen || details[slot].timeInForce == .atClose {
        instruments[instrument].auctionOnlyCount &+= 1
      }
      if extras[details[slot].extra].displayQuantity != 0 {
        instruments[instrument].icebergCount &+= 1
      }
    case .stop:
      instruments[instrument].followUpCount &+= 1
      if details[slot].type == .trailingStop {
        instruments[instrument].trailingCount &+= 1
        appendTrailing(slot)
      }
    case .primaryPeg: instruments[instrument].pegCount &+= 1
    case .midPeg:
      instruments[instrument].pegCount &+= 1
      instruments[instrument].followUpCount &+= 1
    case .atOpen, .atClose: instruments[instrument].auctionOnlyCount &+= 1
    case .dormant: appendDormant(slot)
    }
  }

  /// Takes an order off these counts.
  mutating func countOut(_ slot: UInt32) {
    let instrument = orders[slot].locate
    switch orders[slot].tag.set {
    case .main:
      if details[slot].timeInForce == .atOpen || details[slot].timeInForce == .atClose {
        instruments[instrument].auctionOnlyCount &-= 1
      }
      if extras[details[slot].extra].displayQuantity != 0 {
        instruments[instrument].icebergCount &-= 1
      }
    case .stop:
      instruments[instrument].followUpCount &-= 1
      if details[slot].type == .trailingStop {
        instruments[instrument].trailingCount &-= 1
        removeTrailing(slot)
      }
    case .primaryPeg: instruments[instrument].pegCount &-= 1
    case .midPeg:
      instruments[instrument].pegCount &-= 1
      instruments[instrument].followUpCount &-= 1
    case .atOpen, .atClose: instruments[instrument].auctionOnlyCount &-= 1
    case .dormant: removeDormant(slot)
    }
  }

  // MARK: Going

  /// Takes an order out of its set; it is live and keeps its slot.
  @inline(__always)
  mutating func leaveSet(_ slot: UInt32) {
    if orders[slot].tag.hasExtra { countOut(slot) }
    if orders[slot].tag.set == .dormant {
      leaveParent(slot)
    } else if !orders[slot].level.isNone {
      unlink(slot)
    }
    orders[slot].level = .none
    orders[slot].tag.set = .main
  }

  /// Takes an order out of its set, its owner's list and the index. Its slot and what it is linked
  /// with stay until ``free(_:)``.
  @inline(__always)
  mutating func takeOut(_ slot: UInt32) {
    leaveSet(slot)
    forget(slot)
  }

  /// Takes an order that is in no set out of its owner's list and the index.
  @inline(__always)
  mutating func forget(_ slot: UInt32) {
    removeFromHolding(slot)
    owners[details[slot].owner].openOrderCount &-= 1
    _ = unsafe books.index.remove(orders[slot].reference, in: books.orderBase)
  }

  /// Gives the slot of an order that is out back, and what it has besides.
  @inline(__always)
  mutating func free(_ slot: UInt32) {
    if orders[slot].tag.hasExtra {
      expiries.remove(slot)
      extraSlab.free(SlabIndex(rawValue: details[slot].extra))
    }
    books.orders.free(SlabIndex(rawValue: slot))
  }

  /// Cancels a live order, and what is linked with it.
  @inline(never)
  mutating func remove(
    _ slot: UInt32, _ reason: MatchingReason, _ events: inout MatchingSink
  ) {
    if slot == incomingSlot {
      isIncomingLinkedAway = true
      return
    }
    if !work.isEmpty { passSweep(slot) }
    if !orders[slot].tag.hasExtra { return removePlain(slot, reason, &events) }
    var event = event(.cancelled, of: slot)
    let left = leaves(slot)
    event.reasonCode = reason.rawValue
    event.quantity = left
    events.emit(event)
    releaseRisk(slot, from: left, to: 0)
    takeOut(slot)
    let instrument = orders[slot].locate
    resolveAndFree(slot, &events)
    touch(instrument)
  }

  /// The same of an order without an extra, which is linked with nothing.
  @inline(__always)
  mutating func removePlain(
    _ slot: UInt32, _ reason: MatchingReason, _ events: inout MatchingSink
  ) {
    // SAFETY: a live order's slot; there is a detail for every slot.
    let order = unsafe orders.base + Int(slot)
    let detail = unsafe details.base + Int(slot)
    let left = unsafe order.pointee.quantity
    let (side, priceTicks) = unsafe (order.pointee.side, order.pointee.priceTicks)
    let head = unsafe EventWord.head(
      side: side.rawValue, instrument: order.pointee.locate,
      capacity: detail.pointee.capacityCode, typeAndTime: detail.pointee.typeAndTime)
    unsafe events.emit(
      .cancelled, head: head | UInt64(reason.rawValue) << 16, orderId: order.pointee.reference,
      clientOrderId: detail.pointee.clientOrderId, party: detail.pointee.party,
      priceAndQuantity: EventWord.pair(priceTicks, left))
    unsafe account(detail.pointee.owner, detail.pointee.holding).release(
      side, priceTicks, from: left, to: 0, marginPpm: detail.pointee.marginPpm)
    let instrument = unsafe order.pointee.locate
    leavePlain(slot)
    touch(instrument)
  }

  /// Takes an order without an extra off everything, and gives its slot back.
  @inline(__always)
  mutating func leavePlain(_ slot: UInt32) {
    // SAFETY: a live order's slot; an order without an extra is in a displayed ladder, or in none
    // where no level could be had for it.
    let order = unsafe orders.base + Int(slot)
    if unsafe !order.pointee.level.isNone {
      let (side, priceTicks) = unsafe (order.pointee.side, order.pointee.priceTicks)
      unsafe books.unlink(
        SlabIndex(rawValue: slot), books.ladder(order.pointee.locate, side),
        OrderBooks.key(side, priceTicks))
    }
    forget(slot)
    books.orders.free(SlabIndex(rawValue: slot))
  }

  // MARK: An owner's orders in an instrument

  @inline(__always)
  mutating func appendToHolding(_ slot: UInt32) {
    let holding = details[slot].holding
    let tail = holdings.records[holding].tail
    details[slot].previous = tail
    details[slot].next = .max
    if tail == .max {
      holdings.records[holding].head = slot
    } else {
      details[tail].next = slot
    }
    holdings.records[holding].tail = slot
  }

  @inline(__always)
  mutating func removeFromHolding(_ slot: UInt32) {
    let holding = details[slot].holding
    let (previous, next) = (details[slot].previous, details[slot].next)
    if previous == .max {
      holdings.records[holding].head = next
    } else {
      details[previous].next = next
    }
    if next == .max {
      holdings.records[holding].tail = previous
    } else {
      details[next].previous = previous
    }
    if orders[slot].tag.isQuote {
      if holdings.records[holding].quoteBid == slot { holdings.records[holding].quoteBid = .max }
      if holdings.records[holding].quoteAsk == slot { holdings.records[holding].quoteAsk = .max }
    }
  }
}
