// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// `new`. Sections 3 and 4.
  @inline(never)
  mutating func enter(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard var request = OrderRequest(command) else {
      return reject(command, .malformed, &events)
    }
    if let refusal = checkSender(command, request.instrument) {
      return reject(command, refusal, &events)
    }
    if let reason = checkId(request.orderId, session: request.session) {
      return reject(command, reason, &events)
    }
    if instruments[request.instrument].unfinished != [] {
      return reject(command, .unfinished, &events)
    }
    if let reason = checkFields(&request, isReplacement: false) {
      return reject(command, reason, &events)
    }
    var linked = UInt32.max
    if command.relatedOrderId != 0 || request.flags.rawValue > CommandFlags.postOnly.rawValue {
      guard let other = findLinked(request, command.relatedOrderId) else {
        return reject(command, .link, &events)
      }
      linked = other
    }
    let found = holdings.find(owner: request.owner, instrument: request.instrument)
    let marginPpm = instruments[request.instrument].marginPpm
    if let found, holdings.records[found].isRestricted {
      return reject(command, .restricted, &events)
    }
    if let refusal = checkRisk(
      riskRequest(request, holding: found ?? Holding.none, marginPpm: marginPpm))
    {
      return reject(command, refusal, &events)
    }
    guard hasRoom(1), found != nil || !holdings.isFull else {
      return reject(command, .capacity, &events)
    }
    var incoming = makeIncoming(request, found ?? Holding.none, marginPpm)
    if instruments[request.instrument].phase == .continuous,
      let reason = checkAgainstBook(request, incoming)
    {
      return reject(command, reason, &events)
    }
    // Not before nothing can refuse it any more: nobody takes a holding back.
    guard let holding = found ?? makeHolding(request) else { return }
    incoming.holding = holding
    listHolding(holding)
    // SAFETY: every owner has a record.
    unsafe remember(owners.base + Int(command.owner), command)
    emitAccepted(incoming, request, related: command.relatedOrderId, &events)
    if linked != .max {
      enterLinked(&incoming, request, linked, &events)
    } else {
      enterPlain(&incoming, request, &events)
    }
    touch(request.instrument)
  }

  mutating func reject(
    _ command: MatchingCommand, _ refusal: RiskRefusal, _ events: inout MatchingSink
  ) {
    reject(command, refusal.reason, &events, limit: refusal.limit, value: refusal.value)
  }

  /// Whether so many orders more may rest.
  @inline(__always)
  mutating func hasRoom(_ count: Int) -> Bool {
    books.orders.count &+ count <= configuration.orderCapacity
  }

  @inline(never)
  private mutating func makeHolding(_ request: OrderRequest) -> UInt32? {
    holdings.insert(owner: request.owner, instrument: request.instrument)
  }

  /// Puts a holding behind the owner's others when its first order is accepted.
  @inline(__always)
  mutating func listHolding(_ holding: UInt32) {
    if holdings.records[holding].isListed { return }
    holdings.records[holding].isListed = true
    let owner = holdings.records[holding].owner
    if owners[owner].lastHolding == 0 {
      owners[owner].firstHolding = holding &+ 1
    } else {
      holdings.records[owners[owner].lastHolding &- 1].next = holding &+ 1
    }
    owners[owner].lastHolding = holding &+ 1
  }

  /// Keeps what a duplicate order would be compared with.
  @inline(__always)
  @unsafe
  func remember(_ owner: UnsafeMutablePointer<Owner>, _ command: MatchingCommand) {
    unsafe owner.pointee.lastOrderTime = now
    unsafe owner.pointee.lastPriceTicks = command.priceTicks
    unsafe owner.pointee.lastQuantity = command.quantity
    unsafe owner.pointee.lastInstrument = command.instrument
    unsafe owner.pointee.lastSideCode = command.sideCode
    unsafe owner.pointee.hasLastOrder = true
  }

  @inline(__always)
  mutating func makeIncoming(
    _ request: OrderRequest, _ holding: UInt32, _ marginPpm: UInt32
  ) -> Incoming {
    Incoming(
      orderId: request.orderId, clientOrderId: request.clientOrderId, owner: request.owner,
      session: request.session, instrument: request.instrument, side: request.side,
      typeAndTime: request.typeAndTime, account: request.account,
      capacityCode: request.capacityCode, flags: request.flags, priceTicks: request.priceTicks,
      limitTicks: request.limitTicks, leaves: request.quantity,
      displayQuantity: request.displayQuantity, riskTicks: request.riskTicks,
      marginPpm: marginPpm, holding: holding, group: groups[request.owner],
      selfTradePrevention: mode(request.capacityCode, request.instrument))
  }

  /// What an order does where it meets its own group: its own mode, or the instrument's.
  @inline(__always)
  mutating func mode(_ capacityCode: UInt8, _ instrument: UInt16) -> SelfTradePrevention {
    let own = SelfTradePrevention(rawValue: capacityCode >> 4) ?? .default
    if own != .default { return own }
    let default_ = instruments[instrument].selfTradePrevention
    return default_ == .default ? .allow : default_
  }

  /// Sections 3.26 and 3.27.
  @inline(__always)
  mutating func checkAgainstBook(
    _ request: OrderRequest, _ incoming: borrowing Incoming
  ) -> MatchingReason? {
    if request.flags.contains(.postOnly), !request.flags.contains(.bracketChild),
      wouldTake(incoming)
    {
      return .wouldTake
    }
    if request.timeInForce == .fillOrKill, !isFillable(incoming) { return .notFillable }
    return nil
  }

  @inline(__always)
  mutating func emitAccepted(
    _ incoming: borrowing Incoming, _ request: OrderRequest, related: UInt64,
    isQuote: Bool = false, _ events: inout MatchingSink
  ) {
    var event = event(.accepted, of: incoming)
    var flags = isQuote ? EventFlags.quote : []
    if request.flags != [] {
      if request.flags.contains(.postOnly) { flags.insert(.postOnly) }
      if request.flags.contains(.oneCancelsOther) { flags.insert(.oneCancelsOther) }
      if request.flags.contains(.bracketChild) { flags.insert(.bracketChild) }
    }
    event.flags = flags
    event.priceTicks = request.priceTicks
    event.quantity = request.quantity
    event.leavesQuantity = request.quantity
    event.relatedLeavesQuantity = request.displayQuantity
    event.relatedOrderId = related
    event.relatedClientOrderId = request.expiry
    event.value = UInt64(request.firstTriggerTicks)
    events.emit(event)
  }

  /// Puts an accepted order where it belongs. Section 4.
  @inline(__always)
  mutating func enterPlain(
    _ incoming: inout Incoming, _ request: OrderRequest, _ events: inout MatchingSink
  ) {
    if request.type == .limit, request.timeInForce.rawValue < TimeInForce.atOpen.rawValue {
      if request.timeInForce == .goodTillDate { noteExpiry(&incoming, request.expiry) }
      matchAndRest(&incoming, &events)
    } else {
      enterSpecial(&incoming, request, &events)
    }
  }

  @inline(never)
  private mutating func enterSpecial(
    _ incoming: inout Incoming, _ request: OrderRequest, _ events: inout MatchingSink
  ) {
    if request.timeInForce == .goodTillDate { noteExpiry(&incoming, request.expiry) }
    if request.timeInForce == .atOpen || request.timeInForce == .atClose {
      let set = request.timeInForce == .atOpen ? OrderSet.atOpen : .atClose
      let ticks = request.type == .market ? Self.anyPrice(request.side) : request.priceTicks
      rest(&incoming, in: set, at: ticks, &events)
    } else if request.isStop {
      makeSlot(&incoming)
      let extra = makeExtra(incoming.slot)
      extras[extra].triggerTicks = request.triggerTicks
      rest(&incoming, in: .stop, at: request.firstTriggerTicks, &events)
    } else {
      matchAndRest(&incoming, &events)
    }
  }

  /// Keeps when an order ends.
  mutating func noteExpiry(_ incoming: inout Incoming, _ expiry: UInt64) {
    makeSlot(&incoming)
    let extra = makeExtra(incoming.slot)
    extras[extra].expiry = expiry
    expiries.insert(time: expiry, orderId: incoming.orderId, slot: incoming.slot)
  }

  /// Matches where the phase lets it, and rests or ends what is left.
  @inline(__always)
  mutating func matchAndRest(_ incoming: inout Incoming, _ events: inout MatchingSink) {
    if incoming.type != .limit, incoming.type != .market {
      return matchAndRestPeg(&incoming, &events)
    }
    var end = MatchEnd.done
    if instruments[incoming.instrument].phase == .continuous {
      incomingSlot = incoming.slot
      end = match(&incoming, &events)
      incomingSlot = .max
    }
    finish(&incoming, end, in: .main, &events)
  }

  /// Section 4.4.
  @inline(never)
  private mutating func matchAndRestPeg(
    _ incoming: inout Incoming, _ events: inout MatchingSink
  ) {
    let set = incoming.type == .primaryPeg ? OrderSet.primaryPeg : .midPeg
    var end = MatchEnd.done
    if instruments[incoming.instrument].phase == .continuous,
      let cap = pegReference(incoming.instrument).priceTicks(set, incoming.side)
    {
      let key = min(
        OrderBooks.key(incoming.side, cap), OrderBooks.key(incoming.side, incoming.priceTicks))
      incoming.limitTicks = OrderBooks.key(incoming.side, key)
      incomingSlot = incoming.slot
      end = match(&incoming, &events)
      incomingSlot = .max
    }
    finish(&incoming, end, in: set, &events)
  }

  /// Rests or ends what is left of an order after it matched.
  @inline(__always)
  mutating func finish(
    _ incoming: inout Incoming, _ matchEnd: MatchEnd, in set: OrderSet,
    _ events: inout MatchingSink
  ) {
    let wasLinkedAway = isIncomingLinkedAway
    isIncomingLinkedAway = false
    if case .volatility = matchEnd { pause(incoming.instrument, &events) }
    if incoming.leaves == 0 { return leave(&incoming, &events) }
    if wasLinkedAway {
      end(&incoming, .linked, &events)
      if waitingParent != .max { resolveWaitingParent(&events) }
      return
    }
    let mayRest =
      incoming.type != .market
      && incoming.timeInForce.rawValue < TimeInForce.immediateOrCancel.rawValue
    switch matchEnd {
    case .cancelled(let reason): end(&incoming, reason, &events)
    case .done:
      if mayRest {
        rest(&incoming, in: set, at: incoming.priceTicks, &events)
      } else {
        end(&incoming, .immediate, &events)
      }
    case .volatility:
      if mayRest {
        rest(&incoming, in: set, at: incoming.priceTicks, &events)
      } else {
        end(&incoming, .volatility, &events)
      }
    }
  }

  /// Cancels what is left of an incoming order.
  mutating func end(
    _ incoming: inout Incoming, _ reason: MatchingReason, _ events: inout MatchingSink
  ) {
    var event = event(.cancelled, of: incoming)
    event.reasonCode = reason.rawValue
    event.priceTicks = incoming.priceTicks
    event.quantity = incoming.leaves
    events.emit(event)
    incoming.leaves = 0
    leave(&incoming, &events)
  }

  /// Ends an incoming order of which nothing is left.
  @inline(__always)
  private mutating func leave(_ incoming: inout Incoming, _ events: inout MatchingSink) {
    if incoming.slot != .max { leaveSlot(incoming, &events) }
  }

  @inline(never)
  private mutating func leaveSlot(
    _ incoming: borrowing Incoming, _ events: inout MatchingSink
  ) {
    let slot = incoming.slot
    details[slot].filledQuantity = incoming.filledQuantity
    forget(slot)
    resolveLink(of: slot, &events)
    resolveChildren(of: slot, &events)
    free(slot)
  }
}
