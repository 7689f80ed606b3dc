// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
internal import CApusZlib
internal import Glibc

/// Writes a file that appears under its name only when it is complete, and durable.
///
/// An existing file keeps its permissions, and its owner and group where this process may give them.
/// Several files that belong together are all finished before the first is published: see
/// ``finish()``. Through a symbolic link the link's target is replaced. A
/// pipe, a device or a descriptor (`/dev/stdout`) is written directly.
///
/// - Threading: one thread at a time.
@safe
public final class AtomicFileWriter {
  /// What is done with the bytes on their way.
  public enum Compression: Sendable, Equatable {
    /// Nothing.
    case none
    /// Gzip at this level: 1 fastest, 9 smallest.
    case gzip(level: Int)
  }

  /// The file's final name.
  public var path: String { file.path }
  /// Bytes written to it, before compression.
  public private(set) var byteCount: UInt64 = 0
  private var file: TemporaryFile
  /// The bytes waiting, and behind them room for what they compress to.
  private let region: MemoryRegion
  private var pendingByteCount = 0
  private let deflate: OpaquePointer?

  static let bufferByteCount = 1 << 18

  /// Begins a file.
  ///
  /// - Throws: ``CaptureError`` for a target that cannot be written.
  public init(path: String, compression: Compression = .none) throws(CaptureError) {
    let file = try TemporaryFile(path: path)
    self.file = file
    do {
      region = try MemoryRegion(byteCount: 2 * Self.bufferByteCount, options: .init(pages: .plain))
      if case .gzip(let level) = compression {
        precondition(
          (1...9).contains(level), "AtomicFileWriter.init: expected a gzip level from 1 to 9")
        guard let stream = unsafe capus_deflate_create(CInt(level), CAPUS_ZLIB_CONTAINER_GZIP)
        else {
          throw CaptureError(path: path, reason: .system(operation: "deflate", errno: ENOMEM))
        }
        unsafe deflate = stream
      } else {
        unsafe deflate = nil
      }
    } catch {
      throw error as? CaptureError
        ?? CaptureError(path: path, reason: .system(operation: "mmap", errno: ENOMEM))
    }
  }

  deinit {
    if let deflate = unsafe deflate { unsafe capus_deflate_destroy(deflate) }
  }

  /// Appends bytes.
  public func write(_ bytes: RawSpan) throws(CaptureError) {
    byteCount += UInt64(bytes.byteCount)
    var taken = 0
    while taken < bytes.byteCount {
      let room = min(Self.bufferByteCount - pendingByteCount, bytes.byteCount - taken)
      unsafe bytes.extracting(taken..<taken + room).withUnsafeBytes { source in
        guard let base = source.baseAddress else { return }
        // SAFETY: pendingByteCount + room <= bufferByteCount.
        unsafe (region.baseAddress + pendingByteCount).copyMemory(from: base, byteCount: room)
      }
      pendingByteCount += room
      taken += room
      if pendingByteCount == Self.bufferByteCount { try flush(finish: false) }
    }
  }

  /// Appends bytes.
  public func write(_ bytes: [UInt8]) throws(CaptureError) { try unsafe write(bytes.span.bytes) }

  /// Appends text as UTF-8.
  public func write(_ text: String) throws(CaptureError) { try write(Array(text.utf8)) }

  /// Writes what is left, makes it durable and gives the file its name.
  public func commit() throws(CaptureError) {
    try finish()
    try publish()
  }

  /// Writes what is left and makes it durable, under the temporary name still: a full disk is told here.
  ///
  /// Nothing is written after it. Follow it with ``publish()``.
  public func finish() throws(CaptureError) {
    try flush(finish: true)
    try file.finish()
  }

  /// Gives the file its name, and makes the name durable.
  ///
  /// - Precondition: ``finish()`` has returned.
  public func publish() throws(CaptureError) { try file.publish() }

  private func flush(finish: Bool) throws(CaptureError) {
    let pending = pendingByteCount
    pendingByteCount = 0
    guard let deflate = unsafe deflate else {
      try unsafe writeAll(region.baseAddress, pending)
      return
    }
    // SAFETY: the region is twice bufferByteCount long.
    let target = unsafe region.baseAddress + Self.bufferByteCount
    var consumed = 0
    while true {
      // SAFETY: consumed <= pending <= bufferByteCount; the target has bufferByteCount bytes.
      let progress = unsafe capus_deflate_step(
        deflate, region.baseAddress + consumed, pending - consumed, target,
        Self.bufferByteCount, finish ? 1 : 0)
      consumed += progress.consumed_byte_count
      try unsafe writeAll(target, progress.produced_byte_count)
      if progress.status == CAPUS_ZLIB_END { return }
      guard progress.status == CAPUS_ZLIB_MORE else {
        throw CaptureError(path: path, reason: .system(operation: "deflate", errno: ENOMEM))
      }
      if !finish, consumed == pending, progress.produced_byte_count < Self.bufferByteCount {
        return
      }
    }
  }

  private func writeAll(_ base: UnsafeMutableRawPointer, _ count: Int) throws(CaptureError) {
    var done = 0
    var interruptions = 0
    while done < count {
      // SAFETY: base has `count` bytes.
      let written = unsafe Glibc.write(file.descriptor, base + done, count - done)
      if written > 0 {
        done += written
        continue
      }
      interruptions += 1
      guard written < 0, errno == EINTR, interruptions < 100 else {
        throw CaptureError(path: path, reason: .system(operation: "write", errno: errno))
      }
    }
  }
}
