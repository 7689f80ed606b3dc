// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCore
internal import ApusReplication
internal import Foundation
internal import Synchronization

/// An engine as a service: recovered from its folder, fed by message rings that clients on this machine
/// open, journaled, followed by snapshots, and read through its event log.
///
/// ```swift
/// let service = try EngineService<MatchingEngine>.start(
///   engine: limits, configuration: ServiceConfiguration(folder: "/var/lib/venue"))
/// …
/// try service.stop()
/// ```
///
/// | thread | what |
/// |---|---|
/// | `apus-host` | rings → journal → engine → event log |
/// | `apus-follower` | a second engine behind the journal: writes snapshots, removes old segments |
/// | `apus-keeper` | prepares and syncs the event log, removes its old segments, sets the counters |
///
/// What was acknowledged is in the event log and, with ``ServiceConfiguration/Release/durable``, on the
/// disk: it survives the process. A second service on the folder is refused.
///
/// One that is let go of without ``stop()`` stops too, and waits for nobody: what is durable is in the
/// journal, and the next start finds it. Why the last sync failed nobody is told then.
///
/// - Threading: one thread at a time; ``status`` from any.
public final class EngineService<E: Engine & ~Copyable> where E.Configuration: Sendable {
  /// The host's thread of a service.
  public typealias HostThread = EngineThread<
    E, MessageInputs<E.Command>, JournalWriter, EventLogWriter<E.Event>
  >

  /// Starts the host's thread, on a CPU or any. Where `E` is a type and no parameter, the compiler makes the
  /// host's loop for that engine; here it only has the one for all. So give it where speed matters:
  ///
  ///     launch: { host, cpuIndex throws(ThreadError) in
  ///       try EngineThread.start(host, name: "apus-host", cpuIndex: cpuIndex)
  ///     }
  public typealias Launch =
    @Sendable (consuming sending HostThread.Host, Int?) throws(ThreadError) -> HostThread

  /// The loop for all engines.
  public static var launchDefault: Launch {
    { host, cpuIndex throws(ThreadError) in
      try HostThread.start(host, name: "apus-host", cpuIndex: cpuIndex)
    }
  }

  /// How it runs.
  public let configuration: ServiceConfiguration
  /// Where its files are.
  public let folder: ServiceFolder
  /// How the engine came back.
  public let recovery: RecoveryReport
  /// What opening the event log found.
  public let eventLogRecovery: EventLogRecovery
  /// How the journal's commits reach the disk.
  public let journalMode: String

  /// What was asked for of the machine and is not available, in one line; nil where all is.
  public private(set) var shortfall: String?

  private let door: InputDoor
  private let gauge: HostGauge
  private let keeper: ServiceKeeper
  private var thread: HostThread?

  private init(
    _ configuration: ServiceConfiguration, _ parts: ServiceParts, keeper: ServiceKeeper,
    thread: consuming HostThread
  ) {
    self.configuration = configuration
    folder = ServiceFolder(configuration.folder)
    recovery = parts.recovery
    eventLogRecovery = parts.log.recovery
    journalMode = parts.journalMode
    door = parts.door
    gauge = thread.gauge
    self.keeper = keeper
    self.thread = consume thread
  }

  // Threads that nobody can stop any more would keep the folder for as long as the process lives.
  deinit { try? stop(limit: .zero) }

  /// Recovers the engine and begins to serve.
  ///
  /// - Parameters:
  ///   - engine: The engine's configuration.
  ///   - configuration: Where and how.
  ///   - launch: Starts the host's thread; see ``Launch``.
  /// - Throws: ``ServiceError`` of the part that could not start; nothing runs then.
  public static func start(
    engine: E.Configuration, configuration: ServiceConfiguration,
    launch: Launch = EngineService.launchDefault
  ) throws(ServiceError) -> EngineService {
    try configuration.validate(messageBytesMax: messageBytesMax)
    guard !configuration.isReplicated else {
      throw .configuration(
        field: "listen, peer, lease", value: "given",
        expected: "nothing, for a service without a standby; ReplicatedService takes them")
    }
    let folder = ServiceFolder(configuration.folder)
    try folder.make()
    return try placed(configuration) { () throws(ServiceError) in
      try lead(folder, engine, configuration, nil, nil, launch)
    }
  }

  /// Makes a service whose memory is on the configuration's node.
  private static func placed(
    _ configuration: ServiceConfiguration,
    _ make: () throws(ServiceError) -> EngineService
  ) throws(ServiceError) -> EngineService {
    try withPreferredNUMANode(configuration.numaNode) { shortfall throws(ServiceError) in
      let service = try make()
      service.shortfall = shortfall
      return service
    }
  }

