// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols
internal import ApusMemory

/// One price of a book as seen from outside.
public struct BookLevel: Equatable, Sendable {
  /// Unit: the feed's price unit (ITCH: 1/10,000 dollar).
  public var priceTicks: UInt32
  /// Sum of the resting quantities at this price.
  public var quantity: UInt64
  /// Orders resting at this price.
  public var orderCount: Int

  /// A level of these values.
  public init(priceTicks: UInt32, quantity: UInt64, orderCount: Int) {
    self.priceTicks = priceTicks
    self.quantity = quantity
    self.orderCount = orderCount
  }
}

/// One resting order as seen from outside.
public struct RestingOrder: Equatable, Sendable {
  /// The exchange's number of the order.
  public var reference: UInt64
  /// The instrument's locate code.
  public var locate: UInt16
  /// Side of the book it rests on.
  public var side: Side
  /// Unit: the feed's price unit.
  public var priceTicks: UInt32
  /// What is left of it.
  public var quantity: UInt32

  /// An order of these values.
  public init(
    reference: UInt64, locate: UInt16, side: Side, priceTicks: UInt32, quantity: UInt32
  ) {
    self.reference = reference
    self.locate = locate
    self.side = side
    self.priceTicks = priceTicks
    self.quantity = quantity
  }
}

/// Where an order stands in the queue at its price.
public struct QueuePosition: Equatable, Sendable {
  /// Orders that trade before it; 0 for the front of the queue.
  public var ordersAhead: Int
  /// Their resting quantity.
  public var quantityAhead: UInt64

  /// A position of these values.
  public init(ordersAhead: Int, quantityAhead: UInt64) {
    self.ordersAhead = ordersAhead
    self.quantityAhead = quantityAhead
  }
}

/// What taking a quantity from one side would cost.
public struct FillEstimate: Equatable, Sendable {
  /// What the side can give, at most what was asked for.
  public var filledQuantity: UInt64
  /// Sum of price × quantity over the levels taken. Unit: ticks × lots.
  public var notional: UInt64
  /// The worst price taken; nil when nothing was filled.
  public var worstPriceTicks: UInt32?

  /// Volume-weighted average price in ticks; nil when nothing was filled.
  public var averagePriceTicks: Double? {
    filledQuantity == 0 ? nil : Double(notional) / Double(filledQuantity)
  }

  /// An estimate of these values.
  public init(filledQuantity: UInt64, notional: UInt64, worstPriceTicks: UInt32?) {
    self.filledQuantity = filledQuantity
    self.notional = notional
    self.worstPriceTicks = worstPriceTicks
  }
}

extension OrderBooks {
  /// The best price of one side, or nil where the side is empty.
  ///
  /// - Complexity: O(1).
  public func best(_ side: Side, locate: UInt16) -> BookLevel? {
    // SAFETY: entries below `count` name live levels.
    let ladder = unsafe ladder(locate, side).pointee
    guard ladder.count > 0 else { return nil }
    return level(side, unsafe ladders.base(ladder)[Int(ladder.count) - 1])
  }

  /// The number of prices on one side.
  public func depth(_ side: Side, locate: UInt16) -> Int {
    // SAFETY: every locate names a book.
    unsafe Int(ladder(locate, side).pointee.count)
  }

  /// Calls `body` with up to `countMax` prices of one side, best first.
  public func forEachLevel(
    _ side: Side, locate: UInt16, countMax: Int = .max, _ body: (BookLevel) -> Void
  ) {
    // SAFETY: entries below `count` name live levels.
    let ladder = unsafe ladder(locate, side).pointee
    let entries = unsafe ladders.base(ladder)
    let count = Int(ladder.count)
    for offset in 0..<min(count, max(0, countMax)) {
      body(level(side, unsafe entries[count - 1 - offset]))
    }
  }

  /// Up to `countMax` prices of one side, best first. Allocates; see ``forEachLevel(_:locate:countMax:_:)``.
  public func levels(_ side: Side, locate: UInt16, countMax: Int = .max) -> [BookLevel] {
    var result: [BookLevel] = []
    forEachLevel(side, locate: locate, countMax: countMax) { result.append($0) }
    return result
  }

  /// The level at a price, or nil where nothing rests there.
  ///
  /// - Complexity: O(prices between it and the touch), at most 16 steps plus a bisection.
  public func level(
    _ side: Side, locate: UInt16, priceTicks: UInt32
  ) -> BookLevel? {
    // SAFETY: `position` is in 1...count.
    let ladder = unsafe ladder(locate, side).pointee
    let entries = unsafe ladders.base(ladder)
    let key = Self.key(side, priceTicks)
    let position = unsafe entries.upperBound(key, count: Int(ladder.count))
    guard position > 0, unsafe entries[position - 1].key == key else { return nil }
    return level(side, unsafe entries[position - 1])
  }

