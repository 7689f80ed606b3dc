// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import ApusEngine
public import ApusHost
public import ApusIO
public import ApusJournal
public import ApusReplication
internal import Glibc

/// Now, of the clock that every link in these tests goes by.
public func monotonicNow() -> Nanoseconds {
  var time = timespec()
  // SAFETY: `time` is there to be written.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Nanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}

/// Sizes that make segments end and buffers fill in a short test.
public func smallJournal() -> JournalConfiguration {
  JournalConfiguration(
    segmentByteCount: 65_536, bufferByteCount: 16_384, preallocation: .allocate)
}

/// A folder without direct writes: quicker for small commits, and the same code above.
public func openFolder(_ path: String) throws(JournalError) -> FileJournalStorage {
  try FileJournalStorage(path: path, options: .init(usesIOUring: false, usesDirectIO: false))
}

/// An engine as its journal has it.
public struct RecoveredTally: ~Copyable {
  public var engine: TallyEngine
  public var lastSequence: UInt64
  public var lastTime: Nanoseconds
  public var lastEpoch: UInt64
}

/// Recovers an engine from a folder, its snapshots and its journal; a new one where the folder has no journal.
public func recoverTally(
  _ storage: any JournalStorage, _ configuration: TallyEngine.Configuration = .init()
) throws -> RecoveredTally {
  let report = try JournalInspection.report(storage, depth: .tail)
  let snapshots = try report.identifier.map { journal throws(JournalError) in
    try JournalSnapshots(storage: storage, journal: journal)
  }
  let recovered = try EngineRecovery.recover(
    TallyEngine.self, configuration: configuration, snapshots: snapshots,
    journalSequence: report.lastSequence,
    openRecording: { sequence throws(ReplayError) in
      do throws(JournalError) {
        return try JournalReader(storage: storage, from: sequence)
      } catch {
        throw .recording(description: error.description)
      }
    })
  let replay = recovered.report.replay
  return RecoveredTally(
    engine: recovered.takeEngine(), lastSequence: replay.lastSequence, lastTime: replay.lastTime,
    lastEpoch: replay.lastEpoch)
}

/// After so much silence the other side is lost. Both sides often share one thread, which a busy machine
/// or a slow disk may stop for longer than the second that is the default.
public let patientNanoseconds: UInt64 = 20_000_000_000

/// Opens a folder as a standby's.
public func openStandby(
  _ path: String, primary: ReplicationEndpoint, node: UInt64 = 2,
  engine configuration: TallyEngine.Configuration = .init(), frameByteCountMax: Int = 16_384,
  silenceNanoseconds: UInt64 = patientNanoseconds, security: ReplicationSecurity = .loopbackOnly
) throws -> ReplicationStandby<TallyEngine> {
  let storage = try openFolder(path)
  let recovered = try recoverTally(storage, configuration)
  return try ReplicationStandby(
    engine: recovered.engine, after: recovered.lastSequence, lastTime: recovered.lastTime,
    storage: storage,
    configuration: ReplicationStandbyConfiguration(
      primary: primary, node: node, journal: smallJournal(),
      frameByteCountMax: frameByteCountMax, silenceNanoseconds: silenceNanoseconds,
      retryNanoseconds: 5_000_000, security: security))
}

/// A durable host and its replica link on one thread.
public struct PrimaryReplica: ~Copyable {
  public typealias Host = EngineHost<
    TallyEngine, NoInput<TallyCommand>, JournalWriter, CallerOutput<TallyEvent>
  >
  public var host: Host
  public var link: ReplicationPrimary
  public let position: ReplicatedPosition
  /// Events that left, newest last.
  public private(set) var acknowledged: [TallyEvent] = []
  /// Whether events are kept; only the last one is otherwise.
  public var keepsEvents = true

  /// Opens a folder as a primary's and begins its epoch.
  public init(
    _ path: String, epoch: UInt64, acknowledgingNode: UInt64 = 2,
    release: EventRelease = .replicated, digestInterval: Int? = 50, frameByteCountMax: Int = 16_384,
    endpoint: ReplicationEndpoint = .init(address: "127.0.0.1", port: 0),
    silenceNanoseconds: UInt64 = patientNanoseconds, security: ReplicationSecurity = .loopbackOnly
  ) throws {
    try self.init(
      storage: openFolder(path), linkStorage: openFolder(path), journal: smallJournal(),
      release: release, digestInterval: digestInterval,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: endpoint, epoch: epoch, acknowledgingNode: acknowledgingNode,
        frameByteCountMax: frameByteCountMax, silenceNanoseconds: silenceNanoseconds,
        security: security))
  }

  /// Opens any storage as a primary's and begins the epoch of the link.
  public init(
    storage: any JournalStorage, linkStorage: any JournalStorage, journal: JournalConfiguration,
    release: EventRelease, digestInterval: Int?, waitsForStandby: Bool = false,
    configuration: ReplicationPrimaryConfiguration, loop: EventLoop? = nil
  ) throws {
    let recovered = try recoverTally(storage)
    var writer = try JournalWriter(storage: storage, configuration: journal)
    try ReplicationEpoch.begin(
      configuration.epoch, journal: &writer, storage: storage, time: recovered.lastTime,
      waitsForStandby: waitsForStandby)
    let position = ReplicatedPosition()
    let lastSequence = writer.lastSequence
    let host: Host = try EngineHost(
      engine: recovered.engine, input: NoInput(), journal: writer, output: CallerOutput(),
      configuration: Self.configuration(
        release, digestInterval, position, lastSequence, recovered.lastTime))
    let link = try ReplicationPrimary(
      storage: linkStorage, position: position, configuration: configuration, loop: loop)
    self.init(host: host, link: link, position: position)
  }

  /// Goes on with a standby that takes over.
  public init(
    taking standby: consuming ReplicationStandby<TallyEngine>, path: String, epoch: UInt64,
    acknowledgingNode: UInt64, release: EventRelease = .replicated
  ) throws {
    try self.init(
      taking: standby, linkStorage: openFolder(path), release: release, digestInterval: 50,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "127.0.0.1", port: 0), epoch: epoch,
        acknowledgingNode: acknowledgingNode, frameByteCountMax: 16_384,
        silenceNanoseconds: patientNanoseconds))
  }

  /// Goes on with a standby that takes over, in the epoch of the link.
  public init(
    taking standby: consuming ReplicationStandby<TallyEngine>, linkStorage: any JournalStorage,
    release: EventRelease, digestInterval: Int?, waitsForStandby: Bool = false,
    configuration: ReplicationPrimaryConfiguration, loop: EventLoop? = nil
  ) throws {
    let promoted = try standby.promote(
      epoch: configuration.epoch, waitsForStandby: waitsForStandby)
    let position = ReplicatedPosition()
    let host: Host = try promoted.makeHost(
      input: NoInput(), output: CallerOutput(),
      configuration: Self.configuration(release, digestInterval, position, 0, .zero))
    let link = try ReplicationPrimary(
      storage: linkStorage, position: position, configuration: configuration, loop: loop)
    self.init(host: host, link: link, position: position)
  }

  private init(
    host: consuming Host, link: consuming ReplicationPrimary, position: ReplicatedPosition
  ) {
    self.host = host
    self.link = link
    self.position = position
  }

  private static func configuration(
    _ release: EventRelease, _ digestInterval: Int?, _ position: ReplicatedPosition,
    _ lastSequence: UInt64, _ lastTime: Nanoseconds
  ) -> HostConfiguration {
    HostConfiguration(
      release: release, eventCapacity: 1_024, digestInterval: digestInterval,
      timedBatchInterval: nil, lastSequence: lastSequence, lastTime: lastTime, replica: position)
  }

  /// Whether everything has left the host. (A digest that is due waits for the next command.)
  public var isAcknowledged: Bool { host.acknowledgedSequence == host.lastSequence }

  /// Commands the engine has applied.
  public var count: UInt64 { host.engine.count }

  /// Submits the next commands of the stream; says how many were taken.
  @discardableResult
  public mutating func submit(_ countMax: Int) -> Int {
    var commands: [TallyCommand] = []
    for offset in 0..<countMax { commands.append(.number(count + UInt64(offset))) }
    return host.step(now: monotonicNow(), commands: commands.span)
  }

  /// Moves the journal, the link and the events.
  @discardableResult
  public mutating func step() -> Int {
    var taken = acknowledged
    let keeps = keepsEvents
    let done = step(now: monotonicNow()) { event in
      if !keeps { taken.removeAll(keepingCapacity: true) }
      taken.append(event.event)
    }
    acknowledged = taken
    return done
  }

  /// Moves the journal and the link, and hands the events that may leave to `body`.
  public mutating func step(
    now: Nanoseconds, _ body: (SequencedEvent<TallyEvent>) -> Void
  ) -> Int {
    host.move()
    let done = link.step(now: now)
    host.move()
    host.takeEvents(body)
    return done
  }
}
