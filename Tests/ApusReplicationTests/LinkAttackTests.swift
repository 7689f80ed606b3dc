// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusTLS
import ApusReplicationTestKit
import ApusTestSupport
import Foundation
import Glibc
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// A standby that says what a test wants, at the times that a test wants.
struct FakeStandby: ~Copyable {
  let link: FrameLink

  init(_ primary: borrowing ReplicationPrimary, now: Nanoseconds = .zero) throws {
    link = try FrameLink.connect(primary.endpoint, now: now)
  }

  func hello(
    node: UInt64 = 2, journal: JournalIdentifier? = nil, checksum: UInt32 = 0, epoch: UInt64 = 0,
    sequence: UInt64 = 1, takesSnapshots: Bool = false
  ) {
    let hello = Hello(
      journal: journal, node: node, checksum: checksum, frameByteCountMax: 4_096,
      takesSnapshots: takesSnapshots)
    link.send(hello, epoch: epoch, sequence: sequence, now: .zero)
    link.flushAll()
  }

  /// The next frame of one of these kinds; those before it are dropped.
  func next(_ kinds: Set<FrameKind>) -> FrameHeader? {
    _ = link.receive(now: .zero)
    while let header = link.nextFrame() {
      link.takeFrame()
      if kinds.contains(header.kind) { return header }
    }
    return nil
  }

  func refusal() -> RefusalReason? {
    _ = link.receive(now: .zero)
    while let header = link.nextFrame() {
      let found = header.kind == .refusal ? link.withBody { Refusal.read($0) } : nil
      link.takeFrame()
      if let found { return found.reason }
    }
    return nil
  }
}

/// Peers that lie, keep silent or are slow, against a primary whose time is the test's.
@Suite struct LinkAttackTests {
  static let second: UInt64 = 1_000_000_000

  /// Moves a primary at one time until something holds; false where it never does.
  static func move(
    _ primary: inout PrimaryReplica, at now: UInt64, until holds: (borrowing PrimaryReplica) -> Bool
  ) -> Bool {
    let end = patience()
    while monotonicNow() < end {
      _ = primary.link.step(now: Nanoseconds(now))
      if holds(primary) { return true }
      usleep(50)
    }
    return false
  }

