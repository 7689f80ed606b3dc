// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Whether a fill-or-kill order would trade whole at once. Section 6.5.
  ///
  /// - Complexity: O(prices it would take), O(orders there) where self-trade prevention or icebergs
  ///   make it look at them, O(pegs²) where there are pegs.
  @inline(never)
  mutating func isFillable(_ incoming: borrowing Incoming) -> Bool {
    prepareBand(incoming.instrument)
    var search = FillSearch(
      wanted: UInt64(incoming.leaves), group: incoming.group,
      mode: incoming.selfTradePrevention,
      crossKey: OrderBooks.key(incoming.side.opposite, incoming.limitTicks))
    let side = incoming.side.opposite
    let instrument = incoming.instrument
    let reference = pegReference(instrument)
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe books.ladder(instrument, side).pointee
    var position = Int(ladder.count)
    let hasPegs = instruments[instrument].pegCount != 0
    while search.isOpen {
      var key: UInt32?
      if position > 0 { key = unsafe books.ladders.base(ladder)[position - 1].key }
      if hasPegs, let peg = nextPeg(instrument, side, reference, after: search.lastPeg),
        key == nil || peg.key > key ?? 0
      {
        search.lastPeg = peg
        if isBeyond(peg.key, side, search) { return false }
        search.take(leaves(peg.slot), isOwn: isOwn(peg.slot, search))
        continue
      }
      guard let key else { return false }
      position -= 1
      if isBeyond(key, side, search) { return false }
      takeLevel(unsafe books.ladders.base(ladder)[position].level, instrument, &search)
    }
    return search.isReached
  }

  private mutating func isOwn(_ slot: UInt32, _ search: FillSearch) -> Bool {
    search.mode != .allow && groups[details[slot].owner] == search.group
  }

  private mutating func isBeyond(_ key: UInt32, _ side: Side, _ search: FillSearch) -> Bool {
    key < search.crossKey || isOutsideBand(OrderBooks.key(side, key))
  }

  private mutating func takeLevel(_ level: UInt32, _ instrument: UInt16, _ search: inout FillSearch)
  {
    let needsOrders = search.mode != .allow || instruments[instrument].icebergCount != 0
    guard needsOrders else { return search.add(levels[level].quantity) }
    let isProRata = instruments[instrument].allocation != .priceTime
    if isProRata, search.mode != .allow, search.mode != .cancelOldest,
      hasOwn(level, search)
    {
      search.isStopped = true
      return
    }
    // What an order ahead of an own one shows is reached; what it hides comes behind the own one.
    var shown: UInt64 = 0
    var whole: UInt64 = 0
    var slot = levels[level].head
    while !slot.isNone {
      if isOwn(slot.rawValue, search) {
        if search.mode != .cancelOldest {
          search.add(shown)
          search.isStopped = true
          return
        }
      } else {
        shown += UInt64(orders[slot.rawValue].quantity)
        whole += UInt64(leaves(slot.rawValue))
      }
      slot = orders[slot.rawValue].next
    }
    search.add(whole)
  }

  private mutating func hasOwn(_ level: UInt32, _ search: FillSearch) -> Bool {
    var slot = levels[level].head
    while !slot.isNone {
      if isOwn(slot.rawValue, search) { return true }
      slot = orders[slot.rawValue].next
    }
    return false
  }

  /// The peg that comes next in the order in which pegs trade.
  private mutating func nextPeg(
    _ instrument: UInt16, _ side: Side, _ reference: PegReference, after last: PegPlace?
  ) -> PegPlace? {
    var best: PegPlace?
    let sets: InlineArray<2, OrderSet> = [OrderSet.primaryPeg, .midPeg]
    for index in sets.indices {
      let set = sets[index]

      guard let cap = reference.priceTicks(set, side) else { continue }
      let capKey = OrderBooks.key(side, cap)
      // SAFETY: entries below `count` name live levels with orders.
      let ladder = unsafe books.ladder(set, instrument, side).pointee
      for position in 0..<Int(ladder.count) {
        let entry = unsafe books.ladders.base(ladder)[position]
        var slot = levels[entry.level].head
        while !slot.isNone {
          let place = PegPlace(
            slot: slot.rawValue, key: min(entry.key, capKey), set: set,
            entry: entryNumber(slot.rawValue))
          if last.map({ $0.comesBefore(place) }) ?? true,
            best.map({ place.comesBefore($0) }) ?? true
          {
            best = place
          }
          slot = orders[slot.rawValue].next
        }
      }
    }
    return best
  }
}

/// Where a peg stands among all pegs of its side.
struct PegPlace {
  var slot: UInt32
  var key: UInt32
  var set: OrderSet
  var entry: UInt64

  func comesBefore(_ other: PegPlace) -> Bool {
    if key != other.key { return key > other.key }
    if set != other.set { return set.rawValue < other.set.rawValue }
    return entry < other.entry
  }
}

/// How far a search for a quantity has come.
struct FillSearch {
  var wanted: UInt64
  var group: UInt32
  var mode: SelfTradePrevention
  var crossKey: UInt32
  var found: UInt64 = 0
  /// Whether matching would stop here.
  var isStopped = false
  var lastPeg: PegPlace?

  init(wanted: UInt64, group: UInt32, mode: SelfTradePrevention, crossKey: UInt32) {
    self.wanted = wanted
    self.group = group
    self.mode = mode
    self.crossKey = crossKey
  }

  var isReached: Bool { found >= wanted }
  var isOpen: Bool { !isStopped && !isReached }

  mutating func add(_ quantity: UInt64) { found += quantity }

  mutating func take(_ quantity: UInt32, isOwn: Bool) {
    guard isOwn else { return add(UInt64(quantity)) }
    if mode != .cancelOldest { isStopped = true }
  }
}
