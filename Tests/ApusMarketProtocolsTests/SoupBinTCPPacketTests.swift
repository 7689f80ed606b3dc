// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Testing

@Suite struct SoupBinTCPPacketTests {
  private func decode(_ bytes: [UInt8], at offset: Int = 0) -> SoupBinTCP.Verdict {
    bytes.withRawSpan { SoupBinTCP.decode($0, at: offset) }
  }

  private func payload(_ type: SoupBinTCP.PacketType) -> [UInt8] {
    [UInt8](repeating: 0x20, count: type.fixedPayloadByteCount ?? 5)
  }

  @Test func everyTypeOfTheProtocol() {
    let lengths: [(Character, Int?)] = [
      ("+", nil), ("A", 30), ("J", 1), ("S", nil), ("H", 0), ("Z", 0), ("L", 46), ("U", nil),
      ("R", 0), ("O", 0),
    ]
    #expect(SoupBinTCP.PacketType.allCases.count == lengths.count)
    for (letter, byteCount) in lengths {
      let type = SoupBinTCP.PacketType(rawValue: letter.asciiValue ?? 0)
      #expect(type != nil && type?.fixedPayloadByteCount == byteCount, "\(letter)")
    }
  }

  @Test(arguments: SoupBinTCP.PacketType.allCases)
  func packetsAreIncompleteUntilTheyAreWhole(type: SoupBinTCP.PacketType) {
    let bytes = SoupBinTCP.encode(type, payload: payload(type))
    #expect(bytes.prefix(3) == [0, UInt8(payload(type).count + 1), type.rawValue])
    for count in 0..<bytes.count { #expect(decode(Array(bytes.prefix(count))) == .incomplete) }
    #expect(decode(bytes) == .packet(type, payload: 3..<bytes.count))
    #expect(decode([9, 9] + bytes + [0, 9], at: 2) == .packet(type, payload: 5..<bytes.count + 2))
  }

  @Test func whatIsWrongHasAVerdict() {
    #expect(decode([0, 0]) == .emptyPacket && decode([0, 0, 0x53]) == .emptyPacket)
    for type in SoupBinTCP.PacketType.allCases where type.fixedPayloadByteCount != nil {
      let bytes = SoupBinTCP.encode(type, payload: payload(type) + [1])
      #expect(decode(bytes) == .wrongLength(type, byteCount: bytes.count))
    }
    let known = Set(SoupBinTCP.PacketType.allCases.map(\.rawValue))
    for code in UInt8.min...UInt8.max where !known.contains(code) {
      #expect(decode([0, 2, code, 0]) == .unknownType(code, byteCount: 4))
    }
    #expect(decode([1, 2, 3], at: 3) == .incomplete && decode([1, 2, 3], at: 4) == .incomplete)
    #expect(decode([1, 2, 3], at: -1) == .incomplete && decode([]) == .incomplete)
  }
}
