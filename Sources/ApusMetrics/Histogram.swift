// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A high-dynamic-range histogram: counts of unsigned values over a range of any width, each value
/// kept to a fixed number of significant decimal digits.
///
/// Goals: constant-time recording without allocation; percentiles exact to the digits asked for;
/// files that other HdrHistogram implementations read, and the other way round.
///
/// Non-goals: recording from several threads at once. Give each thread its own histogram and
/// ``merge(_:)`` them.
///
/// ```swift
/// var latency = try Histogram(highestTrackable: 3_600_000_000_000, significantDigits: 3)
/// latency.record(1_234)
/// let p99 = latency.value(atPercentile: 99)
/// ```
///
/// One hour in nanoseconds at three digits takes 33,792 counts: 270,336 bytes.
@safe
public struct Histogram: ~Copyable {
  /// Slot arithmetic and the parameters it was built from.
  public let layout: HistogramLayout

  @usableFromInline let counts: UnsafeMutablePointer<UInt64>
  @usableFromInline var recordedCount: UInt64 = 0
  @usableFromInline var refusedCount: UInt64 = 0
  // Exact; kept beside the counts so that recording needs no branch for them.
  @usableFromInline var lowestRecorded = UInt64.max
  @usableFromInline var highestRecorded: UInt64 = 0

  /// Creates an empty histogram.
  ///
  /// - Parameters:
  ///   - lowestDiscernible: Values below it may count as 0. Shape: 1 or more; rounded down to a
  ///     power of two.
  ///   - highestTrackable: Every value up to it can be recorded. Shape: at least twice
  ///     `lowestDiscernible`, at most 2^63 - 1.
  ///   - significantDigits: Decimal digits kept of every value. Shape: 1...5.
  /// - Throws: ``HistogramError`` naming the parameter, or ``HistogramError/outOfMemory(byteCount:)``.
  public init(
    lowestDiscernible: UInt64 = 1, highestTrackable: UInt64, significantDigits: Int
  ) throws(HistogramError) {
    try self.init(
      layout: HistogramLayout(
        lowestDiscernible: lowestDiscernible,
        highestTrackable: highestTrackable,
        significantDigits: significantDigits))
  }

  /// Creates an empty histogram of a known layout.
  ///
  /// - Throws: ``HistogramError/outOfMemory(byteCount:)``.
  public init(layout: HistogramLayout) throws(HistogramError) {
    let byteCount = layout.slotCount * MemoryLayout<UInt64>.stride
    // SAFETY: calloc gives zeroed memory aligned for any scalar; a pattern of zeros is a valid UInt64
    // and this value is the only owner. Untouched pages of a wide range stay uncommitted.
    guard let memory = unsafe calloc(layout.slotCount, MemoryLayout<UInt64>.stride) else {
      throw .outOfMemory(byteCount: byteCount)
    }
    self.layout = layout
    unsafe counts = memory.bindMemory(to: UInt64.self, capacity: layout.slotCount)
  }

  deinit {
    // SAFETY: allocated by calloc in the only initialiser; no copy of the pointer leaves the type.
    unsafe free(counts)
  }

  /// Values recorded, those above the range not included.
  @inlinable public var totalCount: UInt64 { recordedCount }

  /// Values refused because they were above the range.
  @inlinable public var outOfRangeCount: UInt64 { refusedCount }

  /// Bytes of the array of counts.
  public var memoryByteCount: Int { layout.slotCount * MemoryLayout<UInt64>.stride }
}

// SAFETY: the only owner of its memory (~Copyable), and every mutation needs exclusive access.
extension Histogram: @unchecked Sendable {}

extension Histogram {
  /// Counts one value.
  ///
  /// - Returns: `false` when the value is above ``HistogramLayout/highestRecordable``; then only
  ///   ``outOfRangeCount`` grows.
  /// - Complexity: O(1); no allocation, no loop.
  @inlinable @inline(__always) @discardableResult
  public mutating func record(_ value: UInt64) -> Bool {
    let index = layout.slotIndex(of: value)
    guard index < layout.slotCount else {
      _countOutOfRange(1)
      return false
    }
    // SAFETY: index is a shifted UInt64 far below 2^63, hence not negative, and checked just above.
    unsafe counts[index] &+= 1
    _noteRecorded(value, count: 1)
    return true
  }

  /// Counts `count` equal values.
  ///
  /// - Returns: `false` when the value is above the range, or when the total would exceed 2^63 - 1,
  ///   the most that the encoded form can say; then only ``outOfRangeCount`` grows.
  /// - Complexity: O(1); no allocation, no loop.
  @inlinable @discardableResult
  public mutating func record(_ value: UInt64, count: UInt64) -> Bool {
    let index = layout.slotIndex(of: value)
    let total = totalCount.addingReportingOverflow(count)
    guard index < layout.slotCount, !total.overflow, total.partialValue <= UInt64(Int64.max) else {
      _countOutOfRange(count)
      return false
    }
    if count == 0 { return true }
    // SAFETY: as in record(_:). No slot exceeds the total, so the sum does not overflow.
    unsafe counts[index] &+= count
    _noteRecorded(value, count: count)
    return true
  }

  @inlinable @inline(__always)
  mutating func _noteRecorded(_ value: UInt64, count: UInt64) {
    recordedCount &+= count
    lowestRecorded = min(lowestRecorded, value)
    highestRecorded = max(highestRecorded, value)
  }

  @inlinable @inline(never)
  mutating func _countOutOfRange(_ count: UInt64) {
    let sum = refusedCount.addingReportingOverflow(count)
    refusedCount = sum.overflow ? .max : sum.partialValue
  }

  /// Discards everything recorded and keeps the memory.
  ///
  /// - Complexity: O(``HistogramLayout/slotCount``).
  public mutating func reset() {
    // SAFETY: slotCount elements were allocated and bound.
    unsafe counts.update(repeating: 0, count: layout.slotCount)
    recordedCount = 0
    refusedCount = 0
    lowestRecorded = .max
    highestRecorded = 0
  }

  /// Count in one slot.
  ///
  /// - Precondition: `slotIndex` is in `0..<layout.slotCount`.
  public func count(inSlot slotIndex: Int) -> UInt64 {
    precondition(
      slotIndex >= 0 && slotIndex < layout.slotCount,
      "Histogram.count(inSlot:): expected an index in 0..<layout.slotCount")
    // SAFETY: checked just above.
    return unsafe counts[slotIndex]
  }

  /// How many values were recorded that share the slot of `value`; 0 above the range.
  ///
  /// - Complexity: O(1).
  public func count(equivalentTo value: UInt64) -> UInt64 {
    let index = layout.slotIndex(of: value)
    return index < layout.slotCount ? count(inSlot: index) : 0
  }
}
