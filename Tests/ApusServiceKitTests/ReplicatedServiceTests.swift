// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCore
import ApusReplication
import ApusServiceKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// Two replicas in one process, and a lease between them.
@Suite struct ReplicatedServiceTests {
  typealias Replica = ReplicatedService<SumEngine>

  /// Two addresses of the loopback interface that nothing listened on a moment ago.
  static func addresses() throws -> (String, String) {
    let (one, two) = try FreePorts.pair()
    return ("127.0.0.1:\(one)", "127.0.0.1:\(two)")
  }

  static func configurations(
    _ folder: ScratchFolder
  ) throws -> (ServiceConfiguration, ServiceConfiguration) {
    let (first, second) = try addresses()
    var one = EngineServiceTests.configuration(folder, release: .replicated)
    one.folder = folder.path("one")
    (one.listen, one.peer) = (first, second)
    one.lease = folder.path("lease")
    var two = one
    two.folder = folder.path("two")
    (two.listen, two.peer) = (second, first)
    (two.node, two.peerNode) = (2, 1)
    return (one, two)
  }

  static func waitFor(_ replica: Replica, _ isReached: (ReplicaStatus) -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      if isReached(replica.status) { return true }
      Thread.sleep(forTimeInterval: 0.002)
    }
    return false
  }

  @Test func theStandbyTakesOverWithEverythingThatWasAcknowledged() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...700, &seen)
    let last = seen.last?.sequence ?? 0
    #expect(
      Self.waitFor(second) { $0.role == .standby && $0.durableSequence >= last },
      "\(second.status)")

    first.stop()
    #expect(first.status.failure == nil && first.status.role == .stopped)
    #expect(Self.waitFor(second) { $0.role == .primary }, "\(second.status)")
    #expect(second.status.epoch == 2)
    let takeOver = try #require(second.status.takeOver)
    #expect(takeOver.promotionNanoseconds > 0 && takeOver.openingNanoseconds > 0)
    #expect(first.status.takeOver == nil)
    // The old primary comes back and follows; commands need both again.
    let third = try Replica.start(engine: .init(), configuration: one)
    var other = try EngineServiceTests.client(two)
    var all: [SequencedEvent<UInt64>] = []
    while case .events = other.poll({ all.append($0) }) {}
    #expect(all == seen, "the standby's log has the same events at the same indices")
    try EngineServiceTests.drive(&other, 701...800, &all)
    #expect(
      Self.waitFor(third) { $0.role == .standby && $0.epoch == 2 && $0.failure == nil },
      "\(third.status)")
    second.stop()
    #expect(Self.waitFor(third) { $0.role == .primary }, "\(third.status)")
    #expect(third.status.epoch == 3)
    var again = try EngineServiceTests.client(one)
    var whole: [SequencedEvent<UInt64>] = []
    while case .events = again.poll({ whole.append($0) }) {}
    #expect(whole == all)
    third.stop()
    for replica in [first, second, third] { #expect(replica.status.failure == nil) }
  }

  /// A replaced disk must not look like an empty market.
  @Test func anEmptyReplicaDoesNotBeginAnewWhereTheOtherOneHasLed() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary })
    first.stop()
    let second = try Replica.start(engine: .init(), configuration: two)
    #expect(Self.waitFor(second) { $0.role == .stopped })
    #expect(second.status.failure?.contains("start the other replica first") == true)
    second.stop()
    let again = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(again) { $0.role == .primary }, "\(again.status)")
    again.stop()
  }

  /// Two replicas that are started in different folders would each have a lease of their own.
  @Test(arguments: ["lease", "./lease", "../lease", "", "nats://127.0.0.1:4222/apus/venue"])
  func aLeaseThatIsNoAbsolutePathIsRefused(lease: String) throws {
    let folder = try ScratchFolder()
    var (one, _) = try Self.configurations(folder)
    one.lease = lease
    do throws(ServiceError) {
      _ = try Replica.start(engine: .init(), configuration: one)
      Issue.record("accepted")
    } catch {
      guard case .configuration("lease", lease, let expected) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(expected.hasPrefix("an absolute path"))
    }
    #expect(!FileManager.default.fileExists(atPath: one.folder))
  }

  /// A client that asks the replica that follows is sent to the other one.
  @Test func aClientOfAReplicaThatFollowsIsSentToTheOther() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...20, &seen)
    #expect(Self.waitFor(second) { $0.role == .standby && $0.durableSequence >= 20 })
    do throws(ClientError) {
      _ = try EngineServiceTests.client(two)
      Issue.record("the one that follows takes commands")
    } catch {
      #expect(error == .notLeading(folder: two.folder))
      #expect(error.description.contains("a replica follows here"))
    }
    first.stop()
    #expect(Self.waitFor(second) { $0.role == .primary }, "\(second.status)")
    _ = try EngineServiceTests.client(two)
    // It comes back, with the rings of when it led.
    let third = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(third) { $0.role == .standby && $0.epoch == 2 }, "\(third.status)")
    do throws(ClientError) {
      try client.reconnect()
      Issue.record("the one that came back takes commands")
    } catch {
      #expect(error == .notLeading(folder: one.folder))
    }
    _ = consume client
    do throws(ClientError) {
      _ = try EngineServiceTests.client(one)
      Issue.record("the one that came back takes commands")
    } catch {
      #expect(error == .notLeading(folder: one.folder))
    }
    second.stop()
    third.stop()
  }

  /// The link is not authenticated, and names would have to be waited for.
  @Test(arguments: [
    "0.0.0.0:7001", "localhost:7001", "192.168.1.2:7001", "128.0.0.1:7001", "127.0.0:7001",
    "127.0.0.256:7001", "[::]:7001", "127.0.0.1.evil:7001", "127.0.0.1:", "127.0.0.1:70000",
    "+127.0.0.1:1",
  ])
  func anAddressBeyondThisMachineIsRefusedBeforeAnythingIsMade(address: String) throws {
    let folder = try ScratchFolder()
    let (one, _) = try Self.configurations(folder)
    for field in ["listen", "peer"] {
      var configuration = one
      if field == "listen" { configuration.listen = address } else { configuration.peer = address }
      do throws(ServiceError) {
        _ = try Replica.start(engine: .init(), configuration: configuration)
        Issue.record("accepted")
      } catch {
        guard case .configuration(field, address, _) = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    #expect(!FileManager.default.fileExists(atPath: one.folder))
  }

  @Test func aReplicaWithoutItsAddressesIsRefused() throws {
    let folder = try ScratchFolder()
    let (one, _) = try Self.configurations(folder)
    for change in [
      { (one: inout ServiceConfiguration) in one.peer = nil }, { $0.listen = "here" },
      { $0.lease = nil }, { $0.peerNode = $0.node }, { $0.listen = "127.0.0.1:0" },
    ] as [(inout ServiceConfiguration) -> Void] {
      var configuration = one
      change(&configuration)
      do throws(ServiceError) {
        _ = try Replica.start(engine: .init(), configuration: configuration)
        Issue.record("accepted")
      } catch {
        guard case .configuration = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    var alone = EngineServiceTests.configuration(folder)
    alone.release = .replicated
    do throws(ServiceError) {
      _ = try EngineService<SumEngine>.start(engine: .init(), configuration: alone)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("release"))
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func aPrimaryWhoseStandbyIsNotThereCanBeStopped() throws {
    let folder = try ScratchFolder()
    let (one, _) = try Self.configurations(folder)
    let replica = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(replica) { $0.role == .primary }, "\(replica.status)")
    var client = try EngineServiceTests.client(one)
    for number in UInt64(1)...20 { #expect(client.submit(number) == .submitted) }
    #expect(Self.waitFor(replica) { $0.durableSequence >= 20 }, "\(replica.status)")
    replica.stop()
    #expect(replica.status.role == .stopped && replica.status.failure == nil)
    var count = 0
    _ = client.poll { _ in count += 1 }
    #expect(count == 0, "nobody was told of what the standby does not have")
  }

  @Test func aPrimaryThatIsStoppedHandsOverAllThatItHas() throws {
    let folder = try ScratchFolder()
    var (one, two) = try Self.configurations(folder)
    (one.release, two.release) = (.durable, .durable)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary }, "\(first.status)")
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...10, &seen)
    let second = try Replica.start(engine: .init(), configuration: two)
    #expect(
      Self.waitFor(second) { $0.role == .standby && $0.durableSequence >= 10 }, "\(second.status)")
    try EngineServiceTests.drive(&client, 11...2_000, &seen)
    first.stop()
    #expect(Self.waitFor(second) { $0.role == .primary }, "\(second.status)")
    #expect(try StandbySnapshotTests.events(two) == seen)
    second.stop()
  }

  /// What it may cut off goes by how it acknowledged then, not by how it is to do it now.
  @Test func whatWasAcknowledgedAloneIsNeverCutOff() throws {
    let folder = try ScratchFolder()
    var (one, two) = try Self.configurations(folder)
    (one.release, two.release) = (.durable, .durable)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary }, "\(first.status)")
    let second = try Replica.start(engine: .init(), configuration: two)
    var seen: [SequencedEvent<UInt64>] = []
    do {
      var client = try EngineServiceTests.client(one)
      try EngineServiceTests.drive(&client, 1...10, &seen)
      #expect(Self.waitFor(second) { $0.durableSequence >= 10 }, "\(second.status)")
      second.stop()
      // Acknowledged by the first one alone.
      try EngineServiceTests.drive(&client, 11...20, &seen)
    }
    first.stop()
    let third = try Replica.start(engine: .init(), configuration: two)
    #expect(Self.waitFor(third) { $0.role == .primary }, "\(third.status)")
    var other = try EngineServiceTests.client(two)
    var elsewhere: [SequencedEvent<UInt64>] = []
    while case .events = other.poll({ elsewhere.append($0) }) {}
    try EngineServiceTests.drive(&other, 101...115, &elsewhere)
    one.release = .replicated
    let fourth = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(fourth) { $0.role == .stopped }, "\(fourth.status)")
    #expect(fourth.status.cutRecordCount == 0)
    #expect(fourth.status.failure != nil, "\(fourth.status)")
    #expect(fourth.status.appliedSequence >= 20)
    third.stop()
    fourth.stop()
  }

  @Test func aPrimaryWhoseLeaseIsRemovedLeadsNoMore() throws {
    let folder = try ScratchFolder()
    let (one, _) = try Self.configurations(folder)
    let replica = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(replica) { $0.role == .primary }, "\(replica.status)")
    try FileManager.default.removeItem(atPath: folder.path("lease"))
    #expect(Self.waitFor(replica) { $0.role == .stopped }, "\(replica.status)")
    #expect(replica.status.failure?.contains("lease") == true, "\(replica.status)")
    replica.stop()
  }

  @Test func aStandbyWithoutAnEventLogCompletesItWhenItLeads() throws {
    let folder = try ScratchFolder()
    let (one, two) = try Self.configurations(folder)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary }, "\(first.status)")
    // Its log cannot be made, and it follows all the same.
    try FileManager.default.createDirectory(
      atPath: two.folder, withIntermediateDirectories: true)
    let events = ServiceFolder(two.folder).events
    try Data().write(to: URL(fileURLWithPath: events))
    let second = try Replica.start(engine: .init(), configuration: two)
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...700, &seen)
    #expect(
      Self.waitFor(second) { $0.eventLogProblem?.contains(events) == true }, "\(second.status)")
    try FileManager.default.removeItem(atPath: events)
    first.stop()
    #expect(Self.waitFor(second) { $0.role != .standby }, "\(second.status)")
    #expect(second.status.role == .primary, "\(second.status)")
    #expect(second.status.eventLogProblem == nil, "\(second.status)")
    #expect(try StandbySnapshotTests.events(two) == seen)
    second.stop()
  }

  @Test func anEmptyReplicaDoesNotBeginWhereTheOtherOneHasLed() throws {
    let folder = try ScratchFolder()
    var (one, two) = try Self.configurations(folder)
    (one.release, two.release) = (.durable, .durable)
    let first = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(first) { $0.role == .primary }, "\(first.status)")
    var client = try EngineServiceTests.client(one)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...10, &seen)
    let second = try Replica.start(engine: .init(), configuration: two)
    #expect(Self.waitFor(second) { $0.durableSequence >= 10 }, "\(second.status)")
    second.stop()
    first.stop()
    // The second one has lost its disk, and is started before the other one.
    try FileManager.default.removeItem(atPath: two.folder)
    let empty = try Replica.start(engine: .init(), configuration: two)
    #expect(Self.waitFor(empty) { $0.role == .stopped }, "\(empty.status)")
    #expect(empty.status.failure?.contains(two.folder) == true, "\(empty.status)")
    empty.stop()
    let again = try Replica.start(engine: .init(), configuration: one)
    #expect(Self.waitFor(again) { $0.role == .primary }, "\(again.status)")
    again.stop()
  }
}
