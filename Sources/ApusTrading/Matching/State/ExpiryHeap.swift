// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// When orders end, the earliest first: a binary heap by time, then order id, in which every order
/// knows its place.
///
/// An order has one entry while it is live and none afterwards, so that there are never more entries
/// than orders and none that says what is no longer so.
struct ExpiryHeap: BitwiseCopyable {
  struct Entry: BitwiseCopyable {
    var time: UInt64
    var orderId: UInt64
    var slot: UInt32

    @inline(__always)
    static func < (left: Entry, right: Entry) -> Bool {
      left.time != right.time ? left.time < right.time : left.orderId < right.orderId
    }
  }

  let entries: RecordTable<Entry>
  /// Of every slot the place of its entry plus one; 0 for none.
  private let places: RecordTable<UInt32>
  private(set) var count: UInt32 = 0

  /// - Parameter capacity: Orders that may be live.
  init(capacity: Int, memory: TableMemory) throws(MemoryError) {
    entries = try memory.records(count: capacity)
    places = try memory.records(count: capacity)
  }

  /// The earliest entry.
  var first: Entry? { count == 0 ? nil : entries[UInt32(0)] }

  func contains(_ slot: UInt32) -> Bool { places[slot] != 0 }

  /// Notes when an order ends, in the place of what was noted of it before.
  ///
  /// - Complexity: O(log entries).
  mutating func insert(time: UInt64, orderId: UInt64, slot: UInt32) {
    remove(slot)
    count &+= 1
    rise(Entry(time: time, orderId: orderId, slot: slot), from: count &- 1)
  }

  /// Takes an order's entry out, if it has one.
  ///
  /// - Complexity: O(log entries).
  mutating func remove(_ slot: UInt32) {
    guard places[slot] != 0 else { return }
    let place = places[slot] &- 1
    places[slot] = 0
    count &-= 1
    if place == count { return }
    // The last one fills the gap: it may belong above it or below.
    let last = entries[count]
    if place > 0, last < entries[(place &- 1) / 2] {
      rise(last, from: place)
    } else {
      sink(last, from: place)
    }
  }

  /// Entries of this time or an earlier one.
  ///
  /// - Complexity: O(how many there are): nothing below a later one is looked at.
  func dueCount(at time: UInt64) -> UInt64 {
    var due: UInt64 = 0
    var place: UInt32 = 0
    while true {
      if place < count, entries[place].time <= time {
        due += 1
        place = place &* 2 &+ 1
        continue
      }
      // On to the right: from a right child, past its parent.
      while place != 0, place & 1 == 0 { place = (place &- 1) / 2 }
      if place == 0 { return due }
      place &+= 1
    }
  }

  private func put(_ entry: Entry, at place: UInt32) {
    entries[place] = entry
    places[entry.slot] = place &+ 1
  }

  private func rise(_ entry: Entry, from start: UInt32) {
    var place = start
    while place > 0 {
      let above = (place &- 1) / 2
      guard entry < entries[above] else { break }
      put(entries[above], at: place)
      place = above
    }
    put(entry, at: place)
  }

  private func sink(_ entry: Entry, from start: UInt32) {
    var place = start
    while true {
      var below = place &* 2 &+ 1
      if below >= count { break }
      if below &+ 1 < count, entries[below &+ 1] < entries[below] { below &+= 1 }
      guard entries[below] < entry else { break }
      put(entries[below], at: place)
      place = below
    }
    put(entry, at: place)
  }
}
