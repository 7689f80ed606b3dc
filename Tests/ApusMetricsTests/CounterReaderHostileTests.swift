// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMetrics

/// Files that nobody wrote: each gives an error that names the field, or values, and nothing else.
@Suite struct CounterReaderHostileTests {
  private static let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil

  private func refusal(_ path: String) -> CounterFileError? {
    #expect(throws: CounterFileError.self) { _ = try CounterReader(path: path).snapshot() }
  }

  private static let header = 0
  private static let record = 4_096
  private static let histogramRecord = 4_096 + 2 * 1_024

  @Test(
    arguments: [
      ("slotCapacity", 24, 4, 0), ("slotCapacity", 24, 4, 65_537),
      ("recordByteCount", 28, 4, 1_025), ("valueByteStride", 32, 4, 8),
      ("histogramHeaderByteCount", 36, 4, 0), ("headerByteCount", 12, 4, 4_096),
      ("fileByteCount", 16, 8, 0), ("recordsOffset", 40, 8, 1 << 62),
      ("valuesOffset", 48, 8, 4_096), ("histogramsOffset", 56, 8, 8),
      ("histogramsByteCount", 64, 8, 1 << 40), ("histogramsByteCount", 64, 8, 17),
      ("slotsUsed", 128, 8, 5), ("slotsUsed", 128, 8, UInt64.max),
      ("kind", record + 8, 4, 0), ("kind", record + 8, 4, 4),
      ("nameByteCount", record + 12, 4, 129), ("nameByteCount", record + 12, 4, 0xFFFF_FFFF),
      ("name", record + 12, 4, 0), ("helpByteCount", record + 16, 4, 257),
      ("labelCount", record + 20, 4, 3), ("labelsByteCount", record + 24, 4, 513),
      ("labels", record + 24, 4, 3), ("label lengths", record + 512, 2, 65_535),
      ("label lengths", record + 514, 2, 400), ("name", record + 128, 1, 0xFF),
      ("name", record + 128, 1, 0x20), ("help", record + 256, 1, 0xC0),
      ("label", record + 516, 1, 0x2D), ("label", record + 516, 1, 0xFF),
      ("significantDigits", histogramRecord + 28, 4, 6),
      ("significantDigits", histogramRecord + 28, 4, 0),
      ("histogramByteCount", histogramRecord + 40, 8, 1 << 50),
      ("histogramOffset", histogramRecord + 32, 8, 0),
      ("histogramOffset", histogramRecord + 32, 8, 12_289),
      ("histogramOffset", histogramRecord + 32, 8, UInt64.max - 7),
      ("histogramOffset", histogramRecord + 32, 8, 12_288 + 16_384 - 8),
      ("lowestDiscernible", histogramRecord + 48, 8, 0),
      ("lowestDiscernible", histogramRecord + 48, 8, UInt64.max),
      ("highestTrackable", histogramRecord + 56, 8, 1),
      ("highestTrackable", histogramRecord + 56, 8, UInt64.max),
      ("counts", 12_288 + 128, 8, UInt64.max), ("counts", 12_288 + 128, 8, 1 << 63),
    ] as [(String, Int, Int, UInt64)])
  func everyFieldIsChecked(name: String, offset: Int, byteCount: Int, value: UInt64) throws {
    let folder = try ScratchFolder()
    var bytes = try writtenSample(folder)
    for byte in 0..<byteCount {
      bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
    }
    let path = try folder.write(bytes)
    let error = try #require(refusal(path))
    #expect(error.path == path)
    guard case .invalidField(let field, let at, _, let expected) = error.reason else {
      Issue.record("\(error)")
      return
    }
    #expect(field == name, "\(error)")
    // The error points into the part that was changed.
    #expect(Int(at) / 1_024 == offset / 1_024, "\(error)")
    #expect(!expected.isEmpty && error.description.contains("offset \(at): \(name)"))
    #expect(!error.description.contains("\n"))
  }

  @Test func wrongMagicAndVersion() throws {
    let folder = try ScratchFolder()
    let sample = try writtenSample(folder)
    var bytes = sample
    bytes[0] ^= 0x20
    #expect(try refusal(folder.write(bytes))?.reason == .foreign)
    bytes = sample
    bytes.put(UInt32(2), at: 8)
    #expect(try refusal(folder.write(bytes))?.reason == .unsupportedVersion(2))
  }

