// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingEngine {
  /// Links between orders, owners' orders in order of entry, trailing stops, brackets.
  mutating func readListsOfOrders(from reader: inout SnapshotReader) throws(SnapshotError) {
    try readJoins(from: &reader)
    var listed = 0
    for number in 0..<holdings.count {
      while let slot = try readSlot("owner's order", from: &reader) {
        listed += 1
        guard listed <= books.orders.count, details[slot].holding == number,
          details[slot].previous == .max, details[slot].next == .max,
          holdings.records[number].head != slot
        else {
          throw Self.malformed(
            "owner's order", reader.offset - 8, "\(orders[slot].reference)", "each order once")
        }
        appendToHolding(slot)
      }
    }
    guard listed == books.orders.count else {
      throw Self.malformed(
        "owners' orders", reader.offset, "\(listed)", "\(books.orders.count)")
    }
    for instrument in UInt16.min...UInt16.max where instruments[instrument].isDefined {
      try readTrailing(instrument, from: &reader)
      try readActivated(instrument, from: &reader)
      try readSweep(instrument, from: &reader)
    }
  }

  /// What orders are linked with; both ends have to say so.
  private mutating func readJoins(from reader: inout SnapshotReader) throws(SnapshotError) {
    let count = try reader.read(0...UInt32(books.orders.count), field: "linked orders")
    for _ in 0..<count {
      guard let slot = try readSlot("linked order", from: &reader), orders[slot].tag.hasExtra
      else {
        throw Self.malformed("linked order", reader.offset, "none", "an order with more to it")
      }
      let extra = details[slot].extra
      extras[extra].linked = try readJoined("link", slot, from: &reader)
      extras[extra].parent = try readJoined("parent", slot, from: &reader)
      extras[extra].firstChild = try readJoined("first child", slot, from: &reader)
      extras[extra].secondChild = try readJoined("second child", slot, from: &reader)
    }
    for number in 0..<UInt32(books.orders.watermark) where isLive(number) {
      guard !orders[number].tag.hasExtra || isJoinedBothWays(number) else {
        throw Self.malformed(
          "links", reader.offset, "order \(orders[number].reference)", "links that both ends have")
      }
    }
  }

  /// Whether a slot below the watermark holds an order.
  private func isLive(_ slot: UInt32) -> Bool { findSlot(orders[slot].reference) == slot }

  /// An order of the same instrument that may be linked with another one.
  private mutating func readJoined(
    _ field: StaticString, _ slot: UInt32, from reader: inout SnapshotReader
  ) throws(SnapshotError) -> UInt32 {
    guard let other = try readSlot(field, from: &reader) else { return OrderExtra.none }
    guard other != slot, orders[other].tag.hasExtra, orders[other].locate == orders[slot].locate
    else {
      throw Self.malformed(
        "\(field)", reader.offset - 8, "\(orders[other].reference)",
        "another order of the instrument, with more to it")
    }
    return other
  }

  private mutating func isJoinedBothWays(_ slot: UInt32) -> Bool {
    let extra = extras[details[slot].extra]
    let none = OrderExtra.none
    if extra.linked != none {
      guard extras[details[extra.linked].extra].linked == slot else { return false }
    }
    if orders[slot].tag.set == .dormant {
      // Either it waits for its parent, or the parent has left and a sibling may be behind it.
      guard extra.linked == none, extra.firstChild == none else { return false }
      guard extra.parent == none else {
        let parent = extras[details[extra.parent].extra]
        return extra.secondChild == none && orders[extra.parent].tag.set != .dormant
          && (parent.firstChild == slot || parent.secondChild == slot)
      }
      guard extra.secondChild != none else { return true }
      let second = extras[details[extra.secondChild].extra]
      return orders[extra.secondChild].tag.set == .dormant && second.parent == none
        && second.secondChild == none
    }
    guard extra.parent == none, extra.firstChild != extra.secondChild || extra.firstChild == none
    else { return false }
    if extra.firstChild == none { return extra.secondChild == none }
    guard extras[details[extra.firstChild].extra].parent == slot else { return false }
    return extra.secondChild == none || extras[details[extra.secondChild].extra].parent == slot
  }

  /// The slot of an order that is named by its id; nil for 0.
  private mutating func readSlot(
    _ field: StaticString, from reader: inout SnapshotReader
  ) throws(SnapshotError) -> UInt32? {
    let start = reader.offset
    let orderId: UInt64 = try reader.read(field: field)
    if orderId == 0 { return nil }
    guard let slot = findSlot(orderId) else {
      throw Self.malformed("\(field)", start, "\(orderId)", "a live order")
    }
    return slot
  }

  /// Stops were put into the list as they came; this is the order of entry.
  private mutating func readTrailing(
    _ instrument: UInt16, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    while let slot = try readSlot("trailing stop", from: &reader) {
      guard orders[slot].locate == instrument, orders[slot].tag.set == .stop,
        details[slot].type == .trailingStop
      else {
        throw Self.malformed(
          "trailing stop", reader.offset - 8, "\(orders[slot].reference)", "one that rests")
      }
      removeTrailing(slot)
      appendTrailing(slot)
    }
  }

  private mutating func readActivated(
    _ instrument: UInt16, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    while let slot = try readSlot("activated bracket", from: &reader) {
      let extra = details[slot].extra
      guard orders[slot].locate == instrument, orders[slot].tag.set == .dormant,
        extras[extra].parent == OrderExtra.none, mayBeActivated(slot),
        extras[extra].secondChild == OrderExtra.none || mayBeActivated(extras[extra].secondChild)
      else {
        throw Self.malformed(
          "activated bracket", reader.offset - 8, "\(orders[slot].reference)",
          "a dormant order of which something is left, once")
      }
      appendActivated(slot)
    }
  }

  /// Whether a dormant order is in no bracket yet, and its parent has traded.
  private func mayBeActivated(_ slot: UInt32) -> Bool {
    !isActivated(slot) && extras[details[slot].extra].activatedQuantityMax > 0
  }

  /// Whether a dormant order is in a bracket that waits for its turn.
  private func isActivated(_ slot: UInt32) -> Bool {
    extras[details[slot].extra].previous != OrderExtra.none
      || instruments[orders[slot].locate].firstActivated == slot &+ 1
  }

  private mutating func readSweep(
    _ instrument: UInt16, from reader: inout SnapshotReader
  ) throws(SnapshotError) {
    instruments[instrument].sweepStep = try reader.read(0...Self.sweepStepMax, field: "sweep")
    guard let slot = try readSlot("next order of a sweep", from: &reader) else { return }
    let set = orders[slot].tag.set
    let side = set == .dormant ? Side.buy : orders[slot].side
    let unfinished = instruments[instrument].unfinished
    guard orders[slot].locate == instrument, !unfinished.contains(.auction),
      !unfinished.isDisjoint(with: [.auctionOnly, .close]),
      sweepQueue(instrument) == SweepQueue(set: set, side: side)
    else {
      throw Self.malformed(
        "next order of a sweep", reader.offset - 8, "\(orders[slot].reference)",
        "one of the queue that it is at")
    }
    instruments[instrument].sweepSlot = slot &+ 1
  }
}
