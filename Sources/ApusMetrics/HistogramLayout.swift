// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Where a value lies in a histogram's array of counts.
///
/// Values are kept in buckets, each twice as wide as the one before it, and each bucket is cut into
/// `subBucketCount` equal slots. The lower half of every bucket but the first repeats the bucket
/// below it and is left out:
///
/// ```
/// index   0 ............ subBucketCount-1 | half a bucket | half a bucket | ...
/// step    1 unit                          | 2 units       | 4 units       | ...
/// ```
///
/// `subBucketCount` is the power of two that keeps the wanted significant digits, so finding a slot
/// is a count of leading zeros, a shift and an addition.
///
/// - Source: the slot arithmetic that all HdrHistogram implementations share.
@frozen
public struct HistogramLayout: Sendable, Equatable {
  /// The smallest value distinguished from zero, as given to the initialiser.
  public let lowestDiscernible: UInt64
  /// The largest value that must be recordable, as given to the initialiser.
  public let highestTrackable: UInt64
  /// Decimal digits kept of every value: 1...5.
  public let significantDigits: Int
  /// Slots of one bucket.
  public let subBucketCount: Int
  /// Buckets, the first included.
  public let bucketCount: Int
  /// Length of the array of counts.
  public let slotCount: Int

  @usableFromInline let unitMagnitude: UInt64
  @usableFromInline let subBucketHalfCountMagnitude: UInt64
  @usableFromInline let subBucketMask: UInt64
  @usableFromInline let leadingZeroCountBase: UInt64

  /// Works out the layout.
  ///
  /// - Throws: ``HistogramError`` naming the parameter that is out of range.
  public init(
    lowestDiscernible: UInt64, highestTrackable: UInt64, significantDigits: Int
  ) throws(HistogramError) {
    // The encoded form stores both limits as signed 64-bit integers.
    let limit = UInt64(Int64.max)
    guard (1...(limit / 2)).contains(lowestDiscernible) else {
      throw .lowestDiscernibleOutOfRange(lowestDiscernible)
    }
    guard highestTrackable <= limit, highestTrackable / 2 >= lowestDiscernible else {
      throw .highestTrackableOutOfRange(
        highestTrackable, lowestDiscernible: lowestDiscernible)
    }
    guard (1...5).contains(significantDigits) else {
      throw .significantDigitsOutOfRange(significantDigits)
    }
    // Up to 2 * 10^digits every unit has its own slot; beyond it the error stays within 10^-digits.
    var singleUnitLimit = 2
    for _ in 0..<significantDigits { singleUnitLimit *= 10 }
    let subBucketMagnitude = Int.bitWidth - (singleUnitLimit - 1).leadingZeroBitCount
    let unitMagnitude = UInt64.bitWidth - 1 - lowestDiscernible.leadingZeroBitCount
    guard unitMagnitude + subBucketMagnitude <= 62 else {
      throw .lowestDiscernibleOutOfRange(lowestDiscernible)
    }
    var bucketCount = 1
    var firstUntrackable = UInt64(1) << UInt64(subBucketMagnitude + unitMagnitude)
    while firstUntrackable <= highestTrackable {
      bucketCount += 1
      if firstUntrackable > limit / 2 { break }
      firstUntrackable <<= 1
    }
    self.lowestDiscernible = lowestDiscernible
    self.highestTrackable = highestTrackable
    self.significantDigits = significantDigits
    self.subBucketCount = 1 << subBucketMagnitude
    self.bucketCount = bucketCount
    self.slotCount = (bucketCount + 1) << (subBucketMagnitude - 1)
    self.unitMagnitude = UInt64(unitMagnitude)
    self.subBucketHalfCountMagnitude = UInt64(subBucketMagnitude - 1)
    self.subBucketMask = (UInt64(1 << subBucketMagnitude) - 1) << UInt64(unitMagnitude)
    self.leadingZeroCountBase = UInt64(64 - unitMagnitude - subBucketMagnitude)
  }
}

extension HistogramLayout {
  /// Bucket of a value: 0 up to the width of the first bucket, one more for each doubling.
  @inlinable @inline(__always)
  func bucketIndex(of value: UInt64) -> UInt64 {
    // The mask makes every value of the first bucket count as its largest, so this is never below 0.
    leadingZeroCountBase
      &- UInt64(truncatingIfNeeded: (value | subBucketMask).leadingZeroBitCount)
  }

  /// Slot of a value; at or above ``slotCount`` when the value is above the range.
  ///
  /// - Complexity: O(1), without a branch.
  @inlinable @inline(__always)
  public func slotIndex(of value: UInt64) -> Int {
    let bucket = bucketIndex(of: value)
    let subBucket = value &>> (bucket &+ unitMagnitude)
    // (bucket + 1) * half + (subBucket - half), with the halves cancelled.
    return Int(truncatingIfNeeded: (bucket &<< subBucketHalfCountMagnitude) &+ subBucket)
  }

  /// The smallest value of a slot.
  ///
  /// - Precondition: `slotIndex` is in `0..<slotCount`.
  @inlinable
  public func lowestValue(ofSlot slotIndex: Int) -> UInt64 {
    let index = UInt64(truncatingIfNeeded: slotIndex)
    let half = UInt64(1) &<< subBucketHalfCountMagnitude
    let bucket = index &>> subBucketHalfCountMagnitude
    if bucket == 0 { return index &<< unitMagnitude }
    let subBucket = (index & (half &- 1)) &+ half
    return subBucket &<< (bucket &- 1 &+ unitMagnitude)
  }

  /// How many values share the slot of `value`; always a power of two.
  @inlinable
  public func equivalentRange(of value: UInt64) -> UInt64 {
    1 &<< (bucketIndex(of: value) &+ unitMagnitude)
  }

  /// The smallest value that shares the slot of `value`.
  @inlinable
  public func lowestEquivalent(of value: UInt64) -> UInt64 {
    value & ~(equivalentRange(of: value) &- 1)
  }

  /// The largest value that shares the slot of `value`.
  @inlinable
  public func highestEquivalent(of value: UInt64) -> UInt64 {
    value | (equivalentRange(of: value) &- 1)
  }

  /// The middle of the values that share the slot of `value`: what means are computed from.
  @inlinable
  public func medianEquivalent(of value: UInt64) -> UInt64 {
    lowestEquivalent(of: value) &+ (equivalentRange(of: value) &>> 1)
  }

  /// The largest value that can be recorded: ``highestTrackable`` or more, up to its bucket's end.
  public var highestRecordable: UInt64 {
    highestEquivalent(of: lowestValue(ofSlot: slotCount - 1))
  }
}
