// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// What must hold of the events of any engine after every command.
struct MatchingLaws {
  /// Where an order's quantity went.
  private struct Account {
    var side: UInt8
    var owner: UInt16
    var instrument: UInt16
    var limit: UInt32?
    var entered: UInt64
    var traded: UInt64 = 0
    var ended: UInt64 = 0
    var leaves: UInt32
  }

  /// Whether commands may be followed by events of others that had no room for them (section 15): then
  /// answers are not alone, and a book is crossed until its auction is done.
  private let isLimited: Bool
  private var accounts: [UInt64: Account] = [:]
  private var phases: [UInt16: MarketPhase] = [:]
  private var positions: [UInt16: [UInt16: Int128]] = [:]
  private var cash: [UInt16: Int128] = [:]
  private var matchCount: UInt64 = 0
  private(set) var rebuilder = BookRebuilder()

  init(isLimited: Bool = false) { self.isLimited = isLimited }

  /// Takes the events of a command in.
  ///
  /// - Returns: The first law that was broken.
  mutating func check(
    _ command: MatchingCommand, _ events: [MatchingEvent], _ engine: any MatchingUnderTest
  ) -> String? {
    if !isLimited, let broken = Self.answer(command, events) { return broken }
    var touched: Set<UInt16> = []
    for event in events {
      if let broken = apply(event) { return "\(broken): \(event.text)" }
      rebuilder.apply(event)
      touched.insert(event.instrument)
    }
    for instrument in touched {
      let bids = engine.mainBook(instrument, .buy)
      let asks = engine.mainBook(instrument, .sell)
      if bids != rebuilder.mainBook(instrument, .buy) { return "bids of \(instrument) and feed" }
      if asks != rebuilder.mainBook(instrument, .sell) { return "asks of \(instrument) and feed" }
      if !isLimited, phases[instrument] == .continuous, let bid = bids.first, let ask = asks.first,
        bid.priceTicks >= ask.priceTicks
      {
        return "book of \(instrument) is crossed"
      }
      if (bids + asks).contains(where: { $0.shown == 0 }) { return "nothing shown" }
    }
    return nil
  }

  /// At the end of a stream: what is summed over everything.
  func checkSums() -> String? {
    if cash.values.reduce(0, +) != 0 { return "cash" }
    for (instrument, positions) in positions where positions.values.reduce(0, +) != 0 {
      return "positions of \(instrument)"
    }
    return nil
  }

  // MARK: Answers

  /// Every command has exactly one answer, and a refusal is all there is.
  private static func answer(_ command: MatchingCommand, _ events: [MatchingEvent]) -> String? {
    if events.contains(where: { $0.kind == .rejected }) {
      return events.count == 1 ? nil : "more than a refusal"
    }
    guard let kind = MatchingCommandKind(rawValue: command.kindCode) else { return "no refusal" }
    func count(_ kind: MatchingEventKind) -> Int { events.count { $0.kind == kind } }
    let isAnswered =
      switch kind {
      case .new: events.first?.kind == .accepted && count(.accepted) == 1
      case .cancel: events.first?.kind == .cancelled
      case .reduce: events.first?.kind == .cancelled || events.first?.kind == .reduced
      case .replace: events.first?.kind == .replaced && count(.replaced) == 1
      case .massCancel: count(.massCancelled) == 1
      case .quote: quoteIsAnswered(command, count(.accepted), count(.massCancelled))
      case .defineInstrument: count(.instrumentDefined) == 1 && events.count == 1
      case .changeInstrument: count(.instrumentChanged) == 1 && events.count == 1
      case .setPhase, .halt, .resume: events.first?.kind == .phaseChanged
      case .setReferencePrice: count(.referencePriceSet) == 1 && events.count == 1
      case .setOwnerLimit: count(.ownerLimitSet) == 1 && events.count == 1
      case .killSwitch: count(.killSwitchSet) == 1
      case .expire: count(.timeExpired) == 1
      case .resetSums: count(.sumsReset) == 1 && events.count == 1
      }
    return isAnswered ? nil : "answer of \(kind)"
  }

