// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTLS
import ApusTestSupport
import Foundation
import Testing

@testable import ApusReplication

/// Links whose sides have to prove who they are.
@Suite struct LinkSecurityTests {
  /// Keeps the folder of the certificates while a test runs.
  private let kept: Certificates?

  init() throws { kept = OpenSSLCommand.path == nil ? nil : try Certificates.shared() }

  static func key(_ seed: UInt64, identity: String = "replica") throws -> ReplicationSecurity {
    var random = SeededRandom(seed: seed)
    let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    return .preSharedKey(TLSPreSharedKey(identity: identity, key: try TLSKey(bytes)))
  }

  static func certificates(
    _ name: String, authority: String = "authority", peerName: String = "node.test"
  ) throws -> ReplicationSecurity {
    let made = try Certificates.shared()
    return .certificates(
      chainPath: made.path("\(name).pem"), keyPath: made.path("\(name).key"),
      authorityPath: made.path("\(authority).pem"), peerName: peerName)
  }

  static func pair(
    _ a: ScratchFolder, _ b: ScratchFolder, _ primary: ReplicationSecurity,
    _ standby: ReplicationSecurity
  ) throws -> Pair {
    let leader = try PrimaryReplica(a.path, epoch: 3, security: primary)
    let endpoint = leader.link.endpoint
    return Pair(
      primary: leader, standby: try openStandby(b.path, primary: endpoint, security: standby))
  }

  private static func follows(_ primary: ReplicationSecurity, _ standby: ReplicationSecurity) throws
  {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var pair = try pair(a, b, primary, standby)
    let isSettled = pair.submit(3_000)
    expect(isSettled, pair.standby.summary)
    expect(pair.isLevel && pair.standby.counters.faultCount == 0)
    expect(pair.standby.summary.contains("TLS 1.3"), pair.standby.summary)
  }

  @Test func aStandbyWithTheKeyFollows() throws { try Self.follows(Self.key(1), Self.key(1)) }

  @Test(.enabled(if: OpenSSLCommand.path != nil, "the openssl command is not here"))
  func aStandbyWithACertificateFollows() throws {
    try Self.follows(Self.certificates("server"), Self.certificates("client"))
  }

  /// Tells both sides why, keeps trying, and disturbs nobody.
  private static func isKeptOut(
    _ primary: ReplicationSecurity, _ standby: ReplicationSecurity, _ good: ReplicationSecurity,
    _ isReason: (TLSFailure) -> Bool
  ) throws {
    let (a, b, c) = (try ScratchFolder(), try ScratchFolder(), try ScratchFolder())
    var wrong = try pair(a, b, primary, standby)
    let isTold = wrong.run {
      $0.standby.counters.securityFailureCount > 2
        && $0.primary.link.counters.securityFailureCount > 2
    }
    expect(isTold, "\(wrong.primary.link.counters) \(wrong.standby.counters)")
    expect(wrong.standby.failure == nil && wrong.standby.lastSequence == 0)
    let told = [
      wrong.standby.counters.lastSecurityFailure, wrong.primary.link.counters.lastSecurityFailure,
    ].compactMap { $0 }
    let isThat = told.contains(where: isReason)
    #expect(isThat, "\(told)")
    let endpoint = wrong.primary.link.endpoint
    var parts = wrong.split()
    var pair = Pair(
      primary: try taken(&parts.primary),
      standby: try openStandby(c.path, primary: endpoint, security: good))
    let isSettled = pair.submit(50)
    expect(isSettled && pair.isLevel)
  }

  @Test func aWrongKeyIsKeptOut() throws {
    try Self.isKeptOut(Self.key(1), Self.key(2), Self.key(1)) {
      if case .wrongKey = $0 { true } else { false }
    }
  }

  @Test func anUnknownIdentityIsKeptOut() throws {
    try Self.isKeptOut(Self.key(1), Self.key(1, identity: "stranger"), Self.key(1)) {
      if case .wrongKey = $0 { true } else { false }
    }
  }

