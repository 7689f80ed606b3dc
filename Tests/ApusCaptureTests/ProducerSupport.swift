// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusTestSupport

/// What a producer delivered until its end or its error.
struct Delivery: Equatable {
  var bytes: [UInt8] = []
  var error: CaptureError?
}

/// Empties a producer with buffers whose sizes go round.
func drain(_ producer: any ChunkProducer, sizes: [Int] = [1 << 16]) -> Delivery {
  var delivery = Delivery()
  let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: sizes.max() ?? 1, alignment: 16)
  defer { unsafe chunk.deallocate() }
  var turn = 0
  while true {
    let size = sizes[turn % sizes.count]
    turn += 1
    do throws(CaptureError) {
      let count = try unsafe producer.fill(UnsafeMutableRawBufferPointer(rebasing: chunk[..<size]))
      if count == 0 { return delivery }
      unsafe delivery.bytes.append(contentsOf: chunk[..<count])
    } catch {
      delivery.error = error
      return delivery
    }
  }
}

/// A producer that hands out bytes in pieces of set sizes and may end with an error.
final class PieceProducer: ChunkProducer {
  let path = "pieces"
  let inputByteCount: UInt64?
  private(set) var inputBytesRead: UInt64 = 0
  private(set) var fillCount = 0
  private let bytes: [UInt8]
  private let pieces: [Int]
  private let error: CaptureError?
  private var position = 0

  init(_ bytes: [UInt8], pieces: [Int], error: CaptureError? = nil) {
    self.bytes = bytes
    self.pieces = pieces
    self.error = error
    inputByteCount = UInt64(bytes.count)
  }

  func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    let piece = pieces[fillCount % pieces.count]
    fillCount += 1
    let count = min(piece, bytes.count - position, target.count)
    if count == 0, let error { throw error }
    // SAFETY: count bytes are there on both sides.
    for offset in 0..<count { unsafe target[offset] = bytes[position + offset] }
    position += count
    inputBytesRead += UInt64(count)
    return count
  }
}

/// Text-like bytes: they compress, and no two places look alike for long.
func sampleBytes(_ count: Int, seed: UInt64) -> [UInt8] {
  var random = SeededRandom(seed: seed)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count)
  while bytes.count < count {
    if bytes.count > 300, random.next() % 3 == 0 {
      let start = bytes.count - 1 - random.below(300)
      bytes += Array(bytes[start..<min(bytes.count, start + 40)])
    } else {
      bytes.append(random.byte() & 0x3F)
    }
  }
  return Array(bytes.prefix(count))
}
