// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// Sections 9 and 11.
extension ReferenceMatchingEngine {
  func setPhase(_ command: MatchingCommand) throws(Refusal) {
    guard let phase = MarketPhase(rawValue: command.detailCode) else {
      throw Refusal(reason: .malformed)
    }
    try move(instrument(command), to: phase)
  }

  func resume(_ command: MatchingCommand) throws(Refusal) {
    let instrument = try instrument(command)
    try check(instrument.phase == .halted, .phase)
    try move(instrument, to: .continuous)
  }

  func move(_ instrument: ReferenceInstrument, to phase: MarketPhase) throws(Refusal) {
    try check(phase != instrument.phase, .phase)
    try check(instrument.unfinished.isEmpty, .unfinished)
    let old = instrument.phase
    events.append(.phaseChanged(instrument, to: phase, .requested))
    instrument.phase = phase
    if phase == .continuous {
      instrument.auctionSet = .atOpen
      begin([.auction, .auctionOnly, .followUp], instrument)
    } else if phase == .closed {
      instrument.auctionSet = .atClose
      begin(old == .closingAuction ? [.auction, .auctionOnly, .close] : [.close], instrument)
    }
  }

  func endDay(_ instrument: ReferenceInstrument) -> Bool {
    let ending: [TimeInForce] = [.day, .atOpen, .atClose]
    var list: [ReferenceOrder] = []
    for set in BookSet.allCases {
      for side in [Side.buy, .sell] { list += instrument[set, side] }
    }
    let dormant = orders.values.filter { $0.isDormant && $0.instrument === instrument }
    list += dormant.sorted { $0.id < $1.id }
    let (_, left) = cancelAsFarAsPossible(
      list.filter { ending.contains($0.timeInForce) }, .endOfDay)
    return left == 0
  }

  // MARK: Auctions

  struct AuctionPrice {
    var price: UInt32
    var executable: UInt64
    var imbalance: Int64
  }

  func holdAuction(_ instrument: ReferenceInstrument) -> Bool {
    // More than once only where links took away what was counted.
    while true {
      if instrument.auctionPrice == nil {
        guard hasEventRoom else { return false }
        let set = instrument.auctionSet
        guard var auction = auctionPrice(instrument, with: set) else { return true }
        let eventCount = events.count
        guard joinMain(instrument, set) else { return false }
        if events.count > eventCount {
          guard let left = auctionPrice(instrument, with: set) else { return true }
          auction = left
        }
        instrument.auctionPrice = auction.price
        var event = MatchingEvent(.auction)
        event.instrument = instrument.id
        event.priceTicks = auction.price
        event.value = auction.executable
        event.relatedClientOrderId = UInt64(bitPattern: auction.imbalance)
        event.detailCode = instrument.phase.rawValue
        events.append(event)
      }
      guard tradeAuction(instrument, at: instrument.auctionPrice ?? 0) else { return false }
      instrument.auctionPrice = nil
    }
  }

  /// 11.2; what finds no room in main is cancelled, as far as there is room for events.
  private func joinMain(_ instrument: ReferenceInstrument, _ set: BookSet) -> Bool {
    for side in [Side.buy, .sell] {
      while let order = instrument[set, side].first {
        if mayJoinMain(order) {
          instrument.remove(order)
          place(order, in: .main)
          continue
        }
        guard hasEventRoom else { return false }
        cancel(order, .capacity)
      }
    }
    return true
  }

  func endAuction(_ instrument: ReferenceInstrument) -> Bool {
    let set = instrument.auctionSet
    let timeInForce: TimeInForce = set == .atOpen ? .atOpen : .atClose
    for side in [Side.buy, .sell] {
      let joined = instrument[.main, side].filter { $0.timeInForce == timeInForce }
      let (_, left) = cancelAsFarAsPossible(joined + instrument[set, side], .auctionOnly)
      if left > 0 { return false }
    }
    return true
  }

  /// 11.1; nil where nothing is executable.
  func auctionPrice(_ instrument: ReferenceInstrument, with set: BookSet) -> AuctionPrice? {
    let buys = instrument[.main, .buy] + instrument[set, .buy]
    let sells = instrument[.main, .sell] + instrument[set, .sell]
    if buys.isEmpty || sells.isEmpty { return nil }
    var candidates = Set((buys + sells).filter { $0.type == .limit }.map(\.price))
    if let reference = instrument.reference, instrument.isOnGrid(reference) {
      candidates.insert(reference)
    }
    var best: AuctionPrice?
    for price in candidates.sorted() {
      let buying = Self.quantity(buys, at: price)
      let selling = Self.quantity(sells, at: price)
      let candidate = AuctionPrice(
        price: price, executable: min(buying, selling),
        imbalance: Int64(buying) - Int64(selling))
      if candidate.executable == 0 { continue }
      if best.map({ isBetter(candidate, than: $0, instrument) }) ?? true { best = candidate }
    }
    return best
  }

  private static func quantity(_ orders: [ReferenceOrder], at price: UInt32) -> UInt64 {
    orders.reduce(0) { $0 + (isExecutable($1, at: price) ? UInt64($1.leaves) : 0) }
  }

  private static func isExecutable(_ order: ReferenceOrder, at price: UInt32) -> Bool {
    order.type == .market || order.side.accepts(price, limit: order.price)
  }

  /// Whether a candidate is to be taken rather than one with a lower price.
  private func isBetter(
    _ candidate: AuctionPrice, than other: AuctionPrice, _ instrument: ReferenceInstrument
  ) -> Bool {
    if candidate.executable != other.executable { return candidate.executable > other.executable }
    let imbalances = (candidate.imbalance.magnitude, other.imbalance.magnitude)
    if imbalances.0 != imbalances.1 { return imbalances.0 < imbalances.1 }
    guard let middle = instrument.reference ?? instrument.last else { return false }
    func distance(_ price: UInt32) -> UInt32 { max(price, middle) - min(price, middle) }
    return distance(candidate.price) <= distance(other.price)
  }

  /// 11.2.
  private func tradeAuction(_ instrument: ReferenceInstrument, at price: UInt32) -> Bool {
    while let buy = instrument[.main, .buy].first, let sell = instrument[.main, .sell].first,
      Self.isExecutable(buy, at: price), Self.isExecutable(sell, at: price)
    {
      guard hasEventRoom else { return false }
      trade(buy, sell, min(buy.shown, sell.shown), at: price, isAuction: true)
    }
    return true
  }
}
