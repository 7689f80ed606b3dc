// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketProtocols
import ApusTestSupport
import Testing

@testable import ApusTradingService

/// Recordings of real days and networks through the whole replay.
@Suite(.serialized) struct RecordedReplayTests {
  private func replay(_ path: String, verify: String? = nil) throws -> ReplayFigures {
    var configuration = ReplayConfiguration(paths: [path])
    configuration.verifyPath = verify
    return try MarketReplay.run(configuration).figures
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func startOfADay() throws {
    let path = RecordedData.path("market/nasdaq-start-of-day.itch")
    let figures = try replay(path)
    #expect(figures.format == "itch50" && figures.messageCount == 1_000)
    #expect(figures.messagesByType == ["S": 1, "R": 993, "H": 3, "Y": 3])
    #expect(figures.bookCount == 993 && figures.orderCount == 0)
    #expect(figures.anomalies.isEmpty && figures.inputError == nil)
    #expect(figures.decodedBytes == 40_874)
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func severalPackets() throws {
    let path = RecordedData.path("market/nasdaq-itch-5.0-pcap/Multiple.Packets.pcap")
    let figures = try replay(path)
    #expect(figures.format == "pcap")
    #expect(figures.messagesByType == ["A": 36, "F": 2, "D": 1])
    #expect(figures.orderCount == 38)
    #expect(figures.inputError?.contains("are missing (gaps: 1") == true)
    // No directory names the instruments, and the order deleted first is of another packet.
    #expect(figures.anomalies["unknownLocate"]?.count == 38)
    #expect(figures.anomalies["unknownReference"]?.count == 1)
    #expect(figures.transport?.gapCount == 1 && figures.transport?.packetCount == 2)
  }

  @Test(
    .enabled(if: RecordedData.has("game"), "no recorded data in ../shared/data"),
    arguments: [
      "market/nasdaq-ouch-5.0-pcap/EnterOrderMessage.pcap",
      "market/nasdaq-ouch-5.0-pcap/ServerHeartbeatPacket.pcap", "game/raknet.pcap",
      "game/epicgames.pcapng",
    ])
  func aCaptureWithoutFeedIsRefused(name: String) throws {
    let figures = try replay(RecordedData.path(name))
    #expect(figures.messageCount == 0)
    #expect(figures.inputError?.contains("no MoldUDP64 packet among its") == true)
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func applesBookIsVerified() throws {
    let stem = "market/AAPL_2012-06-21_34200000_57600000"
    let messages = RecordedData.path("\(stem)_message_10.csv")
    let rows = RecordedData.path("\(stem)_orderbook_10.csv")
    let figures = try replay(messages, verify: rows)
    #expect(figures.format == "lobster" && figures.inputError == nil)
    #expect(figures.messageCount == 999)
    #expect(figures.messagesByType == ["1": 471, "3": 369, "4": 98, "5": 61])
    #expect(figures.verification?.rowsCompared == 998)
    #expect(figures.verification?.rowsEqual == 998)
    #expect(figures.verification?.firstDifference == nil)
  }
}

/// The comparison of a LOBSTER order-book file with its events.
@Suite struct LOBSTERVerificationTests {
  private func row(_ asks: [(Int64, Int64)], _ bids: [(Int64, Int64)]) -> LOBSTERBookRow {
    var row = LOBSTERBookRow()
    row.asks = asks.map { LOBSTERLevel(price: $0.0, size: $0.1) }
    row.bids = bids.map { LOBSTERLevel(price: $0.0, size: $0.1) }
    return row
  }

  private func event(
    _ kind: LOBSTERMessage.Kind, _ size: UInt32, _ price: Int64, _ side: Side = .buy
  ) -> LOBSTERMessage {
    LOBSTERMessage(
      timestampNanoseconds: 1, kind: kind, orderID: 1, size: size, price: price, side: side)
  }

  /// What comparing two rows and the event between them found; nil where they agree.
  private func difference(
    _ before: LOBSTERBookRow, _ event: LOBSTERMessage, _ after: LOBSTERBookRow
  ) -> String? {
    var verification = LOBSTERVerification()
    verification.take(event, row: before, lineNumber: 1)
    #expect(verification.rowsCompared == 0)
    verification.take(event, row: after, lineNumber: 2)
    #expect(verification.rowsCompared == 1)
    #expect((verification.rowsEqual == 1) == (verification.firstDifference == nil))
    return verification.firstDifference
  }

  private let asks: [(Int64, Int64)] = [(110, 5), (120, 6)]

  @Test func everyKindOfEvent() {
    let before = row(asks, [(100, 10), (90, 20)])
    let cases: [(LOBSTERMessage, [(Int64, Int64)])] = [
      (event(.add, 5, 100), [(100, 15), (90, 20)]), (event(.add, 5, 105), [(105, 5), (100, 10)]),
      (event(.add, 5, 95), [(100, 10), (95, 5)]), (event(.add, 5, 80), [(100, 10), (90, 20)]),
      (event(.cancel, 4, 90), [(100, 10), (90, 16)]),
      (event(.executeVisible, 4, 100), [(100, 6), (90, 20)]),
      // What comes up behind the last level shown cannot be told.
      (event(.delete, 10, 100), [(90, 20), (70, 1)]),
      (event(.delete, 5, 80), [(100, 10), (90, 20)]),
      (event(.executeHidden, 5, 103), [(100, 10), (90, 20)]),
      (event(.halt, 0, -1), [(100, 10), (90, 20)]),
    ]
    for (event, bids) in cases {
      #expect(difference(before, event, row(asks, bids)) == nil, "\(event)")
      // Any other first level, or another side, is a difference.
      var wrong = bids
      wrong[0].1 += 1
      #expect(difference(before, event, row(asks, wrong)) != nil, "\(event)")
      #expect(difference(before, event, row([(110, 4), (120, 6)], bids)) != nil, "\(event)")
    }
  }

  @Test func theAskSideIsSortedTheOtherWay() {
    let before = row(asks, [(100, 10), (90, 20)])
    let after = row([(105, 3), (110, 5)], [(100, 10), (90, 20)])
    #expect(difference(before, event(.add, 3, 105, .sell), after) == nil)
    #expect(difference(before, event(.add, 3, 105, .buy), after) != nil)
  }

  @Test func whatCannotBeIsSaid() {
    let before = row(asks, [(100, 10), (90, 20)])
    #expect(difference(before, event(.delete, 1, 95), before)?.contains("no level at 95") == true)
    #expect(difference(before, event(.cancel, 11, 100), before)?.contains("more taken") == true)
    #expect(difference(before, event(.halt, 0, 0), row([(110, 5)], []))?.contains("number") == true)
    // An empty last level says that nothing rests behind it.
    let open = row(asks, [(100, 10), (-9_999_999_999, 0)])
    #expect(difference(open, event(.delete, 1, 80), open)?.contains("no level at 80") == true)
  }

  @Test func extremeSizesDoNotTrap() {
    for size in [Int64.max, .max - 1, .min, .min + 1, -1, 0] {
      let before = row([(110, size)], [(100, size)])
      for kind in LOBSTERMessage.Kind.allCases {
        _ = difference(before, event(kind, .max, 100), before)
        _ = difference(before, event(kind, .max, 110, .sell), before)
      }
    }
  }

  @Test func missingRowsAreNotEqual() {
    var verification = LOBSTERVerification()
    verification.takeMissing("no row", lineNumber: 3)
    #expect(verification.rowsCompared == 1 && verification.rowsEqual == 0)
    #expect(verification.firstDifference == "line 3: no row")
  }
}

/// What form a recording has, and what damage of its packets is told.
@Suite(.serialized) struct RecordingSourceTests {
  @Test func formsAreFoundByTheirFirstBytes() {
    let order = [UInt8(ascii: "A")] + [UInt8](repeating: 0, count: 35)
    let cases: [([UInt8], MarketDataFormat?)] = [
      ([0, 36] + order, .itch50), ([0, 35] + order, nil), ([0, 37, 0x53] + order, .soupbintcp),
      (SoupBinTCP.encode(.serverHeartbeat), .soupbintcp),
      (
        SoupBinTCP.encode(.loginAccepted, payload: [UInt8](repeating: 0x20, count: 30)), .soupbintcp
      ),
      (CaptureFiles.pcap([]), .pcap), (CaptureFiles.pcap([], isBigEndian: true), .pcap),
      (CaptureFiles.pcap([], isNanosecond: false), .pcap), (CaptureFiles.pcapng([]), .pcap),
      (Array("34200.1,1,2,3,4,1\n".utf8), .lobster),
      (Array("34200.1,1,2,3,4,1,GSCO\n".utf8), .lobster),
      (Array("time,type,id,size,price,direction\n".utf8), nil), ([], nil), ([0], nil),
      ([0, 0, 0], nil),
    ]
    for (head, format) in cases {
      #expect(RecordingFormat.detect(head) == format, "\(head.prefix(8))")
    }
  }

  @Test func damagedSoupBinTCPPacketsAreTold() throws {
    let folder = try ScratchFolder()
    let delete = [UInt8(ascii: "D")] + [UInt8](repeating: 0, count: 18)
    let good = SoupBinTCP.encode(.sequencedData, payload: delete)
    let path = try folder.write("stream", good + [0, 2, 0x3F, 0x3F] + good)
    let configuration = ReplayConfiguration(paths: [path])
    let figures = try MarketReplay.run(configuration).figures
    #expect(figures.messageCount == 2)
    #expect(figures.transport?.packetCount == 2 && figures.transport?.malformedPacketCount == 1)
    #expect(figures.inputError?.hasPrefix("\(path): offset 22: damaged: 1 SoupBinTCP") == true)
  }

  @Test func aDeviceIsLookedAtOnce() throws {
    let inputs = RecordingInputs(paths: ["/dev/zero"])
    #expect(throws: CaptureError.self) { try inputs.detect(nil) }
    #expect(try inputs.take(0).head == [UInt8](repeating: 0, count: 512))
  }
}
