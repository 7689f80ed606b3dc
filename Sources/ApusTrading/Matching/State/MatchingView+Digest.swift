// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingView {
  /// Hash of everything that decides what later commands do: orders in their places, owners,
  /// holdings, instruments, ids, what is left to do. Slot numbers do not count.
  ///
  /// - Complexity: O(live orders + owners and instruments that may be: 65,536 each).
  var digest: UInt64 {
    var hash = StateDigest()
    hash.mix(matchNumber)
    hash.mix(isMarketKilled ? 1 : 0)
    for instrument in UInt16.min...UInt16.max where instruments[instrument].isDefined {
      mix(instrument, into: &hash)
    }
    for owner in UInt16.min...UInt16.max where owners[owner].isAuthorised {
      mix(owner: owner, into: &hash)
    }
    for session in UInt16.min...UInt16.max where sessions[session] != 0 {
      hash.mix(UInt64(session))
      hash.mix(sessions[session])
    }
    for offset in 0..<work.count { hash.mix(UInt64(work.waiting(offset))) }
    return hash.value
  }

  private func mix(_ instrument: UInt16, into hash: inout StateDigest) {
    let record = instruments[instrument]
    hash.mix(
      UInt64(instrument) << 32 | UInt64(record.phase.rawValue) << 24
        | UInt64(record.allocation.rawValue) << 16
        | UInt64(record.selfTradePrevention.rawValue) << 8 | UInt64(record.unfinished.rawValue))
    hash.mix(record.symbol)
    hash.mix(UInt64(record.lot) << 32 | UInt64(record.quantityMax))
    hash.mix(UInt64(record.lastTicks) << 32 | UInt64(record.referenceTicks))
    hash.mix(UInt64(record.staticBandPpm) << 32 | UInt64(record.dynamicBandPpm))
    hash.mix(UInt64(record.collarPpm) << 32 | UInt64(record.proRataMinimum))
    hash.mix(UInt64(record.marginPpm) << 32 | UInt64(record.auctionTicks))
    hash.mix(record.auctionLeft)
    for row in 0..<Int(record.tickRowCount) {
      hash.mix(UInt64(record.tickStarts[row]) << 32 | UInt64(record.ticks[row]))
    }
    forEachInSets(instrument) { slot in mix(order: slot, into: &hash) }
    var activated = record.firstActivated
    while activated != 0 {
      hash.mix(orders[activated &- 1].reference)
      let next = extras[details[activated &- 1].extra].next
      activated = next == OrderExtra.none ? 0 : next &+ 1
    }
  }

  private func mix(order slot: UInt32, into hash: inout StateDigest) {
    let order = orders[slot]
    let detail = details[slot]
    hash.mix(order.reference)
    hash.mix(UInt64(order.quantity) << 32 | UInt64(order.priceTicks))
    hash.mix(detail.clientOrderId)
    hash.mix(
      UInt64(order.tag.set.rawValue) << 56 | UInt64(order.side.rawValue) << 48
        | UInt64(detail.typeAndTime) << 40 | UInt64(detail.capacityCode) << 32
        | UInt64(detail.flags.rawValue) << 24 | UInt64(order.tag.isQuote ? 1 : 0))
    hash.mix(UInt64(detail.account) << 32 | UInt64(detail.owner) << 16 | UInt64(detail.session))
    hash.mix(UInt64(detail.filledQuantity) << 32 | UInt64(detail.marginPpm))
    guard order.tag.hasExtra else { return }
    let extra = extras[detail.extra]
    hash.mix(extra.expiry)
    hash.mix(UInt64(extra.hiddenQuantity) << 32 | UInt64(extra.displayQuantity))
    hash.mix(UInt64(extra.priceTicks) << 32 | UInt64(extra.triggerTicks))
    hash.mix(UInt64(extra.riskTicks) << 32 | UInt64(extra.activatedQuantityMax))
    let list: InlineArray<4, UInt32> = [
      extra.linked, extra.parent, extra.firstChild, extra.secondChild,
    ]
    for index in list.indices {
      let other = list[index]

      hash.mix(other == OrderExtra.none ? 0 : orders[other].reference)
    }
  }

  private func mix(owner: UInt16, into hash: inout StateDigest) {
    let record = self.owner(owner)
    hash.mix(
      UInt64(owner) << 32 | UInt64(record.selfTradeGroup) << 8
        | (record.isKilled ? 1 : 0) | (record.hasLastOrder ? 2 : 0))
    let list: InlineArray<20, UInt64> = [
      record.orderQuantityMax, record.orderNotionalMax, record.priceTolerancePpm,
      record.duplicateWindow, record.messageRateMax, record.openOrdersMax, record.positionMax,
      record.grossNotionalMax, record.netNotionalMax, record.creditMax, record.tradedNotional[0],
      record.tradedNotional[1], record.openNotional[0], record.openNotional[1], record.openMargin,
      record.positionMargin, record.fees, record.windowStart, record.windowCount,
      record.lastOrderTime,
    ]
    for index in list.indices { hash.mix(list[index]) }
    hash.mix(UInt64(record.lastPriceTicks) << 32 | UInt64(record.lastQuantity))
    hash.mix(UInt64(record.takerFeePpm) << 32 | UInt64(record.makerFeePpm))
    hash.mix(UInt64(record.lastInstrument) << 32 | UInt64(record.openOrderCount))
    var number = record.firstHolding
    while number != 0 {
      mix(holdings.records[number &- 1], into: &hash)
      number = holdings.records[number &- 1].next
    }
  }

  private func mix(_ holding: Holding, into hash: inout StateDigest) {
    hash.mix(UInt64(holding.instrument) << 8 | (holding.isRestricted ? 1 : 0))
    hash.mix(UInt64(bitPattern: holding.position))
    hash.mix(holding.openQuantity[0])
    hash.mix(holding.openQuantity[1])
    hash.mix(holding.positionMargin)
    var slot = holding.head
    while slot != .max {
      hash.mix(orders[slot].reference)
      if orders[slot].tag.set == .dormant { mix(order: slot, into: &hash) }
      slot = details[slot].next
    }
  }
}
