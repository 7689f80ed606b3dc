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
    if !dirty.contains(index), !ready.contains(index), !starved.contains(index),
      !bufferless.contains(index), !endedSlots.contains(index), !lingering.contains(index)
    {
      slots.recycle(index)
    }
  }

  /// Slots whose last event was taken may be used again.
  final func recycleEnded() {
    while let index = endedSlots.pop() { recycleIfUnlisted(index) }
  }

  /// Buffers are free again: those that were refused one learn of it, no more of them than there are
  /// buffers. Called once or twice a step, never between steps, so that a slot has one such event at most.
  final func feedStarved() {
    guard starved.count > 0 else { return }
    for _ in 0..<min(starved.count, sendBlocks.freeCount) {
      guard let index = pop(starved) else { return }
      tellRoom(index)
    }
  }

  /// Gives what was closed its time, from the step that sends the rest.
  final func startLingering() {
    while let index = pop(lingering) {
      if slots[index].flags.contains(.closing), !slots[index].flags.contains(.tearing) {
        setSlotTimer(index, after: slots[index].lingerNanoseconds)
      }
    }
  }

  /// Buffers to receive into are with the kernel again: those that had none receive again.
  package final func feedBufferless() {
    while let index = pop(bufferless) { receivingChanged(index) }
  }
}
