// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// Random choices of order flow: which symbol, which order, what price, how much.
extension MarketDayGenerator {
  /// A symbol by activity; one message in five stays with the last one, as bursts do.
  @inline(__always)
  mutating func drawLocate() -> UInt16 {
    if random.oneIn(5) { return lastLocate }
    var locate = universe.drawLocate(using: &random)
    // Little happens in a halted symbol.
    if universe.symbols[Int(locate)].halts != 0 {
      locate = universe.drawLocate(using: &random)
    }
    lastLocate = locate
    return locate
  }

  /// A living order, its age log-uniform: three draws in five among the newest 256 alone, so that
  /// most orders live for microseconds to seconds and some for hours.
  @inline(__always)
  mutating func drawLiveOrder() -> UInt32 {
    var slot = drawLiveSlot()
    if books.orders[Int(slot)].isStub { slot = drawLiveSlot() }
    return slot
  }

  @inline(__always)
  private mutating func drawLiveSlot() -> UInt32 {
    let count = UInt32(truncatingIfNeeded: books.live.count)
    var octaveCount = UInt32(32 - count.leadingZeroBitCount)
    if octaveCount > 8, random.below(narrow: 5) < 3 { octaveCount = 8 }
    var age = random.logUniform(octaveCount: octaveCount) - 1
    if age >= count { age = random.below(narrow: count) }
    return books.live[Int(count - 1 - age)]
  }

  /// Oldest order of the best price under pressure, or nil when there is none any more.
  @inline(__always)
  mutating func pressedOrder() -> UInt32? {
    guard pressure.locate != 0 else { return nil }
    let (locate, side) = (pressure.locate, pressure.side)
    if let slot = books.bestOrder(locate: locate, side: side) {
      let price = books.orders[Int(slot)].price
      let fair = universe.symbols[Int(locate)].fairPrice
      if side == GeneratorBooks.buy ? price >= fair : price <= fair { return slot }
    }
    pressure.locate = 0
    return nil
  }

  /// Mostly round lots, many odd lots, a tail of large orders; more shares of cheap symbols.
  @inline(__always)
  mutating func drawQuantity(price: UInt32) -> UInt32 {
    let draw = random.next()
    let roll = UInt32(truncatingIfNeeded: draw & 255)
    let small = UInt32(truncatingIfNeeded: draw >> 32)
    var quantity: UInt32
    switch roll {
    case ..<110: quantity = 100
    case ..<165: quantity = 100 * (2 + small % 9)
    case ..<235: quantity = 1 + small % 99
    default: quantity = random.logUniform(octaveCount: 14)
    }
    if price < 50_000 { quantity *= 1 + (small >> 8) & 7 }
    return quantity
  }

  /// A price for a new order that does not cross the other side, or nil when there is no room.
  @inline(__always)
  mutating func drawQuote(locate: UInt16, side: UInt8) -> (price: UInt32, isStub: Bool)? {
    let bestBid = books.bestPrice(locate: locate, side: GeneratorBooks.buy)
    let bestAsk = books.bestPrice(locate: locate, side: GeneratorBooks.sell)
    let fraction = universe.symbols[Int(locate)].spreadFraction
    var fair = universe.symbols[Int(locate)].fairPrice
    let tick = PriceGrid.tick(fair)
    let halfSpread = max(tick, UInt32(truncatingIfNeeded: UInt64(fair) &* UInt64(fraction) >> 16))
    let draw = random.next()
    if draw & 15 == 0 {
      fair = moved(
        fair, by: max(tick, halfSpread / 2, fair >> 12), draw: draw >> 4, bid: bestBid, ask: bestAsk
      )
      universe.symbols[Int(locate)].fairPrice = fair
      if let bestAsk, bestAsk <= fair {
        pressure = MarketDayGenerator.Pressure(locate: locate, side: GeneratorBooks.sell)
      } else if let bestBid, bestBid >= fair {
        pressure = MarketDayGenerator.Pressure(locate: locate, side: GeneratorBooks.buy)
      }
    }

    let ownBest = side == GeneratorBooks.buy ? bestBid : bestAsk
    let (away, isStub) = drawDistance(
      fair: fair, halfSpread: halfSpread, tick: tick, ownBest: ownBest,
      isSell: side == GeneratorBooks.sell, draw: draw >> 8)
    if side == GeneratorBooks.buy {
      var price = isStub ? min(100, fair / 2) : UInt32(max(1, Int64(fair) - away))
      if let bestAsk { price = min(price, bestAsk - 1) }
      price = PriceGrid.roundedDown(price)
      return price > 0 ? (price, isStub) : nil
    } else {
      var price = isStub ? PriceGrid.highest : UInt32(max(1, Int64(fair) + away))
      if let bestBid { price = max(price, bestBid + 1) }
      return (PriceGrid.roundedUp(price), isStub)
    }
  }

  /// Where two orders that are not both displayed meet: half ticks, between best bid and ask.
  func tradePrice(locate: UInt16) -> UInt32 {
    var price = universe.symbols[Int(locate)].fairPrice
    if price >= PriceGrid.dollar { price -= price % 50 }
    if let ask = books.bestPrice(locate: locate, side: GeneratorBooks.sell), price > ask {
      price = ask
    }
    if let bid = books.bestPrice(locate: locate, side: GeneratorBooks.buy), price < bid {
      price = bid
    }
    return price
  }

  /// One step of the fair price's random walk: at most one step past the best bid or ask, which
  /// then comes under pressure.
  @inline(__always)
  private func moved(
    _ fair: UInt32, by step: UInt32, draw: UInt64, bid: UInt32?, ask: UInt32?
  ) -> UInt32 {
    let distance = (draw >> 1) & 15 == 0 ? 3 * step : step
    var fair = draw & 1 == 0 ? fair + distance : fair - min(distance, fair)
    if let ask, fair > ask + step { fair = ask + step }
    if let bid, fair + step < bid { fair = bid - step }
    return max(500, min(40_000_000, fair))
  }

  /// How far from the fair price an order goes, and whether it is a stub quote. Three orders in
  /// ten join or improve their own best price; most others are near it; one in 200 is a stub.
  @inline(__always)
  private mutating func drawDistance(
    fair: UInt32, halfSpread: UInt32, tick: UInt32, ownBest: UInt32?, isSell: Bool, draw: UInt64
  ) -> (away: Int64, isStub: Bool) {
    let roll = draw & 1_023
    let unit = max(tick, halfSpread / 2)
    switch roll {
    case ..<300:
      guard let ownBest else { break }
      let distance = isSell ? Int64(ownBest) - Int64(fair) : Int64(fair) - Int64(ownBest)
      guard distance <= Int64(fair / 16 + tick) else { break }
      return (distance - ((draw >> 10) & 7 == 0 ? Int64(tick) : 0), false)
    case ..<780:
      let steps = random.logUniform(octaveCount: 4) - 1
      return (Int64(halfSpread) + Int64(unit) * Int64(steps), false)
    case ..<1_019:
      let steps = random.logUniform(octaveCount: 9)
      let tail = Int64(unit) * Int64(steps)
      return (Int64(halfSpread) + min(tail, Int64(fair) / 4 + tail / 16), false)
    default:
      return (0, true)
    }
    return (Int64(halfSpread), false)
  }
}