  /// Resting quantity at a price; zero where nothing rests.
  public func quantity(_ side: Side, locate: UInt16, priceTicks: UInt32) -> UInt64 {
    level(side, locate: locate, priceTicks: priceTicks)?.quantity ?? 0
  }

  /// The live order with a reference.
  ///
  /// - Complexity: O(1) expected.
  public func order(reference: UInt64) -> RestingOrder? {
    // SAFETY: the index names live slots.
    guard let raw = unsafe index.find(reference, in: orderBase) else { return nil }
    return resting(unsafe orderBase[Int(raw)])
  }

  /// How many orders and how much quantity trade before an order at its price.
  ///
  /// - Complexity: O(orders ahead).
  public func queuePosition(reference: UInt64) -> QueuePosition? {
    // SAFETY: the index names live slots; links name live neighbours.
    guard let raw = unsafe index.find(reference, in: orderBase) else { return nil }
    var position = QueuePosition(ordersAhead: 0, quantityAhead: 0)
    var ahead = unsafe orderBase[Int(raw)].previous
    while !ahead.isNone {
      position.ordersAhead += 1
      position.quantityAhead += UInt64(unsafe orderBase[Int(ahead.rawValue)].quantity)
      ahead = unsafe orderBase[Int(ahead.rawValue)].previous
    }
    return position
  }

  /// Calls `body` with the orders at one price, front of the queue first.
  public func forEachOrder(
    _ side: Side, locate: UInt16, priceTicks: UInt32, _ body: (RestingOrder) -> Void
  ) {
    let ladder = unsafe ladder(locate, side).pointee
    let entries = unsafe ladders.base(ladder)
    let key = Self.key(side, priceTicks)
    // SAFETY: `position` is in 1...count; links name live neighbours.
    let position = unsafe entries.upperBound(key, count: Int(ladder.count))
    guard position > 0, unsafe entries[position - 1].key == key else { return }
    var next = unsafe levelBase[Int(entries[position - 1].level)].head
    while !next.isNone {
      let order = unsafe orderBase[Int(next.rawValue)]
      body(resting(order))
      next = order.next
    }
  }

  /// What filling `quantity` from one side would cost: take asks to buy, bids to sell.
  ///
  /// - Complexity: O(prices taken). The notional saturates at `UInt64.max`.
  public func estimateFill(
    from side: Side, locate: UInt16, quantity: UInt64
  ) -> FillEstimate {
    var estimate = FillEstimate(filledQuantity: 0, notional: 0, worstPriceTicks: nil)
    // SAFETY: entries below `count` name live levels.
    let ladder = unsafe ladder(locate, side).pointee
    let entries = unsafe ladders.base(ladder)
    var position = Int(ladder.count)
    while position > 0, estimate.filledQuantity < quantity {
      position -= 1
      let level = level(side, unsafe entries[position])
      let taken = min(level.quantity, quantity - estimate.filledQuantity)
      let (cost, overflow) = taken.multipliedReportingOverflow(by: UInt64(level.priceTicks))
      let (sum, carry) = estimate.notional.addingReportingOverflow(cost)
      estimate.notional = overflow || carry ? .max : sum
      estimate.filledQuantity += taken
      estimate.worstPriceTicks = level.priceTicks
    }
    return estimate
  }

  /// Live orders and their quantity in one book.
  ///
  /// - Complexity: O(prices).
  public func totals(locate: UInt16) -> (orderCount: Int, quantity: UInt64) {
    var orderCount = 0
    var quantity: UInt64 = 0
    for side in [Side.buy, .sell] {
      forEachLevel(side, locate: locate) {
        orderCount += $0.orderCount
        quantity += $0.quantity
      }
    }
    return (orderCount, quantity)
  }

  @inline(__always)
  private func level(_ side: Side, _ entry: LadderEntry) -> BookLevel {
    // SAFETY: ladder entries name live levels.
    let level = unsafe levelBase[Int(entry.level)]
    return BookLevel(
      priceTicks: Self.key(side, entry.key), quantity: level.quantity,
      orderCount: Int(level.orderCount))
  }

  @inline(__always)
  private func resting(_ order: BookOrder) -> RestingOrder {
    RestingOrder(
      reference: order.reference, locate: order.locate, side: order.side,
      priceTicks: order.priceTicks, quantity: order.quantity)
  }
}