  @Test func everyLengthOfAFileThatIsCut() throws {
    let folder = try ScratchFolder()
    let sample = try writtenSample(folder)
    let lengths =
      Array(0...260) + stride(from: 261, to: sample.count, by: 509) + [sample.count - 1]
    for length in lengths {
      let reason = try refusal(folder.write(Array(sample.prefix(length))))?.reason
      switch reason {
      case .truncated: #expect(length >= 8)
      case .foreign: #expect(length < 8)
      default: Issue.record("length \(length): \(String(describing: reason))")
      }
    }
    #expect(
      try refusal(folder.write(sample + [0]))?.reason
        == .truncated(byteCount: UInt64(sample.count + 1), expected: UInt64(sample.count)))
  }

  @Test func aFileCutWhileItIsReadIsAnError() throws {
    let folder = try ScratchFolder()
    let sample = try writtenSample(folder)
    let path = try folder.write(sample)
    let reader = try CounterReader(path: path)
    #expect(try reader.snapshot().entries.count == 3)
    for length in [12_400, 9_000, 5_000, 200, 0] {
      #expect(unsafe truncate(path, off_t(length)) == 0)
      let error = #expect(throws: CounterFileError.self) { _ = try reader.snapshot() }
      guard case .truncated = error?.reason else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(reader.writerState() != .closed)
  }

  @Test func whatIsNoFile() throws {
    let folder = try ScratchFolder()
    #expect(refusal(folder.path("absent"))?.reason == .system(operation: "open", errno: 2))
    #expect(refusal(folder.path)?.reason == .notARegularFile)
    #expect(refusal("/dev/zero")?.reason == .notARegularFile)
    // Opening a pipe for reading waits for its writer, unless told not to.
    #expect(unsafe mkfifo(folder.path("pipe"), 0o600) == 0)
    #expect(refusal(folder.path("pipe"))?.reason == .notARegularFile)
  }

  @Test func histogramsThatOverlapAreRefused() throws {
    let folder = try ScratchFolder()
    // Room for one histogram, and three records that name it.
    do {
      let file = try CounterFile(
        path: folder.path(), configuration: .init(slotCapacity: 4, histogramByteCapacity: 1))
      _ = try file.histogram("h", layout: .small())
    }
    var bytes = try folder.bytes()
    let record = Array(bytes[4_096..<5_120])
    for slot in 1...3 {
      bytes.replaceSubrange(4_096 + slot * 1_024..<5_120 + slot * 1_024, with: record)
      bytes[4_096 + slot * 1_024 + 128] = UInt8(ascii: "h") + UInt8(slot)
    }
    bytes.put(UInt64(4), at: 128)
    let error = try refusal(folder.write(bytes))
    guard case .invalidField("histogramOffset", _, _, "blocks that do not overlap") = error?.reason
    else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func whatContradictsItselfIsLeftOut() throws {
    let folder = try ScratchFolder()
    var bytes = try writtenSample(folder)
    // The gauge takes the counter's name, without labels; both cannot be of one family.
    let name = Array("orders_total".utf8)
    bytes.put(UInt32(name.count), at: 5_120 + 12)
    bytes.replaceSubrange(5_120 + 128..<5_120 + 128 + name.count, with: name)
    var entries = try CounterReader(path: folder.write(bytes)).snapshot().entries
    #expect(entries.map(\.kind) == [.histogram, .gauge])
    // A counter under a name that the histogram shows one of its series as.
    let series = Array("latency_nanoseconds_sum".utf8)
    bytes.put(UInt32(series.count), at: 5_120 + 12)
    bytes.replaceSubrange(5_120 + 128..<5_120 + 128 + series.count, with: series)
    entries = try CounterReader(path: folder.write(bytes)).snapshot().entries
    #expect(entries.map(\.kind) == [.histogram, .counter])
  }

  @Test func aRegistrationThatNeverEndedIsLeftOut() throws {
    let folder = try ScratchFolder()
    var bytes = try writtenSample(folder)
    for state in [0, 1, 3, 4, 0xFFFF_FFFF] as [UInt32] {
      bytes.put(state, at: 4_096)
      let snapshot = try CounterReader(path: folder.write(bytes)).snapshot()
      #expect(snapshot.entries.map(\.kind) == [.histogram, .gauge])
      #expect(snapshot.changingSlotCount == 0)
    }
  }

  /// Random damage: an error or values that can be shown, within bounds.
  @Test(arguments: isCampaign ? Array(1...40) : [1, 2] as [UInt64])
  func randomDamage(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let folder = try ScratchFolder()
    let sample = try writtenSample(folder)
    // Zeroed room says nothing: damage what is used.
    let used = [
      0..<256, 4_096..<4_800, 5_120..<5_600, 6_144..<6_700, 8_192..<8_456, 12_288..<13_952,
    ]
    let edges: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
    var errorCount = 0
    for round in 0..<400 {
      var bytes = sample
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let range = used[Int.random(in: 0..<used.count, using: &random)]
        let offset = Int.random(in: range, using: &random)
        bytes[offset] =
          Bool.random(using: &random)
          ? UInt8.random(in: 0...255, using: &random)
          : edges[Int.random(in: 0..<edges.count, using: &random)]
      }
      let path = try folder.write(bytes)
      do {
        let reader = try CounterReader(path: path)
        let snapshot = try reader.snapshot()
        let text = try PrometheusText.render(snapshot)
        #expect(snapshot.entries.count <= 4, "seed \(seed) round \(round)")
        #expect(
          Set(snapshot.entries.map(\.identity)).count == snapshot.entries.count,
          "seed \(seed) round \(round)")
        #expect(text.utf8.count < 10_000, "seed \(seed) round \(round)")
        _ = reader.writerState()
      } catch let error as CounterFileError {
        errorCount += 1
        #expect(error.path == path, "seed \(seed) round \(round)")
      } catch {
        Issue.record("seed \(seed) round \(round): \(error)")
      }
    }
    #expect(errorCount > 50 && errorCount < 400, "seed \(seed)")
  }
}
