// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Whether a fill-or-kill order would trade whole at once. Section 6.5.
  ///
  /// - Complexity: O(prices it would take), and O(orders there) where self-trade prevention or icebergs
  ///   make it look at them.
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
    // In the order in which they trade at one price.
    var queues: InlineArray<3, FillQueue> = [
      fillQueue(.main, instrument, side, cap: .max),
      pegQueue(.primaryPeg, instrument, side, reference),
      pegQueue(.midPeg, instrument, side, reference),
    ]
    while search.isOpen {
      var best = 0
      var key: UInt32?
      for index in queues.indices {
        guard let next = nextKey(queues[index]), key == nil || next > key ?? 0 else { continue }
        (best, key) = (index, next)
      }
      guard let key, !isBeyond(key, side, search) else { return false }
      if best == 0 {
        queues[0].position -= 1
        takeLevel(level(queues[0]), instrument, &search)
      } else {
        takePegs(&queues[best], key, &search)
      }
    }
    return search.isReached
  }

  private func fillQueue(
    _ set: OrderSet, _ instrument: UInt16, _ side: Side, cap: UInt32
  ) -> FillQueue {
    // SAFETY: every instrument has a ladder.
    let ladder = unsafe books.ladder(set, instrument, side).pointee
    return FillQueue(ladder: ladder, capKey: cap, position: Int(ladder.count))
  }

  private func pegQueue(
    _ set: OrderSet, _ instrument: UInt16, _ side: Side, _ reference: PegReference
  ) -> FillQueue {
    guard let cap = reference.priceTicks(set, side) else {
      return FillQueue(ladder: Ladder(), capKey: 0, position: 0)
    }
    return fillQueue(set, instrument, side, cap: OrderBooks.key(side, cap))
  }

  private func nextKey(_ queue: FillQueue) -> UInt32? {
    guard queue.position > 0 else { return nil }
    // SAFETY: position <= the ladder's count; nothing changes the books meanwhile.
    return min(unsafe books.ladders.base(queue.ladder)[queue.position - 1].key, queue.capKey)
  }

  private func level(_ queue: FillQueue) -> UInt32 {
    // SAFETY: position < the ladder's count.
    unsafe books.ladders.base(queue.ladder)[queue.position].level
  }

  /// All pegs of a set at one price: they trade in order of entry, whatever their limits, and hide
  /// nothing. Those that came before the first own one count, where matching stops at that.
  private mutating func takePegs(
    _ queue: inout FillQueue, _ key: UInt32, _ search: inout FillSearch
  ) {
    let stopsAtOwn = search.mode != .allow && search.mode != .cancelOldest
    var firstOwn = UInt64.max
    var next = queue
    while nextKey(next) == key {
      next.position -= 1
      if stopsAtOwn { firstOwn = min(firstOwn, firstOwnEntry(level(next), search)) }
    }
    while queue.position > next.position {
      queue.position -= 1
      search.add(quantity(of: level(queue), before: firstOwn, search))
    }
    if firstOwn != .max { search.isStopped = true }
  }

  private mutating func firstOwnEntry(_ level: UInt32, _ search: FillSearch) -> UInt64 {
    var first = UInt64.max
    var slot = levels[level].head
    while !slot.isNone {
      if isOwn(slot.rawValue, search) { first = min(first, entryNumber(slot.rawValue)) }
      slot = orders[slot.rawValue].next
    }
    return first
  }

  /// What those of others that entered before have left.
  private mutating func quantity(
    of level: UInt32, before entry: UInt64, _ search: FillSearch
  ) -> UInt64 {
    guard search.mode != .allow else { return levels[level].quantity }
    var quantity: UInt64 = 0
    var slot = levels[level].head
    while !slot.isNone {
      if !isOwn(slot.rawValue, search), entryNumber(slot.rawValue) < entry {
        quantity += UInt64(orders[slot.rawValue].quantity)
      }
      slot = orders[slot.rawValue].next
    }
    return quantity
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
}

/// The prices of one set that a search has not come to yet: those below `position`.
struct FillQueue {
  var ladder: Ladder
  /// The best price that orders of the set may have.
  var capKey: UInt32
  var position: Int
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

  var isReached: Bool { found >= wanted }
  var isOpen: Bool { !isStopped && !isReached }

  mutating func add(_ quantity: UInt64) { found += quantity }
}
