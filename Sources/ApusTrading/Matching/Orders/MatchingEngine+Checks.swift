// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// Sections 3.2 to 3.6: whether somebody may send orders for an instrument at all.
  @inline(__always)
  mutating func checkSender(_ command: MatchingCommand, _ instrument: UInt16) -> RiskRefusal? {
    guard instruments[instrument].isDefined else { return RiskRefusal(.unknownInstrument) }
    return checkOwner(command.owner)
  }

  /// Sections 3.3 to 3.5: what is wrong with who sends.
  @inline(__always)
  func refusal(of owner: Owner) -> MatchingReason? {
    guard owner.isAuthorised else { return .unknownOwner }
    if isMarketKilled { return .marketKilled }
    return owner.isKilled ? .ownerKilled : nil
  }

  /// Sections 3.3 to 3.6.
  @inline(__always)
  mutating func checkOwner(_ owner: UInt16) -> RiskRefusal? {
    if let reason = refusal(of: owners[owner]) { return RiskRefusal(reason) }
    // SAFETY: every owner has a record.
    if unsafe countMessage(owners.base + Int(owner)) { return nil }
    return RiskRefusal(
      .messageRate, owners[owner].messageRateMax, owners[owner].windowCount &+ 1)
  }

  /// Section 3.6: counts a message against the owner's rate; false, with nothing counted, where it is
  /// one too many.
  @inline(__always)
  @unsafe
  func countMessage(_ owner: UnsafeMutablePointer<Owner>) -> Bool {
    var count = unsafe owner.pointee.windowCount &+ 1
    if unsafe count == 1 || now &- owner.pointee.windowStart >= 1_000_000_000 {
      unsafe owner.pointee.windowStart = now
      count = 1
    }
    let limit = unsafe owner.pointee.messageRateMax
    if limit != 0, count > limit { return false }
    unsafe owner.pointee.windowCount = count
    return true
  }

  /// Sections 3.7 and 3.8: what is wrong with an id.
  @inline(__always)
  func refusal(ofId orderId: UInt64, session: UInt16) -> MatchingReason? {
    guard orderId > sessions[session] else { return .orderIdReused }
    return findSlot(orderId) == nil ? nil : .duplicateOrderId
  }

  /// The same, for a command that has no other way: from 3.7 on its id counts as used.
  @inline(__always)
  mutating func checkId(_ orderId: UInt64, session: UInt16) -> MatchingReason? {
    let reason = refusal(ofId: orderId, session: session)
    if reason != .orderIdReused { sessions[session] = orderId }
    return reason
  }

  @inline(__always)
  func findSlot(_ orderId: UInt64) -> UInt32? {
    unsafe books.index.find(orderId, in: books.orderBase)
  }

  /// Sections 3.9 to 3.21, and what an order's prices follow from. A replacement is not asked about
  /// what it cannot change.
  @inline(__always)
  mutating func checkFields(
    _ request: inout OrderRequest, isReplacement: Bool
  ) -> MatchingReason? {
    let instrument = instruments[request.instrument]
    if instrument.phase != .continuous {
      if instrument.phase == .closed { return .closed }
      if instrument.phase == .halted { return .halted }
    }
    guard request.fits(instrument.phase) else { return .phase }
    if !isReplacement, !request.isTimeInForceAllowed { return .timeInForce }
    if let reason = instrument.refusal(ofQuantity: request.quantity) { return reason }
    if let reason = checkPrice(&request) { return reason }
    if request.displayQuantity != 0, !isDisplayAllowed(request) { return .displayQuantity }
    if request.triggerTicks != 0 || request.isStop, let reason = checkTrigger(&request) {
      return reason
    }
    if isReplacement { return nil }
    if request.timeInForce == .goodTillDate {
      guard request.expiry > now else { return .expiry }
    } else if request.expiry != 0 {
      return .expiry
    }
    if request.flags.contains(.postOnly), !isPostOnlyAllowed(request) { return .postOnly }
    return nil
  }

  private mutating func isDisplayAllowed(_ request: OrderRequest) -> Bool {
    request.type == .limit && request.displayQuantity < request.quantity
      && request.displayQuantity % instruments[request.instrument].lot == 0
      && request.timeInForce != .immediateOrCancel && request.timeInForce != .fillOrKill
  }

  private mutating func isPostOnlyAllowed(_ request: OrderRequest) -> Bool {
    request.type == .limit
      && request.timeInForce.rawValue <= TimeInForce.goodTillDate.rawValue
  }

  /// Sections 3.15 to 3.17, and what follows from the price.
  @inline(never)
  private mutating func checkPrice(_ request: inout OrderRequest) -> MatchingReason? {
    let instrument = instruments[request.instrument]
    switch request.type {
    case .limit, .stopLimit, .primaryPeg, .midPeg:
      if let reason = instrument.refusal(ofPrice: request.priceTicks, above: request.aboveTicks) {
        return reason
      }
      request.limitTicks = request.priceTicks
      request.riskTicks = request.priceTicks
    case .market:
      let isAuction = request.timeInForce == .atOpen || request.timeInForce == .atClose
      guard request.priceTicks <= OrderRequest.priceTicksMax,
        !isAuction || request.priceTicks == 0
      else { return .price }
      if request.priceTicks != 0 {
        guard instrument.isOnGrid(request.priceTicks) else { return .tick }
        request.limitTicks = request.priceTicks
        request.riskTicks = request.priceTicks
      } else {
        let collar = isAuction ? nil : collarTicks(request.instrument, request.side)
        request.limitTicks = collar ?? Self.anyPrice(request.side)
        request.riskTicks = collar ?? instrument.anchorTicks
      }
      // Section 12.7: the least that a sale may bring says nothing of what it is worth.
      if request.side == .sell {
        request.riskTicks = max(request.riskTicks, instrument.anchorTicks)
      }
    case .stop, .trailingStop:
      guard request.priceTicks == 0 else { return .price }
      request.limitTicks = Self.anyPrice(request.side)
    }
    return nil
  }

  /// Section 3.19.
  @inline(never)
  private mutating func checkTrigger(_ request: inout OrderRequest) -> MatchingReason? {
    let instrument = instruments[request.instrument]
    switch request.type {
    case .stop, .stopLimit:
      guard request.triggerTicks != 0, request.triggerTicks <= OrderRequest.priceTicksMax,
        instrument.isOnGrid(request.triggerTicks)
      else { return .trigger }
      request.firstTriggerTicks = request.triggerTicks
    case .trailingStop:
      guard request.triggerTicks != 0, instrument.lastTicks != 0,
        let trigger = trailingTrigger(
          request.side, last: instrument.lastTicks, amount: request.triggerTicks)
      else { return .trigger }
      request.firstTriggerTicks = trigger
    default: return .trigger
    }
    if request.type != .stopLimit {
      request.riskTicks = request.firstTriggerTicks
      // Section 12.7: a trigger that was passed is not what the order trades at.
      if request.side == .buy {
        request.riskTicks = max(request.riskTicks, instrument.anchorTicks)
      }
    }
    return nil
  }

  static func anyPrice(_ side: Side) -> UInt32 { side == .buy ? .max : 0 }

  /// How far a market order without a protection price may go; nil for any distance.
  mutating func collarTicks(_ instrument: UInt16, _ side: Side) -> UInt32? {
    let ppm = instruments[instrument].collarPpm
    guard ppm != 0, let best = bestTicks(instrument, side.opposite) else { return nil }
    let width = UInt64(best) * UInt64(ppm) / 1_000_000
    if side == .buy {
      return UInt32(min(UInt64(best) + width, UInt64(OrderRequest.priceTicksMax)))
    }
    return UInt32(max(Int64(best) - Int64(width), 1))
  }

  mutating func riskRequest(
    _ request: OrderRequest, holding: UInt32, marginPpm: UInt32
  ) -> RiskRequest {
    RiskRequest(
      owner: request.owner, instrument: request.instrument, side: request.side,
      quantity: request.quantity, priceTicks: request.priceTicks,
      checkedTicks: request.type == .market ? 0 : request.priceTicks,
      riskTicks: request.riskTicks, marginPpm: marginPpm, holding: holding)
  }

  // MARK: Against the book

  /// Whether an order would trade at once with anything. Section 3.26.
  mutating func wouldTake(_ incoming: borrowing Incoming) -> Bool {
    wouldTake(incoming.instrument, incoming.side, incoming.limitTicks)
  }

  /// The same of an order that is to take another's place, which counts as gone.
  mutating func wouldTake(
    _ instrument: UInt16, _ side: Side, _ limitTicks: UInt32, without original: UInt32 = .max
  ) -> Bool {
    let opposite = side.opposite
    let crossKey = OrderBooks.key(opposite, limitTicks)
    if let best = bestTicks(instrument, opposite),
      OrderBooks.key(opposite, best) >= crossKey
    {
      return true
    }
    guard instruments[instrument].pegCount != 0 else { return false }
    let reference = pegReference(instrument, without: original)
    let sets: InlineArray<2, OrderSet> = [OrderSet.primaryPeg, .midPeg]
    for index in sets.indices {
      let set = sets[index]
      if let key = bestPegKey(set, instrument, opposite, reference), key >= crossKey {
        return true
      }
    }
    return false
  }
}
