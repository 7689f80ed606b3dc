// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMetrics

struct HistogramHostileTests {
  private func sample() throws -> Histogram {
    var random = SeededRandom(seed: 21)
    var histogram = try Histogram(highestTrackable: 1_000_000, significantDigits: 2)
    for _ in 0..<400 { histogram.record(magnitudeUniform(upTo: 1_000_000, using: &random)) }
    return histogram
  }

  private func error(_ body: () throws -> Void) -> HistogramError? {
    do { try body() } catch { return error as? HistogramError }
    return nil
  }

  @Test func everyTruncationIsRefused() throws {
    let plain = try sample().encodedV2()
    let compressed = try sample().encodedV2Compressed()
    for length in 0..<plain.count {
      #expect(throws: HistogramError.self, "length \(length)") {
        _ = try Histogram(decodingV2: Array(plain.prefix(length)))
      }
    }
    for length in 0..<compressed.count {
      #expect(throws: HistogramError.self, "length \(length)") {
        _ = try Histogram(decodingV2Compressed: Array(compressed.prefix(length)))
      }
    }
  }

  @Test func truncatedStreamWithAMatchingLengthIsRefused() throws {
    let compressed = try sample().encodedV2Compressed()
    for length in 8..<compressed.count {
      var bytes = Array(compressed.prefix(length))
      bytes.replaceSubrange(4..<8, with: bigEndian(UInt32(length - 8)))
      #expect(throws: HistogramError.self, "length \(length)") {
        _ = try Histogram(decodingV2Compressed: bytes)
      }
    }
  }

  /// A decoder may accept what a mutation left valid; then its figures must be consistent.
  @Test(arguments: [UInt64(1), 2, 3, 0x5EED])
  func mutationsNeverTrap(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let plain = try sample().encodedV2()
    var accepted = 0
    var refused = 0
    for step in 0..<2_500 {
      var bytes = plain
      for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, using: &random) }
      do {
        let histogram = try Histogram(decodingV2: bytes)
        var total: UInt64 = 0
        histogram.forEachRecorded { total += $1 }
        #expect(total == histogram.totalCount, "seed \(seed) step \(step)")
        let again = try Histogram(decodingV2: histogram.encodedV2())
        #expect(again.totalCount == total, "seed \(seed) step \(step)")
        accepted += 1
      } catch {
        #expect(!error.description.isEmpty)
        refused += 1
      }
    }
    #expect(accepted > 0)
    #expect(refused > 0)
  }

  /// Some changed streams inflate to the same bytes (another distance to an equal match); its check
  /// sum makes zlib refuse all others.
  @Test(arguments: [UInt64(1), 2])
  func compressedMutationsAreRefusedOrChangeNothing(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let plain = try sample().encodedV2()
    let compressed = try sample().encodedV2Compressed()
    var refused = 0
    for step in 0..<2_500 {
      var bytes = compressed
      let index = Int.random(in: 0..<bytes.count, using: &random)
      bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
      guard let histogram = try? Histogram(decodingV2Compressed: bytes) else {
        refused += 1
        continue
      }
      let again = try histogram.encodedV2()
      #expect(again == plain, "seed \(seed) step \(step) byte \(index)")
    }
    #expect(refused > 2_300)
  }

  @Test func textMutationsNeverTrap() throws {
    var random = SeededRandom(seed: 5)
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 2)
    histogram.record(7)
    var log = HistogramLog.formatVersionLine() + HistogramLog.startTimeLine(secondsSinceEpoch: 9)
    log += HistogramLog.legendLine()
    for index in 0..<3 {
      log += try HistogramLog.intervalLine(
        histogram, tag: "a", startSeconds: Double(index), lengthSeconds: 1)
    }
    for _ in 0..<2_000 {
      var bytes = Array(log.utf8)
      for _ in 0..<3 { mutate(&bytes, using: &random) }
      var reader = HistogramLogReader(String(decoding: bytes, as: UTF8.self))
      // Ends: each turn consumes at least one line, whether it throws or not.
      for _ in 0..<100 {
        do {
          guard let interval = try reader.next() else { break }
          #expect(interval.lengthSeconds.isFinite)
        } catch {
          #expect(!error.description.isEmpty)
        }
      }
      #expect(reader.lineNumber < 50)
    }
  }

  @Test func lengthBeyondTheRangeIsRefusedBeforeItIsBelieved() throws {
    var bytes = try sample().encodedV2()
    bytes.replaceSubrange(4..<8, with: bigEndian(UInt32.max))
    let compressed = try ZlibBuffer.compress(bytes)
    let encoded = bigEndian(0x1C84_9314) + bigEndian(UInt32(compressed.count)) + compressed
    let found = error { _ = try Histogram(decodingV2Compressed: encoded) }
    guard case .lengthMismatch(declared: 0xFFFF_FFFF, available: _) = found else {
      Issue.record("\(String(describing: found))")
      return
    }
  }

  @Test func bytesAfterTheStreamAreRefused() throws {
    var bytes = try sample().encodedV2Compressed()
    bytes.append(0)
    bytes.replaceSubrange(4..<8, with: bigEndian(UInt32(bytes.count - 8)))
    #expect(error { _ = try Histogram(decodingV2Compressed: bytes) } == .corruptCompression)
  }

  @Test func headerFieldsOutOfRangeAreNamed() throws {
    let plain = try sample().encodedV2()
    func changed(_ offset: Int, _ field: [UInt8]) -> [UInt8] {
      var bytes = plain
      bytes.replaceSubrange(offset..<(offset + field.count), with: field)
      return bytes
    }
    func found(_ bytes: [UInt8]) -> HistogramError? {
      error { _ = try Histogram(decodingV2: bytes) }
    }
    #expect(found(changed(0, bigEndian(0x1C84_9301))) == .unknownCookie(0x1C84_9301))
    #expect(found(changed(8, bigEndian(3))) == .unsupportedIndexOffset(3))
    #expect(found(changed(12, bigEndian(6))) == .significantDigitsOutOfRange(6))
    #expect(
      found(changed(12, bigEndian(.max))) == .significantDigitsOutOfRange(Int(UInt32.max)))
    #expect(
      found(changed(16, [UInt8](repeating: 0, count: 8))) == .lowestDiscernibleOutOfRange(0))
    #expect(
      found(changed(24, [UInt8](repeating: 0xFF, count: 8)))
        == .highestTrackableOutOfRange(.max, lowestDiscernible: 1))
  }

  @Test func countsBeyondTheRangeAreRefused() throws {
    // One digit up to 1,000: 112 slots.
    func found(_ counts: [Int64]) -> HistogramError? {
      var body: [UInt8] = []
      for count in counts { ZigZagLEB128.append(count, to: &body) }
      return error {
        var bytes = try Histogram(highestTrackable: 1_000, significantDigits: 1).encodedV2()
        bytes.replaceSubrange(4..<8, with: bigEndian(UInt32(body.count)))
        bytes.replaceSubrange(40..., with: body)
        _ = try Histogram(decodingV2: bytes)
      }
    }
    #expect(found([-111, 1]) == nil)
    #expect(found([-112]) == nil)
    #expect(found([-112, 1]) == .tooManyCounts(slotCount: 112))
    #expect(found([-113]) == .tooManyCounts(slotCount: 112))
    #expect(found([.min]) == .tooManyCounts(slotCount: 112))
    #expect(found([Int64](repeating: 1, count: 113)) == .tooManyCounts(slotCount: 112))
    #expect(found([.max]) == nil)
    #expect(found([.max, 1]) == .countOverflow)
  }

  private func mutate(_ bytes: inout [UInt8], using random: inout SeededRandom) {
    guard !bytes.isEmpty else { return }
    let index = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
    case 2: bytes.remove(at: index)
    case 3: bytes.insert([0x00, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: index)
    default: bytes[index] = 0xFF
    }
  }

  private func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
