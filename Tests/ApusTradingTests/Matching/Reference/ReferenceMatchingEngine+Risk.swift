// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// What live orders of an owner may come to.
private struct Exposure {
  var orders = 0
  /// Open quantity of the instrument, by side.
  var buying: Int128 = 0
  var selling: Int128 = 0
  /// Open notional of all instruments, by side.
  var buys: Int128 = 0
  var sells: Int128 = 0
  var margin: Int128 = 0

  mutating func add(
    _ side: Side, quantity: UInt32, notional: Int128, margin: Int128, isOfInstrument: Bool
  ) {
    orders += 1
    self.margin += margin
    if side == .buy {
      buys += notional
      if isOfInstrument { buying += Int128(quantity) }
    } else {
      sells += notional
      if isOfInstrument { selling += Int128(quantity) }
    }
  }
}

/// Section 12.
extension ReferenceMatchingEngine {
  /// Where sums and products stop.
  static let sumMax = Int128(1) << 63 - 1

  /// The limits in their order.
  ///
  /// - Parameters:
  ///   - gone: Orders in whose place this one comes.
  ///   - beside: An order that is entered with it: a quote's bid.
  ///   - isNew: Whether it is a `new`, which alone may be a duplicate.
  ///   - isReplacement: Whether the number of orders stays.
  func checkRisk(
    _ request: OrderRequest, gone: [ReferenceOrder] = [], beside: OrderRequest? = nil,
    isNew: Bool = false, isReplacement: Bool = false
  ) throws(Refusal) {
    let (owner, instrument, side) = (request.owner, request.instrument, request.side)
    let quantity = Int128(request.quantity)
    let notional = Int128(request.riskPrice) * quantity
    let margin = margin(notional, ppm: instrument.marginPpm)
    let open = exposure(of: owner, in: instrument, gone: gone, beside: beside)

    try checkLimit(owner, .orderQuantity, quantity, .ownerOrderQuantity)
    let gross = owner.bought + owner.sold + open.buys + open.sells + notional
    let credit =
      open.margin + owner.positionMargins.values.reduce(0, +) + owner.fees + margin
    try check(max(notional, gross, credit) < 1 << 63, .notionalOverflow)
    let ofNotional: [OwnerLimit] = [.orderNotional, .grossNotional, .netNotional, .credit]
    try check(request.riskPrice > 0 || ofNotional.allSatisfy { owner[$0] == 0 }, .noRiskPrice)
    try checkLimit(owner, .orderNotional, notional, .ownerOrderNotional)
    try checkTolerance(request)
    if isNew { try checkDuplicate(request) }
    if !isReplacement { try checkLimit(owner, .openOrders, Int128(open.orders) + 1, .openOrders) }
    let position = owner.positions[instrument.id] ?? 0
    try checkLimit(
      owner, .position,
      side == .buy ? position + open.buying + quantity : -position + open.selling + quantity,
      .position)
    try checkLimit(owner, .grossNotional, gross, .grossNotional)
    let net =
      side == .buy
      ? owner.bought + open.buys + notional - owner.sold
      : owner.sold + open.sells + notional - owner.bought
    try checkLimit(owner, .netNotional, net, .netNotional)
    try checkLimit(owner, .credit, credit, .credit)
  }

  private func checkLimit(
    _ owner: ReferenceOwner, _ limit: OwnerLimit, _ value: Int128, _ reason: MatchingReason
  ) throws(Refusal) {
    if owner[limit] != 0, value > Int128(owner[limit]) {
      throw Refusal(reason: reason, limit: owner[limit], value: UInt64(value))
    }
  }

  private func exposure(
    of owner: ReferenceOwner, in instrument: ReferenceInstrument, gone: [ReferenceOrder],
    beside: OrderRequest?
  ) -> Exposure {
    var exposure = Exposure()
    for order in owner.orders where !gone.contains(where: { $0 === order }) {
      exposure.add(
        order.side, quantity: order.leaves, notional: order.notional, margin: order.margin,
        isOfInstrument: order.instrument === instrument)
    }
    if let beside {
      let notional = Int128(beside.riskPrice) * Int128(beside.quantity)
      exposure.add(
        beside.side, quantity: beside.quantity, notional: notional,
        margin: margin(notional, ppm: instrument.marginPpm), isOfInstrument: true)
    }
    return exposure
  }

  private func checkTolerance(_ request: OrderRequest) throws(Refusal) {
    let tolerance = request.owner[.priceTolerancePpm]
    guard tolerance != 0, let anchor = request.instrument.anchor, request.price != 0,
      request.type != .market
    else { return }
    let distance = (Int(request.price) - Int(anchor)).magnitude * 1_000_000
    if Int128(distance) > Int128(tolerance) * Int128(anchor) {
      let ppm = (distance + UInt(anchor) - 1) / UInt(anchor)
      throw Refusal(reason: .priceTolerance, limit: tolerance, value: UInt64(ppm))
    }
  }

  private func checkDuplicate(_ request: OrderRequest) throws(Refusal) {
    let window = request.owner[.duplicateWindow]
    guard window != 0, let last = request.owner.lastNew, last.instrument == request.instrument.id,
      last.side == request.side.rawValue, last.price == request.price,
      last.quantity == request.quantity, now - last.time <= window
    else { return }
    throw Refusal(reason: .duplicateOrder, limit: window, value: now - last.time)
  }

  /// A fill's part in an owner's sums.
  func settle(_ order: ReferenceOrder, quantity: UInt32, price: UInt32, fee: OwnerLimit) {
    let (owner, instrument) = (order.owner, order.instrument)
    let notional = Int128(price) * Int128(quantity)
    let signed = order.side == .buy ? Int128(quantity) : -Int128(quantity)
    if order.side == .buy {
      owner.bought = min(owner.bought + notional, Self.sumMax)
    } else {
      owner.sold = min(owner.sold + notional, Self.sumMax)
    }
    owner.positions[instrument.id, default: 0] += signed
    let position = owner.positions[instrument.id, default: 0]
    owner.positionMargins[instrument.id] = margin(
      min(Int128(position.magnitude) * Int128(price), Self.sumMax), ppm: instrument.marginPpm)
    owner.fees = min(owner.fees + margin(notional, ppm: owner[fee]), Self.sumMax)
  }

  /// 12.3.
  func resetSums(_ command: MatchingCommand) throws(Refusal) {
    guard let sums = OwnerSums(rawValue: command.detailCode) else {
      throw Refusal(reason: .malformed)
    }
    var event = MatchingEvent(.sumsReset)
    event.owner = command.owner
    event.detailCode = command.detailCode
    let isOfAll = command.owner == 0
    for owner in isOfAll ? Array(owners.values) : [try owner(command)] {
      if sums != .fees {
        if !isOfAll { event.relatedOrderId = UInt64(owner.bought) }
        if !isOfAll { event.relatedClientOrderId = UInt64(owner.sold) }
        (owner.bought, owner.sold) = (0, 0)
      }
      if sums != .traded {
        if !isOfAll { event.value = UInt64(owner.fees) }
        owner.fees = 0
      }
    }
    events.append(event)
  }
}
