// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

/// docs/matching-rules.md, section by section, in the plainest form: what the fast engine is compared
/// with.
final class ReferenceMatchingEngine: MatchingUnderTest {
  let capacities: ReferenceCapacities
  var instruments: [UInt16: ReferenceInstrument] = [:]
  var owners: [UInt16: ReferenceOwner] = [:]
  /// Live orders.
  var orders: [UInt64: ReferenceOrder] = [:]
  /// The greatest id that each session has used.
  var usedIds: [UInt16: UInt64] = [:]
  /// Pairs of an owner and an instrument that something was noted of.
  var holdings: Set<ReferenceHolding> = []
  /// Instruments with unfinished work, in the order in which it came up.
  var work: [ReferenceInstrument] = []
  var isMarketKilled = false
  var matchCount: UInt64 = 0
  var arrivalCount: UInt64 = 0

  // Of the present command.
  var commandCount: UInt64 = 0
  var now: UInt64 = 0
  var events: [MatchingEvent] = []
  /// Events that are kept for the command, while what others left goes on.
  var eventsKept = 0
  /// Instruments with a change of orders, in the order of the first.
  var touched: [ReferenceInstrument] = []

  init(_ capacities: ReferenceCapacities = ReferenceCapacities()) { self.capacities = capacities }

  func apply(_ command: MatchingCommand, at time: UInt64) -> [MatchingEvent] {
    commandCount += 1
    now = time
    events.removeAll()
    eventsKept = capacities.events / 2
    resumeWork()
    eventsKept = 0
    touched.removeAll()
    do {
      try perform(command)
    } catch {
      events.append(.rejected(command, error))
    }
    touched.forEach(queue)
    resumeWork()
    return events
  }

  private func perform(_ command: MatchingCommand) throws(Refusal) {
    switch MatchingCommandKind(rawValue: command.kindCode) {
    case nil: throw Refusal(reason: .malformed)
    case .new: try new(command)
    case .cancel: try cancel(command)
    case .reduce: try reduce(command)
    case .replace: try replace(command)
    case .massCancel: try massCancel(command)
    case .quote: try quote(command)
    case .defineInstrument: try defineInstrument(command)
    case .changeInstrument: try changeInstrument(command)
    case .setPhase: try setPhase(command)
    case .setReferencePrice: try setReferencePrice(command)
    case .halt: try move(instrument(command), to: .halted)
    case .resume: try resume(command)
    case .setOwnerLimit: try setOwnerLimit(command)
    case .killSwitch: try killSwitch(command)
    case .expire: expire()
    case .resetSums: try resetSums(command)
    }
  }

  func mainBook(_ instrument: UInt16, _ side: Side) -> [BookLine] {
    guard let instrument = instruments[instrument] else { return [] }
    return instrument[.main, side].map {
      BookLine(orderId: $0.id, priceTicks: $0.price, shown: $0.shown)
    }
  }

  // MARK: Orders

  func touch(_ instrument: ReferenceInstrument) {
    if !touched.contains(where: { $0 === instrument }) { touched.append(instrument) }
  }

  /// Puts an order behind all others at its price, or cancels it where there is no room for it.
  func rest(_ order: ReferenceOrder, in set: BookSet) {
    if hasPlace(for: order, in: set) {
      place(order, in: set)
      order.rested = order.arrival
    } else {
      cancel(order, .capacity)
    }
  }

  /// Puts an order behind all others at its price, which has room.
  func place(_ order: ReferenceOrder, in set: BookSet) {
    order.show()
    arrivalCount += 1
    order.arrival = arrivalCount
    order.instrument.insert(order, into: set)
  }

  /// Takes an order out of everything but the links.
  func remove(_ order: ReferenceOrder) {
    order.instrument.remove(order)
    if order.isDormant { order.bracket?.children.removeAll { $0 === order } }
    if order.isDormant { order.bracket = nil }
    order.place = .gone
    orders[order.id] = nil
    order.owner.orders.removeAll { $0 === order }
  }

  /// Ends an order before its time, and what is linked with it.
  func cancel(_ order: ReferenceOrder, _ reason: MatchingReason) {
    var event = MatchingEvent.of(order, .cancelled)
    event.reasonCode = reason.rawValue
    event.quantity = order.leaves
    events.append(event)
    order.leaves = 0
    remove(order)
    followLinks(of: order)
    touch(order.instrument)
    queue(order.instrument)
  }

  /// Ends those that are still live.
  func cancelAll(_ list: [ReferenceOrder], _ reason: MatchingReason) -> UInt64 {
    var count: UInt64 = 0
    for order in list where order.isLive {
      cancel(order, reason)
      count += 1
    }
    return count
  }
}
