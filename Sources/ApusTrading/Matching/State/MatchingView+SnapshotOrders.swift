// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension MatchingView {
  /// Every order once, set by set and queue by queue, dormant ones last: linking them again in this
  /// order gives equal books.
  func writeOrders<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try writer.write(UInt32(orderCount))
    for instrument in UInt16.min...UInt16.max where instruments[instrument].isDefined {
      try forEachQueue(instrument) { (head) throws(Sink.Failure) in
        var slot = head
        while !slot.isNone {
          try write(slot.rawValue, to: &writer)
          slot = orders[slot.rawValue].next
        }
      }
    }
    for instrument in UInt16.min...UInt16.max where instruments[instrument].isDefined {
      var slot = SlabIndex<BookOrder>(rawValue: instruments[instrument].firstDormant &- 1)
      while !slot.isNone {
        try write(slot.rawValue, to: &writer)
        slot = orders[slot.rawValue].next
      }
    }
  }

  private func write<Sink: StateSink & ~Copyable>(
    _ slot: UInt32, to writer: inout Sink
  ) throws(Sink.Failure) {
    let order = orders[slot]
    let detail = details[slot]
    try writer.write(order.reference)
    try writer.write(order.quantity)
    try writer.write(order.priceTicks)
    try writer.write(order.locate)
    try writer.write(order.side.rawValue)
    try writer.write(order.tag.rawValue)
    try writer.write(detail.clientOrderId)
    try writer.write(detail.account)
    try writer.write(detail.owner)
    try writer.write(detail.session)
    try writer.write(detail.filledQuantity)
    try writer.write(detail.marginPpm)
    try writer.write(detail.typeAndTime)
    try writer.write(detail.capacityCode)
    try writer.write(detail.flags.rawValue)
    guard order.tag.hasExtra else { return }
    let extra = extras[detail.extra]
    try writer.write(extra.entry)
    try writer.write(extra.expiry)
    try writer.write(extra.hiddenQuantity)
    try writer.write(extra.displayQuantity)
    try writer.write(extra.priceTicks)
    try writer.write(extra.triggerTicks)
    try writer.write(extra.riskTicks)
    try writer.write(extra.activatedQuantityMax)
  }

  private func isJoined(_ slot: UInt32) -> Bool {
    guard orders[slot].tag.hasExtra else { return false }
    let extra = extras[details[slot].extra]
    return extra.linked & extra.parent & extra.firstChild & extra.secondChild != OrderExtra.none
  }

  /// What links orders with each other, by id, once all of them are there.
  private func writeJoins<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    var count: UInt32 = 0
    for number in 0..<holdings.count {
      var slot = holdings.records[number].head
      while slot != .max {
        if isJoined(slot) { count += 1 }
        slot = details[slot].next
      }
    }
    try writer.write(count)
    for number in 0..<holdings.count {
      var slot = holdings.records[number].head
      while slot != .max {
        if isJoined(slot) {
          let extra = extras[details[slot].extra]
          try writer.write(orders[slot].reference)
          try writer.write(reference(extra.linked))
          try writer.write(reference(extra.parent))
          try writer.write(reference(extra.firstChild))
          try writer.write(reference(extra.secondChild))
        }
        slot = details[slot].next
      }
    }
  }

  /// An order's id, or 0 for none: ids begin at 1.
  private func reference(_ slot: UInt32) -> UInt64 {
    slot == OrderExtra.none ? 0 : orders[slot].reference
  }

  /// Owners' orders in order of entry, trailing stops likewise, brackets in order of activation.
  func writeListsOfOrders<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try writeJoins(to: &writer)
    for number in 0..<holdings.count {
      var slot = holdings.records[number].head
      while slot != .max {
        try writer.write(orders[slot].reference)
        slot = details[slot].next
      }
      try writer.write(UInt64(0))
    }
    for instrument in UInt16.min...UInt16.max where instruments[instrument].isDefined {
      try writeChain(instruments[instrument].firstTrailing, to: &writer)
      try writeChain(instruments[instrument].firstActivated, to: &writer)
      // How far a sweep has come.
      try writer.write(instruments[instrument].sweepStep)
      let next = instruments[instrument].sweepSlot
      try writer.write(next == 0 ? 0 : orders[next &- 1].reference)
    }
  }

  private func writeChain<Sink: StateSink & ~Copyable>(
    _ first: UInt32, to writer: inout Sink
  ) throws(Sink.Failure) {
    var slot = first
    while slot != 0 {
      try writer.write(orders[slot &- 1].reference)
      let next = extras[details[slot &- 1].extra].next
      slot = next == OrderExtra.none ? 0 : next &+ 1
    }
    try writer.write(UInt64(0))
  }
}
