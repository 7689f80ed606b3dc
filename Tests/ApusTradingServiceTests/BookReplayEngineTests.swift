// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusMarketProtocols
import ApusTestSupport
import Testing

@testable import ApusTrading
@testable import ApusTradingService

/// The books as an engine: the same books and changes as the builder alone, however the bytes are
/// cut, and the same again from a snapshot.
@Suite struct BookReplayEngineTests {
  typealias BookHost = EngineHost<
    BookReplayEngine, NoInput<BookReplayEngine.Command>, NoJournal, CallerOutput<BestPriceChange>
  >

  static let limits = OrderBooks.Configuration(orderCapacity: 1 << 16, levelCapacity: 1 << 16)

  /// A generated day, with something wrong in it where `damage` says so.
  static func day(seed: UInt64, messageCount: Int = 6_000, damage: Bool = false) throws -> [UInt8] {
    var generator = MarketDayGenerator(
      configuration: try MarketDayConfiguration(
        seed: seed, messageCount: messageCount, symbolCount: 30))
    var buffer = FramedMessageBuffer(capacityByteCount: 1 << 16)
    var bytes: [UInt8] = []
    while generator.fill(&buffer) {
      buffer.withBytes { span in
        for offset in 0..<span.byteCount {
          bytes.append(unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
      }
      buffer.removeAll()
    }
    guard damage else { return bytes }
    // Inside messages, not their frames: a broken length would make everything behind it noise.
    var random = SeededRandom(seed: seed)
    var position = 0
    while position + 2 < bytes.count {
      let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
      if Int.random(in: 0..<25, using: &random) == 0 {
        bytes[position + 2 + Int.random(in: 0..<length, using: &random)] ^=
          UInt8(truncatingIfNeeded: random.next()) & 0x07
      }
      position += 2 + length
    }
    return bytes
  }

  static func configuration(
    tellsBestPrices: Bool = true, symbols: [ITCHSymbol]? = nil
  ) -> BookReplayEngine.Configuration {
    .init(
      books: limits, symbols: symbols, tellsBestPrices: tellsBestPrices, messageCountMax: 256)
  }

  static func makeHost(_ engine: consuming BookReplayEngine) throws -> BookHost {
    try EngineHost(
      engine: engine, input: NoInput(), journal: NoJournal(), output: CallerOutput(),
      configuration: .init(release: .atOnce, eventCapacity: 1_024, timedBatchInterval: nil))
  }

  /// Feeds bytes in pieces, as windows of a file come.
  static func feed(
    _ host: inout BookHost, _ bytes: [UInt8], from start: Int, until end: Int,
    _ random: inout SeededRandom, _ changes: inout [BestPriceChange]
  ) -> Int {
    var position = start
    var isStuck = false
    while position < end {
      // A frame's length is 16 bits: damaged, it may name more bytes than most windows have.
      let length = isStuck ? 1 << 17 : Int.random(in: 1...20_000, using: &random)
      let window = min(bytes.count, position + length)
      let consumed = unsafe host.step(
        framed: bytes.span.bytes.extracting(position..<window), streamOffset: UInt64(position),
        messageCountMax: .random(in: 1...1_000, using: &random))
      position += consumed
      isStuck = consumed == 0
      host.takeEvents { changes.append($0.event) }
      if isStuck, window == bytes.count { break }
    }
    return position
  }

  @Test(arguments: [UInt64(1), 2, 3, 4]) func theEngineIsTheBuilder(seed: UInt64) throws {
    let bytes = try Self.day(seed: seed, damage: seed > 2)
    var builder = try MarketBookBuilder(configuration: Self.limits)
    var told = try BestPriceChanges(capacity: 1 << 16)
    let whole = unsafe builder.process(
      framed: bytes.span.bytes, streamOffset: 0, changes: &told)
    var expected: [BestPriceChange] = []
    for index in 0..<told.count { expected.append(told[index]) }

    var host = try Self.makeHost(BookReplayEngine(configuration: Self.configuration()))
    var random = SeededRandom(seed: seed)
    var changes: [BestPriceChange] = []
    let consumed = Self.feed(
      &host, bytes, from: 0, until: bytes.count, &random, &changes)
    #expect(consumed == whole, "seed \(seed)")
    #expect(changes == expected, "seed \(seed)")
    #expect(changes.count > 500)
    let digests = (host.engine.builder.books.digest, builder.books.digest)
    #expect(digests.0 == digests.1, "seed \(seed)")
    let anomalies = (host.engine.builder.anomalies, builder.anomalies)
    #expect(anomalies.0 == anomalies.1, "seed \(seed)")
    let counts = (host.engine.builder.messageCount, builder.messageCount)
    #expect(counts.0 == counts.1, "seed \(seed)")
    let broken = host.engine.builder.books._checkInvariants()
    #expect(broken == nil)
  }

  @Test(arguments: [UInt64(1), 3]) func aSnapshotGoesOnAsTheOriginal(seed: UInt64) throws {
    let bytes = try Self.day(seed: seed, damage: seed > 2)
    let symbols: [ITCHSymbol]? = nil
    var original = try Self.makeHost(
      BookReplayEngine(configuration: Self.configuration(symbols: symbols)))
    var random = SeededRandom(seed: seed)
    var changes: [BestPriceChange] = []
    let half = Self.feed(
      &original, bytes, from: 0, until: bytes.count / 2, &random, &changes)
    let snapshot = SnapshotBytes()
    let header = try original.writeSnapshot(to: snapshot)
    #expect(snapshot.bytes.count > 10_000)

    let restored = try EngineSnapshot.restore(
      BookReplayEngine.self, configuration: Self.configuration(symbols: symbols),
      from: SnapshotBytes(snapshot.bytes))
    var copy = try Self.makeHost(restored.takeEngine())
    let digest = copy.engine.digest
    #expect(digest == header.digest, "seed \(seed)")
    var later: ([BestPriceChange], [BestPriceChange]) = ([], [])
    _ = Self.feed(&original, bytes, from: half, until: bytes.count, &random, &later.0)
    _ = Self.feed(&copy, bytes, from: half, until: bytes.count, &random, &later.1)
    #expect(later.0 == later.1, "seed \(seed)")
    #expect(later.0.count > 200)
    let digests = (original.engine.digest, copy.engine.digest)
    #expect(digests.0 == digests.1, "seed \(seed)")
    let books = (
      original.engine.builder.books.orderCountMax, copy.engine.builder.books.orderCountMax
    )
    #expect(books.0 == books.1)
    for second in stride(from: 0, to: 86_400, by: 600) {
      let counts = (
        original.engine.builder.messageCount(inSecond: second),
        copy.engine.builder.messageCount(inSecond: second)
      )
      #expect(counts.0 == counts.1, "second \(second)")
    }
    let broken = copy.engine.builder.books._checkInvariants()
    #expect(broken == nil)
  }

  @Test func brokenSnapshotsAreRefusedAndNeverTrap() throws {
    let bytes = try Self.day(seed: 9, messageCount: 600)
    var host = try Self.makeHost(BookReplayEngine(configuration: Self.configuration()))
    var random = SeededRandom(seed: 9)
    var changes: [BestPriceChange] = []
    _ = Self.feed(&host, bytes, from: 0, until: bytes.count, &random, &changes)
    let snapshot = SnapshotBytes()
    try host.writeSnapshot(to: snapshot)
    var (cutCount, flippedCount) = (0, 0)
    for round in 0..<40 {
      var broken = snapshot.bytes
      if round & 1 == 0 {
        broken.removeLast(Int.random(in: 1..<broken.count, using: &random))
      } else {
        broken[Int.random(in: 48..<broken.count, using: &random)] ^= 1 << UInt8(round % 8)
      }
      do throws(SnapshotError) {
        _ = try EngineSnapshot.restore(
          BookReplayEngine.self, configuration: Self.configuration(),
          from: SnapshotBytes(broken))
      } catch {
        if round & 1 == 0 { cutCount += 1 } else { flippedCount += 1 }
        #expect(!error.description.isEmpty)
      }
    }
    // A flipped bit that is accepted is in counts that no later command depends on; the checksum of
    // the file that holds a snapshot finds those as well.
    #expect(cutCount == 20 && flippedCount > 0)
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func aWarmHostAllocatesNothing() throws {
    let bytes = try Self.day(seed: 5)
    var host = try Self.makeHost(BookReplayEngine(configuration: Self.configuration()))
    func replay() {
      var position = 0
      while position < bytes.count {
        position += unsafe host.step(
          framed: bytes.span.bytes.extracting(position..<bytes.count),
          streamOffset: UInt64(position), messageCountMax: 256)
        host.takeEvents { _ in }
      }
    }
    replay()
    #expect(allocationCount { replay() } == 0)
  }
}
