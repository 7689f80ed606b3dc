// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// An owner and what the owner has in one instrument: where orders and trades are counted. Section 12.
///
/// Neither side is branched on: which one comes next, nobody can predict.
@unsafe
struct RiskAccount {
  let owner: UnsafeMutablePointer<Owner>
  let holding: UnsafeMutablePointer<Holding>

  /// Sums stop here rather than wrap, so that what follows is refused.
  static var notionalMax: UInt64 { UInt64(Int64.max) }

  /// floor(amount × ppm / 1,000,000).
  @inline(__always)
  static func share(_ amount: UInt64, _ ppm: UInt32) -> UInt64 {
    if ppm == 1_000_000 { return amount }
    if ppm == 0 { return 0 }
    let product = amount.multipliedFullWidth(by: UInt64(ppm))
    // ppm is at most a million, so that the quotient is at most the amount.
    return UInt64(1_000_000).dividingFullWidth(product).quotient
  }

  @inline(__always)
  static func add(_ amount: UInt64, to sum: inout UInt64) {
    unsafe sum = min(sum &+ amount, notionalMax)
  }

  /// Counts what an order has left as open.
  @inline(__always)
  func claim(_ side: Side, _ riskTicks: UInt32, _ quantity: UInt32, marginPpm: UInt32) {
    let notional = UInt64(riskTicks) &* UInt64(quantity)
    unsafe holding.pointee.openQuantity[side.ordinal] &+= UInt64(quantity)
    unsafe owner.pointee.openNotional[side.ordinal] &+= notional
    unsafe owner.pointee.openMargin &+= Self.share(notional, marginPpm)
  }

  /// Takes what an order lost off what counts as open.
  @inline(__always)
  func release(
    _ side: Side, _ riskTicks: UInt32, from before: UInt32, to after: UInt32, marginPpm: UInt32
  ) {
    let lost = before &- after
    let notional = UInt64(riskTicks) &* UInt64(lost)
    unsafe holding.pointee.openQuantity[side.ordinal] &-= UInt64(lost)
    unsafe owner.pointee.openNotional[side.ordinal] &-= notional
    if marginPpm == 1_000_000 {
      unsafe owner.pointee.openMargin &-= notional
    } else {
      // Of each leaves rounded down, not of what was lost: so that nothing stays behind.
      let margin = unsafe Self.share(UInt64(riskTicks) &* UInt64(before), marginPpm)
      unsafe owner.pointee.openMargin &-=
        margin &- Self.share(UInt64(riskTicks) &* UInt64(after), marginPpm)
    }
  }

  /// Counts a trade of an order that rests: what it traded is not open any more.
  @inline(__always)
  func settleResting(
    _ side: Side, _ riskTicks: UInt32, _ leaves: UInt32, _ orderMarginPpm: UInt32,
    _ priceTicks: UInt32, _ quantity: UInt32, marginPpm: UInt32
  ) {
    unsafe release(
      side, riskTicks, from: leaves, to: leaves &- quantity, marginPpm: orderMarginPpm)
    unsafe settle(
      side, priceTicks, quantity, feePpm: owner.pointee.makerFeePpm, marginPpm: marginPpm)
  }

  /// Counts a trade.
  @inline(__always)
  func settle(
    _ side: Side, _ priceTicks: UInt32, _ quantity: UInt32, feePpm: UInt32, marginPpm: UInt32
  ) {
    let notional = UInt64(priceTicks) &* UInt64(quantity)
    unsafe Self.add(notional, to: &owner.pointee.tradedNotional[side.ordinal])
    if feePpm != 0 { unsafe Self.add(Self.share(notional, feePpm), to: &owner.pointee.fees) }
    let signed = side == .buy ? Int64(quantity) : 0 &- Int64(quantity)
    let position = unsafe holding.pointee.position &+ signed
    unsafe holding.pointee.position = position
    let (value, overflow) = position.magnitude.multipliedReportingOverflow(by: UInt64(priceTicks))
    let margin = unsafe Self.share(
      overflow ? Self.notionalMax : min(value, Self.notionalMax), marginPpm)
    let before = unsafe holding.pointee.positionMargin
    unsafe holding.pointee.positionMargin = margin
    unsafe owner.pointee.replacePositionMargin(before, by: margin)
  }
}
