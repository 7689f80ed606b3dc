// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingView {
  /// Writes the state: settings, then orders in the order of their places, then what links them.
  func write<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try writer.write(matchNumber)
    try writer.write(entryCount)
    try writer.write(UInt8(isMarketKilled ? 1 : 0))
    try writeInstruments(to: &writer)
    try writeOwners(to: &writer)
    try writeSessions(to: &writer)
    try writeHoldings(to: &writer)
    try writeOrders(to: &writer)
    try writeListsOfOrders(to: &writer)
    try writer.write(work.count)
    for offset in 0..<work.count { try writer.write(work.waiting(offset)) }
  }

  private func writeInstruments<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    var count: UInt32 = 0
    for number in UInt16.min...UInt16.max where instruments[number].isDefined { count += 1 }
    try writer.write(count)
    for number in UInt16.min...UInt16.max where instruments[number].isDefined {
      let instrument = instruments[number]
      try writer.write(number)
      try writer.write(instrument.symbol)
      try writer.write(instrument.phase.rawValue)
      try writer.write(instrument.allocation.rawValue)
      try writer.write(instrument.selfTradePrevention.rawValue)
      try writer.write(instrument.unfinished.rawValue)
      try writer.write(instrument.auctionSet.rawValue)
      try writer.write(instrument.lot)
      try writer.write(instrument.quantityMax)
      try writer.write(instrument.lastTicks)
      try writer.write(instrument.referenceTicks)
      try writer.write(instrument.staticBandPpm)
      try writer.write(instrument.dynamicBandPpm)
      try writer.write(instrument.collarPpm)
      try writer.write(instrument.proRataMinimum)
      try writer.write(instrument.marginPpm)
      try writer.write(instrument.auctionTicks)
      try writer.write(instrument.auctionLeft)
      try writer.write(instrument.tickRowCount)
      for row in 0..<Int(instrument.tickRowCount) {
        try writer.write(instrument.tickStarts[row])
        try writer.write(instrument.ticks[row])
      }
    }
  }

  private func writeOwners<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    var count: UInt32 = 0
    for number in UInt16.min...UInt16.max where owners[number].isAuthorised { count += 1 }
    try writer.write(count)
    for number in UInt16.min...UInt16.max where owners[number].isAuthorised {
      let owner = owner(number)
      try writer.write(number)
      try writer.write(UInt8(owner.isKilled ? 1 : 0))
      try writer.write(UInt8(owner.hasLastOrder ? 1 : 0))
      try writer.write(owner.lastSideCode)
      try writer.write(owner.lastInstrument)
      try writer.write(owner.selfTradeGroup)
      try writer.write(owner.takerFeePpm)
      try writer.write(owner.makerFeePpm)
      let values = Self.snapshotValues(owner)
      for index in values.indices { try writer.write(values[index]) }
      try writer.write(owner.lastPriceTicks)
      try writer.write(owner.lastQuantity)
    }
  }

  /// Limits and sums in the order of the snapshot; what is open follows from the orders.
  static func snapshotValues(_ owner: Owner) -> InlineArray<16, UInt64> {
    [
      owner.orderQuantityMax, owner.orderNotionalMax, owner.priceTolerancePpm,
      owner.duplicateWindow, owner.messageRateMax, owner.openOrdersMax, owner.positionMax,
      owner.grossNotionalMax, owner.netNotionalMax, owner.creditMax, owner.tradedNotional[0],
      owner.tradedNotional[1], owner.fees, owner.windowStart, owner.windowCount,
      owner.lastOrderTime,
    ]
  }

  private func writeSessions<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    var count: UInt32 = 0
    for number in UInt16.min...UInt16.max where sessions[number] != 0 { count += 1 }
    try writer.write(count)
    for number in UInt16.min...UInt16.max where sessions[number] != 0 {
      try writer.write(number)
      try writer.write(sessions[number])
    }
  }

  private func writeHoldings<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try writer.write(holdings.count)
    for number in 0..<holdings.count {
      let holding = holdings.records[number]
      try writer.write(holding.owner)
      try writer.write(holding.instrument)
      try writer.write(UInt8(holding.isRestricted ? 1 : 0))
      try writer.write(holding.position)
      try writer.write(holding.positionMargin)
    }
    // In which order each owner came to use its instruments.
    var count: UInt32 = 0
    forEachListedHolding { _ in count += 1 }
    try writer.write(count)
    for owner in UInt16.min...UInt16.max {
      var number = owners[owner].firstHolding
      while number != 0 {
        try writer.write(number &- 1)
        number = holdings.records[number &- 1].next
      }
    }
  }

  private func forEachListedHolding(_ body: (UInt32) -> Void) {
    for owner in UInt16.min...UInt16.max {
      var number = owners[owner].firstHolding
      while number != 0 {
        body(number &- 1)
        number = holdings.records[number &- 1].next
      }
    }
  }
}
