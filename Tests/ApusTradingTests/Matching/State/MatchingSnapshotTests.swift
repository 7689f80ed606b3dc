// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import ApusTrading
import Foundation
import Testing

@Suite struct MatchingSnapshotTests {
  /// An engine after a random stream, and the stream.
  static func grown(
    seed: UInt64, count: Int
  ) throws -> (engine: MatchingEngineAdapter, commands: RandomCommands) {
    let engine = try MatchingEngineAdapter(configuration: MatchingEngineAdapter.roomy)
    var commands = RandomCommands(seed: seed)
    for _ in 0..<count {
      let next = commands.next()
      commands.observe(engine.apply(next.command, at: next.time))
    }
    return (engine, commands)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func aRestoredEngineGoesOnAlike(seed: UInt64) throws {
    var (engine, commands) = try Self.grown(seed: seed, count: 4_000)
    // Each snapshot is of another moment: with auctions that gather, brackets that wait, icebergs.
    for round in 0..<8 {
      let bytes = try engine.snapshot()
      let restored = try MatchingEngineAdapter(
        restoring: bytes, configuration: MatchingEngineAdapter.roomy, after: engine.sequence)
      try #require(restored.digest == engine.digest, "seed \(seed) round \(round)")
      #expect(try restored.snapshot() == bytes)
      for step in 0..<500 {
        let next = commands.next()
        let events = engine.apply(next.command, at: next.time)
        commands.observe(events)
        try #require(
          restored.apply(next.command, at: next.time) == events,
          "seed \(seed) round \(round) step \(step)")
      }
      #expect(restored.digest == engine.digest)
    }
  }

  /// The same on debug, release and sanitizer builds, each of which runs this.
  @Test func theSameLogGivesTheSameDigestOnEveryBuild() throws {
    let (engine, _) = try Self.grown(seed: 11, count: 5_000)
    #expect(engine.digest == 8_838_798_291_407_330_465)
  }

  @Test func unfinishedWorkIsRestored() throws {
    let configuration = MatchingEngine.Configuration(
      orderCapacity: 1 << 12, levelCapacity: 1 << 12, eventCountMax: 64, pages: .plain)
    let engine = try MatchingEngineAdapter(configuration: configuration)
    LimitTests.fillForClose(engine, orderCount: 500)
    _ = engine.apply(.setPhase(1, .closed), at: 9)
    let restored = try MatchingEngineAdapter(
      restoring: engine.snapshot(), configuration: configuration, after: engine.sequence)
    #expect(restored.digest == engine.digest)
    var count = 0
    for _ in 0..<40 {
      let events = engine.apply(.expire, at: 10)
      count += events.count
      #expect(restored.apply(.expire, at: 10) == events)
    }
    #expect(count > 400)
    #expect(engine.orderCount == 0 && restored.orderCount == 0)
  }

  @Test func everyCutIsRefused() throws {
    let bytes = try Self.grown(seed: 4, count: 600).engine.snapshot()
    for count in stride(from: 0, to: bytes.count, by: 131) {
      #expect(throws: SnapshotError.self, "\(count) bytes") {
        _ = try MatchingEngineAdapter(
          restoring: Array(bytes[..<count]), configuration: MatchingEngineAdapter.roomy, after: 0)
      }
    }
  }

  /// A checksum finds damage before this; what is left is bytes that somebody meant to be wrong. Whatever
  /// is accepted neither traps nor hangs, and every order of it is in one place and counted once.
  @Test(arguments: [false, true]) func changedBytesAreRefusedOrHarmless(areFields: Bool) throws {
    let (engine, commands) = try Self.grown(seed: 5, count: 2_500)
    let bytes = try engine.snapshot()
    var fields: [(start: Int, size: Int)] = []
    for size in engine.snapshotFieldSizes {
      fields.append(((fields.last?.start ?? 0) + (fields.last?.size ?? 0), size))
    }
    var random = SeededRandom(seed: Self.hostileSeed)
    var refused = 0
    var accepted = 0
    for round in 0..<(MatchingCampaignTests.isCampaign ? 20_000 : 50) {
      var changed = bytes
      for _ in 0..<1 + random.below(3) {
        if areFields {
          let field = fields[random.below(fields.count)]
          Self.change(&changed, field.start..<field.start + field.size, &random)
        } else {
          changed[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      guard
        let restored = try? MatchingEngineAdapter(
          restoring: changed, configuration: MatchingEngineAdapter.roomy, after: engine.sequence)
      else {
        refused += 1
        continue
      }
      accepted += 1
      let comment = "seed \(Self.hostileSeed) round \(round)"
      try #require(restored.brokenInvariant(Self.allInstruments) == nil, "\(comment), restored")
      for owner in UInt16(1)...8 {
        _ = restored.apply(.setOwnerLimit(owner, .netNotional, to: 1 << 50), at: 0)
      }
      var commands = commands
      for _ in 0..<60 {
        let next = commands.next()
        commands.observe(restored.apply(next.command, at: next.time))
      }
      try #require(restored.brokenInvariant(Self.allInstruments) == nil, "\(comment)")
    }
    #expect(refused > 5 && accepted > 5, "\(refused) refused, \(accepted) accepted")
  }

  static let allInstruments = Set(UInt16.min...UInt16.max)
  /// APUS_CAMPAIGN_SEED says another one.
  static var hostileSeed: UInt64 {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN_SEED"].flatMap { UInt64($0) } ?? 9
  }

  /// Another value for a field: one at an edge, a neighbour, or any.
  private static func change(
    _ bytes: inout [UInt8], _ field: Range<Int>, _ random: inout SeededRandom
  ) {
    var value = field.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
    switch random.below(7) {
    case 0: value = 0
    case 1: value = .max
    case 2: value = 1 << (8 * UInt64(field.count) - 1)
    case 3: value &+= 1
    case 4: value &-= 1
    case 5: value ^= 1 << UInt64(random.below(8))
    default: value = random.next()
    }
    for (shift, index) in field.enumerated() {
      bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * shift))
    }
  }
}
