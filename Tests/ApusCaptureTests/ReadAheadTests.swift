// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCapture

@Suite(.timeLimit(.minutes(1))) struct ReadAheadTests {
  /// All that a reader hands on when `consume` says how many bytes of each window it takes.
  private func collect(
    _ reader: ReadAhead, consume: (_ windowByteCount: Int, _ isLast: Bool) -> Int
  ) -> (delivery: Delivery, lastCount: Int) {
    var delivery = Delivery()
    var lastCount = 0
    var more = true
    while more {
      do throws(CaptureError) {
        more = try reader.nextWindow { window, offset, isLast in
          #expect(offset == UInt64(delivery.bytes.count))
          lastCount += isLast ? 1 : 0
          let count = consume(window.byteCount, isLast)
          delivery.bytes += window.copiedPrefix(count)
          return count
        }
      } catch {
        delivery.error = error
        more = false
      }
    }
    return (delivery, lastCount)
  }

  @Test func everyByteArrivesInOrder() throws {
    let bytes = sampleBytes(20_000, seed: 1)
    for (chunkByteCount, chunkCount) in [(1, 2), (64, 2), (999, 3), (4_096, 4), (1 << 20, 2)] {
      let isTiny = chunkByteCount == 1
      let expected = isTiny ? Array(bytes.prefix(500)) : bytes
      let producer = PieceProducer(expected, pieces: [1, 700, 4_096, 13])
      let reader = try ReadAhead(
        producer: producer, chunkByteCount: chunkByteCount, chunkCount: chunkCount)
      let (delivery, lastCount) = collect(reader) { count, _ in count }
      #expect(delivery == Delivery(bytes: expected))
      // Nothing was left, so there was no last window.
      #expect(lastCount == 0 && reader.trailingByteCount == 0)
      #expect(reader.inputBytesRead == UInt64(expected.count))
    }
  }

  @Test func whatIsLeftLeadsTheNextWindow() throws {
    let bytes = sampleBytes(30_000, seed: 2)
    // Records of seven bytes: only whole ones are taken.
    let reader = try ReadAhead(
      producer: PieceProducer(bytes, pieces: [100, 1, 5]), chunkByteCount: 100, chunkCount: 2)
    let (delivery, lastCount) = collect(reader) { count, _ in count / 7 * 7 }
    #expect(delivery.bytes == Array(bytes.prefix(30_000 / 7 * 7)))
    #expect(lastCount == 1)
    #expect(reader.trailingByteCount == 30_000 % 7)
  }

  @Test func theLastWindowMayTakeTheRest() throws {
    let bytes = sampleBytes(1_000, seed: 3)
    let reader = try ReadAhead(
      producer: PieceProducer(bytes, pieces: [64]), chunkByteCount: 64, chunkCount: 2)
    let (delivery, lastCount) = collect(reader) { count, isLast in isLast ? count : 0 }
    #expect(delivery == Delivery(bytes: bytes))
    #expect(lastCount == 1 && reader.trailingByteCount == 0)
  }

  @Test func anErrorComesAfterEveryByteBeforeIt() throws {
    let bytes = sampleBytes(5_000, seed: 4)
    let damage = CaptureError(path: "pieces", offset: 5_000, reason: .corrupt("end"))
    let reader = try ReadAhead(
      producer: PieceProducer(bytes, pieces: [300], error: damage), chunkByteCount: 512)
    let (delivery, lastCount) = collect(reader) { count, _ in count / 11 * 11 }
    #expect(delivery.error == damage)
    #expect(delivery.bytes == Array(bytes.prefix(5_000 / 11 * 11)))
    // More may have followed, so no window was the last; what was left is told.
    #expect(lastCount == 0 && reader.trailingByteCount == 5_000 % 11)
    #expect(try reader.nextWindow { _, _, _ in 0 } == false)
  }

  @Test func anErrorAtOnceIsAnError() throws {
    let damage = CaptureError(path: "pieces", reason: .corrupt("at once"))
    let reader = try ReadAhead(producer: PieceProducer([], pieces: [1], error: damage))
    #expect(collect(reader) { count, _ in count }.delivery == Delivery(error: damage))
  }

  @Test func anEndlessRecordIsRefusedNotKept() throws {
    let bytes = [UInt8](repeating: 1, count: 400_000)
    let reader = try ReadAhead(
      producer: PieceProducer(bytes, pieces: [.max]), chunkByteCount: 50_000, chunkCount: 2)
    var largest = 0
    let (delivery, _) = collect(reader) { count, _ in
      largest = max(largest, count)
      return 0
    }
    guard case .foreign = delivery.error?.reason else {
      Issue.record("\(String(describing: delivery.error))")
      return
    }
    #expect(delivery.error?.offset == 0)
    #expect(largest <= 50_000 + ChunkRing.headroomByteCount)
  }

  @Test func stoppingEarlyDoesNotHangAndReadsNoFurther() throws {
    for windowCount in 0...5 {
      let producer = PieceProducer(sampleBytes(100_000, seed: 5), pieces: [.max])
      do {
        let reader = try ReadAhead(producer: producer, chunkByteCount: 1_000, chunkCount: 3)
        for _ in 0..<windowCount {
          #expect(try reader.nextWindow { window, _, _ in window.byteCount })
        }
      }
      // One chunk is held while the next is taken, so the reader was at most three ahead.
      #expect(producer.fillCount <= windowCount + 3, "\(windowCount) windows")
    }
  }

  @Test func readersComeAndGo() throws {
    for round in 0..<200 {
      let producer = PieceProducer(sampleBytes(round, seed: 6), pieces: [10])
      let reader = try ReadAhead(producer: producer, chunkByteCount: 16, chunkCount: 2)
      if round % 3 == 0 { continue }
      #expect(collect(reader) { count, _ in count }.delivery.bytes.count == round)
    }
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func windowsAllocateNothing() throws {
    let producer = PieceProducer([UInt8](repeating: 3, count: 1 << 20), pieces: [1_000])
    let reader = try ReadAhead(producer: producer, chunkByteCount: 4_096)
    _ = try reader.nextWindow { window, _, _ in window.byteCount }
    let count = try allocationCount {
      for _ in 0..<500 { _ = try reader.nextWindow { window, _, _ in window.byteCount - 1 } }
    }
    #expect(count == 0)
  }

  @Test func memoryDoesNotGrowWithTheFile() throws {
    let folder = try ScratchFolder()
    let writer = try AtomicFileWriter(path: folder.path("big.gz"), compression: .gzip(level: 1))
    let piece = [UInt8](repeating: 0x55, count: 1 << 20)
    for _ in 0..<96 { try writer.write(piece) }
    try writer.commit()
    #expect(writer.byteCount == 96 << 20)
    let reader = try ReadAhead(producer: openByteStream(folder.path("big.gz")))
    var total = 0
    var more = true
    _ = try reader.nextWindow { window, _, _ in window.byteCount }
    let before = try residentByteCount()
    var largestGrowth = 0
    while more {
      more = try reader.nextWindow { window, _, _ in
        total += window.byteCount
        return window.byteCount
      }
      if total % (16 << 20) == 0 {
        largestGrowth = max(largestGrowth, try residentByteCount() - before)
      }
    }
    #expect(total == 95 << 20)
    // Other tests run beside this one; the file is 96 MiB.
    #expect(largestGrowth < 64 << 20)
  }

  /// What of this process is resident. Unit: bytes.
  private func residentByteCount() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (Int(text.split(separator: " ")[1]) ?? 0) * 4_096
  }
}
