// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Names one journal: every segment carries it, so that files of two journals cannot be mixed.
public struct JournalIdentifier: Hashable, Sendable, CustomStringConvertible {
  /// Upper half.
  public var high: UInt64
  /// Lower half.
  public var low: UInt64

  /// An identifier of these halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new one from the kernel's random source.
  public static func random() -> JournalIdentifier {
    var generator = SystemRandomNumberGenerator()
    return JournalIdentifier(high: generator.next(), low: generator.next())
  }

  /// 32 hexadecimal digits.
  public var description: String {
    [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// What a segment's first block says.
struct SegmentHeader: Equatable {
  var identifier: JournalIdentifier
  var firstSequence: UInt64
  /// Checksum of the record before the first.
  var chain: UInt32
  var commitAlignment: Int
  var segmentByteCount: Int
  /// Checksum of the header itself: the seed of its commits' checksums.
  var checksum: UInt32 = 0

  /// Writes the header and fills its checksum in. Shape: `base` has a whole header block.
  mutating func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all offsets are below segmentHeaderByteCount.
    unsafe base.initializeMemory(
      as: UInt8.self, repeating: 0, count: JournalFormat.segmentHeaderByteCount)
    unsafe base.put(JournalFormat.segmentMagic, at: 0)
    unsafe base.put(JournalFormat.version, at: 8)
    unsafe base.put(UInt32(JournalFormat.segmentHeaderByteCount), at: 12)
    unsafe base.put(identifier.high, at: 16)
    unsafe base.put(identifier.low, at: 24)
    unsafe base.put(firstSequence, at: 32)
    unsafe base.put(chain, at: 40)
    unsafe base.put(UInt32(commitAlignment), at: 44)
    unsafe base.put(UInt64(segmentByteCount), at: 48)
    checksum = unsafe UnsafeRawPointer(base).checksum(0..<60, seed: 0)
    unsafe base.put(checksum, at: 60)
  }

  /// Reads a header that may be anything.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, path: String
  ) throws(JournalError) -> SegmentHeader {
    guard bytes.count >= 64, let base = bytes.baseAddress else {
      throw .damaged(
        path: path, offset: UInt64(bytes.count), detail: "the segment's header is cut short")
    }
    // SAFETY: 64 bytes are there and no field goes past them.
    guard unsafe base.get(UInt64.self, at: 0) == JournalFormat.segmentMagic else {
      throw .foreign(path: path, found: "is no segment of a journal (wrong magic)")
    }
    let version = unsafe base.get(UInt32.self, at: 8)
    guard version <= JournalFormat.version, version > 0 else {
      throw .newerVersion(path: path, found: version, supported: JournalFormat.version)
    }
    let checksum = unsafe base.get(UInt32.self, at: 60)
    let alignment = unsafe base.get(UInt32.self, at: 44)
    let byteCount = unsafe base.get(UInt64.self, at: 48)
    guard unsafe base.checksum(0..<60, seed: 0) == checksum,
      unsafe base.get(UInt32.self, at: 12) == UInt32(JournalFormat.segmentHeaderByteCount),
      alignment == 512 || alignment == 4_096, byteCount % 4_096 == 0,
      byteCount > UInt64(JournalFormat.segmentHeaderByteCount),
      byteCount <= UInt64(JournalFormat.segmentByteCountMax)
    else {
      throw .damaged(path: path, offset: 0, detail: "the segment's header does not hold")
    }
    let firstSequence = unsafe base.get(UInt64.self, at: 32)
    guard JournalFormat.sequenceRange.contains(firstSequence) else {
      throw .damaged(
        path: path, offset: 32,
        detail: "the first sequence is \(firstSequence), expected \(JournalFormat.sequenceRange)")
    }
    return SegmentHeader(
      identifier: JournalIdentifier(
        high: unsafe base.get(UInt64.self, at: 16), low: unsafe base.get(UInt64.self, at: 24)),
      firstSequence: firstSequence,
      chain: unsafe base.get(UInt32.self, at: 40), commitAlignment: Int(alignment),
      segmentByteCount: Int(byteCount), checksum: checksum)
  }
}

/// The header of one group commit: what follows it became durable together.
struct CommitHeader: Equatable {
  var firstSequence: UInt64
  /// Bytes of records after the header, without padding.
  var byteCount: Int
  var recordCount: Int
  /// Checksum of the record before the first.
  var chain: UInt32

