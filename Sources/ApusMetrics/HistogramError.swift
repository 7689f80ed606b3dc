// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Why a histogram could not be made, combined, written or read.
public enum HistogramError: Error, Sendable, Equatable {
  /// Below 1, or so large that the significant digits asked for do not fit above it.
  case lowestDiscernibleOutOfRange(UInt64)
  /// Below twice the lowest discernible value, or above 2^63 - 1.
  case highestTrackableOutOfRange(UInt64, lowestDiscernible: UInt64)
  /// Outside 1...5.
  case significantDigitsOutOfRange(Int)
  /// The counts could not be allocated.
  case outOfMemory(byteCount: Int)
  /// A merge met a value that this histogram cannot hold.
  case valueAboveRange(UInt64, highestRecordable: UInt64)
  /// More than 2^63 - 1 values in all.
  case countOverflow

  /// Encoded bytes end before the part that is named.
  case truncated(byteCount: Int, expected: Int)
  /// The first four bytes name no encoding that can be read: only V2 can.
  case unknownCookie(UInt32)
  /// A length field disagrees with the bytes present or with the histogram's own size.
  case lengthMismatch(declared: UInt64, available: Int)
  /// The compressed part is not a zlib stream, or does not hold what its header declares.
  case corruptCompression
  /// A rotated array of counts, which only auto-ranging histograms of floating-point values write.
  case unsupportedIndexOffset(UInt32)
  /// The counts continue past the last slot of the declared range.
  case tooManyCounts(slotCount: Int)
  /// A character that is not base64, or padding in the wrong place.
  case invalidBase64(byteOffset: Int)
  /// A line of a histogram log that is neither a comment, the legend nor an interval.
  case invalidLogLine(lineNumber: Int, field: String)
}

extension HistogramError: CustomStringConvertible {
  /// One line: the operand, what is wrong with it and what to do.
  public var description: String {
    switch self {
    case .lowestDiscernibleOutOfRange(let value):
      "lowestDiscernible \(value): out of range; use 1 or more, with room for the significant digits"
    case .highestTrackableOutOfRange(let value, let lowest):
      "highestTrackable \(value): out of range; use at least \(lowest) * 2 and at most 2^63 - 1"
    case .significantDigitsOutOfRange(let digits):
      "significantDigits \(digits): out of range; use 1 to 5"
    case .outOfMemory(let byteCount):
      "histogram of \(byteCount) bytes: no memory; narrow the range or keep fewer digits"
    case .valueAboveRange(let value, let highest):
      "value \(value): above the range, which ends at \(highest); merge into a wider histogram"
    case .countOverflow:
      "total count: above 2^63 - 1; keep several histograms"
    case .truncated(let byteCount, let expected):
      "encoded histogram: \(byteCount) bytes where \(expected) are needed; pass the whole encoding"
    case .unknownCookie(let cookie):
      "encoded histogram: cookie 0x\(String(cookie, radix: 16)) is not V2; write it again as V2"
    case .lengthMismatch(let declared, let available):
      "encoded histogram: declares \(declared) bytes, has \(available); pass exactly one encoding"
    case .corruptCompression:
      "encoded histogram: the compressed part is damaged; take it from its source again"
    case .unsupportedIndexOffset(let offset):
      "encoded histogram: index offset \(offset) is not supported; write it as an integer histogram"
    case .tooManyCounts(let slotCount):
      "encoded histogram: more counts than its \(slotCount) slots; take it from its source again"
    case .invalidBase64(let offset):
      "base64 text: byte \(offset) is not base64; pass the last field of the log line unchanged"
    case .invalidLogLine(let lineNumber, let field):
      "histogram log: line \(lineNumber): \(field) is not valid; correct or remove the line"
    }
  }
}
