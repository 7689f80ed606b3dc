// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// Order flow: one message a call.
extension MarketDayGenerator {
  private static let buyCode = UInt8(ascii: "B")
  private static let sellCode = UInt8(ascii: "S")

  mutating func produceFlowMessage(into buffer: inout FramedMessageBuffer) {
    if flowIndex & 15 == 0 { flow.updateLiveTarget(flowIndex: flowIndex) }
    flow.earnExecution()
    if sweep.quantityLeft > 0, continueSweep(into: &buffer) { return }
    if flowIndex & 63 == 63, produceMissingKind(into: &buffer) { return }

    let draw = UInt32(truncatingIfNeeded: random.next())
    var isDone = false
    if draw < flow.replaceLimit {
      isDone = replaceOrder(into: &buffer)
    } else if draw < flow.cancelLimit {
      isDone = cancelPart(into: &buffer)
    } else if draw < flow.executionLimit, isTradingTime() {
      if draw < flow.hiddenTradeLimit {
        isDone = tradeHidden(into: &buffer)
      } else if draw < flow.pricedExecutionLimit {
        isDone = executeAtOtherPrice(into: &buffer)
      } else if flow.executionCredit > 0 {
        isDone = startSweep(into: &buffer)
      }
    }
    if !isDone { addOrDelete(into: &buffer) }
  }

  /// Outside regular hours a quarter of the trades happen.
  private mutating func isTradingTime() -> Bool {
    (now >= SessionTime.open && now < SessionTime.close) || random.oneIn(4)
  }

  /// Makes sure that even a short day has every kind of order flow.
  private mutating func produceMissingKind(into buffer: inout FramedMessageBuffer) -> Bool {
    guard flowIndex > flow.flowCount / 4 else { return false }
    if countsByType[Int(UInt8(ascii: "E"))] == 0 { return startSweep(into: &buffer) }
    if countsByType[Int(UInt8(ascii: "C"))] == 0 { return executeAtOtherPrice(into: &buffer) }
    if countsByType[Int(UInt8(ascii: "P"))] == 0 { return tradeHidden(into: &buffer) }
    if countsByType[Int(UInt8(ascii: "X"))] == 0 { return cancelPart(into: &buffer) }
    if countsByType[Int(UInt8(ascii: "U"))] == 0 { return replaceOrder(into: &buffer) }
    if countsByType[Int(UInt8(ascii: "F"))] == 0 {
      addOrder(isAttributed: true, into: &buffer)
      return true
    }
    return false
  }

  // MARK: Adds, deletes, replaces

  mutating func addOrDelete(into buffer: inout FramedMessageBuffer) {
    let liveCount = books.live.count
    let draw = random.next()
    if liveCount == 0 || Int(draw & 1_023) < flow.addChance(liveCount: liveCount) {
      addOrder(isAttributed: (draw >> 10) & 63 == 0, into: &buffer)
    } else {
      let slot = (draw >> 16) & 7 != 0 ? pressedOrder() ?? drawLiveOrder() : drawLiveOrder()
      let order = books.orders[Int(slot)]
      books.remove(slot: slot)
      emit(
        OrderDelete(header: header(locate: order.locate), reference: order.reference),
        into: &buffer)
    }
  }

  mutating func addOrder(isAttributed: Bool, into buffer: inout FramedMessageBuffer) {
    let locate = drawLocate()
    var side = UInt8(truncatingIfNeeded: random.next() >> 63)
    var quote = drawQuote(locate: locate, side: side)
    if quote == nil {
      // No room below the best ask: sell instead, which always has room above the best bid.
      side = GeneratorBooks.sell
      quote = drawQuote(locate: locate, side: side)
    }
    guard let quote else { preconditionFailure("MarketDayGenerator.addOrder: expected a price") }
    let quantity = drawQuantity(price: quote.price)
    let reference = nextReference()
    books.insert(
      reference: reference, locate: locate, side: side, quantity: quantity, price: quote.price,
      isStub: quote.isStub)
    noteLivePeak()
    let name = universe.symbols[Int(locate)].name
    let sideCode = side == GeneratorBooks.buy ? Self.buyCode : Self.sellCode
    if isAttributed {
      emit(
        AddOrderAttributed(
          header: header(locate: locate), reference: reference, sideCode: sideCode,
          quantity: quantity, symbol: name, price: quote.price,
          attribution: participants[Int(random.below(narrow: UInt32(participants.count)))]),
        into: &buffer)
    } else {
      emit(
        AddOrder(
          header: header(locate: locate), reference: reference, sideCode: sideCode,
          quantity: quantity, symbol: name, price: quote.price),
        into: &buffer)
    }
  }

  private mutating func replaceOrder(into buffer: inout FramedMessageBuffer) -> Bool {
    guard books.live.count > 0 else { return false }
    let slot = drawLiveOrder()
    let order = books.orders[Int(slot)]
    let draw = random.next()
    // The old order leaves first: it must not stand in the way of its own new price.
    books.remove(slot: slot)
    let quote = drawQuote(locate: order.locate, side: order.side)
    let price = draw & 7 == 0 ? order.price : quote?.price ?? order.price
    let quantity = draw & 0x30 == 0 ? drawQuantity(price: price) : order.quantity
    let reference = nextReference()
    books.insert(
      reference: reference, locate: order.locate, side: order.side, quantity: quantity,
      price: price, isStub: false)
    noteLivePeak()
    emit(
      OrderReplace(
        header: header(locate: order.locate), originalReference: order.reference,
        newReference: reference, quantity: quantity, price: price),
      into: &buffer)
    return true
  }

