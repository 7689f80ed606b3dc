// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols

extension MatchingCommand {
  /// An order to enter.
  @inlinable
  public static func new(
    orderId: UInt64, owner: UInt16, instrument: UInt16, side: Side, type: OrderType = .limit,
    timeInForce: TimeInForce = .day, priceTicks: UInt32 = 0, quantity: UInt32,
    session: UInt16 = 0, flags: CommandFlags = []
  ) -> MatchingCommand {
    var command = MatchingCommand(.new)
    command.orderId = orderId
    command.clientOrderId = orderId
    command.owner = owner
    command.session = session
    command.instrument = instrument
    command.sideCode = side.rawValue
    command.typeCode = type.rawValue
    command.detailCode = timeInForce.rawValue
    command.priceTicks = priceTicks
    command.quantity = quantity
    command.flags = flags
    return command
  }

  /// Takes an order off.
  @inlinable
  public static func cancel(orderId: UInt64, owner: UInt16) -> MatchingCommand {
    var command = MatchingCommand(.cancel)
    command.orderId = orderId
    command.owner = owner
    return command
  }

  /// Takes a quantity off an order.
  @inlinable
  public static func reduce(
    orderId: UInt64, owner: UInt16, by quantity: UInt32
  ) -> MatchingCommand {
    var command = MatchingCommand(.reduce)
    command.orderId = orderId
    command.owner = owner
    command.quantity = quantity
    return command
  }

  /// Puts an order in the place of another.
  @inlinable
  public static func replace(
    orderId: UInt64, newOrderId: UInt64, owner: UInt16, priceTicks: UInt32, quantity: UInt32,
    session: UInt16 = 0
  ) -> MatchingCommand {
    var command = MatchingCommand(.replace)
    command.orderId = orderId
    command.relatedOrderId = newOrderId
    command.clientOrderId = newOrderId
    command.owner = owner
    command.session = session
    command.priceTicks = priceTicks
    command.quantity = quantity
    return command
  }

  /// Takes off an owner's orders.
  ///
  /// - Parameters:
  ///   - instrument: Of one instrument; nil for all.
  ///   - side: Of one side; nil for both.
  @inlinable
  public static func massCancel(
    owner: UInt16, instrument: UInt16? = nil, side: Side? = nil
  ) -> MatchingCommand {
    var command = MatchingCommand(.massCancel)
    command.owner = owner
    command.instrument = instrument ?? 0
    command.sideCode = side?.rawValue ?? 0
    if instrument == nil { command.flags.insert(.allInstruments) }
    if side == nil { command.flags.insert(.bothSides) }
    return command
  }

  /// Puts a bid and an ask in place of the owner's last ones; a quantity of 0 leaves a side out.
  @inlinable
  public static func quote(
    bidOrderId: UInt64, askOrderId: UInt64, owner: UInt16, instrument: UInt16,
    bidTicks: UInt32, bidQuantity: UInt32, askTicks: UInt32, askQuantity: UInt32,
    session: UInt16 = 0
  ) -> MatchingCommand {
    var command = MatchingCommand(.quote)
    command.orderId = bidOrderId
    command.relatedOrderId = askOrderId
    command.clientOrderId = bidOrderId
    command.owner = owner
    command.session = session
    command.instrument = instrument
    command.priceTicks = bidTicks
    command.quantity = bidQuantity
    command.triggerTicks = askTicks
    command.displayQuantity = askQuantity
    return command
  }

  /// Makes an instrument known, closed.
  ///
  /// - Parameter symbol: Eight bytes, for people.
  @inlinable
  public static func defineInstrument(
    _ instrument: UInt16, symbol: UInt64 = 0, lot: UInt32 = 1, tick: UInt32 = 1,
    allocation: AllocationRule = .priceTime, selfTradePrevention: SelfTradePrevention = .default
  ) -> MatchingCommand {
    var command = MatchingCommand(.defineInstrument)
    command.instrument = instrument
    command.value = symbol
    command.quantity = lot
    command.priceTicks = tick
    command.detailCode = allocation.rawValue
    command.capacityCode = selfTradePrevention.rawValue << 4
    return command
  }

  /// Changes one property of an instrument.
  @inlinable
  public static func changeInstrument(
    _ instrument: UInt16, _ property: InstrumentProperty, to value: UInt64
  ) -> MatchingCommand {
    var command = MatchingCommand(.changeInstrument)
    command.instrument = instrument
    command.detailCode = property.rawValue
    command.value = value
    return command
  }

  /// Adds a row to an instrument's tick table.
  @inlinable
  public static func addTick(
    _ instrument: UInt16, from start: UInt32, tick: UInt32
  ) -> MatchingCommand {
    var command = changeInstrument(instrument, .tick, to: UInt64(tick))
    command.priceTicks = start
    return command
  }

  /// Keeps an owner from an instrument, or no longer.
  @inlinable
  public static func restrict(
    _ instrument: UInt16, owner: UInt16, isRestricted: Bool
  ) -> MatchingCommand {
    var command = changeInstrument(instrument, .restricted, to: 0)
    command.owner = owner
    if isRestricted { command.flags.insert(.on) }
    return command
  }

  /// Moves an instrument to a phase.
  @inlinable
  public static func setPhase(_ instrument: UInt16, _ phase: MarketPhase) -> MatchingCommand {
    var command = MatchingCommand(.setPhase)
    command.instrument = instrument
    command.detailCode = phase.rawValue
    return command
  }

  /// Gives an instrument its reference price.
  @inlinable
  public static func setReferencePrice(
    _ instrument: UInt16, priceTicks: UInt32
  ) -> MatchingCommand {
    var command = MatchingCommand(.setReferencePrice)
    command.instrument = instrument
    command.priceTicks = priceTicks
    return command
  }

  /// Sets one limit of an owner.
  @inlinable
  public static func setOwnerLimit(
    _ owner: UInt16, _ limit: OwnerLimit, to value: UInt64
  ) -> MatchingCommand {
    var command = MatchingCommand(.setOwnerLimit)
    command.owner = owner
    command.detailCode = limit.rawValue
    command.value = value
    return command
  }

  /// Stops an owner, or the market (owner 0), or lets it trade again.
  @inlinable
  public static func killSwitch(owner: UInt16, isOn: Bool) -> MatchingCommand {
    var command = MatchingCommand(.killSwitch)
    command.owner = owner
    if isOn { command.flags.insert(.on) }
    return command
  }

  /// Counts sums from zero again: of one owner, as a risk desk does within a day, or of all of them
  /// (owner 0), as a venue does when a day begins.
  @inlinable
  public static func resetSums(
    owner: UInt16, _ sums: OwnerSums = .tradedAndFees
  ) -> MatchingCommand {
    var command = MatchingCommand(.resetSums)
    command.owner = owner
    command.detailCode = sums.rawValue
    return command
  }
}
