// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Takes the bytes of a snapshot, in order, in chunks.
public protocol SnapshotTarget: AnyObject {
  /// Takes the next chunk; its bytes are valid inside the call.
  func write(_ chunk: RawSpan) throws(SnapshotError)
}

/// Writes an engine's state as little-endian fields, through one chunk of memory, however large the
/// state is.
///
/// - Threading: one thread at a time.
@safe
public struct SnapshotWriter: ~Copyable {
  private let target: any SnapshotTarget
  @usableFromInline let chunk: UnsafeMutableRawBufferPointer
  @usableFromInline var used = 0
  private var flushedByteCount: UInt64 = 0

  /// A writer into a target.
  ///
  /// - Parameter chunkByteCount: The most bytes handed over at once. Shape: 64 or more.
  public init(target: any SnapshotTarget, chunkByteCount: Int = 1 << 16) {
    precondition(chunkByteCount >= 64, "SnapshotWriter.init: expected chunks of 64 bytes or more")
    self.target = target
    unsafe chunk = .allocate(byteCount: chunkByteCount, alignment: 16)
    unsafe chunk.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe chunk.deallocate() }

  /// Bytes written so far.
  public var byteCount: UInt64 { flushedByteCount + UInt64(used) }

  /// Writes an integer.
  ///
  /// - Complexity: O(1). Inlined, so that it is specialised for the integer: as a call, encoding takes
  ///   seven times as long.
  @inlinable @inline(__always)
  public mutating func write<T: FixedWidthInteger & BitwiseCopyable>(
    _ value: T
  ) throws(SnapshotError) {
    let size = MemoryLayout<T>.size
    if unsafe size > chunk.count - used { try flush() }
    // SAFETY: after a flush the chunk has room for any integer: it has 64 bytes or more.
    unsafe chunk.storeBytes(of: value.littleEndian, toByteOffset: used, as: T.self)
    used += size
  }

  /// Writes bytes as they are. The reader has to know how many.
  public mutating func write(bytes: RawSpan) throws(SnapshotError) {
    var done = 0
    while done < bytes.byteCount {
      if unsafe used == chunk.count { try flush() }
      let count = unsafe min(bytes.byteCount - done, chunk.count - used)
      unsafe bytes.extracting(done..<done + count).withUnsafeBytes { source in
        // SAFETY: used + count <= chunk.count.
        unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[used..<used + count])
          .copyMemory(from: source)
      }
      used += count
      done += count
    }
  }

  /// Hands over what is left. Call it once, at the end.
  public mutating func finish() throws(SnapshotError) {
    if used > 0 { try flush() }
  }

  @usableFromInline @inline(never)
  mutating func flush() throws(SnapshotError) {
    // SAFETY: the first `used` bytes were written, and the target does not keep the span.
    let span = unsafe RawSpan(
      _unsafeBytes: UnsafeRawBufferPointer(rebasing: chunk.prefix(used)))
    try target.write(span)
    flushedByteCount += UInt64(used)
    used = 0
  }
}
