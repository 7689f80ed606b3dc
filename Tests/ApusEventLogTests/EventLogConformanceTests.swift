// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

/// What docs/formats/event-log.md says, read with nothing but that page.
@Suite struct EventLogConformanceTests {
  private struct File {
    let bytes: [UInt8]

    func integer(_ offset: Int, _ count: Int = 8) -> UInt64 {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func text(_ offset: Int, _ count: Int) -> String {
      String(decoding: bytes[offset..<offset + count].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Bit by bit.
    func checksum(_ range: Range<Int>) -> UInt64 {
      var value: UInt32 = .max
      for byte in bytes[range] {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82F6_3B78 }
      }
      return UInt64(~value)
    }
  }

  @Test func theFilesAreWhatThePageSays() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<300)
    try log.sync()
    box.take(300..<400)
    try log.sync(completeThrough: 1_000)
    let reader = try EventLogRig.reader(folder, name: "näher", start: .index(130))

    let position = File(bytes: try EventLogRig.bytes(folder, "events.position"))
    #expect(position.bytes.count == 4_096 + 64 * 128)
    #expect(position.text(0, 8) == "APUSEVTP")
    let capacity = (position.integer(40) - 4_096) / position.integer(32, 4)
    #expect(capacity == 128)
    #expect(position.integer(80, 4) == 64)
    #expect(position.integer(128) == 400)
    #expect(position.integer(256) == 0)
    #expect(position.integer(264) == 1_000)
    #expect(position.integer(272, 4) == UInt64(getpid()))
    #expect(position.integer(1_024) == 2 && position.integer(1_024 + 8) == 400)
    #expect(position.integer(1_024 + 16) == 1_000)
    #expect(position.integer(1_536) == 1 && position.integer(1_536 + 8) == 300)
    for mark in [1_024, 1_536] {
      #expect(position.integer(mark + 60, 4) == position.checksum(mark..<mark + 60))
    }
    #expect(position.integer(4_096) == 130)
    #expect(position.integer(4_096 + 8, 4) == UInt64(getpid()))
    #expect(position.integer(4_096 + 16) == 6)
    #expect(position.text(4_096 + 32, 32) == "näher")
    withExtendedLifetime(reader.index) {}

    var next: UInt64 = 0
    while next < position.integer(128) {
      let first = next - next % capacity
      let digits = String(first)
      let name = String(repeating: "0", count: 20 - digits.count) + digits + ".events"
      let segment = File(bytes: try EventLogRig.bytes(folder, name))
      #expect(UInt64(segment.bytes.count) == position.integer(40))
      #expect(segment.text(0, 8) == "APUSEVTS" && segment.integer(8, 4) == 1)
      #expect(segment.integer(12, 4) == 128)
      #expect(segment.text(16, 8) == "sample" && segment.integer(24, 4) == 1)
      #expect(segment.bytes[28..<64] == position.bytes[28..<64])
      #expect(segment.integer(48) == 1 && segment.integer(56) == 2)
      #expect(segment.integer(64) == first)
      for file in [segment, position] {
        #expect(file.integer(124, 4) == file.checksum(0..<124))
      }
      let before = (0..<first).filter {
        SampleEvents.sequence($0) == SampleEvents.sequence(first)
      }
      #expect(segment.integer(128) == UInt64(before.count))
      let start = Int(4_096 + next % capacity * position.integer(32, 4))
      #expect(segment.integer(start) == SampleEvents.sequence(next))
      #expect(segment.integer(start + Int(position.integer(36, 4))) == next)
      if next == 399 {
        #expect(
          position.integer(1_024 + 24, 4)
            == segment.checksum(4_096..<start + Int(position.integer(32, 4))))
      }
      next += 1
    }
  }
}
