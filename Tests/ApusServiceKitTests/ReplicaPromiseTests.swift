// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCore
import ApusServiceKit
import ApusTestKit
import Foundation
import Testing

/// With the release `replicated` nobody sees an event that is not on both disks, whoever starts again and when.
@Suite struct ReplicaPromiseTests {
  typealias Replica = ReplicatedService<SumEngine>
  typealias Rig = ReplicatedServiceTests

  /// A primary of ten released commands and twenty that no standby has; both replicas have ended.
  private static func leaveTail(
    _ one: ServiceConfiguration, _ two: ServiceConfiguration
  ) throws {
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var seen: [SequencedEvent<UInt64>] = []
    var client = try EngineServiceTests.client(one)
    try EngineServiceTests.drive(&client, 1...10, &seen)
    second.stop()
    for number in UInt64(11)...30 { #expect(client.submit(number) == .submitted) }
    #expect(Rig.waitFor(first) { $0.durableSequence >= 30 }, "\(first.status)")
    first.stop()
  }

  private static func eventCount(_ configuration: ServiceConfiguration) throws -> Int {
    try StandbySnapshotTests.events(configuration).count
  }

  @Test func aPrimaryThatStartsAgainHoldsBackWhatNoStandbyHas() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Rig.configurations(folder)
    try Self.leaveTail(one, two)
    let again = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(again) { $0.role == .primary && $0.appliedSequence >= 30 })
    Thread.sleep(forTimeInterval: 0.3)
    #expect(try Self.eventCount(one) == 10)
    // The standby comes, and they leave in their order, with those of new commands behind them.
    let second = try Replica.start(engine: .init(), configuration: two)
    var client = try EngineServiceTests.client(one)
    var all: [SequencedEvent<UInt64>] = []
    let end = ContinuousClock.now + .seconds(60)
    while all.count < 30, ContinuousClock.now < end {
      _ = client.poll { all.append($0) }
    }
    try EngineServiceTests.drive(&client, 31...50, &all)
    #expect(all.count == 50 && all.map(\.sequence) == all.map(\.sequence).sorted())
    #expect(Rig.waitFor(second) { $0.durableSequence >= all.last?.sequence ?? 0 })
    again.stop()
    #expect(Rig.waitFor(second) { $0.role == .primary }, "\(second.status)")
    #expect(try StandbySnapshotTests.events(two) == all)
    second.stop()
  }

  @Test func whatWasHeldBackIsCutOffWhereTheOtherOneLeads() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Rig.configurations(folder)
    try Self.leaveTail(one, two)
    let second = try Replica.start(engine: .init(), configuration: two)
    #expect(Rig.waitFor(second) { $0.role == .primary }, "\(second.status)")
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.cutRecordCount > 0 && $0.role == .standby }, "\(first.status)")
    // Nobody was shown an event that was cut off.
    var reader = try EventLogReader<UInt64>(
      path: ServiceFolder(one.folder).events, format: SumEngine.snapshotFormat)
    var count = 0
    while case .read(let taken) = reader.tryRead({ $0.count }) { count += taken }
    #expect(count == 10)
    first.stop()
    second.stop()
    for replica in [first, second] { #expect(replica.status.failure == nil) }
  }

  /// It has nothing of its own, and takes a snapshot where the common records are gone.
  @Test func anOldPrimaryComesBackWithASnapshot() throws {
    let folder = try ScratchFolder()
    var (one, two) = try StandbySnapshotTests.configurations(folder)
    (one.release, two.release) = (.replicated, .replicated)
    (one.eventCapacity, two.eventCapacity) = (8_192, 8_192)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var seen: [SequencedEvent<UInt64>] = []
    do {
      var client = try EngineServiceTests.client(one)
      try EngineServiceTests.drive(&client, 1...100, &seen)
    }
    first.stop()
    #expect(Rig.waitFor(second) { $0.role == .primary }, "\(second.status)")
    var other = try EngineServiceTests.client(two)
    var next: UInt64 = 101
    let isGone = Rig.waitFor(second) { _ in
      while next <= 4_000, other.submit(next) == .submitted { next += 1 }
      return StandbySnapshotTests.firstSequence(two) > 300
    }
    #expect(isGone)
    let third = try Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(third) { $0.durableSequence > 300 }, "\(third.status)")
    third.stop()
    second.stop()
    #expect(third.status.failure == nil, "\(third.status)")
  }
}
