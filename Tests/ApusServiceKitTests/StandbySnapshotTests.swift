// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCore
import ApusServiceKit
import ApusTestKit
import Foundation
import Testing

/// Replicas whose journals no longer have every record.
@Suite struct StandbySnapshotTests {
  typealias Replica = ReplicatedService<SumEngine>

  /// Small segments, of which one stays.
  static func configurations(
    _ folder: ScratchFolder
  ) throws -> (ServiceConfiguration, ServiceConfiguration) {
    var (one, two) = try ReplicatedServiceTests.configurations(folder)
    for index in 0..<2 {
      var own = index == 0 ? one : two
      own.release = .durable
      own.journalBufferBytes = 8_192
      own.journalSegmentBytes = 32_768
      own.snapshotInterval = 200
      own.eventSegmentBytes = 8_192
      own.eventBytesKept = 0
      if index == 0 { one = own } else { two = own }
    }
    return (one, two)
  }

  static func firstSequence(_ configuration: ServiceConfiguration) -> UInt64 {
    let path = ServiceFolder(configuration.folder).journal
    let options = FileJournalStorage.Options(
      usesIOUring: false, usesDirectIO: false, createsFolder: false)
    guard let storage = try? FileJournalStorage(path: path, options: options) else { return 0 }
    return (try? JournalInspection.report(storage, depth: .tail).firstSequence) ?? 0
  }

  /// Starts a primary and gives it so many commands that their first records are gone.
  static func start(
    _ one: ServiceConfiguration, _ seen: inout [SequencedEvent<UInt64>]
  ) throws -> Replica {
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(ReplicatedServiceTests.waitFor(first) { $0.role == .primary }, "\(first.status)")
    var client = try EngineServiceTests.client(one, cursor: "all")
    try EngineServiceTests.drive(&client, 1...3_000, &seen)
    let isGone = ReplicatedServiceTests.waitFor(first) { _ in firstSequence(one) > 1 }
    #expect(isGone, "the first records stay")
    return first
  }

  /// All events that a service's log has.
  static func events(
    _ configuration: ServiceConfiguration
  ) throws -> [SequencedEvent<UInt64>] {
    var client = try EngineServiceTests.client(configuration)
    var all: [SequencedEvent<UInt64>] = []
    while case .events = client.poll({ all.append($0) }) {}
    return all
  }

