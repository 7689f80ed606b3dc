// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Testing

/// The branch-free decoder against the one with a switch.
@Suite struct ITCHRecordDecoderTests {
  /// Every type letter that the specification has.
  static let types = (UInt8.min...UInt8.max).filter { ITCHDecoder.byteCount(ofType: $0) > 0 }

  /// Framed messages of random types with random fields.
  static func feed(count: Int, _ random: inout SeededRandom) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count {
      let type = types[Int(random.next() % UInt64(types.count))]
      let byteCount = ITCHDecoder.byteCount(ofType: type)
      bytes += [0, UInt8(byteCount), type]
      bytes += (1..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    return bytes
  }

  /// What the decoder calls back with, and how it ended.
  static func records(
    _ bytes: ArraySlice<UInt8>
  ) throws -> (records: [ITCHRecord], byteCount: Int, stop: ITCHRecordDecoder.Stop) {
    let decoder = try ITCHRecordDecoder()
    var records: [ITCHRecord] = []
    // SAFETY: the bytes of integers. A copy of its own, so that reading beyond it would be noticed under a sanitizer.
    let copy = Array(bytes)
    let span = copy.span
    let (byteCount, stop) = unsafe decoder.forEach(in: span.bytes) { records.append($0) }
    return (records, byteCount, stop)
  }

  /// The record that the message in these bytes ought to give.
  static func expected(_ message: ArraySlice<UInt8>, offset: Int) -> ITCHRecord? {
    func word(_ start: Int, _ count: Int) -> UInt64 {
      message.dropFirst(start).prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard let type = message.first else { return nil }
    let letter = Character(UnicodeScalar(type))
    func field(_ offsets: [Character: Int], _ count: Int) -> UInt64 {
      offsets[letter].map { word($0, count) } ?? 0
    }
    // Offsets as the specification prints them.
    return ITCHRecord(
      timestampNanoseconds: word(5, 6),
      reference: field(
        ["A": 11, "F": 11, "E": 11, "C": 11, "X": 11, "D": 11, "U": 11, "P": 11], 8),
      secondReference: field(["E": 23, "C": 23, "U": 19, "P": 36], 8),
      symbol: ITCHSymbol(rawValue: field(["A": 24, "F": 24, "P": 24], 8)),
      quantity: UInt32(
        field(["A": 20, "F": 20, "P": 20, "E": 19, "C": 19, "X": 19, "U": 27], 4)),
      price: UInt32(field(["A": 32, "F": 32, "P": 32, "C": 32, "U": 31], 4)),
      attribution: ITCHText4(rawValue: UInt32(field(["F": 36], 4))), byteOffset: UInt32(offset),
      locate: UInt16(word(1, 2)), trackingNumber: UInt16(word(3, 2)), messageType: type,
      sideCode: UInt8(field(["A": 19, "F": 19, "P": 19], 1)),
      printable: UInt8(field(["C": 31], 1)), isOrderFlow: "AFECXDUP".contains(letter))
  }

  @Test(arguments: [UInt64(1), 2, 0x5EED])
  func everyFieldOfEveryType(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let bytes = Self.feed(count: 400, &random)
    let (records, byteCount, stop) = try Self.records(bytes[...])
    #expect(byteCount == bytes.count && stop == .incomplete)
    var position = 0
    for (index, record) in records.enumerated() {
      let length = Int(bytes[position + 1])
      let message = bytes[position + 2..<position + 2 + length]
      #expect(
        record == Self.expected(message, offset: position + 2), "seed \(seed) message \(index)")
      position += 2 + length
    }
    #expect(position == bytes.count)
  }

  @Test func aBufferMayEndAnywhere() throws {
    var random = SeededRandom(seed: 9)
    let bytes = Self.feed(count: 12, &random)
    var starts = [0]
    while let last = starts.last, last < bytes.count {
      starts.append(last + 2 + Int(bytes[last + 1]))
    }
    for end in 0...bytes.count {
      let (records, byteCount, stop) = try Self.records(bytes[..<end])
      let whole = starts.lastIndex { $0 <= end } ?? 0
      #expect(records.count == whole, "cut at \(end)")
      #expect(byteCount == starts[whole] && stop == .incomplete, "cut at \(end)")
    }
  }

  @Test func whatIsNoMessageIsToldAndSkipped() throws {
    var random = SeededRandom(seed: 4)
    let good = Self.feed(count: 40, &random)
    for (bad, reason) in [
      ([0, 0], ITCHRejection.empty), ([0, 2, 0x7A, 0], .unknownType(0x7A)),
      ([0, 3, 0x53, 0, 0], .wrongLength(type: 0x53, expected: 12, actual: 3)),
    ] as [([UInt8], ITCHRejection)] {
      let bytes = good + bad + good
      let (records, byteCount, stop) = try Self.records(bytes[...])
      #expect(records.count == 40 && byteCount == good.count && stop == .malformed)
      let rest = Array(bytes[byteCount...])
      let found = unsafe ITCHRecordDecoder.malformed(framed: rest.span.bytes)
      let malformed = try #require(found)
      #expect(malformed.reason == reason && malformed.byteCount == bad.count)
      #expect(try Self.records(rest[malformed.byteCount...]).records.count == 40)
    }
  }

  @Test(arguments: [UInt64(3), 5, 0xBAD])
  func anyBytesGiveAVerdict(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<300 {
      var bytes = Self.feed(count: Int(random.next() % 20), &random)
      for _ in 0..<(random.next() % 6) where !bytes.isEmpty {
        bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
      }
      var rest = bytes[...]
      while true {
        let (_, byteCount, stop) = try Self.records(rest)
        #expect(byteCount <= rest.count, "seed \(seed)")
        rest = rest.dropFirst(byteCount)
        guard stop == .malformed else { break }
        let copy = Array(rest)
        let found = unsafe ITCHRecordDecoder.malformed(framed: copy.span.bytes)
        let malformed = try #require(found)
        rest = rest.dropFirst(malformed.byteCount)
      }
    }
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func decodingAllocatesNothing() throws {
    var random = SeededRandom(seed: 1)
    let bytes = Self.feed(count: 1_000, &random)
    let decoder = try ITCHRecordDecoder()
    var sum: UInt64 = 0
    let allocations = allocationCount {
      _ = unsafe decoder.forEach(in: bytes.span.bytes) { sum &+= $0.reference }
    }
    #expect(allocations == 0)
    #expect(sum != 0)
  }
}
