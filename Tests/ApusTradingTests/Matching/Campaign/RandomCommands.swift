// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import ApusTrading

/// A command and when it is sequenced.
struct TimedCommand {
  var time: UInt64
  var command: MatchingCommand
}

/// Seeded streams over everything that the matching rules have: several instruments, a dozen owners,
/// orders of all kinds, mostly about orders that live, mostly valid.
///
/// It is told the events of what it made, so that it knows which orders are live; equal engines give
/// equal streams.
struct RandomCommands {
  struct Profile {
    var instrument: UInt16
    var middle: UInt32
    var tick: UInt32
    var lot: UInt32
  }
  struct LiveOrder {
    var id: UInt64
    var owner: UInt16
    var instrument: UInt16
    var side: Side
    var price: UInt32
    var quantity: UInt32
    var display: UInt32
    var trigger: UInt32
    var type: OrderType?
  }

  static let profiles = [
    Profile(instrument: 1, middle: 1_000, tick: 1, lot: 1),
    Profile(instrument: 2, middle: 500, tick: 5, lot: 10),
    Profile(instrument: 3, middle: 2_000, tick: 2, lot: 1),
    Profile(instrument: 4, middle: 300, tick: 1, lot: 1),
    Profile(instrument: 5, middle: 6, tick: 1, lot: 1),
    Profile(instrument: 6, middle: .max - 12, tick: 1, lot: 1),
  ]
  static let owners: ClosedRange<UInt16> = 1...12
  /// An instrument that never has a price.
  static let priceless: UInt16 = 7

  /// How much of the market takes part.
  struct Extent {
    var instrumentCount = 6
    var ownerCount = 12
    /// From so many live orders on more are taken away than come.
    var crowd = 400
    /// Large orders that show little, so that few of them make many events.
    var hasDeepIcebergs = false
  }

  let extent: Extent
  var random: SeededRandom
  var time: UInt64 = 1_000
  private(set) var live: [LiveOrder] = []
  private(set) var phases: [UInt16: MarketPhase] = [:]
  private(set) var killed: Set<UInt16> = []
  private var positions: [UInt64: Int] = [:]
  private var lastId: UInt64 = 0
  private var beginning: [MatchingCommand]
  private let isMutated: Bool
  private var sessions: [UInt16] = [0, 1, 2, 3]
  /// What undoes settings that keep orders out, and from which step on.
  var undoings: [(step: Int, command: MatchingCommand)] = []
  var lastNew: MatchingCommand?
  private(set) var stepCount = 0

  /// - Parameter isMutated: Whether some commands have bytes of any value.
  init(seed: UInt64, isMutated: Bool = false, extent: Extent = Extent()) {
    self.extent = extent
    random = SeededRandom(seed: seed)
    self.isMutated = isMutated
    beginning = Self.beginning.reversed().filter {
      (Int($0.instrument) <= extent.instrumentCount || $0.instrument == Self.priceless)
        && Int($0.owner) <= extent.ownerCount
    }
  }

  /// The next command.
  mutating func next() -> TimedCommand {
    if let command = beginning.popLast() { return TimedCommand(time: time, command: command) }
    stepCount += 1
    time += UInt64(random.below(20_000_000))
    // A mutated id may have used up its session.
    if isMutated, stepCount % 200 == 0 {
      sessions = (0..<4).map { _ in UInt16(truncatingIfNeeded: random.next()) }
    }
    var command = valid()
    if oneIn(14) { spoil(&command) }
    if isMutated, oneIn(3) { mutate(&command) }
    tame(&command)
    return TimedCommand(time: time, command: command)
  }

  /// Keeps the events of one command to some thousands: a large order that shows little would be
  /// replenished without end.
  private func tame(_ command: inout MatchingCommand) {
    let display = command.displayQuantity
    if display != 0, command.quantity / display > 200 { command.displayQuantity = 0 }
  }

  // MARK: What is known

  /// Takes note of what became of a command.
  mutating func observe(_ events: [MatchingEvent]) {
    for event in events {
      switch event.kind {
      case .accepted: add(event, display: event.relatedLeavesQuantity)
      case .replaced:
        remove(event.relatedOrderId)
        add(event, display: event.relatedLeavesQuantity)
      case .trade, .selfTradePrevented:
        setLeaves(event.orderId, event.leavesQuantity)
        setLeaves(event.relatedOrderId, event.relatedLeavesQuantity)
      case .cancelled: remove(event.orderId)
      case .reduced: setLeaves(event.orderId, event.leavesQuantity)
      case .phaseChanged: phases[event.instrument] = MarketPhase(rawValue: event.detailCode & 15)
      case .instrumentDefined: phases[event.instrument] = .closed
      case .killSwitchSet:
        if event.flags.contains(.on) {
          killed.insert(event.owner)
        } else {
          killed.remove(event.owner)
        }
      default: break
      }
    }
  }

  private mutating func add(_ event: MatchingEvent, display: UInt32) {
    positions[event.orderId] = live.count
    live.append(
      LiveOrder(
        id: event.orderId, owner: event.owner, instrument: event.instrument,
        side: Side(rawValue: event.sideCode) ?? .buy, price: event.priceTicks,
        quantity: event.leavesQuantity, display: display,
        trigger: UInt32(truncatingIfNeeded: event.value),
        type: OrderType(rawValue: event.detailCode & 15)))
  }

  private mutating func setLeaves(_ id: UInt64, _ leaves: UInt32) {
    if leaves == 0 { return remove(id) }
    if let position = positions[id] { live[position].quantity = leaves }
  }

  private mutating func remove(_ id: UInt64) {
    guard let position = positions.removeValue(forKey: id) else { return }
    let moved = live.removeLast()
    if position < live.count {
      live[position] = moved
      positions[moved.id] = position
    }
  }

  // MARK: Draws

  mutating func oneIn(_ count: Int) -> Bool { random.below(count) == 0 }

  mutating func anyOf<Element>(_ elements: [Element]) -> Element {
    elements[random.below(elements.count)]
  }

  mutating func side() -> Side { oneIn(2) ? .buy : .sell }

  mutating func owner() -> UInt16 {
    Self.owners.lowerBound + UInt16(random.below(extent.ownerCount))
  }

  mutating func session() -> UInt16 { sessions[random.below(4)] }

  mutating func newId() -> UInt64 {
    lastId += UInt64(1 + random.below(3))
    return lastId
  }

  mutating func profile() -> Profile { Self.profiles[random.below(extent.instrumentCount)] }

  /// A live order, now and then one that is none.
  mutating func someOrder() -> LiveOrder {
    if live.isEmpty || oneIn(40) {
      return LiveOrder(
        id: UInt64(random.below(Int(lastId) + 2)), owner: owner(), instrument: 1, side: .buy,
        price: 1_000, quantity: 10, display: 0, trigger: 0, type: .limit)
    }
    return live[random.below(live.count)]
  }

  mutating func price(_ profile: Profile, _ side: Side, aggression: Int = 0) -> UInt32 {
    // Mostly a little on the passive side of the middle.
    let ticks = random.below(12) - 3 - aggression
    let offset = Int(profile.tick) * (side == .buy ? -ticks : ticks)
    return UInt32(min(max(Int(profile.middle) + offset, 1), Int(UInt32.max) - 1))
  }

  mutating func quantity(_ profile: Profile) -> UInt32 {
    profile.lot * UInt32(1 + random.below(oneIn(extent.hasDeepIcebergs ? 3 : 8) ? 200 : 30))
  }
}
