// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusReplicationTestKit
import ApusTestSupport
import Glibc
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// Who has a place at a primary, and whose turn it is to be looked up in the journal.
@Suite struct LinkPlaceTests {
  /// Hellos that no primary can follow.
  enum Lie: CaseIterable {
    case ahead, diverged, removed

    var reason: RefusalReason {
      switch self {
      case .ahead: .ahead
      case .diverged: .diverged
      case .removed: .removed
      }
    }
  }

  /// A primary of four places whose first records were removed, and what is known of its journal.
  struct Served: ~Copyable {
    var link: ReplicationPrimary
    let report: JournalReport
    let folder: ScratchFolder

    static func begin() throws -> Served {
      let folder = try ScratchFolder()
      let storage = try openFolder(folder.path)
      var writer = try JournalWriter(storage: storage, configuration: smallJournal())
      try ReplicationEpoch.begin(3, journal: &writer, storage: storage, time: .zero)
      let payload = [UInt8](repeating: 7, count: 64)
      while writer.lastSequence < 3_000 {
        let outcome = unsafe writer.tryAppend(
          sequence: writer.lastSequence + 1, timeNanoseconds: 0, type: 1,
          payload: payload.span.bytes)
        if outcome == .full { writer.poll() }
      }
      try writer.flush()
      #expect(try !writer.removeSegments(below: 1_500).isEmpty)
      let link = try ReplicationPrimary(
        storage: openFolder(folder.path), position: ReplicatedPosition(),
        configuration: ReplicationPrimaryConfiguration(
          endpoint: .init(address: "127.0.0.1", port: 0), epoch: 3, acknowledgingNode: 2,
          frameByteCountMax: 16_384, silenceNanoseconds: patientNanoseconds))
      let report = try JournalInspection.report(openFolder(folder.path), depth: .tail)
      return Served(link: link, report: report, folder: folder)
    }

    /// Steps at one time until something holds; false where it does not in time.
    mutating func move(until holds: (borrowing ReplicationPrimary) -> Bool) -> Bool {
      let end = patience()
      while monotonicNow() < end {
        let done = link.step(now: Nanoseconds(1))
        if holds(link) { return true }
        if done == 0 { usleep(50) }
      }
      return false
    }

    /// The connection of a standby that follows from the end of the journal.
    mutating func follow(node: UInt64) throws -> FrameLink {
      let standby = try FakeStandby(link)
      standby.hello(
        node: node, journal: report.identifier, checksum: report.lastChecksum,
        sequence: report.lastSequence + 1)
      let isWelcome = move { _ in standby.next([.welcome]) != nil }
      expect(isWelcome, "node \(node)")
      return standby.link
    }

    /// What a hello that cannot be followed is told.
    mutating func answer(to lie: Lie, node: UInt64) throws -> RefusalReason? {
      let liar = try FakeStandby(link)
      switch lie {
      case .ahead: liar.hello(node: node, sequence: 1 << 40)
      case .diverged:
        liar.hello(
          node: node, journal: report.identifier, checksum: report.lastChecksum &+ 1,
          sequence: report.lastSequence + 1)
      // There is no snapshot.
      case .removed: liar.hello(node: node, takesSnapshots: true)
      }
      var why: RefusalReason?
      _ = move { _ in
        why = liar.refusal()
        return why != nil
      }
      return why
    }
  }

  /// Whoever names a standby's number and cannot be followed does not end it.
  @Test(arguments: Lie.allCases) func aHelloThatIsRefusedEndsNobody(lie: Lie) throws {
    var primary = try Served.begin()
    let good = try primary.follow(node: 2)
    let told = try primary.answer(to: lie, node: 2)
    #expect(told == lie.reason)
    expect(primary.link.standbys.count == 1 && primary.link.counters.turnedAwayCount(.busy) == 0)
    // One that can be followed does.
    let later = try primary.follow(node: 2)
    let isReplaced = primary.move { $0.standbys.count == 1 }
    expect(isReplaced && good !== later)
  }

