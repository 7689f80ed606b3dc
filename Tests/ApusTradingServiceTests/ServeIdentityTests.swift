// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusServiceKit
import ApusTestKit
import ApusTestSupport
import ApusTrading
import ApusTradingService
import Foundation
import Testing

/// Which engine a folder is of, and under which configuration.
@Suite struct ServeIdentityTests {
  private static func configuration(_ path: String) -> ServiceConfiguration {
    var configuration = ServiceConfiguration(folder: path)
    configuration.clientRingBytes = 1 << 15
    configuration.journalSegmentBytes = 1 << 20
    configuration.journalBufferBytes = 1 << 16
    configuration.eventSegmentBytes = 1 << 17
    return configuration
  }

  private static func refusal(
    _ body: () throws(ServiceError) -> Void
  ) -> String {
    do throws(ServiceError) {
      try body()
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test func whatDecidesIsInTheFingerprintAndNothingElse() {
    var configuration = MatchingEngine.Configuration(hashSeed: 1)
    let fingerprint = MatchingEngine.fingerprint(of: configuration)
    configuration.hashSeed = 2
    configuration.residentOrderCount = 100
    configuration.pages = .plain
    #expect(MatchingEngine.fingerprint(of: configuration) == fingerprint)
    let changes: [(inout MatchingEngine.Configuration) -> Void] = [
      { $0.orderCapacity += 1 }, { $0.levelCapacity += 1 }, { $0.priceCountMax += 1 },
      { $0.trailingStopCountMax += 1 }, { $0.holdingCapacity += 1 }, { $0.eventCountMax += 1 },
    ]
    let all = changes.map { change in
      var other = configuration
      change(&other)
      return MatchingEngine.fingerprint(of: other)
    }
    #expect(Set(all + [fingerprint]).count == changes.count + 1)
  }

  @Test func aFolderOfAnotherConfigurationIsRefusedBeforeAnythingIsMade() throws {
    let scratch = try ScratchFolder()
    let configuration = Self.configuration(scratch.path("venue"))
    try MatchingService.start(orderCapacity: 64, configuration: configuration).stop()
    let before = try FileManager.default.subpathsOfDirectory(atPath: scratch.path("venue"))
    let text = Self.refusal { () throws(ServiceError) in
      _ = try MatchingService.start(orderCapacity: 65, configuration: configuration)
    }
    #expect(text.contains("engine.json") && text.contains("another configuration"), "\(text)")
    #expect(try FileManager.default.subpathsOfDirectory(atPath: scratch.path("venue")) == before)
    // Nor by a service of another engine.
    let other = Self.refusal { () throws(ServiceError) in
      _ = try EngineService<SumEngine>.start(engine: .init(), configuration: configuration)
    }
    #expect(
      other.contains("is of matching version 2") && other.contains("sum version 1"), "\(other)")
    try MatchingService.start(orderCapacity: 64, configuration: configuration).stop()
  }

  @Test func aStandbyOfAnotherConfigurationIsRefused() throws {
    let scratch = try ScratchFolder()
    let ports = try FreePorts.pair()
    var one = Self.configuration(scratch.path("one"))
    (one.listen, one.peer) = ("127.0.0.1:\(ports.0)", "127.0.0.1:\(ports.1)")
    one.lease = scratch.path("lease")
    one.release = .replicated
    var two = one
    two.folder = scratch.path("two")
    (two.listen, two.peer, two.node, two.peerNode) = (one.peer, one.listen, 2, 1)
    let first = try MatchingService.startReplica(orderCapacity: 64, configuration: one)
    defer { first.stop() }
    #expect(Self.wait(first) { $0.standbyProblem?.contains("no standby is connected") == true })
    let second = try MatchingService.startReplica(orderCapacity: 65, configuration: two)
    #expect(Self.wait(second) { $0.role == .stopped }, "\(second.status)")
    #expect(second.status.failure?.contains("another configuration") == true, "\(second.status)")
    second.stop()
    // With the same one it follows, and what it said before does not keep it out.
    let third = try MatchingService.startReplica(orderCapacity: 64, configuration: two)
    #expect(Self.wait(third) { $0.role == .standby && $0.epoch == 1 }, "\(third.status)")
    #expect(Self.wait(first) { $0.standbyProblem == nil }, "\(first.status)")
    third.stop()

    // The numbers that count are those of the configuration.
    two.node = 7
    let fourth = try MatchingService.startReplica(orderCapacity: 64, configuration: two)
    #expect(Self.wait(first) { $0.standbyProblem?.contains("replica 7 follows") == true })
    fourth.stop()

    // Neither folder is served alone: the other one may lead.
    two.lease = nil
    (two.listen, two.peer) = (nil, nil)
    two.release = .durable
    let alone = Self.refusal { () throws(ServiceError) in
      _ = try MatchingService.start(orderCapacity: 64, configuration: two)
    }
    #expect(alone.contains("one of two replicas"), "\(alone)")
  }

  @Test func aReplicaIsNotItsOwnPeer() throws {
    let scratch = try ScratchFolder()
    var one = Self.configuration(scratch.path("one"))
    (one.listen, one.peer) = ("127.0.0.1:7001", "127.0.0.1:7001")
    one.lease = scratch.path("lease")
    let text = Self.refusal { () throws(ServiceError) in
      _ = try MatchingService.startReplica(orderCapacity: 64, configuration: one)
    }
    #expect(text.contains("peer") && text.contains("another address than listen"), "\(text)")
  }

  private static func wait(
    _ replica: MatchingService.Replica, _ isReached: (ReplicaStatus) -> Bool
  ) -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      if isReached(replica.status) { return true }
      Thread.sleep(forTimeInterval: 0.002)
    }
    return false
  }
}
