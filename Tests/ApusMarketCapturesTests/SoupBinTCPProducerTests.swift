// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketCaptures
import ApusMarketProtocols
import ApusTestSupport
import Testing

@Suite struct SoupBinTCPProducerTests {
  private func payload(_ type: SoupBinTCP.PacketType) -> [UInt8] {
    [UInt8](repeating: 0x20, count: type.fixedPayloadByteCount ?? 5)
  }

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
