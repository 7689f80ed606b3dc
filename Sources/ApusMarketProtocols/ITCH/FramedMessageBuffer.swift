// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Length-framed messages in a buffer of fixed size: what files hold and book builders take.
///
/// - Threading: one thread at a time.
@safe
public struct FramedMessageBuffer: ~Copyable {
  private let region: MemoryRegion
  @usableFromInline let base: UnsafeMutableRawPointer
  /// Room in all. Unit: bytes.
  public let capacityByteCount: Int
  /// Bytes held now. Unit: bytes.
  @inlinable public var byteCount: Int { usedByteCount }
  @usableFromInline var usedByteCount = 0

  /// An empty buffer.
  ///
  /// - Precondition: Room for the longest message and its frame, 64 bytes.
  public init(capacityByteCount: Int) {
    precondition(
      capacityByteCount >= 64, "FramedMessageBuffer.init: expected a capacity of at least 64 bytes")
    do {
      region = try MemoryRegion(byteCount: capacityByteCount, options: .init(pages: .plain))
    } catch {
      preconditionFailure("FramedMessageBuffer.init: \(error)")
    }
    unsafe base = region.baseAddress
    self.capacityByteCount = capacityByteCount
  }

  /// Appends a message and its frame. False when there is no room; nothing was appended.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func append<M: ITCHMessageBody>(_ message: M) -> Bool {
    guard capacityByteCount &- usedByteCount >= M.byteCount &+ 2 else { return false }
    // SAFETY: the room was checked.
    let target = unsafe base + usedByteCount
    unsafe target.storeBigEndian(UInt16(truncatingIfNeeded: M.byteCount), at: 0)
    unsafe message.encode(toUnsafeBytes: target + 2)
    usedByteCount &+= M.byteCount &+ 2
    return true
  }

  /// Appends a message of any type and its frame. False when there is no room.
  public mutating func append(_ message: ITCHMessage) -> Bool {
    let byteCount = message.byteCount
    guard capacityByteCount - usedByteCount >= byteCount + 2 else { return false }
    // SAFETY: the room was checked.
    let target = unsafe base + usedByteCount
    unsafe target.storeBigEndian(UInt16(byteCount), at: 0)
    unsafe message.encode(toUnsafeBytes: target + 2)
    usedByteCount += byteCount + 2
    return true
  }

  /// The bytes held now.
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    // SAFETY: the first usedByteCount bytes were written, and nobody writes during `body`.
    let bytes = unsafe UnsafeRawBufferPointer(start: base, count: usedByteCount)
    return try unsafe body(RawSpan(_unsafeBytes: bytes))
  }

  /// Empties the buffer.
  @inlinable
  public mutating func removeAll() { usedByteCount = 0 }
}
