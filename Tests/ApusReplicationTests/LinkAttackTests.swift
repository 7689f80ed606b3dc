// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// A standby that says what a test wants, at the times that a test wants.
struct FakeStandby: ~Copyable {
  let link: FrameLink

  init(_ primary: borrowing ReplicationPrimary, now: Nanoseconds = .zero) throws {
    let socket = try TCPSocket.connect(primary.endpoint)
    for _ in 0..<2_000 where socket.connectOutcome() != .moved(0) { usleep(50) }
    link = try FrameLink(socket, taking: 16_384, sending: 16_384, now: now)
  }

  func hello(
    node: UInt64 = 2, journal: JournalIdentifier? = nil, checksum: UInt32 = 0, epoch: UInt64 = 0,
    sequence: UInt64 = 1, takesSnapshots: Bool = false
  ) {
    let hello = Hello(
      journal: journal, node: node, checksum: checksum, frameByteCountMax: 4_096,
      takesSnapshots: takesSnapshots)
    link.send(hello, epoch: epoch, sequence: sequence, now: .zero)
    link.flush()
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
    for _ in 0..<2_000 {
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
      standby.link.flush()
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
    var idle: [TCPSocket.Box] = []
    for _ in 0..<12 { idle.append(try TCPSocket.Box(primary.link.endpoint)) }
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
      #expect(try EpochFile.read(openFolder(a.path)) == EpochPromise(epoch: 3, isPrimary: true))
    }
    let endpoint = primary.link.endpoint
    _ = consume primary
    // It begins again where it was, and its standby follows.
    let again = try PrimaryReplica(a.path, epoch: 3, endpoint: endpoint)
    var pair = Pair(primary: again, standby: try openStandby(b.path, primary: endpoint))
    let isSettled = pair.submit(10)
    expect(isSettled)
  }
}

extension TCPSocket {
  /// A connection that a list can hold.
  final class Box {
    let socket: TCPSocket

    init(_ endpoint: ReplicationEndpoint) throws {
      let socket = try TCPSocket.connect(endpoint)
      for _ in 0..<2_000 where socket.connectOutcome() != .moved(0) { usleep(50) }
      self.socket = socket
    }
  }
}
