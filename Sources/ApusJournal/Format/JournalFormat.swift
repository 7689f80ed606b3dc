// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// Sizes and magic numbers of the files. Bytes and their meaning: docs/formats/journal.md.
enum JournalFormat {
  static let version: UInt32 = 1
  /// `APUSJRNL`, little-endian.
  static let segmentMagic: UInt64 = 0x4C4E_524A_5355_5041
  /// `APUSPOSN`, little-endian.
  static let positionMagic: UInt64 = 0x4E53_4F50_5355_5041
  /// `CMIT`, little-endian.
  static let commitMagic: UInt32 = 0x5449_4D43

  /// A segment's header fills one block, so that the first commit begins at a block.
  static let segmentHeaderByteCount = 4_096
  static let commitHeaderByteCount = 32
  static let recordHeaderByteCount = 32
  static let positionByteCount = 64
  /// Commit offsets are kept in units of 8 bytes in 32 bits.
  static let segmentByteCountMax = 1 << 34

  /// Sequences of records are in it; a snapshot or a position may be before the first as well.
  static let sequenceRange = 1...Sequencer.sequenceMax

  static let lockName = "journal.lock"
  static let positionName = "journal.position"
  static let spareName = "journal.spare"
  static let segmentSuffix = ".segment"

  /// `00000000000000000001.segment`: sorted by name is sorted by sequence.
  static func segmentName(firstSequence: UInt64) -> String {
    numberedName(firstSequence, suffix: segmentSuffix)
  }

  static func numberedName(_ number: UInt64, suffix: String) -> String {
    var name = ""
    name.reserveCapacity(20 + suffix.utf8.count)
    write(number, suffix: suffix, into: &name)
    return name
  }

  /// Makes such a name in the memory of another one: no allocation, where nobody else has that one.
  static func write(_ number: UInt64, suffix: String, into name: inout String) {
    name.removeAll(keepingCapacity: true)
    var divisor: UInt64 = 10_000_000_000_000_000_000
    while divisor > 0 {
      let digit = UInt8(truncatingIfNeeded: number / divisor % 10)
      name.unicodeScalars.append(UnicodeScalar(UInt8(ascii: "0") + digit))
      divisor /= 10
    }
    name.append(suffix)
  }

  /// Whether a name has the shape of such a name, whatever its number.
  static func isNumbered(_ name: String, suffix: String) -> Bool {
    name.hasSuffix(suffix) && name.utf8.count == 20 + suffix.utf8.count
      && name.utf8.prefix(20).allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }

  /// The number in such a name; nil where it is none, or one that no sequence is.
  static func number(inName name: String, suffix: String) -> UInt64? {
    guard isNumbered(name, suffix: suffix), let number = UInt64(name.prefix(20)),
      number <= Sequencer.sequenceMax
    else { return nil }
    return number
  }

  @inline(__always)
  static func alignUp(_ value: Int, _ alignment: Int) -> Int {
    (value &+ alignment &- 1) & ~(alignment &- 1)
  }

  /// Bytes a record takes with its header and padding.
  @inline(__always)
  static func recordByteCount(payloadByteCount: Int) -> Int {
    alignUp(recordHeaderByteCount &+ payloadByteCount, 8)
  }
}

extension UnsafeMutableRawPointer {
  /// Stores an integer little-endian at any offset.
  @inline(__always)
  func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    // SAFETY: the caller has checked that the field lies in its buffer.
    unsafe storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}

extension UnsafeRawPointer {
  /// Loads a little-endian integer from any offset.
  @inline(__always)
  func get<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    // SAFETY: the caller has checked that the field lies in its buffer; any bit pattern is valid.
    T(littleEndian: unsafe loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// CRC32C of a range.
  @inline(__always)
  func checksum(_ range: Range<Int>, seed: UInt32) -> UInt32 {
    // SAFETY: the caller has checked that the range lies in its buffer.
    unsafe CRC32C.checksum(
      UnsafeRawBufferPointer(start: self + range.lowerBound, count: range.count), seed: seed)
  }
}
