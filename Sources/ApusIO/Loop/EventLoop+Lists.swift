// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Slots wait in lists: dirty ones have something for the kernel, ready ones something for the caller, and
// starved ones were refused a buffer that all others had.
extension EventLoop {
  package final func popDirty() -> UInt32? { pop(dirty) }
  package final func popReady() -> UInt32? { pop(ready) }

  /// The next one; those that have ended meanwhile are skipped.
  private final func pop(_ list: borrowing SlotList) -> UInt32? {
    while let index = list.pop() {
      if slots[index].kind != .free { return index }
      recycleIfUnlisted(index)
    }
    return nil
  }

  /// Gives back a slot that has ended, once it is in no list.
  package final func recycleIfUnlisted(_ index: UInt32) {
    if !dirty.contains(index), !ready.contains(index), !starved.contains(index) {
      slots.recycle(index)
    }
  }

  /// Buffers are free again: those that were refused one learn of it.
  package final func feedStarved() {
    for _ in 0..<starved.count {
      guard sendBlocks.freeCount > 0, let index = pop(starved) else { return }
      tellRoom(index)
    }
  }
}
