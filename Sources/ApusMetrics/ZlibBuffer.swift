// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusZlib

/// Whole buffers through zlib.
enum ZlibBuffer {
  static func compress(_ bytes: [UInt8]) throws(HistogramError) -> [UInt8] {
    let bound = capus_deflate_bound(bytes.count)
    // SAFETY: created and destroyed here, used by this thread only.
    guard let stream = unsafe capus_deflate_create(-1, CAPUS_ZLIB_CONTAINER_ZLIB) else {
      throw .outOfMemory(byteCount: bound)
    }
    defer { unsafe capus_deflate_destroy(stream) }
    var result: [UInt8] = []
    var produced = 0
    var consumed = 0
    var status = CAPUS_ZLIB_MORE
    repeat {
      // One turn is enough for anything below 4 GiB: the target is as large as the worst case.
      result.append(contentsOf: repeatElement(0, count: bound))
      // SAFETY: both closures pass pointers valid for their buffer's length; zlib stays within it.
      unsafe bytes.withUnsafeBytes { source in
        unsafe result.withUnsafeMutableBytes { target in
          let rest = unsafe UnsafeRawBufferPointer(rebasing: source[consumed...])
          let room = unsafe UnsafeMutableRawBufferPointer(rebasing: target[produced...])
          guard let roomStart = room.baseAddress else { return }
          let step = unsafe capus_deflate_step(
            stream, rest.baseAddress, rest.count, roomStart, room.count, 1)
          status = step.status
          consumed += step.consumed_byte_count
          produced += step.produced_byte_count
        }
      }
    } while status == CAPUS_ZLIB_MORE
    guard status == CAPUS_ZLIB_END else { throw .outOfMemory(byteCount: bound) }
    result.removeLast(result.count - produced)
    return result
  }
}

/// A zlib stream in memory, inflated piece by piece so that a hostile one is never inflated further
/// than its reader has decided to believe.
@safe
struct ZlibReader: ~Copyable {
  private let stream: OpaquePointer
  private let source: ArraySlice<UInt8>
  private var consumed = 0
  private var isAtEnd = false

  init(_ source: ArraySlice<UInt8>) throws(HistogramError) {
    // SAFETY: this value is the only owner; deinit destroys the stream.
    guard let stream = unsafe capus_inflate_create(CAPUS_ZLIB_CONTAINER_ZLIB) else {
      throw .outOfMemory(byteCount: source.count)
    }
    unsafe self.stream = stream
    self.source = source
  }

  deinit { unsafe capus_inflate_destroy(stream) }

  /// Inflates up to `byteCount` bytes; fewer only at the end of the stream.
  mutating func read(byteCount: Int) throws(HistogramError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < byteCount, !isAtEnd {
      // In pieces: a declared length is not memory until the stream really holds that much.
      let start = bytes.count
      let room = min(byteCount - start, 1 << 16)
      bytes.append(contentsOf: repeatElement(0, count: room))
      // SAFETY: both closures pass pointers valid for their buffer's length; zlib stays within it.
      let step = unsafe source.withUnsafeBytes { source in
        unsafe bytes.withUnsafeMutableBytes { target in
          let rest = unsafe UnsafeRawBufferPointer(rebasing: source[consumed...])
          let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...])
          guard let pieceStart = piece.baseAddress else { return capus_zlib_progress() }
          return unsafe capus_inflate_step(
            stream, rest.baseAddress, rest.count, pieceStart, piece.count)
        }
      }
      consumed += step.consumed_byte_count
      bytes.removeLast(room - step.produced_byte_count)
      switch step.status {
      case CAPUS_ZLIB_END: isAtEnd = true
      case CAPUS_ZLIB_MORE:
        // No progress: the source ended inside the stream.
        if step.produced_byte_count == 0, step.consumed_byte_count == 0 {
          throw .corruptCompression
        }
      case CAPUS_ZLIB_NO_MEMORY: throw .outOfMemory(byteCount: byteCount)
      default: throw .corruptCompression
      }
    }
    return bytes
  }

  /// Whether the stream ends here and used all of the source: its check sum was right.
  mutating func finish() throws(HistogramError) -> Bool {
    try read(byteCount: 1).isEmpty && isAtEnd && consumed == source.count
  }
}
