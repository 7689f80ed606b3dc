// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// `quote`. Section 13.5.
  mutating func quote(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard OrderRequest.isCapacityKnown(command.capacityCode), command.flags == [] else {
      return reject(command, .malformed, &events)
    }
    if let refusal = checkSender(command, command.instrument) {
      return reject(command, refusal, &events)
    }
    let found = holdings.find(owner: command.owner, instrument: command.instrument)
    if command.quantity == 0, command.displayQuantity == 0 {
      var count: UInt32 = 0
      if let found { count = removeQuote(found, &events) }
      return emitMassCancelled(command, count, 0, &events)
    }
    if instruments[command.instrument].unfinished != [] {
      return reject(command, .unfinished, &events)
    }
    var bid = OrderRequest(quote: command, .buy)
    var ask = OrderRequest(quote: command, .sell)
    if let refusal = checkQuote(&bid, &ask, found) { return reject(command, refusal, &events) }
    guard hasRoom(2),
      let holding = found
        ?? holdings.insert(owner: command.owner, instrument: command.instrument)
    else { return reject(command, .capacity, &events) }
    listHolding(holding)
    _ = removeQuote(holding, &events)
    if bid.quantity > 0 { enterQuote(bid, holding, &events) }
    if ask.quantity > 0 { enterQuote(ask, holding, &events) }
    touch(command.instrument)
  }

  private mutating func enterQuote(
    _ request: OrderRequest, _ holding: UInt32, _ events: inout MatchingSink
  ) {
    let marginPpm = instruments[request.instrument].marginPpm
    if instruments[request.instrument].isPlain {
      let order = PlainOrder(quote: request, marginPpm: marginPpm, holding: holding)
      return setQuote(request.side, holding, enterOne(order, &events))
    }
    var incoming = makeIncoming(request, holding, marginPpm)
    emitAccepted(incoming, request, related: 0, isQuote: true, &events)
    matchAndRest(&incoming, &events)
    guard incoming.leaves > 0 else { return }
    orders[incoming.slot].tag.isQuote = true
    setQuote(request.side, holding, incoming.slot)
  }

  private mutating func setQuote(_ side: Side, _ holding: UInt32, _ slot: UInt32) {
    if slot == .max { return }
    if side == .buy {
      holdings.records[holding].quoteBid = slot
    } else {
      holdings.records[holding].quoteAsk = slot
    }
  }

  /// Cancels what is left of an owner's quote, bid first.
  private mutating func removeQuote(_ holding: UInt32, _ events: inout MatchingSink) -> UInt32 {
    var count: UInt32 = 0
    if holdings.records[holding].quoteBid != .max {
      remove(holdings.records[holding].quoteBid, .quoteReplaced, &events)
      count += 1
    }
    if holdings.records[holding].quoteAsk != .max {
      remove(holdings.records[holding].quoteAsk, .quoteReplaced, &events)
      count += 1
    }
    return count
  }

  /// Checks both sides as if the present quote were gone.
  private mutating func checkQuote(
    _ bid: inout OrderRequest, _ ask: inout OrderRequest, _ holding: UInt32?
  ) -> RiskRefusal? {
    let (oldBid, oldAsk) =
      holding.map { (holdings.records[$0].quoteBid, holdings.records[$0].quoteAsk) }
      ?? (.max, .max)
    let slots: InlineArray<2, UInt32> = [oldBid, oldAsk]
    for index in slots.indices {
      let slot = slots[index]
      if slot == .max { continue }
      releaseRisk(slot, from: leaves(slot), to: 0)
      owners[bid.owner].openOrderCount &-= 1
    }
    var refusal: RiskRefusal?
    if bid.quantity > 0 { refusal = checkSide(&bid, holding, after: nil) }
    if refusal == nil, ask.quantity > 0 {
      refusal = checkSide(&ask, holding, after: bid.quantity > 0 ? bid : nil)
    }
    for index in slots.indices {
      let slot = slots[index]
      if slot == .max { continue }
      claimRisk(slot, leaves: leaves(slot))
      owners[bid.owner].openOrderCount &+= 1
    }
    return refusal
  }

  private mutating func checkSide(
    _ request: inout OrderRequest, _ holding: UInt32?, after bid: OrderRequest?
  ) -> RiskRefusal? {
    if let reason = checkId(request.orderId, session: request.session) {
      return RiskRefusal(reason)
    }
    if let reason = checkFields(&request, isReplacement: false) { return RiskRefusal(reason) }
    if let holding, holdings.records[holding].isRestricted { return RiskRefusal(.restricted) }
    let marginPpm = instruments[request.instrument].marginPpm
    var risk = riskRequest(request, holding: holding ?? Holding.none, marginPpm: marginPpm)
    risk.isQuote = true
    guard let bid else { return checkRisk(risk) }
    // The bid counts as live.
    risk.additionalOrders = 1
    let notional = Self.notional(bid.riskTicks, bid.quantity)
    let margin = unsafe RiskAccount.share(notional, marginPpm)
    owners[bid.owner].openNotional[0] &+= notional
    owners[bid.owner].openMargin &+= margin
    let refusal = checkRisk(risk)
    owners[bid.owner].openNotional[0] &-= notional
    owners[bid.owner].openMargin &-= margin
    return refusal
  }
}
