// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import CApusRings
import Foundation
import Testing

/// Files that are no ring, another ring, or were damaged.
@Suite struct RingFileHostileTests {
  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  private static func problemOfOpening(_ path: String) -> RingFileProblem? {
    do {
      let consumer = try OneToOneRing<UInt64>.openConsumer(at: path)
      consumer.close()
      return nil
    } catch {
      guard case .file(path, let problem) = error else { return nil }
      return problem
    }
  }

  @Test func namesWhatIsWrong() throws {
    let folder = try ScratchFolder()
    let path = folder.path("ring")
    try OneToOneRing<UInt64>.createFile(at: path, capacity: 64)
    #expect(throws: RingError.file(path: path, problem: .exists)) {
      try OneToOneRing<UInt64>.createFile(at: path, capacity: 64)
    }
    // No temporary file is left behind.
    #expect(try folder.names() == ["ring"])
    let good = try Self.bytes(path)
    func problem(_ change: (inout [UInt8]) -> Void) throws -> RingFileProblem? {
      var damaged = good
      change(&damaged)
      try Self.write(damaged, path)
      return Self.problemOfOpening(path)
    }
    let total = UInt64(good.count)
    #expect(try problem { _ in } == nil)
    #expect(
      try problem { $0[0] = 0 }
        == .field(
          name: "magic", offset: 0, found: CAPUS_RING_MAGIC & ~0xFF, expected: CAPUS_RING_MAGIC))
    #expect(try problem { $0[8] = 9 } == .field(name: "version", offset: 8, found: 9, expected: 1))
    #expect(try problem { $0[12] = 5 } == .field(name: "kind", offset: 12, found: 5, expected: 1))
    #expect(
      try problem { $0[16] = 16 }
        == .field(name: "elementByteCount", offset: 16, found: 16, expected: 8))
    #expect(
      try problem { $0[24] = 4 }
        == .field(name: "elementAlignment", offset: 24, found: 4, expected: 8))
    #expect(
      try problem { $0[32] = 65 }
        == .value(
          name: "capacity", offset: 32, found: 65,
          expected: "a power of two of at most \(1 << 40 as UInt64)"))
    #expect(
      try problem { $0[40] = 2 }
        == .value(name: "width", offset: 40, found: 2, expected: "1...1"))
    #expect(
      try problem { $0[48] = 1 }
        == .field(name: "dataOffset", offset: 48, found: 4_097, expected: 4_096))
    #expect(
      try problem {
        $0[34] = 1; $0[32] = 0
      }
        == .field(
          name: "totalByteCount", offset: 56, found: total, expected: 4_096 + 65_536 * 8))
    #expect(
      try problem { $0[64] = 1 }
        == .value(
          name: "upstream[0]", offset: 64, found: 1, expected: "only consumers before it"))
    #expect(
      try problem { $0.removeLast() } == .fileSize(found: total - 1, expected: total))
    #expect(try problem { $0 = [] } == .fileSize(found: 0, expected: 128))
    // More read than written, and more written than there is room for.
    #expect(
      try problem { $0[256 + 128] = 1 } == .positions(written: 0, read: 1, capacity: 64))
    #expect(try problem { $0[256] = 65 } == .positions(written: 65, read: 0, capacity: 64))
    let missing = folder.path("missing")
    #expect(
      throws: RingError.file(
        path: missing, problem: .system(operation: "open", errno: ENOENT))
    ) { _ = try OneToOneRing<UInt64>.openConsumer(at: missing) }
    #expect(throws: RingError.capacity(value: 3, min: 1, max: 1 << 40)) {
      try OneToOneRing<UInt64>.createFile(at: missing, capacity: 3)
    }
  }

  @Test func refusesRingsOfAnotherKindAndElement() throws {
    let folder = try ScratchFolder()
    let path = folder.path("ring")
    try BroadcastRing<UInt32>.createFile(at: path, capacity: 8, consumers: [[], [0]])
    #expect(
      throws: RingError.file(
        path: path, problem: .field(name: "kind", offset: 12, found: 4, expected: 1))
    ) { _ = try OneToOneRing<UInt32>.openProducer(at: path) }
    #expect(
      throws: RingError.file(
        path: path, problem: .field(name: "elementByteCount", offset: 16, found: 4, expected: 8))
    ) { _ = try BroadcastRing<UInt64>.openProducer(at: path) }
    for index in [-1, 2, 100] {
      #expect(throws: RingError.self) {
        _ = try BroadcastRing<UInt32>.openConsumer(at: path, index: index)
      }
    }
    // The dependency is the file's.
    var producer = try BroadcastRing<UInt32>.openProducer(at: path, wait: .fail)
    var leader = try BroadcastRing<UInt32>.openConsumer(at: path, index: 0, wait: .fail)
    var follower = try BroadcastRing<UInt32>.openConsumer(at: path, index: 1, wait: .fail)
    expect(producer.push(7), .pushed)
    expect(follower.pop(), .empty)
    expect(leader.pop(), .element(7))
    expect(follower.pop(), .element(7))
  }

  /// Headers with random changes: refused with an error or opened, never a trap.
  @Test(arguments: 0..<(isCampaign ? 2_000 : 60))
  func survivesDamagedHeaders(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let folder = try ScratchFolder()
    let path = folder.path("ring")
    try BroadcastRing<UInt64>.createFile(at: path, capacity: 8, consumers: [[], [0], [1]])
    var bytes = try Self.bytes(path)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: 0..<1_024, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    try Self.write(bytes, path)
    var refused = 0
    for index in 0..<3 {
      do {
        let consumer = try BroadcastRing<UInt64>.openConsumer(at: path, index: index, wait: .fail)
        Self.readAll(consumer)
      } catch {
        refused += 1
      }
    }
    do {
      let producer = try BroadcastRing<UInt64>.openProducer(at: path, wait: .fail)
      Self.writeSome(producer)
    } catch {
      refused += 1
    }
    #expect(refused <= 4)
  }

  private static func readAll(_ end: consuming BroadcastConsumer<UInt64>) {
    var consumer = end
    var target = [UInt64](repeating: 0, count: 20)
    var span = target.mutableSpan
    let count = consumer.tryPop(into: &span)
    #expect(count <= 8)
    _ = consumer.tryPop()
    _ = consumer.withPeek(countMax: 99) { $0.count }
  }

  private static func writeSome(_ end: consuming BroadcastProducer<UInt64>) {
    var producer = end
    let batch: [UInt64] = [1, 2, 3]
    _ = producer.tryPush(contentsOf: batch.span)
    _ = producer.withClaim(countMax: 99) { $0.count }
  }

  /// Message records with random changes, in a ring that is full of messages.
  @Test(arguments: 0..<(isCampaign ? 2_000 : 60))
  func survivesDamagedMessages(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let folder = try ScratchFolder()
    let path = folder.path("ring")
    try MessageRing.createFile(at: path, capacity: 256)
    try Self.fill(MessageRing.openProducer(at: path, wait: .fail))
    var bytes = try Self.bytes(path)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[4_096 + Int.random(in: 0..<256, using: &random)] =
        UInt8.random(in: 0...255, using: &random)
    }
    try Self.write(bytes, path)
    let (isEnded, byteCount) = try Self.readToTheEnd(
      MessageRing.openConsumer(at: path, wait: .fail))
    #expect(isEnded && byteCount <= 256, "seed \(seed)")
  }

  private static func fill(_ end: consuming MessageProducer) {
    var producer = end
    let message = [UInt8](repeating: 0x55, count: 20)
    while producer.push(message.span) == .pushed {}
  }

  /// Whether it came to an end as it should, and the bytes of all messages before.
  private static func readToTheEnd(_ end: consuming MessageConsumer) -> (Bool, Int) {
    var consumer = end
    var byteCount = 0
    for _ in 0..<100 {
      switch consumer.consume(countMax: 3, { _, payload in byteCount += payload.byteCount }) {
      case .consumed: continue
      case .closed: return (true, byteCount)
      case .corrupt(let position):
        return (position < 256 && consumer.corruptPosition == position, byteCount)
      default: return (false, byteCount)
      }
    }
    return (false, byteCount)
  }

  @Test(arguments: [false, true])
  func damagedPositionsOfALivingRingAreReported(looksFirst: Bool) throws {
    let folder = try ScratchFolder()
    let path = folder.path("ring")
    try MessageRing.createFile(at: path, capacity: 256)
    var consumer = try MessageRing.openConsumer(at: path, wait: .fail)
    // Another program writes over the producer's position: a byte count no ring can hold.
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try handle.seek(toOffset: 256)
    try handle.write(contentsOf: Data([0, 4]))
    try handle.close()
    if looksFirst { expect(consumer.hasMessage(), true) }
    var count = 0
    expect(consumer.tryConsume { _, _ in count += 1 }, 0)
    expect(consumer.consume { _, _ in count += 1 }, .corrupt(position: 0))
    #expect(count == 0)
  }
}
