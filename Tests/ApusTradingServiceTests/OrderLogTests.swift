// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusTestSupport
import ApusTrading
import Foundation
import Testing

@testable import ApusTradingService

@Suite struct OrderLogTests {
  private func configuration(
    _ kind: OrderStreamKind = .mixed, seed: UInt64 = 1, count: Int = 5_000
  ) throws -> OrderStreamConfiguration {
    try OrderStreamConfiguration(kind: kind, seed: seed, commandCount: count)
  }

  /// What a log gives before it ends or fails.
  private func read(_ path: String) -> (records: [OrderLogRecord], error: CaptureError?) {
    var all: [OrderLogRecord] = []
    do throws(CaptureError) {
      var reader = try OrderLogReader(path: path)
      var batch: [OrderLogRecord] = []
      while try reader.next(into: &batch) { all += batch }
      return (all, nil)
    } catch {
      return (all, error)
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    let folder = try ScratchFolder()
    for (kind, name) in [(OrderStreamKind.auctionDay, "a"), (.quoteStorm, "q.gz")] {
      // More than a window holds.
      let configuration = try configuration(kind, seed: 3, count: 40_000)
      let written = try OrderLogWriter.write(configuration, to: folder.path(name))
      #expect(written.byteCount == 64 + 72 * 40_000)
      let reader = try OrderLogReader(path: folder.path(name))
      #expect(
        reader.header == OrderLogHeader(kind: kind.rawValue, seed: 3, recordCount: 40_000))
      let (records, error) = read(folder.path(name))
      #expect(error == nil)
      var stream = OrderStream(configuration)
      #expect(records.allSatisfy { $0 == stream.next() } && stream.next() == nil)
    }
  }

  @Test func equalSeedsGiveEqualBytes() throws {
    let folder = try ScratchFolder()
    for (name, seed) in [("a", UInt64(11)), ("b", 11), ("c", 12)] {
      try OrderLogWriter.write(configuration(seed: seed), to: folder.path(name))
    }
    let bytes = try folder.bytes("a")
    #expect(try bytes == folder.bytes("b"))
    #expect(try bytes != folder.bytes("c"))
    #expect(bytes.count == 64 + 72 * 5_000)
  }

  /// The table in docs/formats/order-log.md, read without the code that writes it.
  @Test func theBytesAreThoseOfTheDocument() throws {
    let folder = try ScratchFolder()
    try OrderLogWriter.write(configuration(seed: 0x0102), to: folder.path("a"))
    let bytes = try folder.bytes("a")
    #expect(Array(bytes[0..<8]) == Array("ApusOrds".utf8))
    #expect(Array(bytes[8..<16]) == [1, 0, 0, 0, 72, 0, 0, 0])
    #expect(Array(bytes[16..<32]) == Array("mixed".utf8) + Array(repeating: 0, count: 11))
    #expect(Array(bytes[32..<40]) == [2, 1, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[40..<48]) == [0x88, 0x13, 0, 0, 0, 0, 0, 0])
    #expect(bytes[48..<64].allSatisfy { $0 == 0 })
    // The first command lets the first owner in: kind 13 at offset 8 of the record.
    #expect(bytes[64 + 8] == 13 && bytes[64 + 8 + 3] == 1)
    #expect(Array(bytes[(64 + 8 + 24)..<(64 + 8 + 26)]) == [1, 0])
  }

  @Test func aLogThatEndsEarly() throws {
    let folder = try ScratchFolder()
    try OrderLogWriter.write(configuration(), to: folder.path("a"))
    let bytes = try folder.bytes("a")
    let path = try folder.write("cut", Array(bytes.prefix(64 + 72 * 10 + 30)))
    let (records, error) = read(path)
    #expect(records.count == 10)
    #expect(
      error?.description == "\(path): offset 784: truncated: 10 of 5000 records are there, "
        + "and 30 bytes of the next")
    let short = try folder.write("short", Array(bytes.prefix(40)))
    #expect(
      read(short).error?.description
        == "\(short): offset 0: truncated: the data ends in the header, after 40 bytes")
    let headless = try folder.write("headless", Array(bytes.prefix(64)))
    #expect(read(headless).error?.offset == 64)
    let empty = try folder.write("empty", [])
    #expect(read(empty).error?.reason == .empty)
    #expect(read(folder.path("absent")).error?.reason == .missing)
  }

  @Test func aForeignFileAndANewerVersion() throws {
    let folder = try ScratchFolder()
    try OrderLogWriter.write(configuration(), to: folder.path("a"))
    let bytes = try folder.bytes("a")
    func error(_ offset: Int, _ value: UInt8) throws -> String {
      var changed = bytes
      changed[offset] = value
      let path = try folder.write("changed", changed)
      let text = try #require(read(path).error?.description)
      #expect(text.hasPrefix("\(path): "))
      return String(text.dropFirst(path.utf8.count + 2))
    }
    #expect(try error(0, 0x42).hasPrefix("offset 0: not readable: no order log"))
    #expect(
      try error(8, 2)
        == "offset 8: not readable: version 2 of the order log, expected 1; use the apus that "
        + "wrote it")
    #expect(
      try error(12, 80) == "offset 12: not readable: records of 80 bytes, expected 72")
    #expect(try error(16, 7).hasPrefix("offset 16: damaged: the name of its kind"))
    #expect(try error(31, 7).hasPrefix("offset 16: damaged: the name of its kind"))
    #expect(try error(63, 1).hasPrefix("offset 48: not readable: reserved bytes"))
    let itch = try folder.write("day.itch", [0, 12, 0x53] + Array(repeating: 0, count: 90))
    #expect(read(itch).error?.description.contains("no order log") == true)
  }

  @Test func aLogThatGoesOnOrBack() throws {
    let folder = try ScratchFolder()
    try OrderLogWriter.write(configuration(), to: folder.path("a"))
    let bytes = try folder.bytes("a")
    let longer = try folder.write("longer", bytes + bytes[64..<136])
    var (records, error) = read(longer)
    #expect(records.count == 5_000)
    #expect(error?.offset == 360_064)
    #expect(error?.description.contains("data follows the last of its 5000 records") == true)
    let trailing = try folder.write("trailing", bytes + [1])
    #expect(read(trailing).error?.offset == 360_064)
    var back = bytes
    for index in 0..<8 { back[64 + 72 * 7 + index] = 0 }
    (records, error) = read(try folder.write("back", back))
    #expect(records.count == 7)
    #expect(error?.offset == 568)
    #expect(error?.description.contains("the time goes back") == true)
  }

  /// Any bytes are a record; nothing that a file holds traps the reader.
  @Test(arguments: [UInt64(1), 2, 3, 4])
  func damageIsToldAndNeverTraps(seed: UInt64) throws {
    let folder = try ScratchFolder()
    try OrderLogWriter.write(configuration(), to: folder.path("a"))
    let bytes = try folder.bytes("a")
    var random = SeededRandom(seed: seed)
    for round in 0..<60 {
      var changed = Array(bytes.prefix(random.below(2_000)))
      for _ in 0..<random.below(4) where !changed.isEmpty {
        changed[random.below(changed.count)] = UInt8(random.below(256))
      }
      let (records, error) = read(try folder.write("\(round)", changed))
      #expect(error != nil && records.count <= 27, "seed \(seed) round \(round)")
    }
  }
}
