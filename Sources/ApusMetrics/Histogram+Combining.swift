// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension Histogram {
  /// Counts one value and, where it is above `expectedInterval`, the values that a caller which
  /// waited for it could not measure meanwhile: `value - interval`, `value - 2 * interval` and so on
  /// down to the interval (coordinated omission).
  ///
  /// - Parameters:
  ///   - value: Unit: that of the histogram.
  ///   - expectedInterval: Planned time between two measurements; 0 corrects nothing.
  /// - Returns: `false` when `value` is above the range: nothing is recorded then; or when the total
  ///   would exceed 2^63 - 1: the values filled in stop there.
  /// - Complexity: O(values filled in), and never more than the slots below `value`.
  @discardableResult
  public mutating func recordCorrected(_ value: UInt64, expectedInterval: UInt64) -> Bool {
    recordCorrected(value, count: 1, expectedInterval: expectedInterval)
  }

  /// As ``recordCorrected(_:expectedInterval:)`` for `count` equal values.
  @discardableResult
  public mutating func recordCorrected(
    _ value: UInt64, count: UInt64, expectedInterval: UInt64
  ) -> Bool {
    guard record(value, count: count) else { return false }
    guard expectedInterval > 0, value > expectedInterval else { return true }
    var missing = value - expectedInterval
    while missing >= expectedInterval {
      // All missing values of one slot at once: a long stall with a short interval stays cheap.
      let toSlotStart = (missing - layout.lowestEquivalent(of: missing)) / expectedInterval
      let toInterval = (missing - expectedInterval) / expectedInterval
      let steps = min(toSlotStart, toInterval)
      let product = (steps + 1).multipliedReportingOverflow(by: count)
      guard !product.overflow, record(missing, count: product.partialValue) else { return false }
      // Not below 0: toInterval leaves one interval out, so steps + 1 of them fit in missing.
      missing -= (steps + 1) * expectedInterval
    }
    return true
  }

  /// A histogram of the same layout with every value corrected as by
  /// ``recordCorrected(_:expectedInterval:)``.
  ///
  /// - Throws: ``HistogramError/outOfMemory(byteCount:)``, or ``HistogramError/countOverflow`` when
  ///   a count no longer fits.
  public func copyCorrected(expectedInterval: UInt64) throws(HistogramError) -> Histogram {
    var copy = try Histogram(layout: layout)
    var fits = true
    forEachRecorded { value, count in
      let highest = layout.highestEquivalent(of: value)
      fits = copy.recordCorrected(highest, count: count, expectedInterval: expectedInterval) && fits
    }
    guard fits else { throw .countOverflow }
    copy.refusedCount = refusedCount
    return copy
  }

  /// A histogram with the same contents.
  ///
  /// - Throws: ``HistogramError/outOfMemory(byteCount:)``.
  public func copy() throws(HistogramError) -> Histogram {
    var copy = try Histogram(layout: layout)
    try copy.merge(self)
    return copy
  }

  /// Adds everything that `other` recorded.
  ///
  /// Layouts may differ: then each of the other's values is recorded anew, as the smallest value of
  /// its slot.
  ///
  /// - Throws: ``HistogramError/valueAboveRange(_:highestRecordable:)`` when the other holds a value
  ///   that does not fit here, ``HistogramError/countOverflow`` when the sum of the counts does not;
  ///   this histogram is then unchanged.
  /// - Complexity: O(slots in use by `other`).
  public mutating func merge(_ other: borrowing Histogram) throws(HistogramError) {
    guard other.totalCount > 0 else {
      _countOutOfRange(other.outOfRangeCount)
      return
    }
    guard layout.slotIndex(of: other.highestRecorded) < layout.slotCount else {
      throw .valueAboveRange(other.highestRecorded, highestRecordable: layout.highestRecordable)
    }
    let total = totalCount.addingReportingOverflow(other.totalCount)
    guard !total.overflow, total.partialValue <= UInt64(Int64.max) else { throw .countOverflow }
    if layout == other.layout {
      let first = layout.slotIndex(of: other.lowestRecorded)
      for index in first...layout.slotIndex(of: other.highestRecorded) {
        // SAFETY: the same layout, and both ends are slots of values that the other recorded.
        unsafe counts[index] &+= other.counts[index]
      }
    } else {
      let slotCount = layout.slotCount
      for index in 0..<other.layout.slotCount {
        // SAFETY: index is within the other's slots.
        let count = unsafe other.counts[index]
        guard count > 0 else { continue }
        let slot = layout.slotIndex(of: other.layout.lowestValue(ofSlot: index))
        precondition(slot < slotCount, "Histogram.merge: expected a value below the checked one")
        // SAFETY: checked just above.
        unsafe counts[slot] &+= count
      }
    }
    recordedCount = total.partialValue
    lowestRecorded = min(lowestRecorded, other.lowestRecorded)
    highestRecorded = max(highestRecorded, other.highestRecorded)
    _countOutOfRange(other.outOfRangeCount)
  }
}