  /// All places are taken: the number of the standby that counts alone makes no room.
  @Test(arguments: Lie.allCases) func aHelloThatIsRefusedTakesNoPlace(lie: Lie) throws {
    var primary = try Served.begin()
    var links: [FrameLink] = []
    for node in UInt64(100)..<104 { links.append(try primary.follow(node: node)) }
    for _ in 0..<4 {
      let told = try primary.answer(to: lie, node: 2)
      #expect(told == lie.reason)
      expect(primary.link.standbys.count == 4)
    }
    // A place is kept over a new connection of the same number, and the one that counts gets one.
    links.append(try primary.follow(node: 103))
    expect(primary.link.counters.turnedAwayCount(.busy) == 0)
    links.append(try primary.follow(node: 2))
    expect(primary.link.standbys.count == 4 && primary.link.standbys.contains { $0.node == 2 })
    expect(primary.link.counters.turnedAwayCount(.busy) == 1)
  }

  /// One look into the journal a step, whoever asks and however many ask; all have their turn.
  @Test func looksAreSharedFairly() throws {
    var primary = try Served.begin()
    let (peerCount, queryCount) = (12, 40)
    var peers: [FrameLink] = []
    for node in 0..<peerCount {
      let peer = try FakeStandby(primary.link)
      peer.hello(
        node: 200 + UInt64(node), journal: primary.report.identifier,
        checksum: primary.report.lastChecksum &+ 1, sequence: primary.report.lastSequence + 1)
      let isParted = primary.move { _ in peer.refusal() == .diverged }
      expect(isParted)
      peers.append(peer.link)
    }
    for peer in peers {
      for _ in 0..<queryCount { peer.send(.query, epoch: 0, sequence: 2_000, now: .zero) }
      peer.flushAll()
    }
    usleep(20_000)
    var answers = [Int](repeating: 0, count: peerCount)
    func take() {
      for (index, peer) in peers.enumerated() {
        _ = peer.receive(now: .zero)
        while let header = peer.nextFrame() {
          if header.kind == .answer { answers[index] += 1 }
          peer.takeFrame()
        }
      }
    }
    var mostAtOnce = 0
    for _ in 0..<5 * peerCount {
      let before = answers.reduce(0, +)
      _ = primary.link.step(now: Nanoseconds(1))
      take()
      mostAtOnce = max(mostAtOnce, answers.reduce(0, +) - before)
    }
    // The kernel may bring two together.
    #expect((1...4).contains(mostAtOnce), "\(mostAtOnce) looks in one step")
    #expect(answers.reduce(0, +) <= 5 * peerCount, "more than one look a step")
    // Steps before the last query came are not counted.
    let least = answers.min() ?? 0
    #expect(least >= 3 && (answers.max() ?? 0) <= least + 2, "\(answers)")
    // A standby that comes now waits for one look of each of them.
    let standby = try FakeStandby(primary.link)
    standby.hello(
      node: 2, journal: primary.report.identifier, checksum: primary.report.lastChecksum,
      sequence: primary.report.lastSequence + 1)
    let before = answers.reduce(0, +)
    let isWelcome = primary.move { _ in
      take()
      return standby.next([.welcome]) != nil
    }
    // A few more where the kernel was late with its connection.
    #expect(isWelcome && answers.reduce(0, +) - before <= 2 * peerCount, "\(answers)")
    let isAnswered = primary.move { _ in
      take()
      return answers.allSatisfy { $0 == queryCount }
    }
    #expect(isAnswered, "\(answers)")
  }

  /// A question that waits for its turn is no silence, however long that takes.
  @Test func whoWaitsForATurnIsNotSilent() throws {
    var primary = try Served.begin()
    var peers: [FrameLink] = []
    for node in 0..<4 {
      let peer = try FakeStandby(primary.link)
      peer.hello(
        node: 200 + UInt64(node), journal: primary.report.identifier,
        checksum: primary.report.lastChecksum &+ 1, sequence: primary.report.lastSequence + 1)
      let isParted = primary.move { _ in peer.refusal() == .diverged }
      expect(isParted)
      peers.append(peer.link)
    }
    for peer in peers {
      peer.send(.query, epoch: 0, sequence: 2_000, now: .zero)
      peer.flushAll()
    }
    usleep(20_000)
    // Each step takes longer than a silence may.
    var answerCount = 0
    for round in UInt64(1)...4 {
      _ = primary.link.step(now: Nanoseconds(round * 2 * patientNanoseconds))
      for peer in peers {
        _ = peer.receive(now: .zero)
        while let header = peer.nextFrame() {
          if header.kind == .answer { answerCount += 1 }
          peer.takeFrame()
        }
      }
    }
    #expect(answerCount == 4)
  }
}
