// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A displayed order that rests in a book.
struct RestingOrder: Sendable {
  var reference: UInt64
  var quantity: UInt32
  /// Unit: 1/10,000 dollar.
  var price: UInt32
  /// Slots of the neighbours in the level's queue, or `noSlot`.
  var next: UInt32
  var previous: UInt32
  /// Where the slot stands in `GeneratorBooks.live`.
  var liveIndex: UInt32
  var locate: UInt16
  var side: UInt8
  /// A quote far from the market, there only to have one.
  var isStub: Bool
}

/// One price of one side. Negated for sells, so that the best is the highest on both sides.
struct RestingLevel: Sendable {
  var key: Int32
  var head: UInt32
  var tail: UInt32
}

/// All books of the generated market: the state that makes every emitted reference valid.
///
/// Flat arrays and 32-bit slots. A side is a sorted array of levels with the best at the end;
/// nearly all changes happen within a few entries of it.
struct GeneratorBooks: Sendable {
  static let noSlot = UInt32.max
  static let buy: UInt8 = 0
  static let sell: UInt8 = 1

  private(set) var orders: [RestingOrder] = []
  /// Slots of all living orders, roughly from the oldest to the newest.
  private(set) var live: [UInt32] = []
  /// By `2 × locate + side`.
  private(set) var sides: [[RestingLevel]]
  private var freeHead = noSlot

  init(symbolCount: Int, orderCapacity: Int) {
    sides = Array(repeating: [], count: 2 * (symbolCount + 1))
    orders.reserveCapacity(orderCapacity)
    live.reserveCapacity(orderCapacity)
  }

  @inline(__always)
  static func key(price: UInt32, side: UInt8) -> Int32 {
    side == buy ? Int32(bitPattern: price) : 0 &- Int32(bitPattern: price)
  }

  @inline(__always)
  static func sideIndex(locate: UInt16, side: UInt8) -> Int { 2 * Int(locate) + Int(side) }

  /// Best price of a side, or nil when it is empty.
  @inline(__always)
  func bestPrice(locate: UInt16, side: UInt8) -> UInt32? {
    let index = Self.sideIndex(locate: locate, side: side)
    let count = sides[index].count
    guard count > 0 else { return nil }
    return sides[index][count - 1].key.magnitude
  }

  /// The oldest order at the best price of a side, or nil when it is empty.
  @inline(__always)
  func bestOrder(locate: UInt16, side: UInt8) -> UInt32? {
    let index = Self.sideIndex(locate: locate, side: side)
    let count = sides[index].count
    guard count > 0 else { return nil }
    return sides[index][count - 1].head
  }

  /// Adds an order behind all others of its price.
  mutating func insert(
    reference: UInt64, locate: UInt16, side: UInt8, quantity: UInt32, price: UInt32, isStub: Bool
  ) {
    let key = Self.key(price: price, side: side)
    let index = Self.sideIndex(locate: locate, side: side)
    let position = levelPosition(sideIndex: index, key: key)
    let levelExists = position >= 0 && sides[index][position].key == key
    let previous = levelExists ? sides[index][position].tail : Self.noSlot
    let order = RestingOrder(
      reference: reference, quantity: quantity, price: price, next: Self.noSlot,
      previous: previous, liveIndex: UInt32(truncatingIfNeeded: live.count), locate: locate,
      side: side, isStub: isStub)
    let slot = store(order)
    live.append(slot)
    if levelExists {
      orders[Int(previous)].next = slot
      sides[index][position].tail = slot
    } else {
      sides[index].insert(RestingLevel(key: key, head: slot, tail: slot), at: position + 1)
    }
  }

  /// Takes an order out of its book.
  mutating func remove(slot: UInt32) {
    let order = orders[Int(slot)]
    if order.next == Self.noSlot || order.previous == Self.noSlot {
      unlinkEnd(order)
    } else {
      orders[Int(order.previous)].next = order.next
      orders[Int(order.next)].previous = order.previous
    }
    // The newest order takes the place in `live`, which therefore ages it: a heavy tail.
    if let last = live.popLast(), last != slot {
      live[Int(order.liveIndex)] = last
      orders[Int(last)].liveIndex = order.liveIndex
    }
    orders[Int(slot)].next = freeHead
    freeHead = slot
  }

  /// Takes part of an order's quantity, or the whole order with the last of it.
  @inline(__always)
  mutating func reduce(slot: UInt32, by quantity: UInt32) {
    if orders[Int(slot)].quantity > quantity {
      orders[Int(slot)].quantity -= quantity
    } else {
      remove(slot: slot)
    }
  }

  private mutating func unlinkEnd(_ order: RestingOrder) {
    let index = Self.sideIndex(locate: order.locate, side: order.side)
    let key = Self.key(price: order.price, side: order.side)
    let position = levelPosition(sideIndex: index, key: key)
    if order.next == Self.noSlot && order.previous == Self.noSlot {
      sides[index].remove(at: position)
    } else if order.next == Self.noSlot {
      orders[Int(order.previous)].next = Self.noSlot
      sides[index][position].tail = order.previous
    } else {
      orders[Int(order.next)].previous = Self.noSlot
      sides[index][position].head = order.next
    }
  }

  private mutating func store(_ order: RestingOrder) -> UInt32 {
    if freeHead == Self.noSlot {
      orders.append(order)
      return UInt32(truncatingIfNeeded: orders.count - 1)
    }
    let slot = freeHead
    freeHead = orders[Int(slot)].next
    orders[Int(slot)] = order
    return slot
  }

  /// Position of the best level whose key is not above `key`, or -1: a few steps from the best,
  /// then halving.
  @inline(__always)
  private func levelPosition(sideIndex: Int, key: Int32) -> Int {
    let levelCount = sides[sideIndex].count
    var high = levelCount
    let nearest = max(0, levelCount - 6)
    while high > nearest {
      if sides[sideIndex][high - 1].key <= key { return high - 1 }
      high -= 1
    }
    var low = 0
    while low < high {
      let middle = (low + high) / 2
      if sides[sideIndex][middle].key <= key { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }
}
