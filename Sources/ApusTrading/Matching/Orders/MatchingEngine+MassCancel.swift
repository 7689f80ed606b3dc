// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

/// Which of an owner's orders are meant.
struct OrderFilter {
  var instrument: UInt16?
  var side: Side?
  /// Only orders of this session that do not outlive it.
  var lostSession: UInt16?
}

extension MatchingEngine {
  /// `massCancel`. Section 13.4.
  mutating func massCancel(_ command: MatchingCommand, _ events: inout MatchingSink) {
    var filter = OrderFilter()
    if !command.flags.contains(.bothSides) {
      guard let side = Side(rawValue: command.sideCode) else {
        return reject(command, .malformed, &events)
      }
      filter.side = side
    }
    if !command.flags.contains(.allInstruments) {
      guard instruments[command.instrument].isDefined else {
        return reject(command, .unknownInstrument, &events)
      }
      filter.instrument = command.instrument
    }
    guard owners[command.owner].isAuthorised else {
      return reject(command, .unknownOwner, &events)
    }
    let isDisconnect = command.flags.contains(.onDisconnect)
    if isDisconnect { filter.lostSession = command.session }
    let (count, left) = cancelAll(
      command.owner, filter, isDisconnect ? .disconnected : .massCancel, &events)
    emitMassCancelled(command, count, left, &events)
  }

  mutating func emitMassCancelled(
    _ command: MatchingCommand, _ count: UInt32, _ left: UInt32, _ events: inout MatchingSink
  ) {
    var event = MatchingEvent(.massCancelled)
    event.owner = command.owner
    event.instrument = command.instrument
    event.sideCode = command.sideCode
    event.session = command.session
    event.detailCode = command.kindCode
    event.value = UInt64(count)
    event.relatedClientOrderId = UInt64(left)
    events.emit(event)
  }

  /// `killSwitch`. Section 12.
  mutating func killSwitch(_ command: MatchingCommand, _ events: inout MatchingSink) {
    let isOn = command.flags.contains(.on)
    var event = MatchingEvent(.killSwitchSet)
    event.owner = command.owner
    if isOn { event.flags = .on }
    if command.owner == 0 {
      isMarketKilled = isOn
    } else {
      guard owners[command.owner].isAuthorised else {
        return reject(command, .unknownOwner, &events)
      }
      owners[command.owner].isKilled = isOn
      if isOn {
        let (count, left) = cancelAll(command.owner, OrderFilter(), .killed, &events)
        event.value = UInt64(count)
        event.relatedClientOrderId = UInt64(left)
      }
    }
    events.emit(event)
  }

  /// Cancels an owner's orders, in the order of section 13.6, as far as there is room for events.
  private mutating func cancelAll(
    _ owner: UInt16, _ filter: OrderFilter, _ reason: MatchingReason,
    _ events: inout MatchingSink
  ) -> (count: UInt32, left: UInt32) {
    let wanted = list(owner, filter)
    var count: UInt32 = 0
    for index in 0..<wanted {
      let slot = allotments[index].slot
      // A link may have taken it away.
      if isOut(slot) { continue }
      guard events.remainingCapacity >= Self.eventReserve else {
        let left = (index..<wanted).count { !isOut(allotments[$0].slot) }
        return (count, UInt32(left))
      }
      remove(slot, reason, &events)
      count += 1
    }
    return (count, 0)
  }

  /// Writes the orders that are meant down.
  private mutating func list(_ owner: UInt16, _ filter: OrderFilter) -> UInt32 {
    var count: UInt32 = 0
    var holding = owners[owner].firstHolding
    if let instrument = filter.instrument {
      holding = holdings.find(owner: owner, instrument: instrument).map { $0 &+ 1 } ?? 0
    }
    while holding != 0 {
      let record = holdings.records[holding &- 1]
      holding = filter.instrument == nil ? record.next : 0
      var slot = record.head
      while slot != .max {
        if isMeant(slot, filter) {
          allotments[count] = Allotment(slot: slot, quantity: 0)
          count &+= 1
        }
        slot = details[slot].next
      }
    }
    return count
  }

  private mutating func isMeant(_ slot: UInt32, _ filter: OrderFilter) -> Bool {
    if let side = filter.side, side != orders[slot].side { return false }
    guard let session = filter.lostSession else { return true }
    let timeInForce = details[slot].timeInForce
    return details[slot].session == session && timeInForce != .goodTillCancel
      && timeInForce != .goodTillDate
  }

  /// `expire`. Section 13.7.
  mutating func expire(_ command: MatchingCommand, _ events: inout MatchingSink) {
    var event = MatchingEvent(.timeExpired)
    while let entry = expiries.first, entry.time <= now {
      guard events.remainingCapacity >= Self.eventReserve else {
        event.relatedClientOrderId = expiries.dueCount(at: now)
        break
      }
      // Its entry goes with it.
      remove(entry.slot, .expired, &events)
      event.value += 1
    }
    events.emit(event)
  }
}
