// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusJournal

/// The fixed part of every frame.
struct FrameHeader: Equatable {
  var kind: FrameKind
  var bodyByteCount: Int
  var bodyChecksum: UInt32 = 0
  /// The sender's epoch.
  var epoch: UInt64
  /// What it means depends on the kind.
  var sequence: UInt64

  var byteCount: Int { ReplicationFormat.headerByteCount + bodyByteCount }

  /// Writes the header in front of a body that is in place. Shape: `byteCount` bytes at `base`.
  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all offsets are below headerByteCount, and the body follows.
    let body = unsafe UnsafeRawBufferPointer(
      start: base + ReplicationFormat.headerByteCount, count: bodyByteCount)
    unsafe base.put(ReplicationFormat.magic, at: 0)
    unsafe base.put(UInt32(truncatingIfNeeded: bodyByteCount), at: 8)
    unsafe base.put(CRC32C.checksum(body), at: 12)
    unsafe base.put(kind.rawValue, at: 16)
    unsafe base.put(UInt16(0), at: 18)
    unsafe base.put(UInt32(0), at: 20)
    unsafe base.put(epoch, at: 24)
    unsafe base.put(sequence, at: 32)
    let checked = unsafe UnsafeRawBufferPointer(start: base + 8, count: 32)
    unsafe base.put(CRC32C.checksum(checked), at: 4)
  }
}

/// What the first bytes of a stream are.
enum FrameVerdict: Equatable {
  /// The beginning of a frame, which may go on.
  case incomplete
  /// A whole frame whose checksums hold.
  case frame(FrameHeader)
  /// No frame, and nothing behind it can be one.
  case refused(FrameFault)

  /// Looks at bytes that may be anything.
  ///
  /// The header has a checksum of its own, so that a damaged length is found before it is waited for.
  ///
  /// - Complexity: O(bytes of the frame).
  static func of(_ bytes: RawSpan, byteCountMax: Int) -> FrameVerdict {
    let headerByteCount = ReplicationFormat.headerByteCount
    if bytes.byteCount >= 4, bytes.integer(UInt32.self, at: 0) != ReplicationFormat.magic {
      return .refused(.magic)
    }
    guard bytes.byteCount >= headerByteCount else { return .incomplete }
    guard
      CRC32C.checksum(bytes.extracting(8..<headerByteCount)) == bytes.integer(UInt32.self, at: 4)
    else { return .refused(.headerChecksum) }
    guard let kind = FrameKind(rawValue: bytes.integer(UInt16.self, at: 16)) else {
      return .refused(.kind)
    }
    let header = FrameHeader(
      kind: kind, bodyByteCount: Int(bytes.integer(UInt32.self, at: 8)),
      bodyChecksum: bytes.integer(UInt32.self, at: 12),
      epoch: bytes.integer(UInt64.self, at: 24), sequence: bytes.integer(UInt64.self, at: 32))
    guard header.byteCount <= byteCountMax else { return .refused(.tooLong) }
    guard bytes.byteCount >= header.byteCount else { return .incomplete }
    let body = bytes.extracting(headerByteCount..<header.byteCount)
    guard CRC32C.checksum(body) == header.bodyChecksum else { return .refused(.bodyChecksum) }
    return .frame(header)
  }
}

extension RawSpan {
  /// A little-endian integer at any offset.
  ///
  /// - Precondition: It lies inside the span; checked.
  @inline(__always)
  func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    // SAFETY: the span checks the bounds; any bit pattern is an integer.
    T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension UnsafeMutableRawPointer {
  /// Stores an integer little-endian at any offset.
  @inline(__always)
  func put<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    // SAFETY: the caller has room for the field.
    unsafe storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}
