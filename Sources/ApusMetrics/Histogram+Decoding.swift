// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension Histogram {
  /// Reads ``encodedV2()``, ours or another implementation's.
  ///
  /// - Throws: ``HistogramError`` saying what is wrong with the bytes; none of them can trap.
  public init(decodingV2 bytes: [UInt8]) throws(HistogramError) {
    let headerByteCount = HistogramEncoding.plainHeaderByteCount
    guard bytes.count >= headerByteCount else {
      throw .truncated(byteCount: bytes.count, expected: headerByteCount)
    }
    let header = try EncodedHeader(bytes[..<headerByteCount])
    let counts = Array(bytes[headerByteCount...])
    guard counts.count == header.countsByteCount else {
      throw .lengthMismatch(declared: UInt64(header.countsByteCount), available: counts.count)
    }
    self = try Self.decoded(counts, layout: header.layout)
  }

  /// Reads ``encodedV2Compressed()``, ours or another implementation's.
  ///
  /// - Throws: ``HistogramError`` saying what is wrong with the bytes; none of them can trap.
  /// - Complexity: Memory is bounded by the size of the declared range, at most 50 MB.
  public init(decodingV2Compressed bytes: [UInt8]) throws(HistogramError) {
    let outerByteCount = HistogramEncoding.compressedHeaderByteCount
    guard bytes.count >= outerByteCount else {
      throw .truncated(byteCount: bytes.count, expected: outerByteCount)
    }
    let cookie = HistogramEncoding.read(UInt32.self, bytes[...], at: 0)
    guard cookie & ~HistogramEncoding.wordSizeMask == HistogramEncoding.compressedCookie else {
      throw .unknownCookie(cookie)
    }
    let declared = HistogramEncoding.read(UInt32.self, bytes[...], at: 4)
    guard Int(declared) == bytes.count - outerByteCount else {
      throw .lengthMismatch(
        declared: UInt64(declared), available: bytes.count - outerByteCount)
    }
    var reader = try ZlibReader(bytes[outerByteCount...])
    let headerBytes = try reader.read(byteCount: HistogramEncoding.plainHeaderByteCount)
    guard headerBytes.count == HistogramEncoding.plainHeaderByteCount else {
      throw .truncated(
        byteCount: headerBytes.count, expected: HistogramEncoding.plainHeaderByteCount)
    }
    let header = try EncodedHeader(headerBytes[...])
    let counts = try reader.read(byteCount: header.countsByteCount)
    let isComplete = try reader.finish()
    guard counts.count == header.countsByteCount, isComplete else { throw .corruptCompression }
    self = try Self.decoded(counts, layout: header.layout)
  }

  /// Reads ``encodedBase64()``, ours or another implementation's.
  ///
  /// - Throws: ``HistogramError`` saying what is wrong with the text.
  public init(decodingBase64 text: String) throws(HistogramError) {
    self = try Histogram(decodingV2Compressed: Base64.decode(text.utf8))
  }

  private static func decoded(
    _ bytes: [UInt8], layout: HistogramLayout
  ) throws(HistogramError) -> Histogram {
    var histogram = try Histogram(layout: layout)
    var offset = 0
    var slotIndex = 0
    var total: UInt64 = 0
    while offset < bytes.count {
      guard let value = ZigZagLEB128.read(bytes, at: &offset) else {
        throw .truncated(byteCount: bytes.count, expected: bytes.count + 1)
      }
      let available = layout.slotCount - slotIndex
      if value < 0 {
        guard value.magnitude <= UInt64(available) else {
          throw .tooManyCounts(slotCount: layout.slotCount)
        }
        slotIndex += Int(value.magnitude)
        continue
      }
      guard available > 0 else { throw .tooManyCounts(slotCount: layout.slotCount) }
      let sum = total.addingReportingOverflow(value.magnitude)
      guard !sum.overflow, sum.partialValue <= UInt64(Int64.max) else { throw .countOverflow }
      total = sum.partialValue
      // Cannot be refused: the slot and the total were checked.
      if value > 0 {
        histogram.record(layout.lowestValue(ofSlot: slotIndex), count: value.magnitude)
      }
      slotIndex += 1
    }
    return histogram
  }
}

/// The fixed part of the plain form, checked.
private struct EncodedHeader {
  let layout: HistogramLayout
  let countsByteCount: Int

  /// - Precondition: exactly ``HistogramEncoding/plainHeaderByteCount`` bytes.
  init(_ bytes: ArraySlice<UInt8>) throws(HistogramError) {
    let cookie = HistogramEncoding.read(UInt32.self, bytes, at: 0)
    guard cookie & ~HistogramEncoding.wordSizeMask == HistogramEncoding.plainCookie else {
      throw .unknownCookie(cookie)
    }
    let indexOffset = HistogramEncoding.read(UInt32.self, bytes, at: 8)
    guard indexOffset == 0 else { throw .unsupportedIndexOffset(indexOffset) }
    layout = try HistogramLayout(
      lowestDiscernible: HistogramEncoding.read(UInt64.self, bytes, at: 16),
      highestTrackable: HistogramEncoding.read(UInt64.self, bytes, at: 24),
      significantDigits: Int(HistogramEncoding.read(UInt32.self, bytes, at: 12)))
    countsByteCount = Int(HistogramEncoding.read(UInt32.self, bytes, at: 4))
    let most = layout.slotCount * ZigZagLEB128.byteCountMax
    guard countsByteCount <= most else {
      throw .lengthMismatch(declared: UInt64(countsByteCount), available: most)
    }
  }
}
