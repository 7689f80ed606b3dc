// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCapture

@Suite struct PcapReaderTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  struct Contents: Equatable {
    var payloads: [[UInt8]] = []
    var times: [UInt64] = []
    var packetNumbers: [UInt64] = []
    var counts = PacketCounts()
    var error: CaptureError?
  }

  private func read(_ bytes: [UInt8], name: String = "capture") throws -> Contents {
    try read(path: folder.write(name, bytes))
  }

  private func read(path: String) throws -> Contents {
    let reader = try PcapReader(path: path)
    var contents = Contents()
    do throws(CaptureError) {
      while try reader.nextDatagram({ datagram, payload in
        contents.payloads.append(payload.copiedPrefix(.max))
        contents.times.append(datagram.timestampNanoseconds)
        contents.packetNumbers.append(datagram.packetNumber)
      }) {}
    } catch {
      contents.error = error
    }
    contents.counts = reader.counts
    return contents
  }

  private func datagram(_ text: String) -> [UInt8] {
    Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(Array(text.utf8))))
  }

  @Test(arguments: [false, true], [false, true])
  func pcapInEveryForm(isNanosecond: Bool, isBigEndian: Bool) throws {
    let packets = [
      CapturedPacket(datagram("one"), at: 1_700_000_000_123_456_789),
      CapturedPacket(Frames.ethernet(0x0806, [0]), at: 1_700_000_000_500_000_001),
      CapturedPacket(datagram(""), at: 1_700_000_001_999_999_999),
    ]
    let contents = try read(
      CaptureFiles.pcap(packets, isNanosecond: isNanosecond, isBigEndian: isBigEndian))
    let unit: UInt64 = isNanosecond ? 1 : 1_000
    #expect(contents.payloads == [Array("one".utf8), []])
    #expect(
      contents.times == [
        1_700_000_000_123_456_789 / unit * unit, 1_700_000_001_999_999_999 / unit * unit,
      ])
    #expect(contents.packetNumbers == [1, 3])
    #expect(contents.counts.datagrams == 2 && contents.counts.notIP == 1)
    #expect(contents.counts.total == 3)
    #expect(contents.error == nil)
  }

  @Test(arguments: [nil, 3, 6, 9] as [UInt8?], [false, true])
  func pcapngInEveryForm(resolution: UInt8?, isBigEndian: Bool) throws {
    let time: UInt64 = 1_700_000_000_123_456_789
    let contents = try read(
      CaptureFiles.pcapng(
        [CapturedPacket(datagram("one"), at: time), CapturedPacket(datagram("three"), at: time)],
        resolution: resolution, isBigEndian: isBigEndian))
    let unit: UInt64 = [3: 1_000_000, 6: 1_000, 9: 1][resolution ?? 6] ?? 0
    #expect(contents.payloads == [Array("one".utf8), Array("three".utf8)])
    #expect(contents.times == [time / unit * unit, time / unit * unit])
    #expect(contents.error == nil)
  }

  @Test func snappedPacketsAreCountedNotHandedOn() throws {
    let whole = datagram("payload")
    let contents = try read(
      CaptureFiles.pcap([
        CapturedPacket(Array(whole.dropLast(3)), wireByteCount: whole.count),
        CapturedPacket(Array(whole.prefix(30)), wireByteCount: whole.count),
        CapturedPacket([], wireByteCount: whole.count), CapturedPacket(whole),
      ]))
    #expect(contents.payloads == [Array("payload".utf8)])
    #expect(contents.counts.cutShort == 1 && contents.counts.malformed == 2)
  }

  @Test func everyKindIsCounted() throws {
    let udp = Frames.udp([1])
    let packets = [
      datagram("x"), Frames.ethernet(0x0806, [0]),
      Frames.ethernet(0x0800, Frames.ipv4([0], protocol: 6)),
      Frames.ethernet(0x0800, Frames.ipv4(udp, fragment: 1)),
      Frames.ethernet(0x0800, Frames.ipv4(udp, versionAndHeaderLength: 0x41)),
      Array(datagram("cut").dropLast()),
    ]
    let counts = try read(CaptureFiles.pcapng(packets.map { CapturedPacket($0) })).counts
    #expect(counts.datagrams == 1 && counts.notIP == 1 && counts.notUDP == 1)
    #expect(counts.fragments == 1 && counts.malformed == 1 && counts.cutShort == 1)
    #expect(counts.total == 6)
  }

  @Test func linkTypesThatCarryIP() throws {
    let packet = Frames.ipv4(Frames.udp([7]))
    for linkType in [101, 228] as [UInt32] {
      let contents = try read(CaptureFiles.pcap([CapturedPacket(packet)], linkType: linkType))
      #expect(contents.payloads == [[7]], "link type \(linkType)")
    }
    for linkType in [105, 147, 195] as [UInt32] {
      let error = #expect(throws: CaptureError.self) {
        try read(CaptureFiles.pcap([CapturedPacket(packet)], linkType: linkType))
      }
      guard case .foreign(let text) = error?.reason else {
        Issue.record("link type \(linkType): \(String(describing: error))")
        continue
      }
      #expect(text.contains("link type"))
    }
  }

  @Test func everyTruncationIsTold() throws {
    let files = [
      CaptureFiles.pcap([CapturedPacket(datagram("one")), CapturedPacket(datagram("two"))]),
      CaptureFiles.pcapng([CapturedPacket(datagram("one")), CapturedPacket(datagram("two"))]),
    ]
    for (kind, file) in files.enumerated() {
      let record = kind == 0 ? 16 + 45 : 32 + 48
      let whole = [file.count - 2 * record, file.count - record]
      for count in 1..<file.count {
        var contents = Contents()
        do {
          contents = try read(Array(file.prefix(count)))
        } catch let error as CaptureError {
          contents.error = error
        }
        // A file that ends between records is whole.
        #expect((contents.error == nil) == whole.contains(count), "file \(kind), \(count) bytes")
        #expect(contents.payloads.count == (count >= whole[1] ? 1 : 0))
        if count > whole[0], contents.error != nil {
          guard case .truncated = contents.error?.reason else {
            Issue.record("file \(kind), \(count) bytes: \(String(describing: contents.error))")
            continue
          }
        }
      }
    }
  }

  @Test func whatIsNoCaptureSaysSo() throws {
    for bytes in [Array("plain text, no capture".utf8), [0xA1, 0xB2]] {
      let error = #expect(throws: CaptureError.self) { try read(bytes) }
      guard case .foreign = error?.reason else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test func aCompressedCaptureIsReadToItsDamage() throws {
    let packets = (0..<50).map { CapturedPacket(datagram("packet \($0)")) }
    let whole = CaptureFiles.pcap(packets)
    let writer = try AtomicFileWriter(path: folder.path("c.gz"), compression: .gzip(level: 6))
    try writer.write(whole)
    try writer.commit()
    let file = try folder.bytes("c.gz")
    let contents = try read(file)
    #expect(contents.payloads.count == 50 && contents.error == nil)
    let cut = try read(Array(file.dropLast(20)))
    #expect(cut.payloads.count < 50 && !cut.payloads.isEmpty)
    guard case .truncated = cut.error?.reason else {
      Issue.record("\(String(describing: cut.error))")
      return
    }
  }

  @Test func theWriterIsReadBack() throws {
    for vlan in [nil, 0, 4_095] as [UInt16?] {
      for isIPv6 in [false, true] {
        let path = folder.path("written-\(vlan ?? 9_999)-\(isIPv6).pcap")
        let source = UDPEndpoint(high: 1, low: 2, isIPv6: true, port: 3)
        let target = UDPEndpoint(high: 4, low: 5, isIPv6: true, port: 6)
        let writer = try PcapWriter(path: path, vlan: vlan)
        for byteCount in [0, 1, 1_472, 65_000] {
          try [UInt8](repeating: UInt8(byteCount & 0xFF), count: byteCount).withRawSpan {
            (span) throws(CaptureError) in
            try writer.writeUDP(
              span, from: isIPv6 ? source : UDPEndpoint(1, 2, 3, 4, port: 5),
              to: isIPv6 ? target : UDPEndpoint(224, 0, 0, 1, port: 6),
              timestampNanoseconds: 1_700_000_000_000_000_000 + UInt64(byteCount))
          }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.commit()
        let contents = try read(path: path)
        #expect(contents.payloads.map(\.count) == [0, 1, 1_472, 65_000])
        #expect(contents.times.map { $0 % 1_000_000 } == [0, 1, 1_472, 65_000])
        #expect(contents.error == nil)
      }
    }
    #expect(try folder.names().count == 6)
  }

  /// The numbers were counted by a reader that shares nothing with this one.
  @Test(
    .enabled(if: RecordedData.has("game"), "no recorded data in ../shared/data"),
    arguments: [
      ("epicgames.pcapng", 81, 81), ("kcp.pcap", 50, 50), ("nintendo.pcap", 869, 1_000),
      ("raknet.pcap", 66, 66), ("source_engine.pcap", 17, 17), ("teamspeak3.pcap", 589, 589),
    ])
  func recordedGamesAreReadToTheEnd(name: String, datagramCount: UInt64, total: UInt64) throws {
    let contents = try read(path: RecordedData.path("game/\(name)"))
    #expect(contents.error == nil)
    #expect(contents.counts.datagrams == datagramCount)
    #expect(contents.counts.total == total)
    #expect(contents.counts.malformed == 0 && contents.counts.cutShort == 0)
  }
}