  /// Writes the header. Shape: 32 bytes at `base`.
  func encode(_ base: UnsafeMutableRawPointer, at offset: Int, segment: UInt32) {
    // SAFETY: all offsets are below commitHeaderByteCount.
    unsafe base.put(JournalFormat.commitMagic, at: 0)
    unsafe base.put(firstSequence, at: 8)
    unsafe base.put(UInt32(byteCount), at: 16)
    unsafe base.put(UInt32(recordCount), at: 20)
    unsafe base.put(chain, at: 24)
    unsafe base.put(UInt32(truncatingIfNeeded: offset >> 3), at: 28)
    let checksum = unsafe UnsafeRawPointer(base).checksum(8..<32, seed: segment)
    unsafe base.put(checksum, at: 4)
  }

  /// The header at an offset of a segment; nil where there is none that holds.
  ///
  /// The segment's checksum and the offset are part of what is checked: a commit that was copied
  /// elsewhere, or that is inside a payload, is none.
  static func decode(
    _ base: UnsafeRawPointer, at offset: Int, segment: UInt32
  ) -> CommitHeader? {
    // SAFETY: the caller has 32 bytes at `base`.
    guard unsafe base.get(UInt32.self, at: 0) == JournalFormat.commitMagic,
      unsafe base.get(UInt32.self, at: 28) == UInt32(truncatingIfNeeded: offset >> 3),
      unsafe base.checksum(8..<32, seed: segment) == base.get(UInt32.self, at: 4)
    else { return nil }
    return CommitHeader(
      firstSequence: unsafe base.get(UInt64.self, at: 8),
      byteCount: Int(unsafe base.get(UInt32.self, at: 16)),
      recordCount: Int(unsafe base.get(UInt32.self, at: 20)),
      chain: unsafe base.get(UInt32.self, at: 24))
  }
}

/// How far the journal was durable when this was written: a lower bound that recovery and readers
/// hold the segments to.
struct DurablePosition: Equatable {
  var identifier: JournalIdentifier
  var sequence: UInt64

  /// Shape: 64 bytes at `base`.
  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all offsets are below positionByteCount.
    unsafe base.initializeMemory(
      as: UInt8.self, repeating: 0, count: JournalFormat.positionByteCount)
    unsafe base.put(JournalFormat.positionMagic, at: 0)
    unsafe base.put(JournalFormat.version, at: 8)
    unsafe base.put(identifier.high, at: 16)
    unsafe base.put(identifier.low, at: 24)
    unsafe base.put(sequence, at: 32)
    unsafe base.put(UnsafeRawPointer(base).checksum(16..<64, seed: 0), at: 12)
  }

  /// Nil where the bytes are torn, foreign, too few or no sequence: then there is no bound.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> DurablePosition? {
    guard bytes.count >= JournalFormat.positionByteCount, let base = bytes.baseAddress else {
      return nil
    }
    // SAFETY: 64 bytes are there.
    guard unsafe base.get(UInt64.self, at: 0) == JournalFormat.positionMagic,
      unsafe base.get(UInt32.self, at: 8) == JournalFormat.version,
      unsafe base.checksum(16..<64, seed: 0) == base.get(UInt32.self, at: 12)
    else { return nil }
    let sequence = unsafe base.get(UInt64.self, at: 32)
    guard sequence <= JournalFormat.sequenceRange.upperBound else { return nil }
    return DurablePosition(
      identifier: JournalIdentifier(
        high: unsafe base.get(UInt64.self, at: 16), low: unsafe base.get(UInt64.self, at: 24)),
      sequence: sequence)
  }
}
