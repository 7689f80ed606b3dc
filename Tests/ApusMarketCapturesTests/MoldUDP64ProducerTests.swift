// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketCaptures
import ApusMarketProtocols
import ApusTestSupport
import Testing

@Suite struct MoldUDP64ProducerTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func packet(
    _ sequence: UInt64, _ messages: [[UInt8]], session: String = "000010059B", count: UInt16? = nil
  ) -> [UInt8] {
    MoldUDP64.Header(
      session: .init(session), sequence: sequence,
      messageCount: count ?? UInt16(messages.count)
    ).bytes + framed(messages)
  }

  /// A packet of messages that tell their numbers.
  private func packet(_ range: Range<Int>, session: String = "000010059B") -> [UInt8] {
    packet(UInt64(range.lowerBound), numbered(range), session: session)
  }

  private func unpack(
    _ packets: [[UInt8]], byteCount: Int = 1 << 17
  ) throws -> (delivery: Delivery, statistics: MoldUDP64Statistics) {
    let captured = packets.map {
      CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0))))
    }
    let path = try folder.write("capture", CaptureFiles.pcap(captured))
    let producer = try MoldUDP64Producer(PcapReader(path: path))
    return (drain(producer, byteCount: byteCount), producer.statistics)
  }

  @Test func packetsInOrderGiveEveryMessage() throws {
    for byteCount in [1, 2, 7, 1 << 17] {
      let (delivery, statistics) = try unpack(
        [packet(1..<4), packet(4, []), packet(4..<5), packet(5, [], count: 0xFFFF)],
        byteCount: byteCount)
      #expect(delivery == Delivery(bytes: framed(numbered(1..<5))))
      var expected = MoldUDP64Statistics()
      expected.packetCount = 4
      expected.heartbeatCount = 1
      expected.endOfSessionCount = 1
      expected.sessionCount = 1
      #expect(statistics == expected)
    }
  }

  @Test func gapsAreCountedWhereTheyAreSeen() throws {
    let (delivery, statistics) = try unpack([
      packet(10..<12), packet(15..<16), packet(20, []), packet(20..<21),
      packet(23, [], count: 0xFFFF),
    ])
    #expect(delivery.bytes == framed(numbered(10..<12) + numbered(15..<16) + numbered(20..<21)))
    #expect(statistics.gapCount == 3 && statistics.gapMessageCount == 3 + 4 + 2)
    #expect(statistics.gaps.map(\.firstSequence) == [12, 16, 21])
    #expect(statistics.duplicateMessageCount == 0)
  }

  @Test func duplicatesAndOverlapsGiveEachMessageOnce() throws {
    let (delivery, statistics) = try unpack([
      packet(1..<4), packet(1..<4), packet(2..<6), packet(6..<7), packet(1..<2), packet(3, []),
      packet(5..<9),
    ])
    #expect(delivery.bytes == framed(numbered(1..<9)))
    #expect(statistics.duplicateMessageCount == 3 + 2 + 1 + 2)
    #expect(statistics.gapCount == 0 && statistics.packetCount == 7)
  }

  @Test func twoLinesFillEachOther() throws {
    // Each line loses every third packet; no packet is lost on both.
    var packets: [[UInt8]] = []
    for number in 0..<300 {
      let range = number * 2 + 1..<number * 2 + 3
      if number % 3 != 1 { packets.append(packet(range)) }
      if number % 3 != 2 { packets.append(packet(range)) }
    }
    let (delivery, statistics) = try unpack(packets)
    #expect(delivery.bytes == framed(numbered(1..<601)))
    #expect(statistics.gapCount == 0 && statistics.duplicateMessageCount == 200)
  }

  @Test func whatComesBeforeItsTurnWaits() throws {
    let (delivery, statistics) = try unpack([
      packet(1..<2), packet(3..<5), packet(6..<7), packet(3..<5), packet(5..<7), packet(2..<3),
    ])
    #expect(delivery.bytes == framed(numbered(1..<7)))
    #expect(statistics.gapCount == 0 && statistics.lateMessageCount == 0)
    // The second of 3..<5, and 6 out of 5..<7.
    #expect(statistics.duplicateMessageCount == 3 && statistics.reorderedPacketCount == 3)
  }

  @Test func whatComesTooLateStaysAGap() throws {
    let after = (3..<1_100).map { packet($0..<$0 + 1) }
    let (delivery, statistics) = try unpack([packet(1..<2)] + after + [packet(2..<3)])
    #expect(delivery.bytes == framed(numbered(1..<2) + numbered(3..<1_100)))
    #expect(statistics.gapCount == 1 && statistics.gapMessageCount == 1)
    #expect(statistics.lateMessageCount == 1 && statistics.duplicateMessageCount == 0)
    let gap = try #require(statistics.gaps.first)
    #expect(gap.firstSequence == 2 && gap.lastSequence == 2 && gap.packetNumber == 2)
    #expect(gap.session == .init("000010059B") && gap.captureOffset > 24)
  }

  /// One packet or heartbeat with a far number discarded all that followed.
  @Test func aFarPacketOnlyWaits() throws {
    let far = UInt64(1) << 40
    let (delivery, statistics) = try unpack(
      [packet(1..<2), packet(far, []), packet(far, [[7]])]
        + (2..<3_000).map { packet($0..<$0 + 1) })
    #expect(delivery.bytes == framed(numbered(1..<3_000) + [[7]]))
    #expect(statistics.gapCount == 1 && statistics.lateMessageCount == 0)
    #expect(statistics.gaps.first?.firstSequence == 3_000)
  }

  @Test func manyFarPackets() throws {
    // Far ahead of a feed that continues, one beside each of its packets.
    var packets: [[UInt8]] = []
    for number in 1..<4_000 {
      packets.append(packet(number..<number + 1))
      packets.append(packet(UInt64(1) << 40 + UInt64(2 * number), [[7]]))
    }
    let (delivery, statistics) = try unpack(packets)
    #expect(delivery.bytes.starts(with: framed(numbered(1..<4_000))))
    #expect(statistics.lateMessageCount == 0 && statistics.duplicateMessageCount == 0)
    // Each that is not taken is counted.
    let taken = UInt64((delivery.bytes.count - framed(numbered(1..<4_000)).count) / 3)
    #expect(statistics.strayPacketCount + taken == 3_999 && statistics.strayPacketCount > 1_000)
  }

  @Test func heartbeatsMoveNothing() throws {
    let (delivery, statistics) = try unpack([
      packet(900, []), packet(5..<7), packet(100, []), packet(7..<8), packet(3..<5),
    ])
    #expect(delivery.bytes == framed(numbered(3..<8)))
    #expect(statistics.heartbeatCount == 2 && statistics.lateMessageCount == 0)
    // What they announced did not come.
    #expect(statistics.gapCount == 1 && statistics.gapMessageCount == 892)
  }

  @Test func aNewSessionEndsTheWaitOfTheOthers() throws {
    let (delivery, statistics) = try unpack([
      packet(1..<2, session: "ONE"), packet(3..<4, session: "ONE"), packet(1..<2, session: "TWO"),
    ])
    #expect(delivery.bytes == framed(numbered(1..<2) + numbered(3..<4) + numbered(1..<2)))
    #expect(statistics.gapCount == 1)
  }

  @Test func aCaptureContinuesTheOneBeforeIt() throws {
    func capture(_ name: String, _ packets: [[UInt8]]) throws -> PcapReader {
      try PcapReader(
        path: folder.write(
          name,
          CaptureFiles.pcap(
            packets.map { CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0)))) })))
    }
    let first = try MoldUDP64Producer(
      capture("a", [packet(1..<4), packet(5..<6), packet(8, [])]), hasSuccessor: true)
    // Its sessions have not begun.
    #expect(drain(first).bytes.isEmpty)
    let second = try MoldUDP64Producer(
      capture("b", [packet(4..<5), packet(2..<4), packet(7..<8)]), after: first)
    #expect(drain(second).bytes == framed(numbered(1..<6) + numbered(7..<8)))
    #expect(first.statistics.gapCount == 0 && second.statistics.gapCount == 1)
    #expect(second.statistics.duplicateMessageCount == 2)
    #expect(second.statistics.gaps.first?.path == folder.path("b"))
  }

  @Test func sessionsAreFollowedApart() throws {
    let (delivery, statistics) = try unpack([
      packet(5..<7, session: "ONE"), packet(1..<3, session: "TWO"), packet(7..<8, session: "ONE"),
      packet(3..<4, session: "TWO"), packet(2..<4, session: "TWO"),
    ])
    #expect(
      delivery.bytes
        == framed(numbered(5..<7) + numbered(1..<3) + numbered(7..<8) + numbered(3..<4)))
    #expect(statistics.sessionCount == 2 && statistics.gapCount == 0)
    #expect(statistics.duplicateMessageCount == 2)
  }

  @Test func sessionsWithoutEndAreRefused() throws {
    let packets = (0..<70).map { packet(1..<2, session: "S\($0)") }
    let statistics = try unpack(packets).statistics
    #expect(statistics.sessionCount == 64 && statistics.unfollowedPacketCount == 6)
    #expect(statistics.malformedPacketCount == 0)
  }

  @Test func malformedPacketsAreCountedAndPassedOver() throws {
    let good = packet(1..<4)
    let (delivery, statistics) = try unpack([
      [], Array(good.prefix(19)), Array(good.dropLast()), good + [0], packet(1, [[1]], count: 9),
      good, packet(4, [[]]),
    ])
    #expect(delivery.bytes == framed(numbered(1..<4) + [[]]))
    #expect(statistics.malformedPacketCount == 5 && statistics.firstMalformedPacket == 1)
    #expect(statistics.packetCount == 2)
  }

  @Test func sequencesAtTheEndOfTheirRangeDoNotTrap() throws {
    for sequence in [.max, .max - 1, .max - 0x10000, .max - 0xFFFF, 0, 1 << 63] as [UInt64] {
      _ = try unpack([
        packet(1..<2), packet(sequence, numbered(0..<3)), packet(sequence, numbered(0..<3)),
        packet(sequence, []), packet(2..<3), packet(sequence, [], count: 0xFFFF),
      ])
      let alone = try unpack([packet(sequence, numbered(0..<3))])
      let isTooLate = sequence > .max - 0x10000
      #expect(alone.statistics.malformedPacketCount == (isTooLate ? 1 : 0))
    }
  }

  @Test func theLongestMessageFitsEveryBuffer() throws {
    let long = [[UInt8](repeating: 9, count: 60_000), [1]]
    for byteCount in [100, 59_999, 60_002, 1 << 17] {
      let delivery = try unpack([packet(1, long)], byteCount: byteCount).delivery
      #expect(delivery == Delivery(bytes: framed(long)))
    }
  }

  @Test func packetsThatAreNoDatagramsAreCounted() throws {
    let frames = [
      Frames.ethernet(0x0806, [0]), Frames.ethernet(0x0800, Frames.ipv4([1], protocol: 6)),
      Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(packet(1..<2)))),
    ]
    let path = try folder.write("ng", CaptureFiles.pcapng(frames.map { CapturedPacket($0) }))
    let producer = try MoldUDP64Producer(PcapReader(path: path))
    #expect(drain(producer).bytes == framed(numbered(1..<2)))
    #expect(producer.statistics.ignoredPacketCount == 2)
  }

  @Test func aTruncatedCaptureDeliversWhatPrecedesTheEnd() throws {
    let frames = [packet(1..<3), packet(3..<4)].map {
      CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0))))
    }
    let path = try folder.write("cut", Array(CaptureFiles.pcap(frames).dropLast(3)))
    let delivery = drain(try MoldUDP64Producer(PcapReader(path: path)))
    #expect(delivery.bytes == framed(numbered(1..<3)))
    guard case .truncated = delivery.error?.reason else {
      Issue.record("\(String(describing: delivery.error))")
      return
    }
  }

  @Test func theWriterIsReadBack() throws {
    var random = SeededRandom(seed: 12)
    // As long as messages of the feed are; the writer takes the time of each and nothing else.
    let messages = (0..<3_000).map { _ in random.bytes(12 + random.below(39)) }
    var writer = try MoldUDP64CaptureWriter(path: folder.path("w.pcap"), firstSequence: 77, vlan: 9)
    for start in stride(from: 0, to: 3_000, by: 500) {
      try framed(Array(messages[start..<start + 500])).withRawSpan { (span) throws(CaptureError) in
        try writer.write(span, dayStartNanoseconds: 1_700_000_000_000_000_000)
      }
    }
    try writer.commit(timestampNanoseconds: 1_700_000_100_000_000_000)
    let producer = try MoldUDP64Producer(PcapReader(path: folder.path("w.pcap")))
    #expect(drain(producer) == Delivery(bytes: framed(messages)))
    #expect(producer.statistics.gapCount == 0 && producer.statistics.malformedPacketCount == 0)
    #expect(producer.statistics.endOfSessionCount == 1)
    #expect(writer.sequence == 3_077)
  }
}
