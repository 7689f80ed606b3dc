// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// When orders end, the earliest first: a binary heap by time, then order id.
///
/// An order that ends otherwise leaves its entry behind, which is dropped when it comes up or when
/// the heap is full.
struct ExpiryHeap: BitwiseCopyable {
  struct Entry: BitwiseCopyable {
    var time: UInt64
    var orderId: UInt64

    static func < (left: Entry, right: Entry) -> Bool {
      left.time != right.time ? left.time < right.time : left.orderId < right.orderId
    }
  }

  let entries: RecordTable<Entry>
  private(set) var count: UInt32 = 0

  /// - Precondition: At least as many as orders that may rest.
  init(capacity: Int, memory: TableMemory) throws(MemoryError) {
    entries = try memory.records(count: capacity)
  }

  var isFull: Bool { Int(count) == entries.count }

  /// The earliest entry.
  var first: Entry? { count == 0 ? nil : entries[UInt32(0)] }

  /// - Precondition: Not full.
  mutating func insert(time: UInt64, orderId: UInt64) {
    let entry = Entry(time: time, orderId: orderId)
    var place = count
    count += 1
    while place > 0 {
      let above = (place - 1) / 2
      guard entry < entries[above] else { break }
      entries[place] = entries[above]
      place = above
    }
    entries[place] = entry
  }

  mutating func removeFirst() {
    count -= 1
    if count > 0 { sink(entries[count], from: 0) }
  }

  private func sink(_ entry: Entry, from start: UInt32) {
    var place = start
    while true {
      var below = place * 2 + 1
      if below >= count { break }
      if below + 1 < count, entries[below + 1] < entries[below] { below += 1 }
      guard entries[below] < entry else { break }
      entries[place] = entries[below]
      place = below
    }
    entries[place] = entry
  }

  /// Makes a heap of the first `count` entries, in whatever order they are.
  mutating func restore(count: UInt32) {
    self.count = count
    var place = count / 2
    while place > 0 {
      place -= 1
      sink(entries[place], from: place)
    }
  }
}
