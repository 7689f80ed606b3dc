// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// `defineInstrument`. Section 14.
  mutating func defineInstrument(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let allocation = AllocationRule(rawValue: command.detailCode),
      let mode = SelfTradePrevention(rawValue: command.capacityCode >> 4)
    else { return reject(command, .malformed, &events) }
    let instrument = command.instrument
    guard !instruments[instrument].isDefined else {
      return reject(command, .duplicateInstrument, &events)
    }
    guard command.quantity > 0, command.priceTicks > 0 else {
      return reject(command, .property, &events)
    }
    instruments[instrument].symbol = command.value
    instruments[instrument].isDefined = true
    instruments[instrument].allocation = allocation
    instruments[instrument].selfTradePrevention = mode
    instruments[instrument].lot = command.quantity
    instruments[instrument].marginPpm = 1_000_000
    instruments[instrument].tickRowCount = 1
    instruments[instrument].ticks[0] = command.priceTicks
    instruments[instrument].setStaticBand()
    var event = MatchingEvent(.instrumentDefined)
    event.instrument = instrument
    event.value = command.value
    event.quantity = command.quantity
    event.priceTicks = command.priceTicks
    event.detailCode = command.detailCode
    events.emit(event)
  }

  /// `changeInstrument`. Section 14.
  mutating func changeInstrument(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let property = InstrumentProperty(rawValue: command.detailCode) else {
      return reject(command, .malformed, &events)
    }
    let instrument = command.instrument
    guard instruments[instrument].isDefined else {
      return reject(command, .unknownInstrument, &events)
    }
    var event = MatchingEvent(.instrumentChanged)
    event.instrument = instrument
    event.detailCode = command.detailCode
    event.value = command.value
    switch property {
    case .restricted:
      guard owners[command.owner].isAuthorised else {
        return reject(command, .unknownOwner, &events)
      }
      let isOn = command.flags.contains(.on)
      guard restrict(command.owner, instrument, isOn) else {
        return reject(command, .capacity, &events)
      }
      event.owner = command.owner
      if isOn { event.flags = .on }
    case .tick:
      guard addTick(instrument, from: command.priceTicks, tick: command.value) else {
        return reject(command, .property, &events)
      }
      event.priceTicks = command.priceTicks
    default:
      guard let value = UInt32(exactly: command.value), set(property, of: instrument, to: value)
      else { return reject(command, .property, &events) }
    }
    events.emit(event)
  }

  private mutating func set(
    _ property: InstrumentProperty, of instrument: UInt16, to value: UInt32
  ) -> Bool {
    let isShare = value <= 1_000_000
    switch property {
    case .lot:
      guard value > 0 else { return false }
      instruments[instrument].lot = value
    case .quantityMax: instruments[instrument].quantityMax = value
    case .staticBandPpm:
      guard isShare else { return false }
      instruments[instrument].staticBandPpm = value
      instruments[instrument].setStaticBand()
    case .dynamicBandPpm:
      guard isShare else { return false }
      instruments[instrument].dynamicBandPpm = value
    case .collarPpm:
      guard isShare else { return false }
      instruments[instrument].collarPpm = value
    case .proRataMinimum: instruments[instrument].proRataMinimum = value
    case .allocation:
      guard let code = UInt8(exactly: value), let rule = AllocationRule(rawValue: code) else {
        return false
      }
      instruments[instrument].allocation = rule
    case .selfTradePrevention:
      guard let code = UInt8(exactly: value), let mode = SelfTradePrevention(rawValue: code)
      else { return false }
      instruments[instrument].selfTradePrevention = mode
    case .marginPpm:
      guard isShare else { return false }
      instruments[instrument].marginPpm = value
    case .tick, .restricted: return false
    }
    return true
  }

  private mutating func addTick(_ instrument: UInt16, from start: UInt32, tick: UInt64) -> Bool {
    let rows = Int(instruments[instrument].tickRowCount)
    guard rows < 4, let tick = UInt32(exactly: tick), tick > 0,
      start > instruments[instrument].tickStarts[rows - 1]
    else { return false }
    instruments[instrument].tickStarts[rows] = start
    instruments[instrument].ticks[rows] = tick
    instruments[instrument].tickRowCount += 1
    return true
  }

  private mutating func restrict(_ owner: UInt16, _ instrument: UInt16, _ isOn: Bool) -> Bool {
    let found = holdings.find(owner: owner, instrument: instrument)
    // Nothing to lift where nothing is noted: that takes no place.
    if found == nil, !isOn { return true }
    guard let holding = found ?? holdings.insert(owner: owner, instrument: instrument) else {
      return false
    }
    holdings.records[holding].isRestricted = isOn
    return true
  }

  /// `setReferencePrice`. Section 14.
  mutating func setReferencePrice(_ command: MatchingCommand, _ events: inout MatchingSink) {
    let instrument = command.instrument
    guard instruments[instrument].isDefined else {
      return reject(command, .unknownInstrument, &events)
    }
    guard command.priceTicks != 0, command.priceTicks <= OrderRequest.priceTicksMax else {
      return reject(command, .price, &events)
    }
    instruments[instrument].referenceTicks = command.priceTicks
    instruments[instrument].setStaticBand()
    var event = MatchingEvent(.referencePriceSet)
    event.instrument = instrument
    event.priceTicks = command.priceTicks
    events.emit(event)
  }

  /// `setOwnerLimit`. Section 12.
  mutating func setOwnerLimit(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let limit = OwnerLimit(rawValue: command.detailCode) else {
      return reject(command, .malformed, &events)
    }
    let owner = command.owner
    guard owner != 0 else { return reject(command, .unknownOwner, &events) }
    guard unsafe command.value <= RiskAccount.notionalMax, set(limit, of: owner, to: command.value)
    else {
      return reject(command, .property, &events)
    }
    if !owners[owner].isAuthorised {
      owners[owner].isAuthorised = true
      if owners[owner].selfTradeGroup == 0 { groups[owner] = UInt32(owner) }
    }
    var event = MatchingEvent(.ownerLimitSet)
    event.owner = owner
    event.detailCode = command.detailCode
    event.value = command.value
    events.emit(event)
  }

  private mutating func set(_ limit: OwnerLimit, of owner: UInt16, to value: UInt64) -> Bool {
    switch limit {
    case .orderQuantity: owners[owner].orderQuantityMax = value
    case .orderNotional: owners[owner].orderNotionalMax = value
    case .priceTolerancePpm: owners[owner].priceTolerancePpm = value
    case .duplicateWindow: owners[owner].duplicateWindow = value
    case .messageRate:
      owners[owner].messageRateMax = value
      return true
    case .openOrders: owners[owner].openOrdersMax = value
    case .position: owners[owner].positionMax = value
    case .grossNotional: owners[owner].grossNotionalMax = value
    case .netNotional: owners[owner].netNotionalMax = value
    case .credit: owners[owner].creditMax = value
    case .selfTradeGroup:
      guard let group = UInt16(exactly: value) else { return false }
      owners[owner].selfTradeGroup = group
      groups[owner] = group == 0 ? UInt32(owner) : 1 << 16 | UInt32(group)
      return true
    case .takerFeePpm:
      guard value <= 1_000_000 else { return false }
      owners[owner].takerFeePpm = UInt32(value)
      return true
    case .makerFeePpm:
      guard value <= 1_000_000 else { return false }
      owners[owner].makerFeePpm = UInt32(value)
      return true
    }
    let bit = UInt16(1) << limit.rawValue
    if value == 0 { owners[owner].limitsSet &= ~bit } else { owners[owner].limitsSet |= bit }
    return true
  }

  /// `resetSums`. Section 12.3.
  ///
  /// - Complexity: O(1), of all owners too.
  mutating func resetSums(_ command: MatchingCommand, _ events: inout MatchingSink) {
    guard let sums = OwnerSums(rawValue: command.detailCode) else {
      return reject(command, .malformed, &events)
    }
    let owner = command.owner
    var event = MatchingEvent(.sumsReset)
    event.owner = owner
    event.detailCode = command.detailCode
    if owner == 0 {
      sumResets.reset(sums)
    } else {
      guard owners[owner].isAuthorised else { return reject(command, .unknownOwner, &events) }
      catchUp(owner)
      if sums.hasTraded {
        event.relatedOrderId = owners[owner].tradedNotional[0]
        event.relatedClientOrderId = owners[owner].tradedNotional[1]
        owners[owner].tradedNotional = [0, 0]
      }
      if sums.hasFees {
        event.value = owners[owner].fees
        owners[owner].fees = 0
      }
    }
    events.emit(event)
  }
}
