// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTrading

/// Section 14, and the limits of owners.
extension ReferenceMatchingEngine {
  private static let million: UInt64 = 1_000_000

  func defineInstrument(_ command: MatchingCommand) throws(Refusal) {
    guard let allocation = AllocationRule(rawValue: command.detailCode),
      let mode = SelfTradePrevention(rawValue: command.capacityCode >> 4)
    else { throw Refusal(reason: .malformed) }
    try check(instruments[command.instrument] == nil, .duplicateInstrument)
    try check(command.quantity >= 1 && command.priceTicks >= 1, .property)
    instruments[command.instrument] = ReferenceInstrument(
      id: command.instrument, lot: command.quantity, tick: command.priceTicks,
      allocation: allocation, selfTradePrevention: mode)
    var event = MatchingEvent(.instrumentDefined)
    event.instrument = command.instrument
    event.value = command.value
    event.quantity = command.quantity
    event.priceTicks = command.priceTicks
    event.detailCode = command.detailCode
    events.append(event)
  }

  func changeInstrument(_ command: MatchingCommand) throws(Refusal) {
    guard let property = InstrumentProperty(rawValue: command.detailCode) else {
      throw Refusal(reason: .malformed)
    }
    let instrument = try instrument(command)
    if property == .restricted { _ = try owner(command) }
    try change(instrument, property, command)
    var event = MatchingEvent(.instrumentChanged)
    event.instrument = command.instrument
    event.detailCode = command.detailCode
    event.value = command.value
    if property == .tick { event.priceTicks = command.priceTicks }
    if property == .restricted {
      event.owner = command.owner
      event.flags = command.flags.contains(.on) ? .on : []
    }
    events.append(event)
  }

  private func change(
    _ instrument: ReferenceInstrument, _ property: InstrumentProperty, _ command: MatchingCommand
  ) throws(Refusal) {
    let value = command.value
    func upTo(_ limit: UInt64) throws(Refusal) -> UInt64 {
      try check(value <= limit, .property)
      return value
    }
    switch property {
    case .lot:
      try check(value >= 1, .property)
      instrument.lot = UInt32(try upTo(UInt64(UInt32.max)))
    case .quantityMax: instrument.quantityMax = try upTo(UInt64(UInt32.max))
    case .staticBandPpm: instrument.staticBandPpm = try upTo(Self.million)
    case .dynamicBandPpm: instrument.dynamicBandPpm = try upTo(Self.million)
    case .collarPpm: instrument.collarPpm = try upTo(Self.million)
    case .proRataMinimum: instrument.proRataMinimum = try upTo(UInt64(UInt32.max))
    case .allocation:
      guard let rule = AllocationRule(rawValue: UInt8(try upTo(2))) else { break }
      instrument.allocation = rule
    case .selfTradePrevention:
      guard let mode = SelfTradePrevention(rawValue: UInt8(try upTo(5))) else { break }
      instrument.selfTradePrevention = mode
    case .marginPpm: instrument.marginPpm = try upTo(Self.million)
    case .tick:
      let start = command.priceTicks
      let isNext = instrument.ticks.last.map { start > $0.start } ?? false
      try check(value >= 1 && isNext && instrument.ticks.count < 4, .property)
      instrument.ticks.append((start, UInt32(try upTo(UInt64(UInt32.max)))))
    case .restricted:
      if command.flags.contains(.on) {
        try check(hasHolding(command.owner, instrument.id), .capacity)
        noteHolding(command.owner, instrument.id)
        instrument.restrictedOwners.insert(command.owner)
      } else {
        instrument.restrictedOwners.remove(command.owner)
      }
    }
  }

  func setReferencePrice(_ command: MatchingCommand) throws(Refusal) {
    let instrument = try instrument(command)
    try check(command.priceTicks >= 1 && command.priceTicks <= Self.priceMax, .price)
    instrument.reference = command.priceTicks
    var event = MatchingEvent(.referencePriceSet)
    event.instrument = command.instrument
    event.priceTicks = command.priceTicks
    events.append(event)
  }

  func setOwnerLimit(_ command: MatchingCommand) throws(Refusal) {
    guard let limit = OwnerLimit(rawValue: command.detailCode) else {
      throw Refusal(reason: .malformed)
    }
    try check(command.owner != 0, .unknownOwner)
    let valueMax: UInt64 =
      switch limit {
      case .selfTradeGroup: UInt64(UInt16.max)
      case .takerFeePpm, .makerFeePpm: Self.million
      default: 1 << 63 - 1
      }
    try check(command.value <= valueMax, .property)
    let owner = owners[command.owner] ?? ReferenceOwner(id: command.owner)
    owners[command.owner] = owner
    owner[limit] = command.value
    var event = MatchingEvent(.ownerLimitSet)
    event.owner = command.owner
    event.detailCode = command.detailCode
    event.value = command.value
    events.append(event)
  }
}
