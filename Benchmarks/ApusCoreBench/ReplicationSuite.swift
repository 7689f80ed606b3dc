// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusEngine
internal import ApusHost
internal import ApusJournal
internal import ApusReplication
internal import ApusTLS
internal import ApusTestBasics
internal import ApusThreads
internal import Foundation
internal import Synchronization

/// A primary's journal and link on the measuring thread, and a standby with an engine and a journal of
/// its own on another one, over loopback.
private final class ReplicationBench {
  typealias Host = EngineHost<EchoEngine, NoInput<UInt64>, JournalWriter, NoOutput<UInt64>>

  private let place: BenchmarkPlace
  private var folder: String { place.path }
  private let cpuIndex: Int?
  private var host: Host?
  private var primary: ReplicationPrimary?
  private let position = ReplicatedPosition()
  private var thread: PinnedThread?
  private let shared = Shared()
  private let clock = CycleClock.shared
  private(set) var failure: String?

  private final class Shared: Sendable {
    let isStopping = Atomic(false)
    let failed = Atomic(false)
  }

  static let journal = JournalConfiguration(segmentByteCount: 64 << 20, bufferByteCount: 1 << 20)
  static let frameByteCountMax = 256 << 10

  private let security: ReplicationSecurity

  init(cpuIndex: Int?, security: ReplicationSecurity = .loopbackOnly) throws {
    self.cpuIndex = cpuIndex
    self.security = security
    place = try BenchmarkPlace(for: "replication")
  }

  deinit { stop() }

  private var now: Nanoseconds { Nanoseconds(clock.nanoseconds(cycles: clock.now)) }

  /// Begins both sides, once.
  func start() {
    guard host == nil, failure == nil else { return }
    do {
      // Through the page cache, from which the link reads it back without waiting for the disk.
      let storage = try FileJournalStorage(
        path: "\(folder)/primary", options: .init(usesDirectIO: false))
      var writer = try JournalWriter(storage: storage, configuration: Self.journal)
      try ReplicationEpoch.begin(1, journal: &writer, storage: storage, time: .zero)
      let lastSequence = writer.lastSequence
      host = try EngineHost(
        engine: EchoEngine(), input: NoInput(), journal: writer, output: NoOutput(),
        configuration: HostConfiguration(
          release: .replicated, eventCapacity: 1 << 16, digestInterval: 10_000,
          lastSequence: lastSequence, replica: position))
      let link = try ReplicationPrimary(
        storage: FileJournalStorage(path: "\(folder)/primary"), position: position,
        configuration: ReplicationPrimaryConfiguration(
          endpoint: ReplicationEndpoint(address: "127.0.0.1", port: 0), epoch: 1,
          acknowledgingNode: 2, frameByteCountMax: Self.frameByteCountMax, security: security))
      let endpoint = link.endpoint
      primary = consume link
      let (path, shared, security) = ("\(folder)/standby", shared, security)
      thread = try PinnedThread(name: "standby", cpuIndex: cpuIndex) {
        Self.follow(path, endpoint, security, shared)
      }
    } catch {
      failure = "\(error)"
    }
  }

  private static func follow(
    _ path: String, _ endpoint: ReplicationEndpoint, _ security: ReplicationSecurity,
    _ shared: Shared
  ) {
    let clock = CycleClock.shared
    do {
      var standby = try ReplicationStandby(
        engine: EchoEngine(), after: 0, storage: FileJournalStorage(path: path),
        configuration: ReplicationStandbyConfiguration(
          primary: endpoint, node: 2, journal: journal, frameByteCountMax: frameByteCountMax,
          silenceNanoseconds: 20_000_000_000, retryNanoseconds: 1_000_000,
          security: security))
      while !shared.isStopping.load(ordering: .relaxed), standby.failure == nil {
        let now = Nanoseconds(clock.nanoseconds(cycles: clock.now))
        // The disk does not wake it, so the wait is short.
        if standby.step(now: now) == 0 { standby.wait(limitNanoseconds: 20_000) }
      }
      if standby.failure != nil { shared.failed.store(true, ordering: .releasing) }
    } catch {
      shared.failed.store(true, ordering: .releasing)
    }
  }

  func stop() {
    shared.isStopping.store(true, ordering: .releasing)
    thread?.join()
    thread = nil
  }

  /// Commands through the host until the last one's event has left: both disks have it.
  func run(_ count: Int) -> UInt64 {
    guard var host = host.take(), var primary = primary.take() else { return 0 }
    let batch = (0..<256).map { UInt64($0) }
    var sent = 0
    let deadline = now.rawValue + 60_000_000_000
    while sent < count || host.acknowledgedSequence < host.lastSequence {
      let before = sent
      if sent < count {
        let first = sent & 255
        let end = min(256, first + count - sent)
        sent += host.step(now: now, commands: batch.span.extracting(first..<end))
      } else {
        host.move()
      }
      // The kernel's threads that write the journal may have to run on this CPU.
      if primary.step(now: now) == 0, sent == before { primary.wait(limitNanoseconds: 20_000) }
      if shared.failed.load(ordering: .relaxed) || now.rawValue > deadline {
        failure = "the standby stopped or did not follow in time"
        break
      }
    }
    self.host = consume host
    self.primary = consume primary
    return UInt64(sent)
  }
}

extension BenchmarkSuite {
  /// Replication over loopback with both journals on the disk under /var/tmp: from the command to the
  /// release of its event, which both disks and the link take part in; the same over TLS with a pre-shared
  /// key, as a ratio.
  static let replication = BenchmarkSuite(name: "replication") { configuration in
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = permittedCPUs().first { $0 != own }
    let bench = try ReplicationBench(cpuIndex: other)
    var random = SeededRandom(seed: configuration.seed)
    let key = TLSPreSharedKey(
      identity: "replica",
      key: try TLSKey((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }))
    let secured = try ReplicationBench(cpuIndex: other, security: .preSharedKey(key))
    let count = configuration.size(1_000_000, smoke: 2_000)
    let trips = configuration.size(200, smoke: 5)
    return [
      BenchmarkCase(
        name: "replication.tail", operationCount: count, prepare: bench.start,
        body: { bench.run(count) }, failure: { bench.failure }, sleeps: true),
      BenchmarkCase(
        name: "replication.tls.tail", operationCount: count, prepare: secured.start,
        body: { secured.run(count) }, failure: { secured.failure }, sleeps: true,
        baseName: "replication.tail"),
      BenchmarkCase(
        name: "replication.roundTrip", operationCount: trips, prepare: bench.start,
        body: { (0..<trips).reduce(UInt64(0)) { sum, _ in sum + bench.run(1) } },
        failure: { bench.failure }, sleeps: true),
      BenchmarkCase(
        name: "replication.tls.roundTrip", operationCount: trips, prepare: secured.start,
        body: { (0..<trips).reduce(UInt64(0)) { sum, _ in sum + secured.run(1) } },
        failure: { secured.failure }, sleeps: true, baseName: "replication.roundTrip"),
    ]
  }
}
