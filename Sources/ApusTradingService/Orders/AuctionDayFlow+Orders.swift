// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading

/// The commands of a day by phase.
extension AuctionDayFlow {
  private static let lastingMinutes: UInt64 = 60_000_000_000

  // MARK: Draws

  func quantity(_ desk: inout OrderDesk, _ instrument: UInt16, max: UInt32 = 100) -> UInt32 {
    (1 + desk.random.below(narrow: max)) * lots[Int(instrument)]
  }

  private func onGrid(_ price: UInt32, _ instrument: UInt16) -> UInt32 {
    price - price % ticks[Int(instrument)]
  }

  private func drawSide(_ desk: inout OrderDesk) -> UInt8 {
    UInt8(truncatingIfNeeded: desk.random.below(narrow: 2))
  }

  /// A price that rests.
  private func passivePrice(
    _ desk: inout OrderDesk, _ instrument: UInt16, _ side: UInt8
  ) -> UInt32 {
    let tick = ticks[Int(instrument)]
    let distance = desk.random.logUniform(octaveCount: 7) * tick
    let middle = onGrid(middles[Int(instrument)], instrument)
    guard let other = desk.market.best(instrument, side ^ 1) else {
      return side == StreamMarket.buy ? middle - distance : middle + distance
    }
    return side == StreamMarket.buy
      ? min(middle - distance, other - tick) : max(middle + distance, other + tick)
  }

  /// A price that reaches the other side, or nil where there is none.
  private func crossingPrice(
    _ desk: inout OrderDesk, _ instrument: UInt16, _ side: UInt8
  ) -> UInt32? {
    guard let other = desk.market.best(instrument, side ^ 1) else { return nil }
    let step = desk.random.below(narrow: 3) * ticks[Int(instrument)]
    return side == StreamMarket.buy ? other + step : other - step
  }

  // MARK: Auctions

  /// Orders for an auction, on both sides of the middle.
  mutating func gather(_ desk: inout OrderDesk, _ instrument: UInt16, isOpening: Bool) {
    let side = drawSide(&desk)
    let quantity = quantity(&desk, instrument)
    let spread = desk.random.below(narrow: 60) * ticks[Int(instrument)]
    let middle = onGrid(middles[Int(instrument)], instrument)
    let reach = 20 * ticks[Int(instrument)]
    let price = side == StreamMarket.buy ? middle + reach - spread : middle - reach + spread
    let phase = desk.market.instruments[Int(instrument)].phase
    switch desk.random.below(narrow: 100) {
    case ..<16: cancelAny(&desk, instrument)
    case ..<18: reduceAny(&desk, instrument)
    case ..<40 where phase != .volatilityPause:
      auctionOrder(
        &desk, instrument, side, price: desk.random.oneIn(3) ? nil : price, quantity: quantity,
        isAtOpen: isOpening)
    case ..<44 where phase == .preOpen:
      auctionOrder(&desk, instrument, side, price: nil, quantity: quantity, isAtOpen: false)
    case ..<50:
      lasting.insert(
        desk.limit(
          instrument, side, price: price, quantity: quantity, timeInForce: .goodTillCancel))
    default: desk.limit(instrument, side, price: price, quantity: quantity)
    }
  }

  private func auctionOrder(
    _ desk: inout OrderDesk, _ instrument: UInt16, _ side: UInt8, price: UInt32?,
    quantity: UInt32, isAtOpen: Bool
  ) {
    let orderId = desk.new(
      instrument, side, type: price == nil ? .market : .limit,
      timeInForce: isAtOpen ? .atOpen : .atClose, price: price ?? 0, quantity: quantity)
    desk.market.instruments[Int(instrument)].auctionOrders.append(
      StreamAuctionOrder(
        orderId: orderId, side: side, price: price, quantity: quantity, isAtOpen: isAtOpen))
  }

  // MARK: Continuous

  private enum Draw: Int, CaseIterable {
    case cancel, passive, crossing, lasting, dated, immediate, fillOrKill, postOnly, iceberg
    case market, protected, stop, stopLimit, trailing, primaryPeg, midPeg, pair, bracket, atClose
    case reduce, replace, quote, cancelLoose, massCancel, expire
  }
  private static let weights: [UInt32] = [
    2_700, 2_400, 900, 300, 200, 400, 150, 400, 300,
    300, 80, 160, 80, 60, 80, 80, 40, 40, 100,
    250, 700, 300, 150, 1, 10,
  ]

  mutating func continuous(_ desk: inout OrderDesk, _ instrument: UInt16) {
    let side = drawSide(&desk)
    let quantity = quantity(&desk, instrument)
    let draw = Draw(rawValue: desk.random.weightedIndex(Self.weights)) ?? .passive
    switch draw {
    case .cancel: cancelAny(&desk, instrument)
    case .reduce: reduceAny(&desk, instrument)
    case .replace: replaceAny(&desk, instrument)
    case .quote: quote(&desk, instrument)
    case .massCancel: massCancel(&desk, instrument)
    case .expire: expire(&desk)
    case .cancelLoose: cancelLoose(&desk, instrument)
    case .atClose:
      let price = passivePrice(&desk, instrument, side)
      auctionOrder(
        &desk, instrument, side, price: price, quantity: quantity, isAtOpen: false)
    case .trailing, .primaryPeg, .midPeg, .pair, .bracket:
      unfollowed(&desk, draw, instrument, side, quantity)
    case .stop, .stopLimit: stop(&desk, instrument, side, quantity, hasLimit: draw == .stopLimit)
    default: plain(&desk, draw, instrument, side, quantity)
    }
  }

