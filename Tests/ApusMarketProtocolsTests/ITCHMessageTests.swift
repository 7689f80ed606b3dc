// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMarketProtocols

@Suite struct ITCHMessageTests {
  @Test func thereAreTwentyThreeTypes() {
    let types = ITCHSpecification.types
    #expect(types.count == 23 && Set(types.map(\.code)).count == 23)
    for code in UInt8.min...UInt8.max {
      let specified = types.first { $0.code == code }
      #expect(ITCHDecoder.byteCount(ofType: code) == specified?.byteCount ?? 0, "type \(code)")
    }
  }

  @Test(arguments: ITCHSpecification.types)
  func everyTypeRoundTrips(type: ITCHSpecification.MessageType) throws {
    let seed = 0x17C4_0000 + UInt64(type.code)
    var random = SeededRandom(seed: seed)
    var buffer = FramedMessageBuffer(capacityByteCount: 64)
    for round in 0..<200 {
      let bytes = ITCHSpecification.randomBytes(type, &random)
      let first = try #require(message(bytes), "seed \(seed), round \(round)")
      #expect(first.messageType == type.code && first.byteCount == type.byteCount)
      let encoded = encode(first, &buffer)
      // Equal bytes: no field is left out, misplaced or cut.
      #expect(encoded == bytes, "seed \(seed), round \(round)")
      #expect(message(encoded) == first)
      #expect(buffer.byteCount == type.byteCount + 2)
      #expect(first.header.timestampNanoseconds < 1 << 48)
    }
  }

  @Test(arguments: ITCHSpecification.types)
  func onlyTheTypesLengthIsDecoded(type: ITCHSpecification.MessageType) {
    var random = SeededRandom(seed: 7)
    let bytes = ITCHSpecification.randomBytes(type, &random)
    for count in 1...80 where count != type.byteCount {
      let wrong = Array((bytes + random.bytes(80)).prefix(count))
      #expect(
        decode(wrong)
          == .rejected(
            .wrongLength(type: type.code, expected: type.byteCount, actual: count)))
    }
    #expect(message(bytes) != nil)
  }

  @Test func emptyAndUnknownAreVerdicts() {
    #expect(decode([]) == .rejected(.empty))
    let known = Set(ITCHSpecification.types.map(\.code))
    for code in UInt8.min...UInt8.max where !known.contains(code) {
      for count in [1, 12, 36, 50, 4_000] {
        let bytes = [code] + [UInt8](repeating: 0x42, count: count - 1)
        #expect(decode(bytes) == .rejected(.unknownType(code)))
      }
    }
  }

  @Test func anOrderHasASide() {
    var random = SeededRandom(seed: 8)
    for letter in ["A", "F"] as [Character] {
      for type in ITCHSpecification.types where type.letter == letter {
        var bytes = ITCHSpecification.randomBytes(type, &random)
        for side in UInt8.min...UInt8.max {
          bytes[19] = side
          let isSide = side == UInt8(ascii: "B") || side == UInt8(ascii: "S")
          #expect((decode(bytes) == .rejected(.invalidSide(side))) == !isSide)
        }
      }
    }
    #expect(Side.buy.opposite == .sell && Side.sell.opposite == .buy)
  }

  @Test func randomBytesAlwaysHaveAVerdict() {
    var random = SeededRandom(seed: 9)
    var messageCount = 0
    for _ in 0..<50_000 {
      let bytes = random.bytes(random.below(56))
      if case .message = decode(bytes) { messageCount += 1 }
    }
    // A type of 23 in 256 with its length in 56: one in 620.
    #expect((40...120).contains(messageCount))
  }

  @Test func textIsPaddedAndPrintable() {
    #expect(ITCHSymbol("AAPL").rawValue == 0x4141_504C_2020_2020)
    #expect(ITCHSymbol("AAPL").description == "AAPL")
    #expect(ITCHSymbol("LONGERTHANEIGHT").description == "LONGERTH")
    #expect(ITCHSymbol(rawValue: 0x4100_7F20_0AFF_4220).description == "A?? ??B")
    #expect(ITCHSymbol(rawValue: 0).description == "" && ITCHSymbol("").description == "")
    #expect(ITCHText4("MP").rawValue == 0x4D50_2020 && ITCHText4("MP").description == "MP")
    #expect(ITCHText2("Z").rawValue == 0x5A20 && ITCHText2("Z").description == "Z")
    #expect(ITCHText4(rawValue: 0x0102_0304).description == "????")
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func decodingAllocatesNothing() {
    var random = SeededRandom(seed: 10)
    let all = ITCHSpecification.types.map { ITCHSpecification.randomBytes($0, &random) }
    for bytes in all {
      var sum: UInt64 = 0
      let count = bytes.withRawSpan { span in
        allocationCount {
          for _ in 0..<100 {
            if case .message(let message) = ITCHDecoder.decode(span) {
              sum &+= message.header.timestampNanoseconds | 1
            }
          }
        }
      }
      #expect(count == 0 && sum != 0)
    }
  }

  // MARK: Framing

  private func framed(_ messages: [[UInt8]]) -> [UInt8] {
    messages.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xFF)] + $0 }
  }

  @Test func framesAreFoundWithTheirOffsets() {
    let messages: [[UInt8]] = [[1, 2, 3], [], [4], [UInt8](repeating: 5, count: 300)]
    let bytes = framed(messages)
    for count in 0...bytes.count {
      var found: [[UInt8]] = []
      var offsets: [Int] = []
      let consumed = Array(bytes.prefix(count)).withRawSpan { span in
        ITCHFileFraming.forEachMessage(in: span) { message, offset in
          found.append(message.copiedPrefix(.max))
          offsets.append(offset)
        }
      }
      #expect(found == Array(messages.prefix(found.count)))
      #expect(offsets == Array([0, 5, 7, 10].prefix(found.count)))
      #expect(consumed == framed(found).count)
      // The frame that follows is not whole.
      if found.count < messages.count {
        #expect(count - consumed < 2 + messages[found.count].count)
      }
    }
  }

  @Test func theLongestFrameIsWhole() {
    let bytes = framed([[UInt8](repeating: 1, count: 65_535)])
    var length = 0
    let consumed = bytes.withRawSpan { span in
      ITCHFileFraming.forEachMessage(in: span) { message, _ in length = message.byteCount }
    }
    #expect(length == 65_535 && consumed == 65_537)
    let none = Array(bytes.dropLast()).withRawSpan { span in
      ITCHFileFraming.forEachMessage(in: span) { _, _ in Issue.record("not whole") }
    }
    #expect(none == 0)
  }

  @Test func aBufferTakesWhatFits() {
    var buffer = FramedMessageBuffer(capacityByteCount: 64)
    let delete = OrderDelete(
      header: ITCHHeader(locate: 1, timestampNanoseconds: 2), reference: 3)
    // 21 bytes each.
    #expect(buffer.append(delete) && buffer.append(.orderDelete(delete)) && buffer.append(delete))
    #expect(!buffer.append(delete) && !buffer.append(.orderDelete(delete)))
    #expect(buffer.byteCount == 63)
    let bytes = buffer.withBytes { $0.copiedPrefix(.max) }
    #expect(Array(bytes[0..<21]) == Array(bytes[21..<42]))
    #expect(Array(bytes[0..<21]) == Array(bytes[42..<63]))
    buffer.removeAll()
    #expect(buffer.byteCount == 0 && buffer.append(delete))
  }
}
