// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplication
import Foundation
import Testing

@testable import ApusReplicationNATS

/// Leases that one line names, and that are asked on a thread of their own.
@Suite struct NATSAddressTests {
  private static func parse(_ address: String) throws(ReplicationError) -> NATSLeaseConfiguration {
    try NATSLeaseConfiguration(
      address: address, candidate: "node 1", timeToLiveNanoseconds: 3_000_000_000)
  }

  @Test func anAddressHasServerBucketAndKey() throws {
    let one = try Self.parse("nats://127.0.0.1:4222/leases/venue/1")
    #expect(one.url == "nats://127.0.0.1:4222" && one.bucket == "leases" && one.key == "venue/1")
    let two = try Self.parse("nats://a:1,user:word@b:2/leases/venue")
    #expect(two.url == "nats://a:1,nats://user:word@b:2")
  }

  @Test(arguments: [
    "", "nats://", "nats:///b/k", "nats://a:1", "nats://a:1/b", "nats://a:1/b/", "nats://a:1//k",
    "nats://a:1,/b/k", "nats://a:1/b/k k", "nats://a:1/b.c/k", "redis://a:1/b/k", "/b/k",
  ])
  func whatIsNoAddressIsRefused(address: String) throws {
    #expect(throws: ReplicationError.self) { _ = try Self.parse(address) }
  }

  @Test(.enabled(if: NATSServer.path != nil, "no nats-server"))
  func oneOfTwoThatAskInTheBackgroundLeads() throws {
    let server = try NATSServer()
    let configuration = try Self.parse(server.url + "/leases/venue")
    func candidate() throws -> BackgroundLease {
      try BackgroundLease {
        do { return try NATSLease(configuration: configuration) } catch { fatalError("\(error)") }
      }
    }
    let first = try candidate()
    #expect(Self.wait { first.step(now: .zero) != .notHeld })
    guard case .held(let epoch, _) = first.status else {
      Issue.record("\(first.status)")
      return
    }
    #expect(first.firstEpoch == epoch)
    let second = try candidate()
    #expect(!Self.wait(seconds: 0.3) { second.step(now: .zero) != .notHeld })
    first.release()
    #expect(first.status == .notHeld)
    #expect(Self.wait { if case .held = second.step(now: .zero) { true } else { false } })
    // Whoever begins with nothing now lacks what was led before.
    guard case .held(let next, _) = second.status, let beginning = second.firstEpoch else {
      Issue.record("\(second.status)")
      return
    }
    #expect(next > beginning && beginning == epoch)
  }

  @Test func messagesShowNoSecrets() throws {
    let configuration = try NATSLeaseConfiguration(
      address: "nats://user:secret@one:4222,token@two:4222/bucket/key", candidate: "x",
      timeToLiveNanoseconds: 1_000_000_000)
    #expect(configuration.url.contains("user:secret@one"))
    #expect(configuration.shownURL == "nats://one:4222,nats://two:4222")
    do throws(ReplicationError) {
      _ = try NATSLeaseConfiguration(
        address: "nats://user:secret@one:4222", candidate: "x",
        timeToLiveNanoseconds: 1_000_000_000)
      Issue.record("accepted")
    } catch {
      #expect(!error.description.contains("secret"), "\(error)")
    }
  }

  private static func wait(seconds: Double = 10, _ holds: () -> Bool) -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
      if holds() { return true }
      usleep(5_000)
    }
    return false
  }
}