  private mutating func plain(
    _ desk: inout OrderDesk, _ draw: Draw, _ instrument: UInt16, _ side: UInt8, _ quantity: UInt32
  ) {
    let passive = passivePrice(&desk, instrument, side)
    let crossing = crossingPrice(&desk, instrument, side) ?? passive
    switch draw {
    case .crossing:
      desk.limit(instrument, side, price: crossing, quantity: quantity)
    case .lasting:
      lasting.insert(
        desk.limit(
          instrument, side, price: passive, quantity: quantity, timeInForce: .goodTillCancel))
    case .dated:
      let expiry =
        desk.timeNanoseconds + UInt64(1 + desk.random.below(narrow: 90)) * Self.lastingMinutes
      let orderId = desk.new(
        instrument, side, timeInForce: .goodTillDate, price: passive, quantity: quantity,
        expiry: expiry)
      desk.market.enter(
        orderId, instrument, side, limit: passive, quantity: quantity, rests: true)
      lasting.insert(orderId)
      expiring.append((expiry, orderId))
    case .immediate:
      desk.limit(
        instrument, side, price: crossing, quantity: quantity, timeInForce: .immediateOrCancel)
    case .fillOrKill:
      fillOrKill(&desk, instrument, side, quantity)
    case .postOnly:
      desk.limit(instrument, side, price: passive, quantity: quantity, flags: .postOnly)
    case .iceberg:
      let lot = lots[Int(instrument)]
      desk.limit(
        instrument, side, price: passive, quantity: quantity + 10 * lot,
        display: (1 + desk.random.below(narrow: 10)) * lot)
    case .market:
      desk.marketOrder(instrument, side, quantity: quantity)
    case .protected:
      desk.marketOrder(instrument, side, quantity: quantity, protection: crossing)
    default:
      desk.limit(instrument, side, price: passive, quantity: quantity)
    }
  }

  /// One that the first order opposite fills.
  private func fillOrKill(
    _ desk: inout OrderDesk, _ instrument: UInt16, _ side: UInt8, _ quantity: UInt32
  ) {
    guard let slot = desk.market.books.bestOrder(locate: instrument, side: side ^ 1) else {
      return desk.marketOrder(instrument, side, quantity: quantity)
    }
    let maker = desk.market.books.orders[Int(slot)]
    let part = min(quantity, maker.quantity)
    let orderId = desk.new(
      instrument, side, timeInForce: .fillOrKill, price: maker.price, quantity: part)
    desk.market.enter(
      orderId, instrument, side, limit: maker.price, quantity: part, rests: false)
  }

  private mutating func stop(
    _ desk: inout OrderDesk, _ instrument: UInt16, _ side: UInt8, _ quantity: UInt32,
    hasLimit: Bool
  ) {
    let tick = ticks[Int(instrument)]
    let anchor = onGrid(desk.market.instruments[Int(instrument)].anchor, instrument)
    let distance = (5 + desk.random.logUniform(octaveCount: 7)) * tick
    let trigger = side == StreamMarket.buy ? anchor + distance : anchor - distance
    let limit = side == StreamMarket.buy ? trigger + 10 * tick : trigger - 10 * tick
    lasting.insert(
      desk.stop(
        instrument, side, trigger: trigger, quantity: quantity, limit: hasLimit ? limit : nil))
  }

  /// Orders that the model does not follow.
  private mutating func unfollowed(
    _ desk: inout OrderDesk, _ draw: Draw, _ instrument: UInt16, _ side: UInt8, _ quantity: UInt32
  ) {
    let tick = ticks[Int(instrument)]
    let passive = passivePrice(&desk, instrument, side)
    switch draw {
    case .trailing:
      guard desk.market.instruments[Int(instrument)].last > 0 else { return stopless(&desk) }
      loose.append(
        desk.new(
          instrument, side, type: .trailingStop, quantity: quantity,
          trigger: (20 + desk.random.below(narrow: 100)) * tick))
    case .primaryPeg, .midPeg:
      loose.append(
        desk.new(
          instrument, side, type: draw == .midPeg ? .midPeg : .primaryPeg,
          price: onGrid(middles[Int(instrument)], instrument), quantity: quantity))
    case .pair:
      let parent = desk.limit(instrument, side, price: passive, quantity: quantity)
      linked(
        &desk, instrument, side, .oneCancelsOther, parent, price: 0, quantity,
        trigger: side == StreamMarket.buy ? passive + 400 * tick : passive - 400 * tick)
    default:
      let parent = desk.limit(instrument, side, price: passive, quantity: quantity)
      let (far, near) = (passive + 300 * tick, passive - 300 * tick)
      linked(
        &desk, instrument, side ^ 1, .bracketChild, parent,
        price: side == StreamMarket.buy ? far : near, quantity, trigger: 0)
      linked(
        &desk, instrument, side ^ 1, .bracketChild, parent, price: 0, quantity,
        trigger: side == StreamMarket.buy ? near : far)
    }
  }

  private mutating func linked(
    _ desk: inout OrderDesk, _ instrument: UInt16, _ side: UInt8, _ flag: CommandFlags,
    _ parent: UInt64, price: UInt32, _ quantity: UInt32, trigger: UInt32
  ) {
    let owner = desk.owner(of: parent)
    let orderId = desk.new(
      instrument, side, type: trigger == 0 ? .limit : .stop, price: price, quantity: quantity,
      trigger: trigger, flags: flag, related: parent, owner: owner)
    desk.setOwner(of: orderId, owner)
    loose.append(orderId)
  }

  /// What a step does that finds nothing to do: tells the time.
  private func stopless(_ desk: inout OrderDesk) { desk.send(MatchingCommand(.expire)) }
}
