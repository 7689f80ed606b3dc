// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Takes the state of a snapshot into an engine without any. Bytes may be anything: what cannot be
  /// is refused, with the place.
  mutating func read(from reader: inout SnapshotReader) throws(SnapshotError) {
    matchNumber = try reader.read(field: "match number")
    let entries: UInt64 = try reader.read(field: "entry count")
    isMarketKilled = try reader.read(0...UInt8(1), field: "market kill switch") == 1
    try readInstruments(from: &reader)
    try readOwners(from: &reader)
    try readSessions(from: &reader)
    try readHoldings(from: &reader)
    try readOrders(from: &reader)
    try readListsOfOrders(from: &reader)
    entryCount = entries
    try readUnfinished(from: &reader)
  }

  /// Which instruments have something left to do, in their order.
  private mutating func readUnfinished(
    from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(1 << 16), field: "unfinished count")
    for _ in 0..<count {
      let start = reader.offset
      let instrument: UInt16 = try reader.read(field: "unfinished instrument")
      guard instruments[instrument].unfinished.contains(.queued) else {
        throw Self.malformed(
          "unfinished instrument", start, "\(instrument)", "an unfinished one, once")
      }
      // Set again below: what still has it then was not in the list.
      instruments[instrument].unfinished.remove(.queued)
      work.append(instrument)
    }
    for number in UInt16.min...UInt16.max
    where instruments[number].unfinished.contains(.queued) {
      throw Self.malformed(
        "unfinished instruments", reader.offset, "\(count)", "instrument \(number) among them")
    }
    for offset in 0..<count { instruments[work.waiting(offset)].unfinished.insert(.queued) }
  }

  static func malformed(
    _ field: String, _ offset: UInt64, _ value: String, _ expected: String
  ) -> SnapshotError {
    .malformed(field: field, offset: offset, value: value, expected: expected)
  }

  private static func read<Code: RawRepresentable>(
    _ type: Code.Type, _ field: StaticString, from reader: inout SnapshotReader
  ) throws(SnapshotError) -> Code where Code.RawValue == UInt8 {
    let start = reader.offset
    let code: UInt8 = try reader.read(field: field)
    guard let value = Code(rawValue: code) else {
      throw malformed("\(field)", start, "\(code)", "a known code")
    }
    return value
  }

  private mutating func readInstruments(
    from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(1 << 16), field: "instrument count")
    for _ in 0..<count {
      let number: UInt16 = try reader.read(field: "instrument")
      var one = instruments[number]
      one.isDefined = true
      one.symbol = try reader.read(field: "symbol")
      one.phase = try Self.read(MarketPhase.self, "phase", from: &reader)
      one.allocation = try Self.read(AllocationRule.self, "allocation", from: &reader)
      one.selfTradePrevention = try Self.read(
        SelfTradePrevention.self, "self-trade prevention", from: &reader)
      try Self.readUnfinishedWork(of: &one, from: &reader)
      one.lot = try reader.read(1...UInt32.max, field: "lot")
      one.quantityMax = try reader.read(field: "largest quantity")
      one.lastTicks = try reader.read(field: "last price")
      one.referenceTicks = try reader.read(field: "reference price")
      one.staticBandPpm = try reader.read(0...UInt32(1_000_000), field: "static band")
      one.dynamicBandPpm = try reader.read(0...UInt32(1_000_000), field: "dynamic band")
      one.collarPpm = try reader.read(0...UInt32(1_000_000), field: "collar")
      one.proRataMinimum = try reader.read(field: "pro-rata minimum")
      one.marginPpm = try reader.read(0...UInt32(1_000_000), field: "margin")
      one.auctionTicks = try reader.read(field: "auction price")
      one.auctionLeft = try reader.read(field: "auction quantity")
      one.tickRowCount = try reader.read(1...UInt8(4), field: "tick rows")
      for row in 0..<Int(one.tickRowCount) {
        one.tickStarts[row] = try reader.read(field: "tick start")
        one.ticks[row] = try reader.read(1...UInt32.max, field: "tick")
      }
      one.setStaticBand()
      instruments[number] = one
    }
  }

  /// What is unfinished is in the list, or nobody would finish it; an auction has a set of its own.
  private static func readUnfinishedWork(
    of one: inout Instrument, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    let start = reader.offset
    let code = try reader.read(0...UInt8(31), field: "unfinished work")
    one.unfinished = UnfinishedWork(rawValue: code)
    guard one.unfinished == [] || one.unfinished.contains(.queued) else {
      throw malformed("unfinished work", start, "\(code)", "nothing, or work that is in the list")
    }
    one.auctionSet = try read(OrderSet.self, "auction set", from: &reader)
    let isAuction = !one.unfinished.isDisjoint(with: [.auction, .auctionOnly])
    guard !isAuction || one.auctionSet == .atOpen || one.auctionSet == .atClose else {
      throw malformed("auction set", start + 1, "\(one.auctionSet)", "orders at open or at close")
    }
  }

  private mutating func readOwners(from reader: inout SnapshotReader) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(1 << 16), field: "owner count")
    for _ in 0..<count {
      let number = try reader.read(1...UInt16.max, field: "owner")
      owners[number].isAuthorised = true
      owners[number].isKilled = try reader.read(0...UInt8(1), field: "kill switch") == 1
      owners[number].hasLastOrder = try reader.read(0...UInt8(1), field: "last order") == 1
      owners[number].lastSideCode = try reader.read(field: "last side")
      owners[number].lastInstrument = try reader.read(field: "last instrument")
      let group: UInt16 = try reader.read(field: "self-trade group")
      owners[number].selfTradeGroup = group
      groups[number] = group == 0 ? UInt32(number) : 1 << 16 | UInt32(group)
      owners[number].takerFeePpm = try reader.read(0...UInt32(1_000_000), field: "taker fee")
      owners[number].makerFeePpm = try reader.read(0...UInt32(1_000_000), field: "maker fee")
      try readValues(of: number, from: &reader)
      owners[number].lastPriceTicks = try reader.read(field: "last price")
      owners[number].lastQuantity = try reader.read(field: "last quantity")
    }
  }

  private mutating func readValues(
    of owner: UInt16, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    var values = InlineArray<16, UInt64>(repeating: 0)
    for index in values.indices {
      values[index] = try reader.read(field: "limit or sum of an owner")
    }
    let most = unsafe RiskAccount.notionalMax
    for limit in OwnerLimit.orderQuantity.rawValue...OwnerLimit.credit.rawValue {
      let index = Int(limit) - 1
      if index != 4, values[index] != 0 { owners[owner].limitsSet |= 1 << UInt16(limit) }
    }
    owners[owner].orderQuantityMax = min(values[0], most)
    owners[owner].orderNotionalMax = min(values[1], most)
    owners[owner].priceTolerancePpm = min(values[2], most)
    owners[owner].duplicateWindow = min(values[3], most)
    owners[owner].messageRateMax = min(values[4], most)
    owners[owner].openOrdersMax = min(values[5], most)
    owners[owner].positionMax = min(values[6], most)
    owners[owner].grossNotionalMax = min(values[7], most)
    owners[owner].netNotionalMax = min(values[8], most)
    owners[owner].creditMax = min(values[9], most)
    owners[owner].tradedNotional[0] = min(values[10], most)
    owners[owner].tradedNotional[1] = min(values[11], most)
    owners[owner].fees = min(values[12], most)
    owners[owner].windowStart = values[13]
    owners[owner].windowCount = values[14]
    owners[owner].lastOrderTime = values[15]
  }

  private mutating func readSessions(from reader: inout SnapshotReader) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(1 << 16), field: "session count")
    for _ in 0..<count {
      let number: UInt16 = try reader.read(field: "session")
      sessions[number] = try reader.read(field: "highest order id")
    }
  }

  private mutating func readHoldings(from reader: inout SnapshotReader) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(holdings.capacity), field: "holding count")
    for _ in 0..<count {
      let start = reader.offset
      let owner: UInt16 = try reader.read(field: "holding's owner")
      let instrument: UInt16 = try reader.read(field: "holding's instrument")
      guard owners[owner].isAuthorised, instruments[instrument].isDefined,
        holdings.find(owner: owner, instrument: instrument) == nil,
        let number = holdings.insert(owner: owner, instrument: instrument)
      else {
        throw Self.malformed(
          "holding", start, "\(owner) in \(instrument)", "an owner and an instrument, once")
      }
      holdings.records[number].isRestricted =
        try reader.read(0...UInt8(1), field: "restricted") == 1
      holdings.records[number].position = try reader.read(field: "position")
      let margin: UInt64 = try reader.read(field: "position margin")
      holdings.records[number].positionMargin = margin
      owners[owner].replacePositionMargin(0, by: margin)
    }
    let listedCount = try reader.read(0...count, field: "listed holdings")
    for _ in 0..<listedCount {
      let start = reader.offset
      let number: UInt32 = try reader.read(field: "listed holding")
      guard number < count, !holdings.records[number].isListed else {
        throw Self.malformed("listed holding", start, "\(number)", "one of \(count), once")
      }
      listHolding(number)
    }
  }
}
