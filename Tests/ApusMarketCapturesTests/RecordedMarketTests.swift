// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketCaptures
import ApusMarketProtocols
import ApusTestSupport
import Testing

/// Bytes that an exchange sent.
@Suite struct RecordedMarketTests {
  /// Messages by type letter; every one must be well-formed.
  private func count(_ framed: [UInt8]) -> [Character: Int] {
    var counts: [Character: Int] = [:]
    let consumed = framed.withRawSpan { span in
      ITCHFileFraming.forEachMessage(in: span) { message, offset in
        guard case .message(let message) = ITCHDecoder.decode(message) else {
          Issue.record("offset \(offset): \(ITCHDecoder.decode(message))")
          return
        }
        counts[Character(UnicodeScalar(message.messageType)), default: 0] += 1
      }
    }
    #expect(consumed == framed.count)
    return counts
  }

  private func unpack(_ path: String) throws -> (framed: [UInt8], statistics: MoldUDP64Statistics) {
    let producer = try MoldUDP64Producer(PcapReader(path: path))
    let delivery = drain(producer)
    #expect(delivery.error == nil)
    return (delivery.bytes, producer.statistics)
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func startOfADay() throws {
    let path = RecordedData.path("market/nasdaq-start-of-day.itch")
    let delivery = try drain(openByteStream(path))
    #expect(delivery.error == nil)
    #expect(count(delivery.bytes) == ["S": 1, "R": 993, "H": 3, "Y": 3])
    // What is decoded is encoded to the same bytes.
    var buffer = FramedMessageBuffer(capacityByteCount: 1 << 17)
    _ = delivery.bytes.withRawSpan { span in
      ITCHFileFraming.forEachMessage(in: span) { message, _ in
        if case .message(let message) = ITCHDecoder.decode(message) { _ = buffer.append(message) }
      }
    }
    #expect(buffer.withBytes { $0.copiedPrefix(.max) } == delivery.bytes)
  }

  @Test(
    .enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"),
    arguments: [
      ("AddOrderNoMpidAttributionMessage", "A"), ("MarketParticipantPositionMessage", "L"),
      ("NetOrderImbalanceIndicatorMessage", "I"), ("OrderDeleteMessage", "D"),
      ("OrderExecutedMessage", "E"), ("OrderReplaceMessage", "U"),
      ("StockTradingActionMessage", "H"),
    ] as [(String, Character)])
  func oneMessageInAVLANFrame(name: String, letter: Character) throws {
    let path = RecordedData.path("market/nasdaq-itch-5.0-pcap/\(name).pcap")
    let (framed, statistics) = try unpack(path)
    #expect(count(framed) == [letter: 1])
    #expect(statistics.packetCount == 1 && statistics.malformedPacketCount == 0)
    #expect(statistics.ignoredPacketCount == 0 && statistics.sessionCount == 1)
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func severalPackets() throws {
    let path = RecordedData.path("market/nasdaq-itch-5.0-pcap/Multiple.Packets.pcap")
    let (framed, statistics) = try unpack(path)
    #expect(count(framed) == ["A": 36, "F": 2, "D": 1])
    #expect(statistics.packetCount == 2 && statistics.malformedPacketCount == 0)
    #expect(statistics.ignoredPacketCount == 0)
    // The two packets are of different moments of one session.
    #expect(statistics.gapCount == 1 && statistics.gapMessageCount == 4_244_620)
  }

  @Test(
    .enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"),
    arguments: [
      "CancelOrderMessage", "CanceledMessage", "ClientHeartbeatPacket", "EnterOrderMessage",
      "OrderAcceptedMessage", "ServerHeartbeatPacket",
    ])
  func orderEntryOverTCPIsNoFeed(name: String) throws {
    let path = RecordedData.path("market/nasdaq-ouch-5.0-pcap/\(name).pcap")
    let (framed, statistics) = try unpack(path)
    #expect(framed.isEmpty && statistics.packetCount == 0)
    #expect(statistics.ignoredPacketCount + statistics.malformedPacketCount >= 1)
  }

  @Test(
    .enabled(if: RecordedData.has("game"), "no recorded data in ../shared/data"),
    arguments: ["epicgames.pcapng", "kcp.pcap", "nintendo.pcap", "teamspeak3.pcap"])
  func gamesAreNoFeed(name: String) throws {
    let path = RecordedData.path("game/\(name)")
    let (framed, statistics) = try unpack(path)
    #expect(framed.isEmpty && statistics.packetCount == 0)
    #expect(statistics.malformedPacketCount > 0)
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func applesOrders() throws {
    let stem = "market/AAPL_2012-06-21_34200000_57600000"
    let messages = RecordedData.path("\(stem)_message_10.csv")
    let rows = RecordedData.path("\(stem)_orderbook_10.csv")
    var kinds: [LOBSTERMessage.Kind: Int] = [:]
    _ = try drain(openByteStream(messages)).bytes.withRawSpan { window in
      LOBSTERParser.forEachLine(in: window, isLast: true) { line, offset in
        guard case .value(let message) = LOBSTERParser.message(line) else {
          Issue.record("offset \(offset)")
          return
        }
        kinds[message.kind, default: 0] += 1
      }
    }
    #expect(kinds == [.add: 471, .delete: 369, .executeVisible: 98, .executeHidden: 61])
    var row = LOBSTERBookRow()
    var rowCount = 0
    _ = try drain(openByteStream(rows)).bytes.withRawSpan { window in
      LOBSTERParser.forEachLine(in: window, isLast: true) { line, offset in
        #expect(LOBSTERParser.row(line, into: &row) == nil, "offset \(offset)")
        #expect(row.asks.count == 10 && row.bids.count == 10)
        rowCount += 1
      }
    }
    #expect(rowCount == 999)
  }
}
