// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// `quote`. Section 13.5.
  mutating func quote(_ command: MatchingCommand, _ events: inout MatchingSink) {
    if quotePlain(command, &events) { return }
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
    if bid.quantity > 0 { enterQuote(.buy, of: command, holding, &events) }
    if ask.quantity > 0 { enterQuote(.sell, of: command, holding, &events) }
    touch(command.instrument)
  }

  private mutating func enterQuote(
    _ side: Side, of command: MatchingCommand, _ holding: UInt32, _ events: inout MatchingSink
  ) {
    let order = PlainOrder(
      side, ofQuote: command, marginPpm: instruments[command.instrument].marginPpm,
      holding: holding)
    let isPlain = instruments[command.instrument].isPlain
    let slot = isPlain ? enterOne(order, &events) : enterAmongSpecial(order, &events)
    setQuote(side, holding, slot)
  }

  /// The same as `quote` where both sides are plain, acceptable and have a quote before them or none:
  /// what makers send all day.
  ///
  /// - Returns: False where they are not; then nothing has changed.
  private mutating func quotePlain(
    _ command: MatchingCommand, _ events: inout MatchingSink
  ) -> Bool {
    // SAFETY: every instrument and owner has a record; no record moves.
    let instrument = unsafe instruments.base + Int(command.instrument)
    let owner = unsafe owners.base + Int(command.owner)
    guard command.flags == [], OrderRequest.isCapacityKnown(command.capacityCode),
      unsafe instrument.pointee.isPlain, unsafe isFree(owner.pointee),
      unsafe owner.pointee.limitsSet == 0,
      unsafe instrument.pointee.refusal(ofQuantity: command.quantity) == nil,
      unsafe instrument.pointee.refusal(ofQuantity: command.displayQuantity) == nil,
      unsafe instrument.pointee.refusal(ofPrice: command.priceTicks) == nil,
      unsafe instrument.pointee.refusal(
        ofPrice: command.triggerTicks, above: command.priceTicks) == nil,
      refusal(ofId: command.orderId, session: command.session) == nil,
      command.relatedOrderId > command.orderId,
      refusal(ofId: command.relatedOrderId, session: command.session) == nil,
      let holding = holdings.find(owner: command.owner, instrument: command.instrument),
      !holdings.records[holding].isRestricted, holdings.records[holding].isListed, hasRoom(2)
    else { return false }
    // The quote before still counts, and both sides at once: where even that is no overflow, neither
    // is what `checkQuote` looks at.
    let marginPpm = unsafe instrument.pointee.marginPpm
    let (bidNotional, overflow) = Self.notional(command.priceTicks, command.quantity)
      .addingReportingOverflow(Self.notional(command.triggerTicks, command.displayQuantity))
    if overflow || riskSums(command.owner, bidNotional, marginPpm).isOverflow { return false }
    guard unsafe countMessage(owner) else { return false }
    sessions[command.session] = command.relatedOrderId
    _ = removeQuote(holding, &events)
    enterQuote(.buy, of: command, holding, &events)
    enterQuote(.sell, of: command, holding, &events)
    touch(command.instrument)
    return true
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
