// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A list of slots in which each is once at most.
@safe
package struct SlotList: ~Copyable {
  private static var notIn: UInt32 { .max }
  private static var last: UInt32 { .max - 1 }

  private let links: UnsafeMutablePointer<UInt32>
  private let ends: UnsafeMutablePointer<(head: UInt32, tail: UInt32, count: Int)>
  private let capacity: Int

  package init(capacity: Int) {
    self.capacity = capacity
    // SAFETY: a link for each slot, freed in `deinit`.
    unsafe links = .allocate(capacity: capacity)
    unsafe links.initialize(repeating: Self.notIn, count: capacity)
    unsafe ends = .allocate(capacity: 1)
    unsafe ends.initialize(to: (Self.last, Self.last, 0))
  }

  deinit {
    unsafe links.deallocate()
    unsafe ends.deallocate()
  }

  package var count: Int { unsafe ends.pointee.count }

  package func contains(_ index: UInt32) -> Bool {
    precondition(Int(index) < capacity, "SlotList: expected the index of a slot")
    return unsafe links[Int(index)] != Self.notIn
  }

  /// Puts a slot at the end, where it is not in the list.
  package func append(_ index: UInt32) {
    guard !contains(index) else { return }
    // SAFETY: checked by `contains`; the tail is one that was.
    unsafe links[Int(index)] = Self.last
    if count == 0 {
      unsafe ends.pointee.head = index
    } else {
      unsafe links[Int(ends.pointee.tail)] = index
    }
    unsafe ends.pointee.tail = index
    unsafe ends.pointee.count += 1
  }

  package func pop() -> UInt32? {
    guard count > 0 else { return nil }
    // SAFETY: the head is a slot that was appended.
    let index = unsafe ends.pointee.head
    unsafe ends.pointee.head = links[Int(index)]
    unsafe links[Int(index)] = Self.notIn
    unsafe ends.pointee.count -= 1
    return index
  }
}