  /// A command and its longest attachment. Unit: bytes.
  static var messageBytesMax: Int {
    MemoryLayout<E.Command>.size + max(0, E.attachmentByteCountMax)
  }

  /// What leads a pair of replicas.
  struct Leadership {
    var epoch: UInt64
    var position: ReplicatedPosition
    /// Whether events that the log lacks wait for the standby.
    var holdsTail: Bool
  }

  /// Recovers what is in the folder and runs it.
  static func lead(
    _ folder: ServiceFolder, _ engine: E.Configuration, _ configuration: ServiceConfiguration,
    _ leadership: Leadership?, _ keeping: ServiceKeeping?, _ launch: Launch
  ) throws(ServiceError) -> EngineService {
    typealias Opening = ServiceOpening<E>
    let identity = EngineIdentity(E.self, engine)
    let storage = try Opening.openStorage(folder)
    try EngineRecord.check(folder, identity)
    if leadership == nil { try Opening.checkAlone(folder, storage) }
    var writer = try Opening.openJournal(storage, configuration)
    let snapshots = try Opening.openSnapshots(storage, writer.identifier, configuration)
    let log = try Opening.openLog(folder, storage, writer, snapshots, configuration)
    let holdsTail = leadership?.holdsTail ?? false
    let stream = try Opening.recover(
      engine, storage, writer, snapshots, log,
      heldCountMax: holdsTail ? configuration.eventCapacity : nil)
    let parts = ServiceParts(
      recovery: stream.report, log: log, latencies: keeping?.latencies ?? SharedLatencies(),
      journalMode: storage.modeDescription,
      journal: writer.identifier)
    if let leadership {
      do throws(ReplicationError) {
        try ReplicationEpoch.begin(
          leadership.epoch, journal: &writer, storage: storage,
          time: stream.report.replay.lastTime, waitsForStandby: configuration.waitsForStandby)
      } catch {
        throw .replication(error)
      }
    }
    let inputs = try Opening.openRings(folder, parts.door, configuration)
    let host = try Opening.makeHost(
      stream, writer, inputs, configuration, parts.latencies, leadership?.position)
    return try run(folder, engine, configuration, parts, host, keeping, launch)
  }

  /// Resumes where a promoted standby stopped.
  static func resume(
    _ folder: ServiceFolder, _ engine: E.Configuration, _ configuration: ServiceConfiguration,
    _ promoted: consuming PromotedReplica<E>, _ log: EventLog,
    _ output: consuming HoldingOutput<E.Event>,
    _ journalMode: String, _ position: ReplicatedPosition, _ keeping: ServiceKeeping?,
    _ launch: Launch
  ) throws(ServiceError) -> EngineService {
    typealias Opening = ServiceOpening<E>
    var report = ReplayReport(lastSequence: promoted.lastSequence, lastTime: promoted.lastTime)
    report.lastEpoch = promoted.epoch
    let parts = ServiceParts(
      recovery: RecoveryReport(
        snapshotSequence: nil, refusedSnapshots: [], replay: report,
        digest: promoted.engine.digest), log: log,
      latencies: keeping?.latencies ?? SharedLatencies(), journalMode: journalMode,
      journal: promoted.journal.identifier)
    let inputs = try Opening.openRings(folder, parts.door, configuration)
    let host = try Opening.makeHost(
      promoted, output, inputs, configuration, parts.latencies, position)
    return try run(folder, engine, configuration, parts, host, keeping, launch)
  }

  private static func run(
    _ folder: ServiceFolder, _ engine: E.Configuration, _ configuration: ServiceConfiguration,
    _ parts: ServiceParts, _ host: consuming sending HostThread.Host, _ keeping: ServiceKeeping?,
    _ launch: Launch
  ) throws(ServiceError) -> EngineService {
    let counters = try keeping == nil ? ServiceCounters.open(folder, parts.latencies) : nil
    let thread = try startHost(host, configuration.cpu, launch)
    let (gauge, door) = (thread.gauge, parts.door)
    var follower = keeping?.follower
    if follower == nil { follower = try makeFollower(folder, engine, configuration) }
    let kept = KeptService(
      log: parts.log, follower: follower,
      progress: { ServiceProgress(gauge.status, door) },
      endIfStalled: { if door.hasClosed { gauge.stop() } })
    let keeper = try startKeeper(kept, counters, keeping)
    let service = EngineService(configuration, parts, keeper: keeper, thread: thread)
    // Where one of these fails the service ends as any that is let go of.
    try EngineRecord.write(folder, EngineIdentity(E.self, engine))
    try parts.description(of: E.self, configuration).write(folder)
    return service
  }

