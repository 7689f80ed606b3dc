// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMetrics

struct HistogramEncodingTests {
  @Test func plainFormIsWhatTheTableSays() throws {
    var histogram = try Histogram(
      lowestDiscernible: 2, highestTrackable: 1_000, significantDigits: 1)
    histogram.record(4)
    histogram.record(10, count: 64)
    histogram.record(14, count: 2)
    let bytes = try histogram.encodedV2()
    let expected: [UInt8] = [
      0x1C, 0x84, 0x93, 0x13, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1,
      0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0x03, 0xE8,
      0x3F, 0xF0, 0, 0, 0, 0, 0, 0,
      // Slots 0 and 1 empty, 2 holds 1, 3 and 4 empty, 5 holds 64, 6 empty, 7 holds 2.
      0x03, 0x02, 0x03, 0x80, 0x01, 0x00, 0x04,
    ]
    #expect(bytes == expected)
  }

  @Test(arguments: GoldenHistogram.all)
  func readsWhatThePythonPackageWrote(golden: GoldenHistogram) throws {
    try expectEqual(Histogram(decodingBase64: golden.encoded), golden)
  }

  @Test(arguments: GoldenHistogram.all)
  func recordsAsThePythonPackageDoes(golden: GoldenHistogram) throws {
    var histogram = try Histogram(
      lowestDiscernible: golden.lowest, highestTrackable: golden.highest,
      significantDigits: golden.digits)
    for (value, count) in golden.values { histogram.record(value, count: count) }
    expectEqual(histogram, golden)
    let encoded = try histogram.encodedBase64()
    #expect(encoded.hasPrefix("HISTFAAA"))
    try expectEqual(Histogram(decodingBase64: encoded), golden)
    try expectEqual(Histogram(decodingV2: histogram.encodedV2()), golden)
  }

  private func expectEqual(_ histogram: borrowing Histogram, _ golden: GoldenHistogram) {
    let layout = histogram.layout
    #expect(layout.lowestDiscernible == golden.lowest)
    #expect(layout.highestTrackable == golden.highest)
    #expect(layout.significantDigits == golden.digits)
    #expect(layout.bucketCount == golden.shape.bucketCount)
    #expect(layout.subBucketCount == golden.shape.subBucketCount)
    #expect(layout.slotCount == golden.shape.slotCount)
    #expect(histogram.totalCount == golden.recorded.reduce(0) { $0 + $1.count })
    #expect(histogram.minimum == golden.minimum)
    #expect(histogram.maximum == golden.maximum)
    #expect(abs(histogram.mean - golden.mean) <= golden.mean * 1e-12)
    #expect(
      abs(histogram.standardDeviation - golden.standardDeviation)
        <= golden.standardDeviation * 1e-9)
    var recorded: [(UInt64, UInt64)] = []
    histogram.forEachRecorded { recorded.append(($0, $1)) }
    #expect(recorded.map(\.0) == golden.recorded.map(\.value))
    #expect(recorded.map(\.1) == golden.recorded.map(\.count))
  }

  @Test(arguments: [UInt64(1), 2, 0x5EED])
  func roundTrips(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for digits in 1...4 {
      let limit = max(2, random.next() >> UInt64.random(in: 2...50, using: &random))
      var histogram = try Histogram(highestTrackable: limit, significantDigits: digits)
      for _ in 0..<500 {
        histogram.record(
          magnitudeUniform(upTo: limit, using: &random), count: random.next() >> 20)
      }
      let plain = try histogram.encodedV2()
      let again = try Histogram(decodingV2Compressed: histogram.encodedV2Compressed())
      let plainAgain = try again.encodedV2()
      #expect(plain == plainAgain, "seed \(seed) digits \(digits)")
      #expect(again.totalCount == histogram.totalCount)
    }
  }

  @Test func everyWordSizeNibbleIsAccepted() throws {
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 1)
    histogram.record(3)
    for nibble: UInt8 in [0x00, 0x10, 0x20, 0x40, 0x80] {
      var bytes = try histogram.encodedV2()
      bytes[3] = bytes[3] & 0x0F | nibble
      let decoded = try Histogram(decodingV2: bytes)
      #expect(decoded.totalCount == 1)
    }
  }

  @Test(arguments: [
    0, 1, -1, 63, -64, 64, -65, 8_191, 1 << 34, -(1 << 48), 1 << 55, 1 << 62, Int64.max, Int64.min,
  ])
  func zigZagRoundTrips(value: Int64) {
    var bytes: [UInt8] = []
    ZigZagLEB128.append(value, to: &bytes)
    #expect(bytes.count <= ZigZagLEB128.byteCountMax)
    var offset = 0
    #expect(ZigZagLEB128.read(bytes, at: &offset) == value)
    #expect(offset == bytes.count)
    for length in 0..<bytes.count {
      offset = 0
      #expect(ZigZagLEB128.read(Array(bytes.prefix(length)), at: &offset) == nil)
    }
  }

  @Test func base64KnownAnswers() throws {
    // RFC 4648 section 10.
    let answers = [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]
    for (plain, encoded) in answers {
      #expect(Base64.encode(Array(plain.utf8)) == encoded)
      let decoded = try Base64.decode(encoded.utf8)
      #expect(decoded == Array(plain.utf8))
    }
    let all = (0...255).map { UInt8($0) }
    let again = try Base64.decode(Base64.encode(all).utf8)
    #expect(again == all)
  }

  @Test(arguments: [
    ("Zg=", 3), ("Zg", 2), ("Z", 1), ("Z===", 1), ("=", 0), ("Zg==Zg==", 4), ("Zm9v!", 4),
    ("Zm 9v", 2), ("Zm9v====", 4), ("Zg===", 4),
  ])
  func base64RefusesWhatIsNot(text: String, offset: Int) {
    #expect(throws: HistogramError.invalidBase64(byteOffset: offset)) {
      _ = try Base64.decode(text.utf8)
    }
  }
}
