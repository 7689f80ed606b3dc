// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusTestSupport

/// What a producer delivered until its end or its error.
struct Delivery: Equatable {
  var bytes: [UInt8] = []
  var error: CaptureError?
}

/// Empties a producer with buffers of one size.
func drain(_ producer: any ChunkProducer, byteCount: Int = 1 << 17) -> Delivery {
  var delivery = Delivery()
  let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
  defer { unsafe chunk.deallocate() }
  while true {
    do throws(CaptureError) {
      let count = try unsafe producer.fill(chunk)
      if count == 0 { return delivery }
      unsafe delivery.bytes.append(contentsOf: chunk[..<count])
    } catch {
      delivery.error = error
      return delivery
    }
  }
}

/// A producer that hands out bytes in pieces of one size.
final class PieceProducer: ChunkProducer {
  let path = "pieces"
  let inputByteCount: UInt64? = nil
  private(set) var inputBytesRead: UInt64 = 0
  private let bytes: [UInt8]
  private let piece: Int
  private var position = 0

  init(_ bytes: [UInt8], piece: Int) {
    self.bytes = bytes
    self.piece = piece
  }

  func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    let count = min(piece, bytes.count - position, target.count)
    // SAFETY: count bytes are there on both sides.
    for offset in 0..<count { unsafe target[offset] = bytes[position + offset] }
    position += count
    inputBytesRead += UInt64(count)
    return count
  }
}

/// Length-framed messages.
func framed(_ messages: [[UInt8]]) -> [UInt8] {
  messages.flatMap { Frames.big(UInt16($0.count)) + $0 }
}

/// Messages of a few bytes that tell their number.
func numbered(_ range: Range<Int>) -> [[UInt8]] {
  range.map { Array("#\($0)".utf8) }
}
