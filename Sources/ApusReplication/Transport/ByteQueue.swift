// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Bytes on their way to or from a socket: memory taken once, so that a slow peer costs no more of it.
///
/// - Threading: one thread at a time.
@safe
struct ByteQueue: ~Copyable {
  private let region: MemoryRegion
  let capacity: Int
  private var start = 0
  private var end = 0

  init(capacity: Int) throws(MemoryError) {
    region = try MemoryRegion(byteCount: capacity, options: .init(pages: .plain))
    self.capacity = capacity
  }

  /// Bytes in it.
  var count: Int { end - start }
  /// Bytes it has room for.
  var room: Int { capacity - count }

  /// The bytes in it, valid until the next change.
  @unsafe var bytes: UnsafeRawBufferPointer {
    // SAFETY: start...end lie inside the region.
    unsafe UnsafeRawBufferPointer(start: region.baseAddress + start, count: count)
  }

  /// Lets `body` write behind the bytes; it says how many.
  @unsafe
  mutating func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
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
      written >= 0 && written <= capacity - end, "ByteQueue.fill: expected no more than the room")
    end += written
    return written
  }

  /// Takes the first bytes out.
  mutating func remove(_ byteCount: Int) {
    precondition(
      byteCount >= 0 && byteCount <= count, "ByteQueue.remove: expected bytes that are in it")
    start += byteCount
    if start == end { removeAll() }
  }

  mutating func removeAll() {
    start = 0
    end = 0
  }
}
