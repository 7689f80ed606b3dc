// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusMarketProtocols
import Testing

@testable import ApusTrading

/// The digest of recorded books tells every field of their snapshot.
@Suite struct BookDigestTests {
  static let configuration = BookReplayEngine.Configuration(
    books: .init(orderCapacity: 1 << 10, levelCapacity: 1 << 10, pages: .plain),
    tellsBestPrices: true)

  /// Books with something in every field.
  static func make() throws -> BookReplayEngine {
    var engine = try BookReplayEngine(configuration: configuration)
    for reference in UInt64(1)...4 {
      _ = engine.builder.books.add(
        reference: reference, locate: 3, side: reference % 2 == 0 ? .buy : .sell, quantity: 5,
        priceTicks: reference % 2 == 0 ? 100 : 110)
    }
    _ = engine.builder.books.delete(reference: 4)
    engine.builder.name(3, ITCHSymbol(rawValue: 77), isListed: true)
    engine.builder.messageCount = 9
    engine.builder.lastTimestampNanoseconds = 5_000_000_000
    engine.builder.secondStart = 5_000_000_000
    engine.builder.countInSecond = 2
    engine.builder.anomalies.count(.unknownReference, offset: 40)
    unsafe engine.builder.scratch.pointee.countsByType[65] = 4
    unsafe engine.builder.secondCounts[4] = 7
    unsafe engine.builder.books.books[3].messageCount = 9
    engine.told[3] = ToldPrices.Told(
      bidQuantity: 5, askQuantity: 10, bidPriceTicks: 100, askPriceTicks: 110)
    return engine
  }

  @Test func everyFieldOfASnapshotCounts() throws {
    let engine = try Self.make()
    let digest = engine.digest
    let target = SnapshotBytes()
    var writer = SnapshotWriter(target: target)
    try engine.writeSnapshot(to: &writer)
    try writer.finish()
    var fields = FieldSizes()
    engine.writeState(to: &fields)
    #expect(fields.sizes.reduce(0, +) == target.bytes.count)
    var accepted = 0
    var offset = 0
    // To restore takes a while: every seventh field where it is to be quick.
    let step = MatchingCampaignTests.isCampaign ? 1 : 7
    for (number, size) in fields.sizes.enumerated() {
      defer { offset += size }
      guard number % step == 0 else { continue }
      var changed = target.bytes
      changed[offset] ^= 1
      var reader = SnapshotReader(source: SnapshotBytes(changed))
      guard
        let restored = try? BookReplayEngine(
          configuration: Self.configuration, snapshot: &reader)
      else { continue }
      accepted += 1
      let found = restored.digest
      #expect(found != digest, "field \(number) at \(offset)")
    }
    // Of 256 counts by type alone most have to be taken.
    #expect(accepted > 200 / step, "\(accepted) fields")
  }
}
