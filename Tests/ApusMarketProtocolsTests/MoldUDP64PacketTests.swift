// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Testing

@Suite struct MoldUDP64PacketTests {
  private func packet(_ messages: [[UInt8]], sequence: UInt64 = 1, count: UInt16? = nil) -> [UInt8]
  {
    MoldUDP64.Header(
      session: .init("000010059B"), sequence: sequence,
      messageCount: count ?? UInt16(messages.count)
    ).bytes + messages.flatMap { Frames.big(UInt16($0.count)) + $0 }
  }

  private func decode(_ bytes: [UInt8]) -> MoldUDP64.Verdict {
    bytes.withRawSpan { MoldUDP64.decode($0) }
  }

  @Test func goldenBytes() {
    let bytes: [UInt8] =
      Array("000010059B".utf8) + [0, 0, 0, 0, 0, 0xE1, 0x2F, 0x5A, 0, 2, 0, 3, 1, 2, 3, 0, 0]
    let header = MoldUDP64.Header(
      session: .init("000010059B"), sequence: 14_757_722, messageCount: 2)
    #expect(decode(bytes) == .packet(header))
    #expect(header.bytes == Array(bytes.prefix(20)))
    #expect(header.session.description == "000010059B")
    #expect(MoldUDP64.Session("AB").description == "AB")
  }

  @Test func everyTruncationAndExtensionHasAVerdict() {
    let bytes = packet([[1], [2, 3], [], [4]])
    for count in 0..<bytes.count {
      let verdict = decode(Array(bytes.prefix(count)))
      if count < 20 {
        #expect(verdict == .tooShort)
      } else {
        guard case .lengthMismatch(let header) = verdict else {
          Issue.record("\(count): \(verdict)")
          continue
        }
        #expect(header.sequence == 1)
      }
    }
    guard case .lengthMismatch = decode(bytes + [0]) else {
      Issue.record("a byte too many")
      return
    }
    #expect(
      decode(packet([], sequence: 7, count: 0xFFFF))
        == .packet(
          .init(session: .init("000010059B"), sequence: 7, messageCount: 0xFFFF)))
    #expect(
      decode(packet([], sequence: 7))
        == .packet(
          .init(session: .init("000010059B"), sequence: 7, messageCount: 0)))
  }
}
