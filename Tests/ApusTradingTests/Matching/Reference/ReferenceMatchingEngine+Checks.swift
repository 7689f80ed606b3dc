// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Section 3: the checks of `new`, which replace and quote share.
extension ReferenceMatchingEngine {
  static let priceMax = UInt32.max - 1

  /// 3.2.
  func instrument(_ command: MatchingCommand) throws(Refusal) -> ReferenceInstrument {
    guard let instrument = instruments[command.instrument] else {
      throw Refusal(reason: .unknownInstrument)
    }
    return instrument
  }

  /// 3.3.
  func owner(_ command: MatchingCommand) throws(Refusal) -> ReferenceOwner {
    guard let owner = owners[command.owner] else { throw Refusal(reason: .unknownOwner) }
    return owner
  }

  /// 3.4 to 3.6.
  func checkMessage(of owner: ReferenceOwner) throws(Refusal) {
    try check(!isMarketKilled, .marketKilled)
    try check(!owner.isKilled, .ownerKilled)
    if owner.windowBegin.map({ now - $0 >= 1_000_000_000 }) ?? true {
      owner.windowBegin = now
      owner.windowMessages = 0
    }
    let rate = owner[.messageRate]
    if rate != 0, owner.windowMessages >= rate {
      throw Refusal(reason: .messageRate, limit: rate, value: owner.windowMessages + 1)
    }
    owner.windowMessages += 1
  }

  /// 3.7 and 3.8; from here on the id counts as used.
  func checkId(_ id: UInt64, session: UInt16) throws(Refusal) {
    try check(id > usedIds[session] ?? 0, .orderIdReused)
    usedIds[session] = id
    try check(orders[id] == nil, .duplicateOrderId)
  }

  /// 3.9 to 3.21; a replacement keeps its time in force, expiry and post-only, which fit already.
  ///
  /// - Parameter bid: Of a quote whose ask is checked.
  func checkFields(
    _ request: OrderRequest, isReplacement: Bool = false, bid: OrderRequest? = nil
  ) throws(Refusal) {
    let (instrument, time, type) = (request.instrument, request.timeInForce, request.type)
    try check(instrument.phase != .closed, .closed)
    try check(instrument.phase != .halted, .halted)
    try checkPhase(request)
    if !isReplacement { try check(Self.fits(type, time), .timeInForce) }
    try check(request.quantity > 0, .quantity)
    try check(request.quantity % instrument.lot == 0, .lot)
    let quantityMax = instrument.quantityMax
    try check(quantityMax == 0 || request.quantity <= quantityMax, .instrumentQuantity)
    try checkPrice(request, bid: bid)
    try check(
      request.display == 0
        || type == .limit && request.display % instrument.lot == 0
          && request.display < request.quantity && time != .immediateOrCancel
          && time != .fillOrKill,
      .displayQuantity)
    try checkTrigger(request)
    if isReplacement { return }
    try check(time == .goodTillDate ? request.expiry > now : request.expiry == 0, .expiry)
    try check(!request.isPostOnly || type == .limit && Self.lasts(time), .postOnly)
  }

  /// 3.10.
  private func checkPhase(_ request: OrderRequest) throws(Refusal) {
    let phase = request.instrument.phase
    switch request.timeInForce {
    case .atOpen: try check(phase == .preOpen || phase == .openingAuction, .phase)
    case .atClose: break
    case .immediateOrCancel, .fillOrKill: try check(phase == .continuous, .phase)
    default: try check(phase == .continuous || request.type != .market, .phase)
    }
  }

  /// The table of 3.11.
  static func fits(_ type: OrderType, _ time: TimeInForce) -> Bool {
    switch type {
    case .limit: true
    case .market: !lasts(time)
    case .stop, .stopLimit, .trailingStop, .primaryPeg, .midPeg: lasts(time)
    }
  }

  static func lasts(_ time: TimeInForce) -> Bool {
    time == .day || time == .goodTillCancel || time == .goodTillDate
  }

  /// 3.15 to 3.17.
  private func checkPrice(_ request: OrderRequest, bid: OrderRequest?) throws(Refusal) {
    let (instrument, price) = (request.instrument, request.price)
    switch request.type {
    case .limit, .stopLimit, .primaryPeg, .midPeg: try check(price > 0, .price)
    case .stop, .trailingStop: try check(price == 0, .price)
    case .market:
      let isForAuction = request.timeInForce == .atOpen || request.timeInForce == .atClose
      try check(price == 0 || !isForAuction, .price)
    }
    if price == 0 { return }
    try check(price <= Self.priceMax && bid.map { $0.price < price } ?? true, .price)
    try check(instrument.isOnGrid(price), .tick)
    if request.type != .market, instrument.staticBandPpm != 0, let middle = instrument.reference {
      let band = ReferenceInstrument.band(instrument.staticBandPpm, about: middle)
      try check(band.contains(Int(price)), .priceBand)
    }
  }

  /// 3.19.
  private func checkTrigger(_ request: OrderRequest) throws(Refusal) {
    let (instrument, trigger) = (request.instrument, request.trigger)
    switch request.type {
    case .stop, .stopLimit:
      try check(trigger > 0 && trigger <= Self.priceMax && instrument.isOnGrid(trigger), .trigger)
    case .trailingStop:
      let first = instrument.trailingTrigger(request.side, amount: trigger)
      try check(trigger > 0 && first.map { $0 >= 1 } ?? false, .trigger)
    default:
      try check(trigger == 0, .trigger)
    }
  }

  /// 3.22; gives the linked order.
  func checkLink(_ request: OrderRequest) throws(Refusal) -> ReferenceOrder? {
    if request.link == .none {
      try check(request.linkedId == 0, .link)
      return nil
    }
    guard request.link != .both, let named = orders[request.linkedId],
      named.owner === request.owner, named.instrument === request.instrument, !named.isDormant,
      named.partner == nil
    else { throw Refusal(reason: .link) }
    if request.link == .bracketChild {
      try check(named.type == .limit || named.type == .market, .link)
      try check(request.side == named.side.opposite && Self.lasts(request.timeInForce), .link)
      try check(Self.isTarget(request.type) || Self.isStop(request.type), .link)
      if let others = named.bracket?.children, let other = others.first {
        try check(others.count == 1, .link)
        try check(Self.isTarget(request.type) != Self.isTarget(other.type), .link)
      }
    }
    return named
  }

  private static func isTarget(_ type: OrderType) -> Bool { type == .limit }

  private static func isStop(_ type: OrderType) -> Bool {
    type == .stop || type == .stopLimit || type == .trailingStop
  }

  /// 3.26: whether something opposite is at a price or better for an order of a side.
  func wouldTake(
    _ side: Side, _ price: UInt32, _ instrument: ReferenceInstrument,
    without excluded: ReferenceOrder? = nil
  ) -> Bool {
    let reference = instrument.pegReference(without: excluded)
    let best = opposite(of: side, instrument, reference)
    return best.map { side.accepts($0.price, limit: price) } ?? false
  }
}
