// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Instruments with something left to do, first in first out; each at most once.
struct InstrumentRing: BitwiseCopyable {
  let slots: RecordTable<UInt16>
  private(set) var head: UInt32 = 0
  private(set) var tail: UInt32 = 0

  init(memory: TableMemory) throws(MemoryError) { slots = try memory.records(count: 1 << 16) }

  @inline(__always)
  var isEmpty: Bool { head == tail }

  /// The one that waits longest.
  var first: UInt16? { isEmpty ? nil : slots[UInt16(truncatingIfNeeded: head)] }

  var count: UInt32 { tail &- head }

  /// The one at a distance from the first.
  func waiting(_ offset: UInt32) -> UInt16 { slots[UInt16(truncatingIfNeeded: head &+ offset)] }

  /// - Precondition: It is not in the ring, so that there is room.
  mutating func append(_ instrument: UInt16) {
    slots[UInt16(truncatingIfNeeded: tail)] = instrument
    tail &+= 1
  }

  mutating func removeFirst() { head &+= 1 }
}
