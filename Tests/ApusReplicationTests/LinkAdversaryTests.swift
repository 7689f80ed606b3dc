// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusReplicationTestKit
import ApusTLS
import ApusTestSupport
import Glibc
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// Attacks on the link over the event loop and TLS.
@Suite struct LinkAdversaryTests {
  /// A primary that is faster than its standby fills the network, and breaks nothing.
  @Test(arguments: [false, true])
  func aStandbyThatIsSlowerThanThePrimaryKeepsItsConnection(isSecure: Bool) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let security = isSecure ? try LinkSecurityTests.key(1) : .loopbackOnly
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable, security: security)
    primary.advance(to: 200_000)
    var standby = try openStandby(b.path, primary: primary.link.endpoint, security: security)
    let end = monotonicNow().rawValue + 60_000_000_000
    while standby.lastSequence < primary.host.lastSequence, monotonicNow().rawValue < end {
      for _ in 0..<400 { _ = primary.link.step(now: monotonicNow()) }
      _ = standby.step(now: monotonicNow())
    }
    expect(standby.lastSequence == primary.host.lastSequence, standby.summary)
    expect(
      standby.counters.faultCount == 0 && standby.counters.connectionCount == 1,
      "\(standby.counters)")
  }

  /// The same with other frames, fewer steps of the primary, and epoll, where a flush reads nothing.
  @Test(arguments: [(16_384, 20, false), (1 << 20, 100, false), (16_384, 400, true)])
  func aSlowerStandbyOfOtherSizesKeepsItsConnection(
    frameByteCountMax: Int, primaryStepCount: Int, isEpoll: Bool
  ) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(
      a.path, epoch: 3, release: .durable, frameByteCountMax: frameByteCountMax)
    primary.advance(to: 150_000)
    let storage = try openFolder(b.path)
    let recovered = try recoverTally(storage)
    let loop = try EventLoop.make(
      ReplicationLoop.standbySizes, choice: isEpoll ? .epoll : .automatic)
    var standby = try ReplicationStandby(
      engine: recovered.engine, after: recovered.lastSequence, lastTime: recovered.lastTime,
      storage: storage,
      configuration: ReplicationStandbyConfiguration(
        primary: primary.link.endpoint, node: 2, journal: smallJournal(),
        frameByteCountMax: frameByteCountMax, silenceNanoseconds: patientNanoseconds,
        retryNanoseconds: 5_000_000),
      loop: loop)
    let end = monotonicNow().rawValue + 40_000_000_000
    while standby.lastSequence < primary.host.lastSequence, monotonicNow().rawValue < end {
      for _ in 0..<primaryStepCount { _ = primary.link.step(now: monotonicNow()) }
      _ = standby.step(now: monotonicNow())
    }
    expect(standby.lastSequence == primary.host.lastSequence, standby.summary)
    expect(
      standby.counters.faultCount == 0 && standby.counters.connectionCount == 1,
      "\(standby.counters)")
  }

  /// Peers without the key that send nonsense and stay keep nobody out.
  ///
  /// Peers that say nothing are the control: they are crowded out at once.
  @Test(.serialized, arguments: [100, 200], [false, true])
  func peersWithNonsenseThatStayKeepNobodyOut(peerCount: Int, saysNonsense: Bool) throws {
    let a = try ScratchFolder()
    let security = try LinkSecurityTests.key(1)
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable, security: security)
    primary.advance(to: 100)
    let endpoint = primary.link.endpoint
    let attacker = try EventLoop.make(
      EventLoopConfiguration(
        socketCountMax: peerCount, receiveBufferCount: 64, sendBufferCount: peerCount),
      choice: .epoll)
    let target = try #require(SocketAddress(endpoint.address, port: endpoint.port))
    let nonsense = [UInt8](repeating: 0x41, count: 64)
    var stale: [(connection: ConnectionID, since: UInt64)] = []
    func attack() {
      // A reset behind an end is told to nobody who only reads.
      let now = monotonicNow().rawValue
      while let first = stale.first, now > first.since + 210_000_000 {
        attacker.abort(first.connection)
        stale.removeFirst()
      }
      while attacker.socketCount < peerCount {
        guard (try? attacker.connect(to: target)) != nil else { break }
      }
      _ = attacker.step(now: monotonicNow(), countMax: 1_000)
      while let event = attacker.nextEvent() {
        if case .ended(let connection) = event { stale.append((connection, now)) }
        if case .connected(let connection) = event, saysNonsense {
          _ = unsafe nonsense.withUnsafeBytes { unsafe attacker.send($0, on: connection) }
        }
      }
      attacker.flush()
    }
    var limit = monotonicNow().rawValue + 1_000_000_000
    while monotonicNow().rawValue < limit {
      attack()
      _ = primary.link.step(now: monotonicNow())
    }
    for node in UInt64(2)..<8 {
      let folder = try ScratchFolder()
      var standby = try openStandby(
        folder.path, primary: endpoint, node: node, silenceNanoseconds: 1_000_000_000,
        security: security)
      let begin = monotonicNow().rawValue
      limit = begin + 10_000_000_000
      while standby.lastSequence == 0, monotonicNow().rawValue < limit {
        attack()
        _ = primary.link.step(now: monotonicNow())
        _ = standby.step(now: monotonicNow())
      }
      expect(standby.lastSequence > 0, "\(standby.counters)")
    }
  }

  /// A connection that ends, or is reset, in the handshake is over: the standby tries again after its pause.
  @Test(arguments: [false, true], [false, true])
  func aConnectionThatEndsInTheHandshakeIsTriedAgain(isReset: Bool, isSecure: Bool) throws {
    let b = try ScratchFolder()
    let loop = try peerLoop()
    let address = try #require(SocketAddress("127.0.0.1", port: 0))
    let port = try loop.listen(at: address).address.port
    var standby = try openStandby(
      b.path, primary: .init(address: "127.0.0.1", port: port),
      security: isSecure ? LinkSecurityTests.key(1) : .loopbackOnly)
    let end = monotonicNow().rawValue + 2_000_000_000
    while standby.counters.connectionCount < 3, monotonicNow().rawValue < end {
      _ = standby.step(now: monotonicNow())
      _ = loop.step(now: monotonicNow(), countMax: 16)
      while let event = loop.nextEvent() {
        if case .accepted(let connection, _) = event {
          if isReset { loop.abort(connection) } else { loop.close(connection) }
        }
      }
      loop.flush()
    }
    expect(standby.counters.connectionCount >= 3, "\(standby.counters)")
  }

  /// Something else listens at the primary's address, says something that is no TLS, and stays: the standby
  /// goes on trying.
  @Test(arguments: [5_000_000, 20_000_000])
  func aStrangerAtThePrimarysAddressDoesNotStopTheStandby(retryNanoseconds: UInt64) throws {
    let b = try ScratchFolder()
    let loop = try EventLoop.make(
      EventLoopConfiguration(socketCountMax: 64, receiveBufferCount: 16, sendBufferCount: 64))
    let address = try #require(SocketAddress("127.0.0.1", port: 0))
    let port = try loop.listen(at: address).address.port
    let storage = try openFolder(b.path)
    let recovered = try recoverTally(storage)
    var standby = try ReplicationStandby(
      engine: recovered.engine, after: recovered.lastSequence, lastTime: recovered.lastTime,
      storage: storage,
      configuration: ReplicationStandbyConfiguration(
        primary: .init(address: "127.0.0.1", port: port), node: 2, journal: smallJournal(),
        frameByteCountMax: 16_384, silenceNanoseconds: 1_000_000_000,
        retryNanoseconds: retryNanoseconds, security: LinkSecurityTests.key(1)))
    let banner = Array("SSH-2.0-OpenSSH_9.6\r\n".utf8)
    let end = monotonicNow().rawValue + 2_000_000_000
    while standby.failure == nil, monotonicNow().rawValue < end {
      _ = standby.step(now: monotonicNow())
      _ = loop.step(now: monotonicNow(), countMax: 16)
      while let event = loop.nextEvent() {
        if case .accepted(let connection, _) = event {
          _ = unsafe banner.withUnsafeBytes { unsafe loop.send($0, on: connection) }
        }
      }
      loop.flush()
    }
    expect(standby.failure == nil, "\(standby.failure.map { "\($0)" } ?? "") \(standby.counters)")
  }

  private static func residentPages() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }

  /// Peers that leave in the middle of the handshake, in every way, leave nothing at the primary.
  @Test func peersThatLeaveInTheHandshakeLeaveNothing() throws {
    let a = try ScratchFolder()
    let security = try LinkSecurityTests.key(1)
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable, security: security)
    let endpoint = primary.link.endpoint
    let target = try #require(SocketAddress(endpoint.address, port: endpoint.port))
    let context = try #require(try security.makeContext(.client))
    var random = SeededRandom(seed: 5)
    let far = try EventLoop.make(
      EventLoopConfiguration(socketCountMax: 64, receiveBufferCount: 64, sendBufferCount: 128))
    var pages = 0
    let blockCount = primary.link.loop.sendBlocks.freeCount
    for round in 0..<6_000 {
      if round == 3_000 { pages = Self.residentPages() }
      if let connection = try? far.connect(to: target) {
        for _ in 0..<random.next() % 4 {
          _ = far.step(now: monotonicNow(), countMax: 64)
          while far.nextEvent() != nil {}
          _ = primary.link.step(now: monotonicNow())
        }
        var session = try TLSSession(context)
        var hello = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe hello.withUnsafeMutableBytes {
          unsafe session.handshake(UnsafeRawBufferPointer(start: nil, count: 0), into: $0)
            .producedByteCount
        }
        let part = Int(random.next() % UInt64(count + 1))
        _ = unsafe hello.withUnsafeBytes {
          unsafe far.send(UnsafeRawBufferPointer(rebasing: $0[..<part]), on: connection)
        }
        far.flush()
        switch random.next() % 3 {
        case 0: far.abort(connection)
        case 1: far.close(connection)
        default: far.finishSending(connection)
        }
      }
      _ = far.step(now: monotonicNow(), countMax: 64)
      while let event = far.nextEvent() {
        if case .ended(let connection) = event { far.close(connection) }
      }
      _ = primary.link.step(now: monotonicNow())
    }
    let end = monotonicNow().rawValue + 3_000_000_000
    while primary.link.loop.socketCount > 1, monotonicNow().rawValue < end {
      _ = primary.link.step(now: monotonicNow())
      _ = far.step(now: monotonicNow(), countMax: 64)
      while far.nextEvent() != nil {}
    }
    expect(
      primary.link.sessions.isEmpty && primary.link.loop.socketCount == 1
        && primary.link.loop.sendBlocks.freeCount == blockCount,
      "\(primary.link.sessions.count) \(primary.link.loop.socketCount) \(primary.link.counters)")
    let grown = Self.residentPages() - pages
    #expect(grown < 2_000, "\(grown) pages more")
    print("connections \(primary.link.counters.connectionCount), pages \(grown)")
  }

  /// A disk that stands still for longer than the link's silence: both sides live, and their link does.
  @Test func aDiskThatStandsStillEndsNoLink() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(
      a.path, epoch: 3, release: .durable, silenceNanoseconds: 500_000_000)
    primary.advance(to: 100_000)
    let storage = StallingStorage(try openFolder(b.path))
    let recovered = try recoverTally(storage)
    var standby = try ReplicationStandby(
      engine: recovered.engine, after: recovered.lastSequence, lastTime: recovered.lastTime,
      storage: storage,
      configuration: ReplicationStandbyConfiguration(
        primary: primary.link.endpoint, node: 2, journal: smallJournal(),
        frameByteCountMax: 16_384, silenceNanoseconds: 500_000_000,
        retryNanoseconds: 20_000_000),
      loop: try EventLoop.make(ReplicationLoop.standbySizes, choice: .epoll))
    var stallsUntil: UInt64 = 0
    let end = monotonicNow().rawValue + 20_000_000_000
    while standby.lastSequence < primary.host.lastSequence, monotonicNow().rawValue < end {
      for _ in 0..<20 { _ = primary.link.step(now: monotonicNow()) }
      _ = standby.step(now: monotonicNow())
      if stallsUntil == 0, standby.lastSequence > 2_000 {
        stallsUntil = monotonicNow().rawValue + 1_500_000_000
        storage.isStalled = true
      }
      if monotonicNow().rawValue > stallsUntil { storage.isStalled = false }
    }
    expect(standby.lastSequence == primary.host.lastSequence, standby.summary)
    expect(
      standby.counters.connectionCount == 1,
      "standby \(standby.counters) primary \(primary.link.counters)")
  }

  /// Whoever is at the primary's address and says a byte now and then in the handshake is given up.
  @Test func aPrimaryThatTricklesItsHandshakeIsGivenUp() throws {
    let b = try ScratchFolder()
    let loop = try peerLoop()
    let address = try #require(SocketAddress("127.0.0.1", port: 0))
    let port = try loop.listen(at: address).address.port
    var standby = try openStandby(
      b.path, primary: .init(address: "127.0.0.1", port: port), silenceNanoseconds: 200_000_000,
      security: LinkSecurityTests.key(1))
    var peer: ConnectionID?
    let record: [UInt8] = [22, 3, 3, 0x3F, 0xFF, 2, 0, 0x3F, 0xFB]
    var sentCount = 0
    for round in 1..<400 {
      let now = Nanoseconds(UInt64(round) * 50_000_000)
      _ = standby.step(now: now)
      _ = loop.step(now: now, countMax: 16)
      while let event = loop.nextEvent() {
        if case .accepted(let connection, _) = event, peer == nil { peer = connection }
      }
      if let peer {
        let byte = [sentCount < record.count ? record[sentCount] : 0]
        sentCount += unsafe byte.withUnsafeBytes { unsafe loop.send($0, on: peer) }
        loop.flush()
      }
      usleep(200)
    }
    // Twenty seconds of a link that takes 200 ms of silence.
    expect(standby.counters.connectionCount > 1, "\(sentCount) bytes, \(standby.counters)")
  }
}

