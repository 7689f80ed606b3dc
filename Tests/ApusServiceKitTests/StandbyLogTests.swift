// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCore
import ApusServiceKit
import ApusTestKit
import Foundation
import Testing

/// Event logs of standbys that could not be written for a moment, or that an interruption left elsewhere than the
/// journal. None of it ends a replica or leaves a hole.
@Suite struct StandbyLogTests {
  typealias Replica = ReplicatedService<SumEngine>
  typealias Rig = ReplicatedServiceTests

  /// A primary of 4,000 commands whose first records are gone, and a standby that has 100 of them and has ended.
  private static func fallBehind(
    _ one: ServiceConfiguration, _ two: ServiceConfiguration,
    meanwhile: () throws -> Void = {}
  ) throws -> (Replica, [SequencedEvent<UInt64>]) {
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.role == .primary }, "\(first.status)")
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...100, &seen)
    let second = try Replica.start(engine: .init(), configuration: two)
    #expect(Rig.waitFor(second) { $0.durableSequence >= 100 }, "\(second.status)")
    second.stop()
    try meanwhile()
    try EngineServiceTests.drive(&client, 101...4_000, &seen)
    let isGone = Rig.waitFor(first) { _ in StandbySnapshotTests.firstSequence(one) > 200 }
    #expect(isGone)
    return (first, seen)
  }

  /// Its log is the end of all events, at their indices, and goes on with the next one.
  private static func checkLeads(
    _ replica: Replica, _ two: ServiceConfiguration, _ seen: [SequencedEvent<UInt64>]
  ) throws {
    #expect(Rig.waitFor(replica) { $0.role != .standby }, "\(replica.status)")
    #expect(replica.status.role == .primary, "\(replica.status)")
    var client = try EngineServiceTests.client(two)
    var own: [SequencedEvent<UInt64>] = []
    while case .events = client.poll({ own.append($0) }) {}
    #expect(own == seen.suffix(own.count))
    #expect(client.eventIndex == UInt64(seen.count))
    try EngineServiceTests.drive(&client, 5_001...5_010, &own)
  }

  /// The log cannot be replaced when the snapshot comes, and can be a moment later.
  @Test(arguments: [false, true])
  func aLogThatFailedOnceIsCompleted(startsAgain: Bool) throws {
    let folder = try ScratchFolder()
    let (one, two) = try StandbySnapshotTests.configurations(folder)
    let (first, seen) = try Self.fallBehind(one, two)
    let block = ServiceFolder(two.folder).events + "/events.position.new"
    try FileManager.default.createDirectory(atPath: block, withIntermediateDirectories: false)
    var third = try Replica.start(engine: .init(), configuration: two)
    let end = seen.last?.sequence ?? 0
    #expect(
      Rig.waitFor(third) { $0.durableSequence >= end && $0.eventLogProblem != nil },
      "\(third.status)")
    try FileManager.default.removeItem(atPath: block)
    if startsAgain {
      third.stop()
      #expect(third.status.failure == nil, "\(third.status)")
      third = try Replica.start(engine: .init(), configuration: two)
      #expect(
        Rig.waitFor(third) { $0.durableSequence >= end && $0.eventLogProblem == nil },
        "\(third.status)")
    }
    first.stop()
    try Self.checkLeads(third, two, seen)
    third.stop()
  }

  /// The log begins behind the journal's end: it is begun anew, and what is led then is all in it.
  @Test func aLogThatIsAheadOfItsJournalGivesWay() throws {
    let folder = try ScratchFolder()
    let (one, two) = try StandbySnapshotTests.configurations(folder)
    let (journal, saved) = (ServiceFolder(two.folder).journal, folder.path("saved"))
    let (first, seen) = try Self.fallBehind(one, two) {
      try FileManager.default.copyItem(atPath: journal, toPath: saved)
    }
    let third = try Replica.start(engine: .init(), configuration: two)
    let end = seen.last?.sequence ?? 0
    #expect(Rig.waitFor(third) { $0.durableSequence >= end }, "\(third.status)")
    third.stop()
    first.stop()
    try FileManager.default.removeItem(atPath: journal)
    try FileManager.default.copyItem(atPath: saved, toPath: journal)
    let fourth = try Replica.start(engine: .init(), configuration: two)
    #expect(Rig.waitFor(fourth) { $0.role == .primary }, "\(fourth.status)")
    var client = try EngineServiceTests.client(two)
    var all: [SequencedEvent<UInt64>] = []
    while case .events = client.poll({ all.append($0) }) {}
    #expect(all == Array(seen.prefix(all.count)) && all.count >= 100)
    try EngineServiceTests.drive(&client, 5_001...5_200, &all)
    fourth.stop()
  }

  /// A log that takes nothing is not said to be complete.
  @Test func aLogThatIsBehindIsNotComplete() throws {
    let folder = try ScratchFolder()
    var (one, two) = try StandbySnapshotTests.configurations(folder)
    (one.snapshotInterval, two.snapshotInterval) = (20, 20)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...100, &seen)
    #expect(Rig.waitFor(second) { $0.durableSequence >= 100 }, "\(second.status)")
    let events = ServiceFolder(two.folder).events
    // 256 events of 16 bytes fill a segment of two pages; the next two cannot be made.
    let blocks = [512, 768].map { index in
      let number = "\(index)"
      return events + "/" + String(repeating: "0", count: 20 - number.count) + number
        + ".events.new"
    }
    for block in blocks {
      try FileManager.default.createDirectory(atPath: block, withIntermediateDirectories: false)
    }
    try EngineServiceTests.drive(&client, 101...3_000, &seen)
    let end = seen.last?.sequence ?? 0
    #expect(Rig.waitFor(second) { $0.durableSequence >= end }, "\(second.status)")
    for block in blocks { try FileManager.default.removeItem(atPath: block) }
    // Longer than the keeper takes for a sync.
    Thread.sleep(forTimeInterval: 0.6)
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: events + "/events.position")))
    let complete = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[264 + $1]) << (8 * UInt64($1)) }
    #expect(complete < end)
    first.stop()
    try Self.checkLeads(second, two, seen)
    second.stop()
  }
}
