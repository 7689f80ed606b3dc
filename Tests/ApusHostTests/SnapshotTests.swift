// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import Testing

@Suite struct SnapshotTests {
  /// A ledger with something in it.
  static func engine(seed: UInt64) throws -> LedgerEngine {
    var engine = LedgerEngine()
    var random = SeededRandom(seed: seed)
    var queue = try EventQueue<LedgerEvent>(capacity: 4)
    for sequence in UInt64(1)...500 {
      queue.withSink(sequence: sequence, countMax: 2) {
        engine.apply(
          .random(&random, accountCount: 40), at: Nanoseconds(sequence * 10), sequence: sequence,
          into: &$0)
      }
      queue.removeAll { _ in }
    }
    return engine
  }

  static func bytes(seed: UInt64) throws -> [UInt8] {
    let target = SnapshotBytes()
    try EngineSnapshot.write(
      engine(seed: seed), sequence: 500, time: Nanoseconds(5_000), to: target)
    return target.bytes
  }

  static func restore(_ bytes: [UInt8]) throws(SnapshotError) -> RestoredEngine<LedgerEngine> {
    try EngineSnapshot.restore(configuration: .init(), from: SnapshotBytes(bytes))
  }

  @Test(arguments: [UInt64(1), 2, 3]) func aRestoredEngineIsTheSame(seed: UInt64) throws {
    var original = try Self.engine(seed: seed)
    var restored = try Self.restore(Self.bytes(seed: seed))
    expect(restored.header.sequence == 500)
    expect(restored.header.time == Nanoseconds(5_000))
    expect(restored.engine.digest == original.digest)
    var random = SeededRandom(seed: seed + 100)
    var first = try EventQueue<LedgerEvent>(capacity: 4)
    var second = try EventQueue<LedgerEvent>(capacity: 4)
    for sequence in UInt64(501)...600 {
      let command = LedgerCommand.random(&random, accountCount: 40)
      first.withSink(sequence: sequence, countMax: 2) {
        original.apply(command, at: Nanoseconds(sequence * 10), sequence: sequence, into: &$0)
      }
      second.withSink(sequence: sequence, countMax: 2) {
        restored.engine.apply(
          command, at: Nanoseconds(sequence * 10), sequence: sequence, into: &$0)
      }
      var events: ([LedgerEvent], [LedgerEvent]) = ([], [])
      first.removeAll { events.0.append($0.event) }
      second.removeAll { events.1.append($0.event) }
      #expect(events.0 == events.1, "seed \(seed) sequence \(sequence)")
    }
    expect(restored.engine.digest == original.digest)
  }

  @Test func everyBrokenByteAndEveryCutIsFound() throws {
    let bytes = try Self.bytes(seed: 4)
    for index in bytes.indices {
      var broken = bytes
      broken[index] ^= 0x41
      // Sequence and time belong to the store's own checks: the state does not depend on them.
      if (24..<40).contains(index) { continue }
      #expect(throws: SnapshotError.self, "byte \(index)") { _ = try Self.restore(broken) }
    }
    for count in stride(from: 0, to: bytes.count, by: 7) {
      do {
        _ = try Self.restore(Array(bytes.prefix(count)))
        Issue.record("\(count) bytes were accepted")
      } catch {
        guard case .truncated(_, let offset) = error else {
          Issue.record("\(count) bytes: \(error)")
          continue
        }
        #expect(offset <= UInt64(count))
      }
    }
    #expect(throws: SnapshotError.trailingBytes(offset: UInt64(bytes.count))) {
      _ = try Self.restore(bytes + [0])
    }
  }

  @Test func aForeignSnapshotNamesBothEngines() throws {
    var bytes = try Self.bytes(seed: 4)
    bytes[12] = 9
    do {
      _ = try Self.restore(bytes)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("ledger version 9"))
      #expect(error.description.contains("ledger version 2"))
    }
  }

  @Test func chunksAreBoundedAndFieldsCrossThem() throws {
    final class Chunks: SnapshotTarget {
      var sizes: [Int] = []
      let all = SnapshotBytes()
      func write(_ chunk: RawSpan) throws(SnapshotError) {
        sizes.append(chunk.byteCount)
        try all.write(chunk)
      }
    }
    let chunks = Chunks()
    var writer = SnapshotWriter(target: chunks, chunkByteCount: 64)
    let blob = (0..<200).map { UInt8($0) }
    for value in 0..<100 {
      try writer.write(UInt8(value))
      try writer.write(UInt64(value) << 40)
    }
    try unsafe writer.write(bytes: blob.span.bytes)
    try writer.finish()
    expect(writer.byteCount == 1_100)
    #expect(chunks.sizes.allSatisfy { (1...64).contains($0) })
    var reader = SnapshotReader(source: SnapshotBytes(chunks.all.bytes), chunkByteCount: 64)
    for value in 0..<100 {
      let small: UInt8 = try reader.read(field: "small")
      let large: UInt64 = try reader.read(field: "large")
      #expect(small == UInt8(value) && large == UInt64(value) << 40)
    }
    var copy = [UInt8](repeating: 0, count: 200)
    var span = copy.mutableSpan
    var raw = unsafe span.mutableBytes
    try reader.read(into: &raw, field: "blob")
    #expect(copy == blob)
    try reader.finish()
  }
}
