// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketCaptures
import ApusMarketProtocols
import ApusTestSupport
import Testing

/// Where a session begins: its first packets may come in any order too.
@Suite struct MoldUDP64OpeningTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func packet(_ range: Range<Int>, session: String = "ONE") -> [UInt8] {
    packet(UInt64(range.lowerBound), numbered(range), session: session)
  }

  private func packet(
    _ sequence: UInt64, _ messages: [[UInt8]], session: String = "ONE"
  ) -> [UInt8] {
    MoldUDP64.Header(
      session: .init(session), sequence: sequence, messageCount: UInt16(messages.count)
    ).bytes + framed(messages)
  }

  /// A packet for each number.
  private func packets(_ range: Range<Int>, session: String = "ONE") -> [[UInt8]] {
    range.map { packet($0..<$0 + 1, session: session) }
  }

  private func reader(_ packets: [[UInt8]], _ name: String = "capture") throws -> PcapReader {
    let captured = packets.map {
      CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0))))
    }
    return try PcapReader(path: folder.write(name, CaptureFiles.pcap(captured)))
  }

  private func unpack(
    _ packets: [[UInt8]]
  ) throws -> (bytes: [UInt8], statistics: MoldUDP64Statistics) {
    let producer = MoldUDP64Producer(try reader(packets))
    return (drain(producer).bytes, producer.statistics)
  }

  /// It lost the message that came second.
  @Test func theFirstTwoPacketsMayBeSwapped() throws {
    let (bytes, statistics) = try unpack([packet(2..<3), packet(1..<2)] + packets(3..<20))
    #expect(bytes == framed(numbered(1..<20)))
    #expect(statistics.gapCount == 0 && statistics.lateMessageCount == 0)
    #expect(statistics.reorderedPacketCount == 1)
  }

  /// It discarded all others as late.
  @Test func aFarPacketThatComesFirstOnlyWaits() throws {
    let (bytes, statistics) = try unpack([packet(1 << 60, [[7]])] + packets(1..<3_000))
    #expect(bytes == framed(numbered(1..<3_000) + [[7]]))
    #expect(statistics.lateMessageCount == 0 && statistics.gapCount == 1)
    #expect(statistics.gaps.first?.firstSequence == 3_000)
  }

  @Test func aCaptureMayBeginInTheMiddle() throws {
    let (bytes, statistics) = try unpack(packets(500_000..<503_000))
    #expect(bytes == framed(numbered(500_000..<503_000)))
    #expect(statistics.gapCount == 0 && statistics.reorderedPacketCount == 0)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func anyOrderOfTheFirstPacketsGivesThemAll(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let first = 1 + random.below(1_000)
    var sent = packets(first..<first + 1_500)
    let shuffledCount = 2 + random.below(1_000)
    for index in 0..<shuffledCount { sent.swapAt(index, random.below(shuffledCount)) }
    let (bytes, statistics) = try unpack(sent)
    #expect(bytes == framed(numbered(first..<first + 1_500)))
    #expect(statistics.gapCount == 0 && statistics.lateMessageCount == 0)
    #expect(statistics.duplicateMessageCount == 0)
  }

  /// Held for 1,024 packets, no longer.
  @Test func whatComesBehindTheOpeningIsLate() throws {
    let (bytes, statistics) = try unpack(packets(2..<1_026) + [packet(1..<2)])
    #expect(bytes == framed(numbered(2..<1_026)))
    #expect(statistics.lateMessageCount == 1 && statistics.gapCount == 0)
    #expect(try unpack(packets(2..<1_025) + [packet(1..<2)]).statistics.lateMessageCount == 0)
  }

  @Test func longPacketsAreHeldInBoundedMemory() throws {
    let long = [UInt8](repeating: 9, count: 60_000)
    var sent = (2..<200).map { packet(UInt64($0), [long]) }
    sent.insert(packet(1, [long]), at: 100)
    let (bytes, statistics) = try unpack(sent)
    #expect(bytes == framed([[UInt8]](repeating: long, count: 199)))
    #expect(statistics.gapCount == 0 && statistics.lateMessageCount == 0)
    // Past 8 MiB the session begins.
    sent.append(sent.remove(at: 100))
    #expect(try unpack(sent).statistics.lateMessageCount == 1)
  }

  /// Each session begins where it does, and their messages keep their order among each other.
  @Test func sessionsThatRunSideBySide() throws {
    let (bytes, statistics) = try unpack([
      packet(2..<3), packet(12..<13, session: "TWO"), packet(1..<2),
      packet(11..<12, session: "TWO"), packet(3..<4), packet(13..<14, session: "TWO"),
    ])
    #expect(
      bytes
        == framed(
          numbered(1..<3) + numbered(11..<13) + numbered(3..<4) + numbered(13..<14)))
    #expect(statistics.gapCount == 0 && statistics.lateMessageCount == 0)
  }

  @Test func aSessionThatTakesThePlaceOfAnother() throws {
    let (bytes, statistics) = try unpack(
      packets(1..<2_000) + [packet(2..<3, session: "TWO"), packet(1..<2, session: "TWO")]
        + packets(3..<2_000, session: "TWO"))
    #expect(bytes == framed(numbered(1..<2_000) + numbered(1..<2_000)))
    #expect(statistics.gapCount == 0 && statistics.lateMessageCount == 0)
  }

  @Test func theOpeningContinuesInTheNextCapture() throws {
    let first = MoldUDP64Producer(try reader([packet(2..<3)], "a"), hasSuccessor: true)
    let held = drain(first).bytes
    let second = MoldUDP64Producer(
      try reader([packet(1..<2)] + packets(3..<9), "b"), after: first)
    #expect(held + drain(second).bytes == framed(numbered(1..<9)))
    #expect(first.statistics.lateMessageCount + second.statistics.lateMessageCount == 0)
  }

  /// The next capture cannot be opened: what waits for it is given, and its gap told.
  @Test func theSessionsOfACaptureWithoutItsSuccessorEnd() throws {
    let first = MoldUDP64Producer(
      try reader([packet(1..<2), packet(4..<5)], "a"), hasSuccessor: true)
    let read = drain(first).bytes
    let last = MoldUDP64Producer(finishing: first)
    #expect(read + drain(last).bytes == framed(numbered(1..<2) + numbered(4..<5)))
    #expect(last.statistics.gapCount == 1 && last.statistics.gapMessageCount == 2)
    #expect(last.statistics.gaps.first?.path == folder.path("a"))
    #expect(drain(MoldUDP64Producer(finishing: last)).bytes.isEmpty)
  }
}
