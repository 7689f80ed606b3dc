// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketCaptures
import ApusMarketProtocols
import ApusTestSupport
import Testing

@Suite struct SoupBinTCPTests {
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

  // MARK: Streams

  /// A stream of all types and of every kind of damage, and the messages in it.
  private func stream() -> (bytes: [UInt8], messages: [[UInt8]]) {
    let long = [UInt8](repeating: 7, count: 65_534)
    var bytes: [UInt8] = []
    for type in SoupBinTCP.PacketType.allCases {
      bytes += SoupBinTCP.encode(type, payload: payload(type))
    }
    bytes += [0, 0]
    bytes += SoupBinTCP.encode(.sequencedData, payload: [1, 2])
    bytes += [0, 3, 0x3F, 0x53, 0x53]
    bytes += SoupBinTCP.encode(.serverHeartbeat, payload: [9])
    bytes += SoupBinTCP.encode(.unsequencedData, payload: [])
    bytes += SoupBinTCP.encode(.sequencedData, payload: long)
    bytes += SoupBinTCP.encode(.sequencedData, payload: [3])
    return (bytes, [payload(.sequencedData), payload(.unsequencedData), [1, 2], [], long, [3]])
  }

  @Test func messagesAreUnpackedWhereverTheStreamIsSplit() throws {
    let (bytes, messages) = stream()
    for piece in Array(1...20) + [64, 1_000, 65_535, bytes.count] {
      let producer = try SoupBinTCPProducer(PieceProducer(bytes, piece: piece))
      #expect(drain(producer) == Delivery(bytes: framed(messages)), "pieces of \(piece)")
      let statistics = producer.statistics
      #expect(statistics.packetCount == 14 && statistics.malformedPacketCount == 3)
      #expect(statistics.sequencedCount == 4 && statistics.unsequencedCount == 2)
      #expect(statistics.heartbeatCount == 2)
      let sizes = SoupBinTCP.PacketType.allCases.map { 3 + payload($0).count }
      #expect(statistics.firstMalformedOffset == UInt64(sizes.reduce(0, +)))
    }
  }

  @Test func theSmallestBufferSuffices() throws {
    let (bytes, messages) = stream()
    let producer = try SoupBinTCPProducer(PieceProducer(bytes, piece: 5_000))
    #expect(drain(producer, byteCount: 65_537) == Delivery(bytes: framed(messages)))
  }

  @Test func everyTruncationIsToldWithItsOffset() throws {
    let bytes =
      SoupBinTCP.encode(.sequencedData, payload: [1, 2, 3]) + SoupBinTCP.encode(.serverHeartbeat)
      + SoupBinTCP.encode(.sequencedData, payload: [4])
    let ends = [0, 6, 9, 13]
    for count in 1...bytes.count {
      let stream = PieceProducer(Array(bytes.prefix(count)), piece: 4)
      let delivery = drain(try SoupBinTCPProducer(stream))
      let start = ends.last { $0 <= count } ?? 0
      #expect(
        delivery.bytes == (count < 6 ? [] : framed(count < 13 ? [[1, 2, 3]] : [[1, 2, 3], [4]])))
      #expect((delivery.error == nil) == ends.contains(count))
      if let error = delivery.error {
        #expect(error.offset == UInt64(start), "\(count) bytes: \(error)")
        guard case .truncated = error.reason else {
          Issue.record("\(count) bytes: \(error)")
          continue
        }
      }
    }
  }

  @Test func errorsOfTheSourceComeAfterTheMessages() throws {
    let folder = try ScratchFolder()
    let writer = try AtomicFileWriter(path: folder.path("a.gz"), compression: .gzip(level: 6))
    try writer.write(SoupBinTCP.encode(.sequencedData, payload: [1, 2, 3]))
    try writer.commit()
    let path = try folder.write("cut.gz", Array(folder.bytes("a.gz").dropLast(2)))
    let producer = try SoupBinTCPProducer(openByteStream(path))
    let delivery = drain(producer)
    #expect(delivery.bytes == framed([[1, 2, 3]]))
    guard case .truncated = delivery.error?.reason else {
      Issue.record("\(String(describing: delivery.error))")
      return
    }
  }
}