  @Test(
    .enabled(if: OpenSSLCommand.path != nil, "the openssl command is not here"),
    arguments: [("foreign", "node.test"), ("expired", "node.test"), ("client", "another.test")])
  func aWrongCertificateIsKeptOut(name: String, peerName: String) throws {
    try Self.isKeptOut(
      Self.certificates("server"), Self.certificates(name, peerName: peerName),
      Self.certificates("client")
    ) {
      if case .certificate = $0 { true } else { false }
    }
  }

  /// Plain bytes at a primary that wants TLS, and TLS at one that does not: a fault, counted.
  @Test func plainAndTLSDoNotMix() throws {
    for isPrimaryPlain in [false, true] {
      let (a, b) = (try ScratchFolder(), try ScratchFolder())
      let (plain, secure) = (ReplicationSecurity.loopbackOnly, try Self.key(1))
      var pair = try Self.pair(
        a, b, isPrimaryPlain ? plain : secure, isPrimaryPlain ? secure : plain)
      let isTold = pair.run {
        let counters = $0.primary.link.counters
        return isPrimaryPlain ? counters.faultCount > 0 : counters.securityFailureCount > 0
      }
      expect(isTold, "\(pair.primary.link.counters)")
      expect(pair.standby.lastSequence == 0 && pair.standby.failure == nil)
    }
  }

  /// Whoever connects and does not take part in the handshake is over in time.
  @Test(arguments: [0, 5, 200]) func aPeerThatStallsInTheHandshakeIsGivenUp(byteCount: Int) throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 3, security: Self.key(1))
    let socket = try TestSocket.Box(primary.link.endpoint)
    // The beginning of a handshake that says it is longer than what follows.
    let bytes: [UInt8] = [22, 3, 1, 2, 0] + [UInt8](repeating: 1, count: 195)
    _ = unsafe bytes.prefix(byteCount).withUnsafeBytes { unsafe socket.socket.send($0) }
    var round: UInt64 = 0
    while primary.link.counters.closedCount == 0, round < 40 {
      round += 1
      _ = primary.link.step(now: Nanoseconds(round * 100_000_000))
      usleep(300)
    }
    expect(primary.link.counters.closedCount == 1, "\(primary.link.counters)")
    let counters = primary.link.counters
    // What it says can never be a handshake, or nothing more comes for a second.
    if byteCount > 5 {
      #expect(counters.securityFailureCount == 1 || (counters.silentCount == 1 && round > 9))
    } else {
      #expect(counters.silentCount == 1 && round > 9)
    }
  }

  /// A byte that was changed on the way ends the connection, and nothing of it is taken.
  @Test(arguments: [UInt64(1), 2, 3]) func changedBytesEndTheConnection(seed: UInt64) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let security = try Self.key(1)
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable, security: security)
    primary.advance(to: 400)
    let listener = try TestSocket.listen(.init(address: "127.0.0.1", port: 0))
    var standby = try openStandby(b.path, primary: listener.endpoint, security: security)
    var random = SeededRandom(seed: seed)
    var upstream: TestSocket?
    var downstream: TestSocket?
    var changes = 0
    let end = patience()
    while standby.lastSequence < primary.host.lastSequence, monotonicNow() < end {
      let done = primary.step() + standby.step(now: monotonicNow())
      if let accepted = listener.accept() {
        downstream = consume accepted
        upstream = try TestSocket.connect(primary.link.endpoint)
      }
      if let toStandby = downstream.take(), let toPrimary = upstream.take() {
        let up = FrameHostileTests.relay(toStandby, toPrimary, changes: nil, &random)
        let down = FrameHostileTests.relay(
          toPrimary, toStandby, changes: changes < 10 ? 2 : nil, &random)
        changes += down ?? 0
        if up != nil, down != nil {
          downstream = consume toStandby
          upstream = consume toPrimary
        }
      }
      if done == 0 { usleep(50) }
    }
    expect(standby.engine.digest == primary.host.engine.digest, "seed \(seed)")
    expect(standby.counters.faultCount == 0, "\(standby.counters)")
    expect(changes > 0 && standby.counters.securityFailureCount > 0, "\(standby.counters)")
  }
}