/// A disk whose commits do not end while it stands still.
final class StallingStorage: JournalStorage {
  let storage: FileJournalStorage
  var isStalled = false
  init(_ storage: FileJournalStorage) { self.storage = storage }

  var location: String { storage.location }
  var modeDescription: String { storage.modeDescription }
  func lock() throws(JournalError) { try storage.lock() }
  func list() throws(JournalError) -> [String] { try storage.list() }
  func exists(_ name: String) throws(JournalError) -> Bool { try storage.exists(name) }
  func open(_ name: String, _ access: StorageAccess) throws(JournalError) -> StorageFile {
    try storage.open(name, access)
  }
  func close(_ file: StorageFile) { storage.close(file) }
  func byteCount(_ file: StorageFile, name: String) throws(JournalError) -> Int {
    try storage.byteCount(file, name: name)
  }
  func allocate(_ file: StorageFile, name: String, byteCount: Int) throws(JournalError) {
    try storage.allocate(file, name: name, byteCount: byteCount)
  }
  func truncate(_ file: StorageFile, name: String, byteCount: Int) throws(JournalError) {
    try storage.truncate(file, name: name, byteCount: byteCount)
  }
  func rename(_ source: String, to target: String) throws(JournalError) {
    try storage.rename(source, to: target)
  }
  func remove(_ name: String) throws(JournalError) { try storage.remove(name) }
  func syncFolder() throws(JournalError) { try storage.syncFolder() }
  func read(
    _ file: StorageFile, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) -> StorageResult { unsafe storage.read(file, at: offset, into: target) }
  func write(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> StorageResult { unsafe storage.write(file, at: offset, source) }
  func sync(_ file: StorageFile) -> StorageResult { storage.sync(file) }
  func beginCommit(_ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer) {
    unsafe storage.beginCommit(file, at: offset, source)
  }
  func commitProgress(wait: Bool) -> CommitProgress {
    isStalled && !wait ? .inFlight : storage.commitProgress(wait: wait)
  }
  func beginBackgroundWrite(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> Bool { unsafe storage.beginBackgroundWrite(file, at: offset, source) }
  func backgroundResult(wait: Bool) -> StorageResult? { storage.backgroundResult(wait: wait) }
}
