// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import ApusTestSupport
import CApusChecksum
import Foundation
import Testing

@Suite struct ChecksumTests {
  /// RFC 3720 appendix B.4, and the check value of the algorithm's catalogue entry.
  @Test func matchesPublishedVectors() {
    let vectors: [([UInt8], UInt32)] = [
      ([], 0), (Array("123456789".utf8), 0xE306_9283),
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
      ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
      (Array((0..<32).reversed()), 0x113F_DB5C),
    ]
    for (bytes, expected) in vectors {
      unsafe bytes.withUnsafeBytes { buffer in
        #expect(unsafe CRC32C.checksum(buffer) == expected)
        #expect(unsafe capus_crc32c_software(0, buffer.baseAddress, buffer.count) == expected)
      }
    }
  }

  /// Every way through the interleaved blocks, at any alignment, and going on from a seed.
  @Test func instructionAndTablesAgree() {
    var random = SeededRandom(seed: 3)
    let bytes = (0..<40_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    unsafe bytes.withUnsafeBytes { buffer in
      for count in Array(0..<40) + [255, 256, 767, 768, 769, 12_287, 12_288, 13_100, 39_000] {
        let start = Int(random.next() % 900)
        let seed = UInt32(truncatingIfNeeded: random.next())
        let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
        let whole = unsafe CRC32C.checksum(part, seed: seed)
        #expect(
          unsafe whole == capus_crc32c_software(seed, part.baseAddress, part.count),
          "count \(count)")
        let half = count / 2
        let first = unsafe CRC32C.checksum(
          UnsafeRawBufferPointer(rebasing: part[..<half]), seed: seed)
        #expect(
          unsafe whole
            == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: part[half...]), seed: first))
      }
    }
  }
}

/// Reads a journal with nothing but docs/formats/journal.md.
@Suite struct JournalConformanceTests {
  @Test func bytesAreAsDocumented() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(
      storage: disk,
      configuration: JournalConfiguration(
        segmentByteCount: 24_576, bufferByteCount: 8_192, firstSequence: 1_000,
        identifier: .init(high: 0x0102_0304_0506_0708, low: 0x1112_1314_1516_1718)))
    for (index, text) in ["a", "hello, journal"].enumerated() {
      let outcome = unsafe writer.tryAppend(
        sequence: 1_000 + UInt64(index), timeNanoseconds: 77 + UInt64(index), type: 5,
        payload: Array(text.utf8).span.bytes)
      #expect(outcome == .appended(sequence: 1_000 + UInt64(index)))
    }
    try writer.close()
    let bytes = try #require(disk.contents("00000000000000001000.segment"))
    func u32(_ at: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) }
    }
    func u64(_ at: Int) -> UInt64 { UInt64(u32(at)) | UInt64(u32(at + 4)) << 32 }
    func sum(_ range: Range<Int>, _ seed: UInt32) -> UInt32 {
      unsafe Array(bytes[range]).withUnsafeBytes { unsafe CRC32C.checksum($0, seed: seed) }
    }
    #expect(bytes.count == 24_576)
    #expect(Array(bytes[0..<8]) == Array("APUSJRNL".utf8))
    #expect(u32(8) == 1 && u32(12) == 4_096)
    #expect(u64(16) == 0x0102_0304_0506_0708 && u64(24) == 0x1112_1314_1516_1718)
    #expect(u64(32) == 1_000 && u32(40) == sum(16..<32, 0))
    #expect(u32(44) == 4_096 && u64(48) == 24_576 && u32(56) == 0 && u32(60) == sum(0..<60, 0))
    let commit = 4_096
    #expect(Array(bytes[commit..<commit + 4]) == Array("CMIT".utf8))
    #expect(u32(commit + 4) == sum(commit + 8..<commit + 32, u32(60)))
    #expect(u64(commit + 8) == 1_000 && u32(commit + 16) == 40 + 48 && u32(commit + 20) == 2)
    #expect(u32(commit + 24) == u32(40) && u32(commit + 28) == 4_096 / 8)
    let first = commit + 32
    #expect(u32(first) == sum(first + 4..<first + 40, u32(40)))
    #expect(u32(first + 4) == 1 && u64(first + 8) == 1_000 && u64(first + 16) == 77)
    #expect(u64(first + 24) == 5 && bytes[first + 32] == 0x61 && bytes[first + 33] == 0)
    let second = first + 40
    #expect(u32(second) == sum(second + 4..<second + 48, u32(first)))
    #expect(u32(second + 4) == 14 && u64(second + 8) == 1_001 && u64(second + 16) == 78)
    #expect(bytes[(second + 48)...].allSatisfy { $0 == 0 })
    let position = try #require(disk.contents("journal.position"))
    #expect(Array(position[0..<8]) == Array("APUSPOSN".utf8))
    #expect(position.count == 64 && position[32] == 0xE9 && position[33] == 0x03)
  }
}
