// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// Bytes of a stream that are not yet whole messages, or messages on their way into a stream: a queue in one
/// piece, whose memory is taken once, so that a slow peer costs no more of it.
///
/// - Threading: one thread at a time.
@safe
public struct StreamBuffer: ~Copyable {
  private let region: MemoryRegion
  /// Bytes that it holds at most.
  public let capacity: Int
  private var start = 0
  private var end = 0

  /// An empty one.
  ///
  /// - Throws: ``MemoryError`` where the memory could not be had.
  public init(capacity: Int) throws(MemoryError) {
    region = try MemoryRegion(byteCount: capacity, options: .init(pages: .plain))
    self.capacity = capacity
  }

  /// Bytes in it.
  public var count: Int { end - start }
  /// Bytes it has room for.
  public var room: Int { capacity - count }

  /// The bytes in it, valid until the next change.
  @unsafe public var bytes: UnsafeRawBufferPointer {
    // SAFETY: start...end lie inside the region.
    unsafe UnsafeRawBufferPointer(start: region.baseAddress + start, count: count)
  }

  /// Lets `body` write behind the bytes; it says how many.
  @unsafe
  public mutating func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
    if start > 0 {
      // SAFETY: both ranges lie inside the region; the copy allows for overlap.
      unsafe region.baseAddress.copyMemory(from: region.baseAddress + start, byteCount: count)
      end -= start
      start = 0
    }
    // SAFETY: capacity - end bytes are left behind `end`.
    let written = unsafe body(
      UnsafeMutableRawBufferPointer(start: region.baseAddress + end, count: capacity - end))
    precondition(
      written >= 0 && written <= capacity - end, "StreamBuffer.fill: expected no more than the room"
    )
    end += written
    return written
  }

  /// Takes the first bytes out.
  public mutating func remove(_ byteCount: Int) {
    precondition(
      byteCount >= 0 && byteCount <= count, "StreamBuffer.remove: expected bytes that are in it")
    start += byteCount
    if start == end { removeAll() }
  }

  /// Takes all bytes out.
  public mutating func removeAll() {
    start = 0
    end = 0
  }
}