  @Test func digestCountsFromOutsideAreNoTrap() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: 100)
    for node in UInt64(7)...8 {
      let standby = try FakeStandby(primary.link)
      standby.hello(node: node)
      let isWelcome = Self.move(&primary, at: 1) { _ in standby.next([.welcome]) != nil }
      expect(isWelcome)
      let lie = Acknowledgement(
        receivedSequence: 0, appliedSequence: 0, digestSequence: 0, digestCount: .max)
      standby.link.send(lie, epoch: 3, sequence: 0, now: .zero)
      standby.link.flushAll()
      let before = primary.link.counters.closedCount
      let isOver = Self.move(&primary, at: 2) { $0.link.counters.closedCount > before }
      expect(isOver, "node \(node)")
    }
    expect(primary.link.counters.count(.sequence) == 2 && primary.link.counters.digestCount == 0)
  }

  /// Connections that say nothing hold no place, and a standby gets in at any time.
  @Test func idleConnectionsKeepNoStandbyOut() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: 100)
    var idle: [TestSocket.Box] = []
    for _ in 0..<12 { idle.append(try TestSocket.Box(primary.link.endpoint)) }
    let areTaken = Self.move(&primary, at: 1) { $0.link.counters.connectionCount == 12 }
    expect(areTaken)
    let standby = try FakeStandby(primary.link)
    standby.hello()
    let isWelcome = Self.move(&primary, at: 2) { _ in standby.next([.welcome]) != nil }
    expect(isWelcome, "\(primary.link.counters)")
    expect(primary.link.counters.turnedAwayCount(.busy) == 0)
    // They are over when the time for a handshake is, whatever the kernel says of them.
    let areOver = Self.move(&primary, at: 3 * Self.second) { $0.link.counters.silentCount >= 12 }
    expect(areOver, "\(primary.link.counters)")
    #expect(idle.count == 12)
  }

  @Test func aFarEpochIsNeitherFollowedNorKept() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: 100)
    let journal = try JournalInspection.report(openFolder(a.path), depth: .tail)
    for far in [UInt64.max, UInt64.max - 1, UInt64(1) << 63] {
      let standby = try FakeStandby(primary.link)
      standby.hello(
        journal: journal.identifier, checksum: journal.lastChecksum, epoch: far,
        sequence: journal.lastSequence + 1)
      let before = primary.link.counters.closedCount
      let isOver = Self.move(&primary, at: 1) {
        $0.link.counters.closedCount > before || $0.link.fencingEpoch != 0
      }
      expect(isOver && primary.link.fencingEpoch == 0, "epoch \(far)")
      #expect(
        try EpochFile.read(openFolder(a.path))
          == EpochPromise(epoch: 3, isPrimary: true, acknowledged: .alone))
    }
    let endpoint = primary.link.endpoint
    _ = consume primary
    // It begins again where it was, and its standby follows.
    let again = try PrimaryReplica(a.path, epoch: 3, endpoint: endpoint)
    var pair = Pair(primary: again, standby: try openStandby(b.path, primary: endpoint))
    let isSettled = pair.submit(10)
    expect(isSettled)
  }

  /// An epoch that can be true ends a primary's time, here and after a restart; what is kept of it keeps
  /// no lease out that is greater than the primary's own.
  @Test func aLaterEpochIsHeardAndLittleOfItKept() throws {
    let a = try ScratchFolder()
    for (claim, kept) in [(UInt64(5), UInt64(5)), (5 + (1 << 40), 5 + 1_024)] {
      do {
        var primary = try PrimaryReplica(a.path, epoch: kept == 5 ? 3 : 5 + 1, release: .durable)
        primary.advance(to: 10)
        let report = try JournalInspection.report(openFolder(a.path), depth: .tail)
        let standby = try FakeStandby(primary.link)
        standby.hello(
          journal: report.identifier, checksum: report.lastChecksum, epoch: claim,
          sequence: report.lastSequence + 1)
        let isFenced = Self.move(&primary, at: 1) { $0.link.fencingEpoch == claim }
        expect(isFenced)
        let isTold = Self.move(&primary, at: 1) { _ in standby.refusal() == .staleEpoch }
        expect(isTold)
      }
      let promise = try EpochFile.read(openFolder(a.path))
      #expect(promise.epoch == (kept == 5 ? 5 : 6 + 1_024) && !promise.isPrimary)
      #expect(promise.acknowledged == .alone)
      #expect(throws: ReplicationError.self) {
        _ = try PrimaryReplica(a.path, epoch: promise.epoch)
      }
    }
    // As far above as a lease may be.
    _ = try PrimaryReplica(a.path, epoch: 6 + 1_025)
    _ = try PrimaryReplica(a.path, epoch: 1 << 41)
  }

  /// Four standbys have the places; the one that counts gets in, and one of them goes.
  @Test func theStandbyThatCountsAlwaysHasAPlace() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: 10)
    func welcome(_ node: UInt64) throws -> FrameLink {
      let standby = try FakeStandby(primary.link)
      standby.hello(node: node)
      let link = standby.link
      let isWelcome = Self.move(&primary, at: 1) { _ in
        _ = link.receive(now: .zero)
        guard let header = link.nextFrame() else { return false }
        let isIt = header.kind == .welcome
        link.takeFrame()
        return isIt
      }
      expect(isWelcome, "node \(node)")
      return link
    }
    var links: [FrameLink] = []
    for node in UInt64(11)...14 { links.append(try welcome(node)) }
    let fifth = try FakeStandby(primary.link)
    fifth.hello(node: 15)
    let isBusy = Self.move(&primary, at: 1) { _ in fifth.refusal() == .busy }
    expect(isBusy)
    links.append(try welcome(2))
    expect(primary.link.standbys.count == 4 && primary.link.standbys.contains { $0.node == 2 })
    expect(primary.link.counters.turnedAwayCount(.busy) == 2)
  }

  @Test func unfinishedConnectionsAreBoundedAndTheOldestGoes() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: 10)
    var idle: [TestSocket.Box] = []
    for _ in 0..<100 {
      idle.append(try TestSocket.Box(primary.link.endpoint))
      _ = primary.link.step(now: Nanoseconds(1))
    }
    let areTaken = Self.move(&primary, at: 1) { $0.link.counters.connectionCount == 100 }
    expect(areTaken && primary.link.counters.crowdedOutCount == 36, primary.link.summary)
    expect(primary.link.summary.contains("64 unfinished connections"), primary.link.summary)
    let standby = try FakeStandby(primary.link)
    standby.hello()
    let isWelcome = Self.move(&primary, at: 2) { _ in standby.next([.welcome]) != nil }
    expect(isWelcome)
    #expect(idle.count == 100)
  }

  /// Whoever sends a byte now and then is over in time, before its hello and after it.
  @Test(arguments: [false, true]) func bytesOneByOneHoldNoConnection(isWelcome: Bool) throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(
      a.path, epoch: 3, release: .durable, silenceNanoseconds: 1_000_000_000)
    primary.advance(to: 10)
    let standby = try FakeStandby(primary.link)
    if isWelcome {
      standby.hello()
      let isIn = Self.move(&primary, at: 1) { _ in standby.next([.welcome]) != nil }
      expect(isIn)
    }
    let frame = FrameHostileTests.frame(FrameHostileTests.hello)
    var round: UInt64 = 0
    while primary.link.counters.closedCount == 0, round < 40 {
      let byte = [frame[Int(round)]]
      _ = unsafe byte.withUnsafeBytes { unsafe standby.link.sendRaw($0) }
      usleep(300)
      round += 1
      _ = primary.link.step(now: Nanoseconds(round * 400_000_000))
    }
    #expect(round >= 3 && round <= 5)
    let counters = primary.link.counters
    #expect(isWelcome ? counters.slowCount == 1 : counters.silentCount == 1)
  }

  /// A standby that acknowledges in time and takes nothing does not stay.
  @Test func whoTakesNothingDoesNotStay() throws {
    let a = try ScratchFolder()
    let storage = try openFolder(a.path)
    var writer = try JournalWriter(
      storage: storage,
      configuration: JournalConfiguration(
        segmentByteCount: 4 << 20, bufferByteCount: 1 << 18, preallocation: .allocate))
    try ReplicationEpoch.begin(3, journal: &writer, storage: storage, time: .zero)
    let payload = [UInt8](repeating: 7, count: 3_000)
    while writer.lastSequence < 6_000 {
      let outcome = unsafe writer.tryAppend(
        sequence: writer.lastSequence + 1, timeNanoseconds: 0, type: 1,
        payload: payload.span.bytes)
      if outcome == .full { writer.poll() }
    }
    try writer.flush()
    var primary = try ReplicationPrimary(
      storage: openFolder(a.path), position: ReplicatedPosition(),
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "127.0.0.1", port: 0), epoch: 3, acknowledgingNode: 2,
        frameByteCountMax: 16_384))
    let standby = try FakeStandby(primary)
    standby.hello()
    var round: UInt64 = 0
    while primary.counters.closedCount == 0, round < 1_000 {
      round += 1
      let none = Acknowledgement(
        receivedSequence: 0, appliedSequence: 0, digestSequence: 0, digestCount: 0)
      if primary.standbys.first != nil {
        standby.link.send(none, epoch: 3, sequence: 0, now: .zero)
        standby.link.flushAll()
      }
      for _ in 0..<50 { _ = primary.step(now: Nanoseconds(round * 100_000_000)) }
    }
    expect(
      round < 1_000 && primary.counters.slowCount == 1, "round \(round): \(primary.counters)")
  }

  /// Two journals are compared in 64 questions; nobody needs more.
  @Test func questionsAreBounded() throws {
    let a = try ScratchFolder()
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: 10)
    let journal = try JournalInspection.report(openFolder(a.path), depth: .tail).identifier
    let standby = try FakeStandby(primary.link)
    standby.hello(journal: journal, checksum: 1, sequence: 5)
    let isParted = Self.move(&primary, at: 1) { _ in standby.refusal() == .diverged }
    expect(isParted)
    for _ in 0..<65 { standby.link.send(.query, epoch: 0, sequence: 4, now: .zero) }
    standby.link.flushAll()
    let isOver = Self.move(&primary, at: 1) { $0.link.counters.count(.unexpected) == 1 }
    expect(isOver)
  }

  @Test func theLinkStaysOnThisMachineWithoutKeyOrCertificates() throws {
    let a = try ScratchFolder()
    let primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    expect(primary.link.summary.contains("loopback only, not authenticated"), primary.link.summary)
    let plain = ReplicationSecurity.loopbackOnly
    for address in ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
      let error = #expect(throws: ReplicationError.self) {
        _ = try plain.address(of: .init(address: address, port: 0))
      }
      guard case .configuration("address", address, let expected) = error else {
        Issue.record("\(address): \(String(describing: error))")
        continue
      }
      #expect(expected.contains("pre-shared key"))
    }
    for address in ["127.1", "10.1", "localhost", ""] {
      #expect(throws: ReplicationError.self) {
        _ = try plain.address(of: .init(address: address, port: 0))
      }
    }
    for address in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
      _ = try plain.address(of: .init(address: address, port: 0))
    }
    let key = TLSPreSharedKey(
      identity: "replica", key: try TLSKey((0..<32).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) })
    )
    let open = try ReplicationPrimary(
      storage: openFolder(a.path), position: ReplicatedPosition(),
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "0.0.0.0", port: 0), epoch: 3, acknowledgingNode: 2,
        frameByteCountMax: 4_096, security: .preSharedKey(key)))
    expect(open.summary.contains("TLS 1.3, pre-shared key \"replica\""), open.summary)
  }
}

extension TestSocket {
  /// A connection that a list can hold.
  final class Box {
    let socket: TestSocket

    init(_ endpoint: ReplicationEndpoint) throws {
      let socket = try TestSocket.connect(endpoint)
      let end = patience()
      while socket.connectOutcome() != .moved(0), monotonicNow() < end { usleep(50) }
      self.socket = socket
    }
  }
}
