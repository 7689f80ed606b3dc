// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplication
import ApusTestSupport
import Foundation
import Testing

@testable import ApusReplicationNATS

/// A server of its own, on a port that the kernel chose, with its data in a folder of its own.
final class NATSServer {
  private var process: Process
  private let folder: ScratchFolder
  private(set) var port = 0

  static let path: String? = [
    "/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server",
  ]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

  init() throws {
    folder = try ScratchFolder()
    process = Process()
    try start()
  }

  deinit { kill() }

  var url: String { "nats://127.0.0.1:\(port)" }

  /// Starts it, at the same port as before.
  func start() throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: Self.path ?? "nats-server")
    let ports = URL(fileURLWithPath: folder.path("ports"))
    try FileManager.default.createDirectory(at: ports, withIntermediateDirectories: true)
    for file in try FileManager.default.contentsOfDirectory(
      at: ports, includingPropertiesForKeys: nil)
    {
      try FileManager.default.removeItem(at: file)
    }
    process.arguments = [
      "-js", "-a", "127.0.0.1", "-p", port == 0 ? "-1" : "\(port)", "-sd",
      folder.path("data"), "--ports_file_dir", ports.path,
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let end = Date().addingTimeInterval(10)
    while Date() < end {
      // The file is written when the server takes connections.
      let files = try FileManager.default.contentsOfDirectory(
        at: ports, includingPropertiesForKeys: nil)
      if let file = files.first, let text = try? String(contentsOf: file, encoding: .utf8),
        let found = text.firstMatch(of: /127\.0\.0\.1:(\d+)/), let number = Int(found.1)
      {
        port = number
        return
      }
      usleep(10_000)
    }
    throw CocoaError(.executableLoad)
  }

  /// Kills it and starts it without its data: every bucket is gone.
  func startEmpty() throws {
    kill()
    try FileManager.default.removeItem(atPath: folder.path("data"))
    try start()
  }

  func kill() {
    guard process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

private func now() -> Nanoseconds {
  var time = timespec()
  // SAFETY: `time` is there to be written.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Nanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}

@Suite(
  .serialized, .enabled(if: NATSServer.path != nil, "needs nats-server; run scripts/bootstrap"))
struct NATSLeaseTests {
  /// Long enough that a busy machine does not keep a holder from renewing in time.
  static let timeToLive: UInt64 = 3_000_000_000

  static func candidate(
    _ server: NATSServer, _ name: String, timeToLive: UInt64 = timeToLive, epochBase: UInt64 = 0
  ) throws -> NATSLease {
    try NATSLease(
      configuration: NATSLeaseConfiguration(
        url: server.url, bucket: "leases", key: "trading/1", candidate: name,
        timeToLiveNanoseconds: timeToLive, epochBase: epochBase))
  }

  /// Steps the candidates until something holds; false after the limit. Two holders at once fail.
  static func run(
    _ candidates: [NATSLease], seconds: Double, until holds: () -> Bool = { false }
  ) -> Bool {
    let end = now().rawValue + UInt64(seconds * 1e9)
    while now().rawValue < end {
      for candidate in candidates { _ = candidate.step(now: now()) }
      let time = now()
      let holders = candidates.filter { $0.status.epoch(at: time) != nil }
      #expect(holders.count <= 1, "two hold the lease")
      if holds() { return true }
      usleep(5_000)
    }
    return holds()
  }

  private static func holding(_ lease: NATSLease) -> (epoch: UInt64, until: Nanoseconds)? {
    guard case .held(let epoch, let until) = lease.status else { return nil }
    return (epoch, until)
  }

  @Test func oneOfTwoLeadsKeepsItAndHandsItOn() throws {
    let server = try NATSServer()
    let (first, second) = (
      try Self.candidate(server, "first"), try Self.candidate(server, "second")
    )
    let both = [first, second]
    let isTaken = Self.run(both, seconds: 20) {
      both.contains { $0.status.epoch(at: now()) != nil }
    }
    #expect(isTaken, "\(first.status), \(second.status)")
    let leader = first.status.epoch(at: now()) != nil ? first : second
    let other = leader === first ? second : first
    let epoch = try #require(leader.status.epoch(at: now()))
    // Longer than the time to live: renewed meanwhile, in the same epoch.
    _ = Self.run(both, seconds: 3.5)
    #expect(leader.status.epoch(at: now()) == epoch)
    #expect(other.status == .notHeld)
    #expect(other.holder == leader.configuration.candidate)
    // Given up: the other one need not wait for the end.
    leader.release()
    #expect(leader.status == .notHeld)
    let isHandedOn = Self.run([other], seconds: 2.5) { other.status.epoch(at: now()) != nil }
    #expect(isHandedOn, "\(other.status)")
    let next = try #require(other.status.epoch(at: now()))
    #expect(next > epoch)
  }

  @Test func aHolderThatStopsLosesItBeforeAnotherOneHasIt() throws {
    let server = try NATSServer()
    let (first, second) = (
      try Self.candidate(server, "first"), try Self.candidate(server, "second")
    )
    let isTaken = Self.run([first], seconds: 20) { first.status.epoch(at: now()) != nil }
    #expect(isTaken, "\(first.status)")
    let (epoch, until) = try #require(Self.holding(first))
    // It is not stepped any more, as if its machine had stopped.
    let isTakenOver = Self.run([second], seconds: 20) { second.status.epoch(at: now()) != nil }
    let takenOver = now()
    #expect(isTakenOver, "\(second.status)")
    #expect(takenOver > until, "taken over while the first still counted on it")
    #expect((second.status.epoch(at: now()) ?? 0) > epoch)
    #expect(first.status.epoch(at: now()) == nil)
    // When it wakes, it finds out.
    #expect(first.step(now: now()) == .notHeld)
  }

  @Test func aServerThatDiesEndsTheLeaseInTimeAndComesBack() throws {
    let server = try NATSServer()
    let lease = try Self.candidate(server, "only")
    let isTaken = Self.run([lease], seconds: 20) { lease.status.epoch(at: now()) != nil }
    #expect(isTaken, "\(lease.status)")
    let (epoch, _) = try #require(Self.holding(lease))
    server.kill()
    let isLost = Self.run([lease], seconds: 20) { lease.status.epoch(at: now()) == nil }
    #expect(isLost)
    _ = Self.run([lease], seconds: 0.5)
    #expect(lease.status.epoch(at: now()) == nil)
    try server.start()
    let isBack = Self.run([lease], seconds: 20) { lease.status.epoch(at: now()) != nil }
    #expect(isBack, "\(lease.status)")
    // The same one where its value outlived the server, else a later one: never an earlier.
    #expect((lease.status.epoch(at: now()) ?? 0) >= epoch)
  }

  /// A bucket that is gone with its count: epochs go on above the base that the candidates name.
  @Test func aBucketThatWasLostGoesOnAboveItsBase() throws {
    let server = try NATSServer()
    func take(_ lease: NATSLease) throws -> UInt64 {
      _ = Self.run([lease], seconds: 20) { lease.status.epoch(at: now()) != nil }
      return try #require(lease.status.epoch(at: now()), "\(lease.status)")
    }
    let before = try take(Self.candidate(server, "first")) + 1_000
    try server.startEmpty()
    let first = try Self.candidate(server, "first", epochBase: before)
    let epoch = try take(first)
    #expect(epoch > before)
    _ = Self.run([first], seconds: 1.5)
    #expect(first.status.epoch(at: now()) == epoch, "it is renewed in its epoch")
    first.release()
    // The bucket has the base, whatever later candidates name.
    let second = try Self.candidate(server, "second")
    let next = try take(second)
    #expect(next > epoch)
    second.release()
    // One that has seen more than this bucket can have counted does not lead, and says why.
    let third = try Self.candidate(server, "third", epochBase: before + 1_000_000)
    let isSaid = Self.run([third], seconds: 5) {
      if case .unknown(let reason) = third.status { reason.contains("epochBase") } else { false }
    }
    #expect(isSaid && third.status.epoch(at: now()) == nil, "\(third.status)")
    // Nor does it keep others out.
    #expect(try take(second) > next)
  }

  @Test func whatCannotBeIsSaid() throws {
    let server = try NATSServer()
    let lease = try Self.candidate(server, "first")
    _ = Self.run([lease], seconds: 20) { lease.status.epoch(at: now()) != nil }
    let other = try Self.candidate(server, "second", timeToLive: 9_000_000_000)
    guard case .unknown(let reason) = other.step(now: now()) else {
      Issue.record("a candidate with another time to live was taken: \(other.status)")
      return
    }
    #expect(reason.contains("time to live"))
    server.kill()
    let late = try Self.candidate(server, "late")
    guard case .unknown(let absent) = late.step(now: now()) else {
      Issue.record("no server, and \(late.status)")
      return
    }
    #expect(absent.contains("127.0.0.1"))
    #expect(throws: ReplicationError.self) {
      try NATSLease(
        configuration: NATSLeaseConfiguration(
          url: "nats://127.0.0.1:1", bucket: "a b", key: "k", candidate: "c",
          timeToLiveNanoseconds: 1_000_000_000))
    }
    #expect(throws: ReplicationError.self) { try Self.candidate(server, "x", timeToLive: 5) }
  }
}

/// Numbers that others chose; no server is needed.
@Suite struct NATSLeaseNumberTests {
  @Test(arguments: [Int.max, Int.max / 2, -1, Int.min, 0]) func timeOutsAreNoTrap(milliseconds: Int)
  {
    #expect(throws: ReplicationError.self) {
      try NATSLease(
        configuration: NATSLeaseConfiguration(
          url: "nats://127.0.0.1:1", bucket: "b", key: "k", candidate: "c",
          timeToLiveNanoseconds: 1_000_000_000, timeoutMilliseconds: milliseconds))
    }
  }

  @Test func valuesMayBeAnything() throws {
    let value = try #require(LeaseValue("7 9 some one".utf8))
    #expect(value.candidate == "some one" && value.canStand(atRevision: 7))
    #expect(!value.canStand(atRevision: 6))
    #expect(value.canStand(atRevision: 2, above: 5) && !value.canStand(atRevision: 1, above: 5))
    #expect(!value.canStand(atRevision: 9, above: 7) && !value.canStand(atRevision: 9, above: .max))
    #expect(LeaseValue("18446744073709551615 1 x".utf8)?.canStand(atRevision: 1 << 40) == false)
    for text in ["", "-", "1", "1 2", "18446744073709551616 1 x", "-1 1 x", "1 -1 x", "a b c"] {
      #expect(LeaseValue(text.utf8) == nil, "\(text)")
    }
    #expect(LeaseValue([0xFF, 0x20, 0xFE, 0x20]) == nil)
  }
}
