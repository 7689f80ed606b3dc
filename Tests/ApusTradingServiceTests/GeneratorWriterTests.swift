// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketCaptures
import ApusMarketProtocols
import ApusTestSupport
import Foundation
import Testing

@testable import ApusTradingService

/// All bytes that a producer delivers.
private func drain(_ producer: any ChunkProducer) throws -> [UInt8] {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe producer.fill($0) }
    if count == 0 { return bytes }
    bytes += chunk.prefix(count)
  }
}

@Suite struct GeneratorWriterTests {
  private func day(seed: UInt64 = 3) throws -> MarketDayConfiguration {
    try MarketDayConfiguration(seed: seed, messageCount: 6_000, symbolCount: 40)
  }

  @Test("Plain, gzip and capture hold the same messages, and the same truth")
  func formsAgree() throws {
    let folder = try ScratchFolder()
    var summaries: [MarketDaySummary] = []
    for name in ["day.itch", "day.itch.gz", "day.pcap"] {
      let summary = try MarketDayWriter.write(
        day(), to: folder.path(name), truthPath: folder.path(name + ".csv"))
      summaries.append(summary)
    }
    let plain = try folder.bytes("day.itch")
    #expect(plain.count > 6_000 * 20)
    #expect(try folder.bytes("day.itch.gz").count < plain.count * 3 / 4)
    #expect(try drain(openByteStream(folder.path("day.itch.gz"))) == plain)
    let capture = try MoldUDP64Producer(PcapReader(path: folder.path("day.pcap")))
    #expect(try drain(capture) == plain)
    #expect(summaries.allSatisfy { $0 == summaries[0] })
    #expect(summaries[0].messageCount == 6_000)
    #expect(summaries[0].framedByteCount == UInt64(plain.count))
    #expect(summaries[0].countsByType.map(\.count).reduce(0, +) == 6_000)
    #expect(summaries[0].countsByType.first?.type == "A")

    let truth = try folder.bytes("day.itch.csv")
    #expect(try folder.bytes("day.itch.gz.csv") == truth)
    #expect(try folder.bytes("day.pcap.csv") == truth)
    #expect(try folder.names().count == 6)
  }

  @Test("The truth file holds a row for every symbol, from the generator's own state")
  func truthFile() throws {
    let folder = try ScratchFolder()
    let configuration = try day(seed: 8)
    try MarketDayWriter.write(
      configuration, to: folder.path("a.itch"), truthPath: folder.path("a.csv"))
    var generator = MarketDayGenerator(configuration: configuration)
    var buffer = FramedMessageBuffer(capacityByteCount: 4_096)
    while generator.fill(&buffer) { buffer.removeAll() }
    let text = String(decoding: try folder.bytes("a.csv"), as: UTF8.self)
    #expect(text == BookTruthRow.csv(generator.bookRows()))
    #expect(text.split(separator: "\n").count == 41)
  }

  @Test("Progress rises to the whole day")
  func progress() throws {
    let folder = try ScratchFolder()
    for name in ["p.itch", "p.pcap"] {
      var counts: [Int] = []
      try MarketDayWriter.write(day(), to: folder.path(name)) { written, total in
        #expect(total == 6_000)
        counts.append(written)
      }
      #expect(counts == counts.sorted())
      #expect(counts.last == 6_000)
    }
  }

  @Test("Capture times are those of the session date")
  func captureTimes() throws {
    let folder = try ScratchFolder()
    let date = try SessionDate("2024-07-01")
    let configuration = try MarketDayConfiguration(
      seed: 3, messageCount: 1_000, symbolCount: 10, sessionDate: date)
    try MarketDayWriter.write(configuration, to: folder.path("d.pcap"))
    let bytes = try folder.bytes("d.pcap")
    // Seconds of the first record, after the file header of 24 bytes.
    let seconds = (0..<4).reduce(UInt64(0)) { $0 | UInt64(bytes[24 + $1]) << (8 * UInt64($1)) }
    let startOfMessages: UInt64 = (3 * 60 + 4) * 60
    #expect(seconds == date.midnightUnixNanoseconds / 1_000_000_000 + startOfMessages)
  }

  @Test("An unwritable target leaves nothing behind")
  func unwritable() throws {
    let folder = try ScratchFolder()
    #expect(throws: CaptureError.self) {
      try MarketDayWriter.write(
        day(), to: folder.path("none/day.itch"), truthPath: folder.path("truth.csv"))
    }
    #expect(throws: CaptureError.self) {
      try MarketDayWriter.write(
        day(), to: folder.path("day.itch"), truthPath: folder.path("none/truth.csv"))
    }
    #expect(throws: CaptureError.self) {
      try MarketDayWriter.write(day(), to: folder.path)
    }
    #expect(try folder.names() == [])
  }

  @Test("The name of a file tells its form")
  func forms() {
    #expect(MarketDayFormat(path: "a/day.itch") == .plain)
    #expect(MarketDayFormat(path: "day.itch.gz") == .gzip)
    #expect(MarketDayFormat(path: "day.pcap") == .capture)
    #expect(MarketDayFormat(path: "day") == .plain)
  }
}