  private static func startHost(
    _ host: consuming sending HostThread.Host, _ cpuIndex: Int?, _ launch: Launch
  ) throws(ServiceError) -> HostThread {
    do throws(ThreadError) {
      return try launch(host, cpuIndex)
    } catch {
      throw .thread(error)
    }
  }

  private static func startKeeper(
    _ kept: KeptService, _ counters: consuming ServiceCounters?, _ keeping: ServiceKeeping?
  ) throws(ServiceError) -> ServiceKeeper {
    if let counters { return try ServiceKeeper.start(kept, counters: counters) }
    guard let keeper = keeping?.keeper else {
      preconditionFailure("EngineService: expected counters or who has them")
    }
    keeper.change { $0 = kept }
    return keeper
  }

  static func makeFollower(
    _ folder: ServiceFolder, _ engine: E.Configuration, _ configuration: ServiceConfiguration
  ) throws(ServiceError) -> SnapshotFollowerThread? {
    guard configuration.snapshotInterval > 0 else { return nil }
    let path = folder.journal
    let how = SnapshotFollowerConfiguration(
      commandInterval: configuration.snapshotInterval, keptCount: configuration.snapshotsKept,
      retainedSegmentCountMin: configuration.journalSegmentsKept)
    do throws(ThreadError) {
      return try SnapshotFollowerThread.start(name: "apus-follower", cpuIndex: nil) {
        () throws(SnapshotFollowerError) in
        try SnapshotFollower(E.self, engine: engine, path: path, configuration: how)
      }
    } catch {
      throw .thread(error)
    }
  }

  // MARK: Where it stands

  /// What it stands at, a moment ago.
  public var status: ServiceStatus { keeper.status }

  /// Waits until everything up to a sequence was applied.
  ///
  /// - Returns: False after the limit, and where the service has failed.
  public func waitUntilApplied(_ sequence: UInt64, limit: Duration) -> Bool {
    wait(limit) { $0.lastSequence >= sequence }
  }

  /// Waits until everything up to a sequence is on the disk.
  ///
  /// - Returns: False after the limit, and where the service has failed.
  public func waitUntilDurable(_ sequence: UInt64, limit: Duration) -> Bool {
    wait(limit) { $0.durableSequence >= sequence }
  }

  private func wait(_ limit: Duration, _ isReached: (HostStatus) -> Bool) -> Bool {
    let end = ContinuousClock.now + limit
    while true {
      let status = gauge.status
      if isReached(status) { return true }
      if status.hasFailed || ContinuousClock.now >= end { return false }
      Thread.sleep(forTimeInterval: 0.000_2)
    }
  }

  /// Whether the host takes commands.
  public var isServing: Bool { thread != nil && !gauge.status.hasFailed }

  // MARK: The end

  /// Takes what is in the rings, makes it durable, lets its events go, and ends.
  ///
  /// What others keep from ending, such as a client that submits without a pause, a log that takes nothing or
  /// a standby that does not answer, is waited for no longer than ``drainLimit``: events that could not
  /// leave by then were not acknowledged, and the next start finds their commands in the journal.
  ///
  /// - Throws: ``ServiceError`` of the event log's last sync. Where the journal or the log has failed,
  ///   what was not acknowledged is for the next start to find out; ``status`` says why.
  public func stop() throws(ServiceError) { try stop(limit: Self.drainLimit) }

  /// How long ``stop()`` waits for others.
  public static var drainLimit: Duration { .seconds(5) }

  /// Takes no new commands but those in the rings; ``stop(limit:)`` follows.
  func beginDrain() {
    try? FileManager.default.removeItem(atPath: folder.description)
    door.close()
  }

  /// Whether the host has ended.
  var hasEnded: Bool { gauge.hasEnded }

  /// Ends as ``stop()``, with another limit.
  func stop(limit: Duration) throws(ServiceError) {
    guard let thread = thread.take() else { return }
    beginDrain()
    let end = ContinuousClock.now + limit
    // A log that is stalled would keep the host from ending.
    while !gauge.hasEnded, !keeper.isStalled, ContinuousClock.now < end {
      Foundation.Thread.sleep(forTimeInterval: 0.000_5)
    }
    thread.stop()
    let host = thread.finish()
    let acknowledged = host.acknowledgedSequence
    let failure = host.failureDescription
    _ = consume host
    try keeper.finish(completeThrough: acknowledged, failure: failure)
  }
}
