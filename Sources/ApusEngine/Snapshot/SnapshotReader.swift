// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Gives the bytes of a snapshot, in order.
public protocol SnapshotSource: AnyObject {
  /// Fills the front of `target` with the next bytes.
  ///
  /// - Returns: How many; 0 at the end.
  func read(into target: inout MutableRawSpan) throws(SnapshotError) -> Int
}

/// Reads an engine's state as little-endian fields. Bytes may be anything: what cannot be is an error
/// that names the field and its offset.
///
/// - Threading: one thread at a time.
@safe
public struct SnapshotReader: ~Copyable {
  private let source: any SnapshotSource
  @usableFromInline let chunk: UnsafeMutableRawBufferPointer
  @usableFromInline var position = 0
  @usableFromInline var filled = 0
  private var chunkOffset: UInt64 = 0

  /// A reader of a source.
  public init(source: any SnapshotSource, chunkByteCount: Int = 1 << 16) {
    precondition(chunkByteCount >= 64, "SnapshotReader.init: expected chunks of 64 bytes or more")
    self.source = source
    unsafe chunk = .allocate(byteCount: chunkByteCount, alignment: 16)
    unsafe chunk.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe chunk.deallocate() }

  /// Bytes read so far.
  public var offset: UInt64 { chunkOffset + UInt64(position) }

  /// Reads an integer.
  ///
  /// - Parameter field: Its name, for errors.
  /// - Throws: ``SnapshotError/truncated(field:offset:)`` where the bytes end.
  @inlinable @inline(__always)
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, field: StaticString
  ) throws(SnapshotError) -> T {
    let size = MemoryLayout<T>.size
    if filled - position < size { try fill(size, field) }
    // SAFETY: `fill` has made sure of `size` bytes from `position` on; any bits are an integer.
    let raw = unsafe chunk.loadUnaligned(fromByteOffset: position, as: T.self)
    position += size
    return T(littleEndian: raw)
  }

  /// Reads a number that has to be in a range: before anything is sized or indexed by it.
  ///
  /// - Throws: ``SnapshotError/malformed(field:offset:value:expected:)`` where it is outside.
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ range: ClosedRange<T>, field: StaticString
  ) throws(SnapshotError) -> T {
    let start = offset
    let value = try read(T.self, field: field)
    guard range.contains(value) else {
      throw .malformed(
        field: field.description, offset: start, value: "\(value)",
        expected: "\(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// Fills `target` with bytes as they are.
  public mutating func read(
    into target: inout MutableRawSpan, field: StaticString
  ) throws(SnapshotError) {
    var done = 0
    while done < target.byteCount {
      if position == filled { try fill(1, field) }
      let count = min(target.byteCount - done, filled - position)
      unsafe target.withUnsafeMutableBytes { bytes in
        // SAFETY: done + count <= target's bytes; position + count <= filled.
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done..<done + count]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: chunk[position..<position + count]))
      }
      position += count
      done += count
    }
  }

  /// Makes sure that everything was read.
  ///
  /// - Throws: ``SnapshotError/trailingBytes(offset:)`` where there is more.
  public mutating func finish() throws(SnapshotError) {
    if position == filled, try refill() == 0 { return }
    throw .trailingBytes(offset: offset)
  }

  @usableFromInline @inline(never)
  mutating func fill(_ needed: Int, _ field: StaticString) throws(SnapshotError) {
    while filled - position < needed {
      if try refill() == 0 { throw .truncated(field: field.description, offset: offset) }
    }
  }

  /// Moves what is left to the front and reads on behind it.
  private mutating func refill() throws(SnapshotError) -> Int {
    let left = filled - position
    if position > 0, let base = unsafe chunk.baseAddress {
      // SAFETY: both ranges lie in the chunk; memmove lets them overlap.
      unsafe base.copyMemory(from: base + position, byteCount: left)
      chunkOffset += UInt64(position)
      position = 0
      filled = left
    }
    // SAFETY: initialised memory of the chunk behind `filled`.
    var rest = unsafe MutableRawSpan(
      _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: chunk[filled...]))
    let count = try source.read(into: &rest)
    precondition(
      unsafe count >= 0 && count <= chunk.count - filled,
      "SnapshotSource.read: expected a count within its target")
    filled += count
    return count
  }
}
