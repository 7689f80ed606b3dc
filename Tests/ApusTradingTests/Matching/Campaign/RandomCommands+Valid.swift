// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import ApusTrading

extension RandomCommands {
  /// A command that could be taken, as far as this knows.
  mutating func valid() -> MatchingCommand {
    if let command = wayBack() { return command }
    // A spoilt setting may keep orders out as well.
    if oneIn(40) { return anyOf(Self.usualSettings) }
    switch random.below(1_000) {
    case 0..<480: return new(crowded: live.count > extent.crowd)
    case 480..<530: return linked()
    case 530..<690: return live.count > extent.crowd || oneIn(3) ? cancel() : new(crowded: false)
    case 690..<740: return reduce()
    case 740..<870: return replace()
    case 870..<920: return quote()
    case 920..<924: return massCancel()
    case 924..<945: return MatchingCommand(.expire)
    case 945..<960: return setting()
    case 960..<975: return ownerLimit()
    case 975..<983: return phaseChange()
    case 983..<984: return .killSwitch(owner: oneIn(5) ? 0 : owner(), isOn: !oneIn(3))
    case 984..<986: return duplicate()
    case 986..<987: return .defineInstrument(UInt16(random.below(9)))
    case 987..<990:
      let profile = profile()
      return .setReferencePrice(
        profile.instrument, priceTicks: oneIn(20) ? 0 : price(profile, side()))
    case 990..<992: return priceless()
    case 992..<995:
      return .resetSums(owner: oneIn(3) ? 0 : owner(), anyOf(OwnerSums.allCases))
    default: return cancel()
    }
  }

  /// A market order where there is no price to value it at.
  private mutating func priceless() -> MatchingCommand {
    .new(
      orderId: newId(), owner: oneIn(2) ? 12 : owner(), instrument: Self.priceless, side: side(),
      type: .market,
      timeInForce: anyOf([.immediateOrCancel, .fillOrKill, .atClose]),
      quantity: UInt32(1 + random.below(30)), session: session())
  }

  /// Now and then what ends a state in which nothing happens.
  private mutating func wayBack() -> MatchingCommand? {
    if !killed.isEmpty, oneIn(12) {
      return .killSwitch(owner: anyOf(killed.sorted()), isOn: false)
    }
    if let undoing = undoings.first, undoing.step <= stepCount {
      undoings.removeFirst()
      return undoing.command
    }
    let waiting = Self.profiles.filter { phases[$0.instrument] != .continuous }
    if waiting.isEmpty || !oneIn(30) { return nil }
    let instrument = anyOf(waiting).instrument
    return phases[instrument] == .halted ? .resume(instrument) : .setPhase(instrument, .continuous)
  }

  private mutating func phaseChange() -> MatchingCommand {
    let instrument = profile().instrument
    switch random.below(8) {
    case 0: return .halt(instrument)
    case 1: return .resume(instrument)
    default: return .setPhase(instrument, anyOf(MarketPhase.allCases))
    }
  }

  // MARK: Orders

  private mutating func type() -> OrderType {
    switch random.below(100) {
    case 0..<60: .limit
    case 60..<70: .market
    case 70..<76: .stop
    case 76..<82: .stopLimit
    case 82..<87: .trailingStop
    case 87..<92: .primaryPeg
    default: .midPeg
    }
  }

  private mutating func timeInForce(
    _ type: OrderType, _ instrument: UInt16, crowded: Bool
  ) -> TimeInForce {
    let phase = phases[instrument]
    if phase != .continuous, type == .limit || type == .market, oneIn(type == .market ? 1 : 3) {
      return phase == .preOpen || phase == .openingAuction ? .atOpen : .atClose
    }
    if type == .market { return anyOf([.immediateOrCancel, .immediateOrCancel, .fillOrKill]) }
    if type == .limit, phase == .continuous, crowded || oneIn(6) {
      return anyOf([.immediateOrCancel, .fillOrKill])
    }
    if type == .limit, oneIn(30) { return .atClose }
    return anyOf([.day, .day, .goodTillCancel, .goodTillDate])
  }

  mutating func new(crowded: Bool) -> MatchingCommand {
    let profile = profile()
    let (side, type) = (side(), type())
    let time = timeInForce(type, profile.instrument, crowded: crowded)
    var command = MatchingCommand.new(
      orderId: newId(), owner: owner(), instrument: profile.instrument, side: side, type: type,
      timeInForce: time, quantity: quantity(profile), session: session())
    command.clientOrderId = random.next() >> 40
    command.account = UInt32(random.below(5))
    command.capacityCode = UInt8(random.below(3)) | UInt8(oneIn(2) ? 0 : random.below(6)) << 4
    if time == .goodTillDate { command.value = self.time + 1 + UInt64(random.below(4_000_000_000)) }
    fillPrices(&command, profile, side, type)
    if type == .limit, time != .immediateOrCancel, time != .fillOrKill {
      if extent.hasDeepIcebergs ? oneIn(2) : oneIn(5) {
        let lots = extent.hasDeepIcebergs ? 3 : 10
        command.displayQuantity = profile.lot * UInt32(1 + random.below(lots))
      }
      if time != .atOpen, time != .atClose, oneIn(8) { command.flags.insert(.postOnly) }
    }
    lastNew = command
    return command
  }

