// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The events of a step, and those that calls between steps have caused.
@safe
package struct IOEventQueue: ~Copyable {
  private let events: UnsafeMutablePointer<IOEvent>
  private let ends: UnsafeMutablePointer<(head: Int, tail: Int)>
  private let mask: Int

  package init(countMax: Int) {
    var capacity = 1
    while capacity < countMax { capacity *= 2 }
    mask = capacity - 1
    // SAFETY: as long as `capacity` says, and freed in `deinit`.
    unsafe events = .allocate(capacity: capacity)
    unsafe ends = .allocate(capacity: 1)
    unsafe ends.initialize(to: (0, 0))
  }

  deinit {
    unsafe events.deallocate()
    unsafe ends.deallocate()
  }

  package var count: Int { unsafe ends.pointee.tail &- ends.pointee.head }

  package func append(_ event: IOEvent) {
    precondition(count <= mask, "IOEventQueue.append: expected room for every event")
    unsafe events[ends.pointee.tail & mask] = event
    unsafe ends.pointee.tail &+= 1
  }

  package func take() -> IOEvent? {
    guard count > 0 else { return nil }
    let event = unsafe events[ends.pointee.head & mask]
    unsafe ends.pointee.head &+= 1
    return event
  }
}