  private static func quoteIsAnswered(
    _ command: MatchingCommand, _ accepted: Int, _ cancelled: Int
  ) -> Bool {
    let sides = (command.quantity == 0 ? 0 : 1) + (command.displayQuantity == 0 ? 0 : 1)
    return accepted == sides && cancelled == (sides == 0 ? 1 : 0)
  }

  // MARK: Quantities

  private mutating func apply(_ event: MatchingEvent) -> String? {
    switch event.kind {
    case .accepted, .replaced: return enter(event)
    case .trade, .selfTradePrevented: return exchange(event)
    case .cancelled:
      guard var account = accounts[event.orderId] else { return "unknown order" }
      if account.leaves != event.quantity || event.leavesQuantity != 0 { return "leaves" }
      account.ended += UInt64(account.leaves)
      account.leaves = 0
      return settle(event.orderId, account)
    case .reduced:
      guard var account = accounts[event.orderId] else { return "unknown order" }
      let left = Int(account.leaves) - Int(event.quantity)
      if left != Int(event.leavesQuantity) || left <= 0 || event.quantity == 0 { return "leaves" }
      account.ended += UInt64(event.quantity)
      account.leaves = event.leavesQuantity
      return settle(event.orderId, account)
    case .triggered, .activated:
      return accounts[event.orderId]?.leaves == event.leavesQuantity ? nil : "leaves"
    case .replenished:
      if event.quantity == 0 || event.quantity > event.leavesQuantity { return "shown" }
      return accounts[event.orderId]?.leaves == event.leavesQuantity ? nil : "leaves"
    case .phaseChanged:
      phases[event.instrument] = MarketPhase(rawValue: event.detailCode & 15)
      return nil
    default: return nil
    }
  }

  private mutating func enter(_ event: MatchingEvent) -> String? {
    if accounts[event.orderId] != nil { return "id of a live order" }
    if event.quantity == 0 || event.quantity != event.leavesQuantity { return "quantity" }
    if event.kind == .replaced, accounts.removeValue(forKey: event.relatedOrderId) == nil {
      return "unknown original"
    }
    let type = OrderType(rawValue: event.detailCode & 15)
    accounts[event.orderId] = Account(
      side: event.sideCode, owner: event.owner, instrument: event.instrument,
      limit: type == .limit || type == .stopLimit ? event.priceTicks : nil,
      entered: UInt64(event.quantity), leaves: event.leavesQuantity)
    return nil
  }

  private mutating func exchange(_ event: MatchingEvent) -> String? {
    guard var first = accounts[event.orderId], var second = accounts[event.relatedOrderId] else {
      return "unknown order"
    }
    if first.side == second.side || first.instrument != second.instrument { return "sides" }
    if event.quantity == 0 { return "quantity" }
    for (account, leaves) in [
      (first, event.leavesQuantity), (second, event.relatedLeavesQuantity),
    ] where Int(account.leaves) - Int(event.quantity) != Int(leaves) {
      return "leaves"
    }
    first.leaves = event.leavesQuantity
    second.leaves = event.relatedLeavesQuantity
    if event.kind == .trade {
      if event.value != matchCount + 1 { return "match number" }
      matchCount += 1
      first.traded += UInt64(event.quantity)
      second.traded += UInt64(event.quantity)
      for account in [first, second] {
        if let limit = account.limit,
          account.side == Side.buy.rawValue
            ? event.priceTicks > limit : event.priceTicks < limit
        {
          return "worse than the limit"
        }
        book(account, event)
      }
    } else {
      first.ended += UInt64(event.quantity)
      second.ended += UInt64(event.quantity)
    }
    return settle(event.orderId, first) ?? settle(event.relatedOrderId, second)
  }

  private mutating func book(_ account: Account, _ event: MatchingEvent) {
    let quantity = Int128(event.quantity) * (account.side == Side.buy.rawValue ? 1 : -1)
    positions[account.instrument, default: [:]][account.owner, default: 0] += quantity
    cash[account.owner, default: 0] -= quantity * Int128(event.priceTicks)
  }

  /// Quantity in is traded, ended or left.
  private mutating func settle(_ id: UInt64, _ account: Account) -> String? {
    if account.entered != account.traded + account.ended + UInt64(account.leaves) {
      return "quantity in and out"
    }
    accounts[id] = account.leaves == 0 ? nil : account
    return nil
  }
}