  @Test func aStandbyThatBeganFromASnapshotTakesOver() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    var seen: [SequencedEvent<UInt64>] = []
    let first = try Self.start(one, &seen)
    let second = try Replica.start(engine: .init(), configuration: two)
    let last = seen.last?.sequence ?? 0
    #expect(
      ReplicatedServiceTests.waitFor(second) { $0.durableSequence >= last }, "\(second.status)")
    #expect(Self.firstSequence(two) > 1, "it began from a snapshot")
    #expect(second.status.eventLogProblem == nil, "\(second.status)")
    first.stop()
    #expect(ReplicatedServiceTests.waitFor(second) { $0.role == .primary }, "\(second.status)")

    // Its events have the indices that they had: those behind the snapshot are the end of all.
    var client = try EngineServiceTests.client(two)
    var own: [SequencedEvent<UInt64>] = []
    while case .events = client.poll({ own.append($0) }) {}
    #expect(own.count < seen.count && own == seen.suffix(own.count))
    #expect(client.eventIndex == UInt64(seen.count), "as in the first one's log")
    try EngineServiceTests.drive(&client, 3_001...3_100, &seen)
    second.stop()

    // And after another start, from its own snapshots.
    let third = try Replica.start(engine: .init(), configuration: two)
    #expect(ReplicatedServiceTests.waitFor(third) { $0.role == .primary }, "\(third.status)")
    let again = try Self.events(two)
    #expect(again == seen.suffix(again.count))
    third.stop()
    for replica in [first, second, third] { #expect(replica.status.failure == nil) }
  }

  /// It was there before, was away, and its log ends before the snapshot that it gets.
  @Test func aStandbyThatWasAwayForTooLongTakesOver() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(ReplicatedServiceTests.waitFor(first) { $0.role == .primary }, "\(first.status)")
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...100, &seen)
    let second = try Replica.start(engine: .init(), configuration: two)
    let last = seen.last?.sequence ?? 0
    #expect(
      ReplicatedServiceTests.waitFor(second) { $0.durableSequence >= last }, "\(second.status)")
    second.stop()
    try EngineServiceTests.drive(&client, 101...4_000, &seen)
    #expect(
      ReplicatedServiceTests.waitFor(first) { _ in Self.firstSequence(one) > 200 }, "records stay")
    let third = try Replica.start(engine: .init(), configuration: two)
    let end = seen.last?.sequence ?? 0
    #expect(
      ReplicatedServiceTests.waitFor(third) { $0.durableSequence >= end }, "\(third.status)")
    first.stop()
    #expect(ReplicatedServiceTests.waitFor(third) { $0.role == .primary }, "\(third.status)")
    var other = try EngineServiceTests.client(two)
    var own: [SequencedEvent<UInt64>] = []
    while case .events = other.poll({ own.append($0) }) {}
    #expect(own.count < seen.count && own == seen.suffix(own.count))
    #expect(other.eventIndex == UInt64(seen.count))
    try EngineServiceTests.drive(&other, 4_001...4_050, &own)
    third.stop()
    #expect(third.status.failure == nil)
  }

  /// Of a release that did not count events: the standby follows and keeps following, also after a restart, and
  /// says why it cannot lead.
  @Test func aStandbyOfASnapshotWithoutACountFollowsAndSaysSo() throws {
    let folder = try ScratchFolder()
    var (one, two) = try Self.configurations(folder)
    var seen: [SequencedEvent<UInt64>] = []
    try Self.start(one, &seen).stop()
    let journal = ServiceFolder(one.folder).journal
    for name in try FileManager.default.contentsOfDirectory(atPath: journal)
    where name.hasSuffix(".snapshot") { try Self.forgetCount(journal + "/" + name) }
    (one.snapshotInterval, two.snapshotInterval) = (1 << 40, 1 << 40)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(ReplicatedServiceTests.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let last = seen.last?.sequence ?? 0
    for _ in 0..<2 {
      let second = try Replica.start(engine: .init(), configuration: two)
      #expect(
        ReplicatedServiceTests.waitFor(second) {
          $0.durableSequence >= last && $0.eventLogProblem?.contains("copy of the other") == true
        }, "\(second.status)")
      second.stop()
      #expect(second.status.failure == nil, "\(second.status)")
    }
    first.stop()
  }

  /// Makes a snapshot's header one of version 1.
  private static func forgetCount(_ path: String) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    (bytes[8], bytes[64]) = (1, 1)
    for offset in 68..<84 { bytes[offset] = 0 }
    let sum = unsafe CRC32C.checksum(Array(bytes[..<68]).span.bytes)
    for index in 0..<4 { bytes[68 + index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// What a primary does for its disk a standby does as well.
  @Test func aStandbyWritesSnapshotsAndRemovesSegments() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(ReplicatedServiceTests.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...100, &seen)
    #expect(
      ReplicatedServiceTests.waitFor(second) { $0.durableSequence >= 100 }, "\(second.status)")
    try EngineServiceTests.drive(&client, 101...4_000, &seen)
    let isTidy = ReplicatedServiceTests.waitFor(second) { _ in
      Self.firstSequence(two) > 200 && Self.logFirstIndex(two) > 0
    }
    #expect(isTidy, "\(Self.firstSequence(two)) \(second.status)")
    let names = try FileManager.default.contentsOfDirectory(
      atPath: ServiceFolder(two.folder).journal)
    #expect(names.contains { $0.hasSuffix(".snapshot") })
    // `apus top` shows it.
    let counters = try CounterReader(path: ServiceFolder(two.folder).counters)
    let isShown = ReplicatedServiceTests.waitFor(second) { _ in
      Self.value("apus_applied_sequence", counters) >= 4_000
    }
    #expect(isShown)
    #expect(Self.value("apus_leading", counters) == 0)
    first.stop()
    #expect(ReplicatedServiceTests.waitFor(second) { $0.role == .primary }, "\(second.status)")
    #expect(
      ReplicatedServiceTests.waitFor(second) { _ in Self.value("apus_leading", counters) == 1 })
    let own = try Self.events(two)
    #expect(own == seen.suffix(own.count))
    second.stop()
  }

  private static func logFirstIndex(_ configuration: ServiceConfiguration) -> UInt64 {
    let reader = try? EventLogReader<UInt64>(
      path: ServiceFolder(configuration.folder).events, format: SumEngine.snapshotFormat)
    guard let reader else { return 0 }
    return reader.firstIndex
  }

  private static func value(_ name: String, _ counters: borrowing CounterReader) -> Int64 {
    for entry in (try? counters.snapshot().entries) ?? [] where entry.identity.name == name {
      if case .gauge(let value) = entry.value { return value }
    }
    return -1
  }
}
