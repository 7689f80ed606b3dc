// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// `cancel`. Section 13.1.
  @inline(__always)
  mutating func cancel(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let slot = findSlot(command.orderId) else {
      return reject(command, .unknownOrder, &events)
    }
    guard details[slot].owner == command.owner else {
      return reject(command, .notOwner, &events)
    }
    remove(slot, .requested, &events)
  }

  /// `reduce`. Section 13.2.
  mutating func reduce(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let slot = findSlot(command.orderId) else {
      return reject(command, .unknownOrder, &events)
    }
    guard details[slot].owner == command.owner else {
      return reject(command, .notOwner, &events)
    }
    guard command.quantity > 0 else { return reject(command, .quantity, &events) }
    guard command.quantity % instruments[orders[slot].locate].lot == 0 else {
      return reject(command, .lot, &events)
    }
    let left = leaves(slot)
    guard command.quantity < left else { return remove(slot, .requested, &events) }
    shrink(slot, by: command.quantity, from: left)
    var event = event(.reduced, of: slot)
    event.reasonCode = MatchingReason.requested.rawValue
    event.quantity = command.quantity
    event.leavesQuantity = left &- command.quantity
    events.emit(event)
  }

  /// Takes a quantity off an order that keeps its place: what is hidden goes first.
  mutating func shrink(_ slot: UInt32, by quantity: UInt32, from left: UInt32) {
    releaseRisk(slot, from: left, to: left &- quantity)
    var shown = quantity
    if orders[slot].tag.hasExtra {
      let extra = details[slot].extra
      let hidden = min(extras[extra].hiddenQuantity, quantity)
      extras[extra].hiddenQuantity &-= hidden
      shown &-= hidden
    }
    if orders[slot].level.isNone {
      orders[slot].quantity &-= shown
    } else {
      takeShown(shown, from: slot)
    }
  }

  /// `replace`. Section 13.3.
  mutating func replace(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let slot = findSlot(command.orderId) else {
      return reject(command, .unknownOrder, &events)
    }
    guard details[slot].owner == command.owner else {
      return reject(command, .notOwner, &events)
    }
    if let refusal = checkOwner(command.owner) { return reject(command, refusal, &events) }
    if let reason = checkId(command.relatedOrderId, session: command.session) {
      return reject(command, reason, &events)
    }
    var request = OrderRequest(replacing: orders[slot], details[slot], with: command)
    if instruments[request.instrument].unfinished != [] {
      return reject(command, .unfinished, &events)
    }
    if let reason = checkFields(&request, isReplacement: true) {
      return reject(command, reason, &events)
    }
    guard orders[slot].tag.set != .dormant, !hasChildren(slot) else {
      return reject(command, .link, &events)
    }
    let holding = details[slot].holding
    if holdings.records[holding].isRestricted { return reject(command, .restricted, &events) }
    let left = leaves(slot)
    let marginPpm = instruments[request.instrument].marginPpm
    releaseRisk(slot, from: left, to: 0)
    var risk = riskRequest(request, holding: holding, marginPpm: marginPpm)
    risk.isReplacement = true
    let refusal = checkRisk(risk)
    claimRisk(slot, leaves: left)
    if let refusal { return reject(command, refusal, &events) }

    let keepsPlace = keepsPlace(slot, request, left)
    if !keepsPlace, request.flags.contains(.postOnly),
      instruments[request.instrument].phase == .continuous,
      wouldTake(request.instrument, request.side, request.limitTicks, without: slot)
    {
      return reject(command, .wouldTake, &events)
    }
    emitReplaced(slot, request, command, keepsPlace, &events)
    if keepsPlace {
      shrink(slot, by: left &- request.quantity, from: left)
      rename(slot, request, marginPpm)
    } else {
      enterAnew(slot, request, marginPpm, &events)
      touch(request.instrument)
    }
  }

  private mutating func hasChildren(_ slot: UInt32) -> Bool {
    orders[slot].tag.hasExtra && extras[details[slot].extra].firstChild != OrderExtra.none
  }

  private mutating func keepsPlace(_ slot: UInt32, _ request: OrderRequest, _ left: UInt32) -> Bool
  {
    guard request.type != .trailingStop, request.quantity <= left,
      request.priceTicks == priceAsEntered(slot)
    else { return false }
    guard orders[slot].tag.hasExtra else { return request.displayQuantity == 0 }
    let extra = details[slot].extra
    return request.displayQuantity == extras[extra].displayQuantity
      && request.triggerTicks == extras[extra].triggerTicks
  }

  private mutating func emitReplaced(
    _ slot: UInt32, _ request: OrderRequest, _ command: MatchingCommand, _ keepsPlace: Bool,
    _ events: inout MatchingSink
  ) {
    var event = event(.replaced, of: slot)
    event.orderId = request.orderId
    event.clientOrderId = request.clientOrderId
    event.session = request.session
    event.relatedOrderId = command.orderId
    event.relatedClientOrderId = details[slot].clientOrderId
    event.priceTicks = request.priceTicks
    event.quantity = request.quantity
    event.leavesQuantity = request.quantity
    event.relatedLeavesQuantity = request.displayQuantity
    event.value = UInt64(request.firstTriggerTicks)
    if keepsPlace { event.flags = .keptPriority }
    events.emit(event)
  }

  /// Gives a live order another id, and what goes with it; it stays where it is.
  private mutating func rename(_ slot: UInt32, _ request: OrderRequest, _ marginPpm: UInt32) {
    let left = leaves(slot)
    releaseRisk(slot, from: left, to: 0)
    _ = unsafe books.index.remove(orders[slot].reference, in: books.orderBase)
    orders[slot].reference = request.orderId
    index(request.orderId, slot)
    details[slot].clientOrderId = request.clientOrderId
    details[slot].session = request.session
    details[slot].filledQuantity = 0
    details[slot].marginPpm = marginPpm
    if orders[slot].tag.hasExtra {
      let extra = details[slot].extra
      extras[extra].riskTicks = request.riskTicks
      if request.timeInForce == .goodTillDate {
        expiries.insert(time: extras[extra].expiry, orderId: request.orderId, slot: slot)
      }
    }
    claimRisk(slot, leaves: left)
  }

  /// Takes an order out of its place and enters it as another one; what it is linked with stays.
  private mutating func enterAnew(
    _ slot: UInt32, _ request: OrderRequest, _ marginPpm: UInt32, _ events: inout MatchingSink
  ) {
    leaveSet(slot)
    rename(slot, request, marginPpm)
    moveToEndOfHolding(slot)
    var incoming = revive(slot)
    incoming.priceTicks = request.priceTicks
    incoming.limitTicks = request.limitTicks
    incoming.riskTicks = request.riskTicks
    incoming.leaves = request.quantity
    incoming.displayQuantity = request.displayQuantity
    if orders[slot].tag.hasExtra {
      entryCount &+= 1
      extras[details[slot].extra].entry = entryCount
      extras[details[slot].extra].triggerTicks = request.triggerTicks
    }
    if request.isStop {
      rest(&incoming, in: .stop, at: request.firstTriggerTicks, &events)
    } else if request.timeInForce == .atOpen || request.timeInForce == .atClose {
      let set = request.timeInForce == .atOpen ? OrderSet.atOpen : .atClose
      let ticks = request.type == .market ? Self.anyPrice(request.side) : request.priceTicks
      rest(&incoming, in: set, at: ticks, &events)
    } else {
      matchAndRest(&incoming, &events)
    }
  }

  private mutating func moveToEndOfHolding(_ slot: UInt32) {
    let holding = details[slot].holding
    guard holdings.records[holding].tail != slot else { return }
    let (previous, next) = (details[slot].previous, details[slot].next)
    if previous == .max {
      holdings.records[holding].head = next
    } else {
      details[previous].next = next
    }
    details[next].previous = previous
    appendToHolding(slot)
  }
}
