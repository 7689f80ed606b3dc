// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Synchronization

/// A high-dynamic-range histogram in a file that other processes read.
///
/// Recording adds one to one count, as ``Counter`` does: minimum, maximum, total and percentiles
/// follow from the counts, and readers work them out with ``Histogram``. As each count only grows,
/// what a reader copies while the writer records is the histogram of some of the values recorded
/// meanwhile, never of values that were not.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct SharedHistogram: ~Copyable {
  /// Slot arithmetic and the parameters it was built from.
  public let layout: HistogramLayout

  @usableFromInline let counts: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let refused: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let mapping: CounterMapping
  @usableFromInline let slot: CounterSlot

  init(mapping: CounterMapping, slot: CounterSlot, layout: HistogramLayout, offset: Int) {
    self.layout = layout
    unsafe refused = mapping.atomic(at: offset)
    let first = offset + CounterFileLayout.histogramHeaderByteCount
    // The last count too is within the file.
    _ = unsafe mapping.atomic(at: first + (layout.slotCount - 1) * 8)
    unsafe counts = mapping.atomic(at: first)
    self.mapping = mapping
    self.slot = slot
  }

  /// Counts one value.
  ///
  /// - Returns: `false` when the value is above ``HistogramLayout/highestRecordable``; then only
  ///   ``outOfRangeCount`` grows.
  /// - Complexity: O(1); no allocation, no loop.
  @inlinable @inline(__always) @discardableResult
  public mutating func record(_ value: UInt64) -> Bool {
    let index = layout.slotIndex(of: value)
    guard index < layout.slotCount else {
      // SAFETY: the mapping lives as long as the handle, which is the only writer.
      unsafe refused.pointee.store(
        refused.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
      return false
    }
    // SAFETY: index is a shifted UInt64 far below 2^63, hence not negative, and checked just above.
    let count = unsafe counts + index
    unsafe count.pointee.store(count.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    return true
  }

  /// Values refused because they were above the range.
  public var outOfRangeCount: UInt64 {
    // SAFETY: the mapping lives as long as the handle.
    unsafe refused.pointee.load(ordering: .relaxed)
  }

  /// Count in one slot.
  ///
  /// - Precondition: `slotIndex` is in `0..<layout.slotCount`.
  public func count(inSlot slotIndex: Int) -> UInt64 {
    precondition(
      slotIndex >= 0 && slotIndex < layout.slotCount,
      "SharedHistogram.count(inSlot:): expected an index in 0..<layout.slotCount")
    // SAFETY: checked just above.
    return unsafe counts[slotIndex].load(ordering: .relaxed)
  }

  /// Discards everything recorded. Readers take it as a restart.
  ///
  /// - Complexity: O(``HistogramLayout/slotCount``).
  public mutating func reset() {
    for index in 0..<layout.slotCount {
      // SAFETY: index is within the slots.
      unsafe counts[index].store(0, ordering: .relaxed)
    }
    unsafe refused.pointee.store(0, ordering: .relaxed)
  }
}

// SAFETY: the only writer of its words (~Copyable), and every update needs exclusive access.
extension SharedHistogram: @unchecked Sendable {}
