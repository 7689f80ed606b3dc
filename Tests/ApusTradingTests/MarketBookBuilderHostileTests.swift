// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusTrading

/// Bytes that no exchange sent: nothing traps, nothing hangs, the books stay whole.
@Suite struct MarketBookBuilderHostileTests {
  static var mutationCount: Int {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] == nil ? 10_000 : 300_000
  }

  @Test func mutatedFeedsNeverTrap() throws {
    let valid = randomFeed(seed: 21, messageCount: 40)
    var random = SeededRandom(seed: 22)
    var builder = try MarketBookBuilder.small()
    var malformedCount: UInt64 = 0
    for round in 0..<Self.mutationCount {
      var bytes = valid
      for _ in 0...(random.next() % 4) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[place] ^= 1 << UInt8(random.next() % 8)
        case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 3))
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        }
      }
      let consumed = builder.take(bytes)
      #expect(consumed <= bytes.count)
      // What is left is less than one frame.
      if bytes.count - consumed >= 2 {
        let length = Int(bytes[consumed]) << 8 | Int(bytes[consumed + 1])
        #expect(bytes.count - consumed < 2 + length, "round \(round)")
      }
      if round % 1_000 == 0 { #expect(builder.books._checkInvariants() == nil, "round \(round)") }
    }
    for kind in MarketAnomaly.allCases where kind.isMalformedInput {
      malformedCount += builder.anomalies[kind].count
    }
    #expect(malformedCount > 100)
    #expect(builder.anomalies[.unknownReference].count > 100)
    #expect(builder.books._checkInvariants() == nil)
  }

  @Test func everyTruncationIsReportedByWhatIsLeft() throws {
    let valid = randomFeed(seed: 23, messageCount: 30)
    for count in 0...valid.count {
      var builder = try MarketBookBuilder.small()
      let consumed = builder.take(Array(valid.prefix(count)))
      #expect(consumed <= count && count - consumed < 52)
      #expect(builder.anomalies.total == 0)
    }
  }

  @Test func randomBytesAreConsumedOrLeft() throws {
    var random = SeededRandom(seed: 24)
    var builder = try MarketBookBuilder.small()
    for _ in 0..<300 {
      let bytes = (0..<2_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(builder.take(bytes) <= bytes.count)
    }
    #expect(builder.books._checkInvariants() == nil)
  }

  @Test func scatteredReferencesDoNotFillMemory() throws {
    var random = SeededRandom(seed: 25)
    var feed = Feed()
    feed.list(1, "ABC")
    for _ in 0..<20_000 { feed.add(random.next() >> (random.next() % 40)) }
    var builder = try MarketBookBuilder.small()
    _ = builder.take(feed.bytes)
    // Orders, and at most the window of the index and its table.
    #expect(builder.books.memoryByteCount < 20_000 * 64 + (3 << 20))
    #expect(builder.books._checkInvariants() == nil)
  }
}