  private mutating func cancelPart(into buffer: inout FramedMessageBuffer) -> Bool {
    guard books.live.count > 0 else { return false }
    let slot = drawLiveOrder()
    let order = books.orders[Int(slot)]
    guard order.quantity > 1 else { return false }
    var quantity = 1 + random.below(narrow: order.quantity - 1)
    if quantity > 100 { quantity -= quantity % 100 }
    books.reduce(slot: slot, by: quantity)
    emit(
      OrderCancel(
        header: header(locate: order.locate), reference: order.reference,
        cancelledQuantity: quantity),
      into: &buffer)
    return true
  }

  // MARK: Executions

  /// Best order of a symbol that may trade, near the market; nil after a few misses.
  private mutating func drawExecutable() -> UInt32? {
    if let slot = pressedOrder(), universe.symbols[Int(pressure.locate)].halts == 0 { return slot }
    for _ in 0..<4 {
      let locate = drawLocate()
      let symbol = universe.symbols[Int(locate)]
      let side = UInt8(truncatingIfNeeded: random.next() >> 63)
      guard symbol.halts == 0, let slot = books.bestOrder(locate: locate, side: side)
      else { continue }
      let price = books.orders[Int(slot)].price
      let distance = max(price, symbol.fairPrice) - min(price, symbol.fairPrice)
      if distance <= symbol.fairPrice / 8 { return slot }
    }
    return nil
  }

  private mutating func startSweep(into buffer: inout FramedMessageBuffer) -> Bool {
    guard let slot = drawExecutable() else { return false }
    let order = books.orders[Int(slot)]
    let fairPrice = universe.symbols[Int(order.locate)].fairPrice
    let depth = max(3 * PriceGrid.tick(fairPrice), fairPrice / 1_000)
    sweep = Sweep(
      quantityLeft: drawQuantity(price: order.price), locate: order.locate, side: order.side,
      keyLimit: GeneratorBooks.key(price: order.price, side: order.side) - Int32(depth))
    execute(slot: slot, into: &buffer)
    return true
  }

  /// Hits the next order of a sweep, or ends it.
  private mutating func continueSweep(into buffer: inout FramedMessageBuffer) -> Bool {
    guard universe.symbols[Int(sweep.locate)].halts == 0,
      let slot = books.bestOrder(locate: sweep.locate, side: sweep.side),
      GeneratorBooks.key(price: books.orders[Int(slot)].price, side: sweep.side) >= sweep.keyLimit
    else {
      sweep.quantityLeft = 0
      return false
    }
    execute(slot: slot, into: &buffer)
    return true
  }

  private mutating func execute(slot: UInt32, into buffer: inout FramedMessageBuffer) {
    let order = books.orders[Int(slot)]
    let quantity = min(order.quantity, sweep.quantityLeft)
    sweep.quantityLeft -= quantity
    flow.payExecution()
    books.reduce(slot: slot, by: quantity)
    let match = nextMatch()
    lastPrinted = (match, order.locate)
    emit(
      OrderExecuted(
        header: header(locate: order.locate), reference: order.reference,
        executedQuantity: quantity, matchNumber: match),
      into: &buffer)
  }

  /// An execution at a price other than the order's own: improved, or as part of a cross.
  private mutating func executeAtOtherPrice(into buffer: inout FramedMessageBuffer) -> Bool {
    guard let slot = drawExecutable() else { return false }
    let order = books.orders[Int(slot)]
    let price = tradePrice(locate: order.locate)
    let quantity = min(order.quantity, drawQuantity(price: order.price))
    books.reduce(slot: slot, by: quantity)
    let match = nextMatch()
    let isPrintable = !random.oneIn(4)
    if isPrintable { lastPrinted = (match, order.locate) }
    emit(
      OrderExecutedWithPrice(
        header: header(locate: order.locate), reference: order.reference,
        executedQuantity: quantity, matchNumber: match,
        printable: isPrintable ? UInt8(ascii: "Y") : UInt8(ascii: "N"), price: price),
      into: &buffer)
    return true
  }

  /// A trade against an order that is not displayed: no book changes. Neither reference nor side
  /// is disclosed; the feed sets them to 0 and buy.
  private mutating func tradeHidden(into buffer: inout FramedMessageBuffer) -> Bool {
    let locate = drawLocate()
    let symbol = universe.symbols[Int(locate)]
    guard symbol.halts == 0 else { return false }
    let match = nextMatch()
    lastPrinted = (match, locate)
    emit(
      Trade(
        header: header(locate: locate), reference: 0, sideCode: Self.buyCode,
        quantity: drawQuantity(price: symbol.fairPrice), symbol: symbol.name,
        price: tradePrice(locate: locate), matchNumber: match),
      into: &buffer)
    return true
  }
}