  /// What an owner has just sent, again.
  private mutating func duplicate() -> MatchingCommand {
    var command = lastNew ?? new(crowded: false)
    command.orderId = newId()
    return command
  }

  private mutating func fillPrices(
    _ command: inout MatchingCommand, _ profile: Profile, _ side: Side, _ type: OrderType
  ) {
    let isForAuction = [TimeInForce.atOpen, .atClose].map(\.rawValue).contains(command.detailCode)
    switch type {
    case .limit: command.priceTicks = price(profile, side, aggression: oneIn(4) ? 5 : 0)
    case .market:
      if !isForAuction, oneIn(3) { command.priceTicks = price(profile, side, aggression: 4) }
    case .stop: command.triggerTicks = price(profile, side.opposite)
    case .stopLimit:
      command.triggerTicks = price(profile, side.opposite)
      command.priceTicks = price(profile, side, aggression: 6)
    case .trailingStop: command.triggerTicks = UInt32(1 + random.below(8))
    case .primaryPeg, .midPeg: command.priceTicks = price(profile, side, aggression: 4)
    }
  }

  /// An order that is linked with a live one of its owner.
  private mutating func linked() -> MatchingCommand {
    var command = new(crowded: false)
    let other = someOrder()
    let profile = Self.profiles.first { $0.instrument == other.instrument } ?? Self.profiles[0]
    command.owner = other.owner
    command.instrument = other.instrument
    command.relatedOrderId = other.id
    command.flags = oneIn(2) ? .oneCancelsOther : .bracketChild
    var (side, type) = (side(), OrderType.limit)
    if command.flags.contains(.bracketChild) {
      side = other.side.opposite
      type = anyOf([.limit, .limit, .stop, .stopLimit, .trailingStop])
    }
    command.sideCode = side.rawValue
    command.typeCode = type.rawValue
    command.detailCode = anyOf([TimeInForce.day, .goodTillCancel]).rawValue
    command.value = 0
    command.quantity = quantity(profile)
    (command.displayQuantity, command.priceTicks, command.triggerTicks) = (0, 0, 0)
    fillPrices(&command, profile, side, type)
    if type == .limit, oneIn(6) { command.flags.insert(.postOnly) }
    return command
  }

  private mutating func cancel() -> MatchingCommand {
    let order = someOrder()
    return .cancel(orderId: order.id, owner: oneIn(50) ? owner() : order.owner)
  }

  private mutating func reduce() -> MatchingCommand {
    let order = someOrder()
    let lot = Self.profiles.first { $0.instrument == order.instrument }?.lot ?? 1
    return .reduce(
      orderId: order.id, owner: oneIn(50) ? owner() : order.owner,
      by: lot * UInt32(1 + random.below(20)))
  }

  private mutating func replace() -> MatchingCommand {
    let order = someOrder()
    let profile = Self.profiles.first { $0.instrument == order.instrument } ?? Self.profiles[0]
    var command = MatchingCommand.replace(
      orderId: order.id, newOrderId: newId(), owner: oneIn(50) ? owner() : order.owner,
      priceTicks: order.price, quantity: order.quantity, session: session())
    command.displayQuantity = order.display
    let stops: [OrderType?] = [.stop, .stopLimit]
    if stops.contains(order.type) { command.triggerTicks = order.trigger }
    if order.type == .trailingStop { command.triggerTicks = UInt32(1 + random.below(8)) }
    if oneIn(2), order.price != 0 {
      command.priceTicks = price(profile, order.side, aggression: oneIn(3) ? 4 : 0)
    }
    if oneIn(2) { command.quantity = quantity(profile) }
    if oneIn(3), order.quantity > profile.lot { command.quantity = order.quantity - profile.lot }
    if oneIn(12) { command.displayQuantity = profile.lot }
    if oneIn(4), stops.contains(order.type) {
      command.triggerTicks = price(profile, order.side.opposite)
    }
    return command
  }

  private mutating func quote() -> MatchingCommand {
    let profile = profile()
    let bidId = newId()
    var command = MatchingCommand.quote(
      bidOrderId: bidId, askOrderId: newId(),
      owner: owner() % UInt16(min(6, extent.ownerCount)) + 1,
      instrument: profile.instrument, bidTicks: price(profile, .buy, aggression: -2),
      bidQuantity: oneIn(6) ? 0 : quantity(profile),
      askTicks: price(profile, .sell, aggression: -2),
      askQuantity: oneIn(6) ? 0 : quantity(profile), session: session())
    command.capacityCode = UInt8(random.below(3)) | UInt8(oneIn(2) ? 0 : random.below(6)) << 4
    return command
  }

  private mutating func massCancel() -> MatchingCommand {
    var command = MatchingCommand.massCancel(
      owner: owner(), instrument: oneIn(2) ? nil : profile().instrument,
      side: oneIn(2) ? nil : side())
    command.session = session()
    if oneIn(3) { command.flags.insert(.onDisconnect) }
    return command
  }
}
