// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The HdrHistogram V2 encoding, all integers big-endian.
///
/// ```
/// plain        offset 0  u32 cookie 0x1c849313     compressed   offset 0  u32 cookie 0x1c849314
///                     4  u32 byte count of counts                      4  u32 byte count that follows
///                     8  u32 index offset, 0                           8  zlib stream of the plain form
///                    12  u32 significant digits
///                    16  u64 lowest discernible value
///                    24  u64 highest trackable value
///                    32  f64 ratio to floating point, 1
///                    40  counts: zig-zag LEB128; -n means n slots of zero
/// ```
///
/// - Source: the encodings of the HdrHistogram implementations; written down in our own words from
///   what they read and write.
enum HistogramEncoding {
  static let plainCookie: UInt32 = 0x1c84_9303
  static let compressedCookie: UInt32 = 0x1c84_9304
  /// Bits of a cookie that give the width of words, which V2 does not use: writers set 0x10.
  static let wordSizeMask: UInt32 = 0xF0
  static let writtenWordSize: UInt32 = 0x10
  static let plainHeaderByteCount = 40
  static let compressedHeaderByteCount = 8

  static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// The integer at an offset that the caller has checked.
  static func read<T: FixedWidthInteger & UnsignedInteger>(
    _: T.Type, _ bytes: ArraySlice<UInt8>, at offset: Int
  ) -> T {
    let start = bytes.startIndex + offset
    return bytes[start..<(start + T.bitWidth / 8)].reduce(0) { $0 << 8 | T($1) }
  }
}

extension Histogram {
  /// The V2 encoding without compression.
  ///
  /// - Throws: ``HistogramError/countOverflow`` when there are more than 2^63 - 1 values in all.
  /// - Complexity: O(slots up to the largest value).
  public func encodedV2() throws(HistogramError) -> [UInt8] {
    guard totalCount <= UInt64(Int64.max) else { throw .countOverflow }
    let counts = encodedCounts()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(HistogramEncoding.plainHeaderByteCount + counts.count)
    HistogramEncoding.append(
      HistogramEncoding.plainCookie | HistogramEncoding.writtenWordSize, to: &bytes)
    // At most 9 bytes for each of the slots, of which no layout has 2^23: far below 2^32.
    HistogramEncoding.append(UInt32(truncatingIfNeeded: counts.count), to: &bytes)
    HistogramEncoding.append(UInt32(0), to: &bytes)
    HistogramEncoding.append(UInt32(truncatingIfNeeded: layout.significantDigits), to: &bytes)
    HistogramEncoding.append(layout.lowestDiscernible, to: &bytes)
    HistogramEncoding.append(layout.highestTrackable, to: &bytes)
    HistogramEncoding.append(1.0.bitPattern, to: &bytes)
    bytes += counts
    return bytes
  }

  /// The V2 encoding, compressed by zlib: what histogram logs hold, as base64.
  ///
  /// - Throws: ``HistogramError/countOverflow``, or ``HistogramError/outOfMemory(byteCount:)``.
  public func encodedV2Compressed() throws(HistogramError) -> [UInt8] {
    let compressed = try ZlibBuffer.compress(encodedV2())
    var bytes: [UInt8] = []
    bytes.reserveCapacity(HistogramEncoding.compressedHeaderByteCount + compressed.count)
    HistogramEncoding.append(
      HistogramEncoding.compressedCookie | HistogramEncoding.writtenWordSize, to: &bytes)
    HistogramEncoding.append(UInt32(truncatingIfNeeded: compressed.count), to: &bytes)
    bytes += compressed
    return bytes
  }

  /// ``encodedV2Compressed()`` as base64 text; it begins with `HISTFAAA`.
  public func encodedBase64() throws(HistogramError) -> String {
    try Base64.encode(encodedV2Compressed())
  }

  private func encodedCounts() -> [UInt8] {
    // An empty histogram writes the one slot of value 0, as other writers do: never no counts.
    let slotCount = layout.slotIndex(of: highestRecorded) + 1
    var bytes: [UInt8] = []
    var index = 0
    while index < slotCount {
      let count = count(inSlot: index)
      index += 1
      guard count == 0 else {
        ZigZagLEB128.append(Int64(truncatingIfNeeded: count), to: &bytes)
        continue
      }
      var zeroCount: Int64 = 1
      while index < slotCount, self.count(inSlot: index) == 0 {
        zeroCount += 1
        index += 1
      }
      ZigZagLEB128.append(zeroCount == 1 ? 0 : -zeroCount, to: &bytes)
    }
    return bytes
  }
}
