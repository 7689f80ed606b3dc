// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension OrderBooks {
  /// A 64-bit hash of every resting order: book, side, price, place in the queue, reference and
  /// quantity. Equal books have equal digests, however they came to be.
  ///
  /// - Complexity: O(live orders).
  public var digest: UInt64 {
    var hash = StateDigest()
    for locate in 0..<Self.bookCount {
      for side in [Side.buy, .sell] {
        digest(UInt16(locate), side, into: &hash)
      }
    }
    return hash.value
  }

  private func digest(_ locate: UInt16, _ side: Side, into hash: inout StateDigest) {
    // SAFETY: entries below `count` name live levels; links name live neighbours.
    let ladder = unsafe ladder(locate, side).pointee
    guard ladder.count > 0 else { return }
    hash.mix(UInt64(locate) << 8 | UInt64(side.rawValue))
    let entries = unsafe ladders.base(ladder)
    for position in 0..<Int(ladder.count) {
      let entry = unsafe entries[position]
      let level = unsafe levelBase[Int(entry.level)]
      // The key is the price or its complement: applying `key` again gives the price back.
      hash.mix(UInt64(Self.key(side, entry.key)) << 32 | UInt64(level.orderCount))
      var next = level.head
      while !next.isNone {
        let order = unsafe orderBase[Int(next.rawValue)]
        hash.mix(order.reference)
        hash.mix(UInt64(order.quantity))
        next = order.next
      }
    }
  }

  /// Checks every structural invariant; nil when all hold, else a sentence about the first broken.
  ///
  /// Ladders are strictly sorted; levels, queues, quantities and counts agree; every order is
  /// found by its reference; nothing is lost in the slabs.
  ///
  /// - Complexity: O(live orders).
  public func _checkInvariants() -> String? {
    var orderTotal = 0
    var levelTotal = 0
    for locate in 0..<Self.bookCount {
      for side in [Side.buy, .sell] {
        if let broken = check(UInt16(locate), side, &orderTotal, &levelTotal) { return broken }
      }
    }
    if orderTotal != orders.count { return "\(orders.count) orders live, \(orderTotal) in queues" }
    if levelTotal != levels.count { return "\(levels.count) levels live, \(levelTotal) in ladders" }
    if index.liveCount != orders.count {
      return "\(orders.count) orders live, \(index.liveCount) in the index"
    }
    return nil
  }

  private func check(
    _ locate: UInt16, _ side: Side, _ orderTotal: inout Int, _ levelTotal: inout Int
  ) -> String? {
    // SAFETY: entries below `count` name live levels.
    let ladder = unsafe ladder(locate, side).pointee
    let entries = unsafe ladders.base(ladder)
    if ladder.count > ladder.capacity || ladder.count < ladder.countMin {
      return "\(ladder.count) prices in a block of \(ladder.capacity), book \(locate)"
    }
    for position in 0..<Int(ladder.count) {
      let entry = unsafe entries[position]
      if position > 0, unsafe entries[position - 1].key >= entry.key {
        return "ladder of book \(locate) is not sorted at \(position)"
      }
      let level = unsafe levelBase[Int(entry.level)]
      if let broken = checkQueue(entry, level, locate, side, &orderTotal) { return broken }
      levelTotal += 1
    }
    return nil
  }

  private func checkQueue(
    _ entry: LadderEntry, _ level: PriceLevel, _ locate: UInt16, _ side: Side,
    _ orderTotal: inout Int
  ) -> String? {
    let levelRaw = entry.level
    var quantity: UInt64 = 0
    var count: UInt32 = 0
    var previous = SlabIndex<BookOrder>.none
    var next = level.head
    while !next.isNone {
      // SAFETY: links name slots below the watermark, or the check below reports it.
      guard next.rawValue < orders.watermark else { return "level \(levelRaw) links outside" }
      let order = unsafe orderBase[Int(next.rawValue)]
      guard order.level.rawValue == levelRaw, order.previous == previous, order.quantity > 0,
        Self.key(side, order.priceTicks) == entry.key, order.locate == locate,
        order.side == side
      else { return "order \(order.reference) does not agree with its level" }
      guard unsafe index.find(order.reference, in: orderBase) == next.rawValue else {
        return "order \(order.reference) is not found by its reference"
      }
      quantity += UInt64(order.quantity)
      count += 1
      if count > level.orderCount { return "queue of level \(levelRaw) is longer than its count" }
      previous = next
      next = order.next
    }
    guard count == level.orderCount, quantity == level.quantity, level.tail == previous, count > 0
    else { return "level \(levelRaw) does not sum its queue" }
    orderTotal += Int(count)
    return nil
  }
}
