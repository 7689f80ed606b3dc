// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication
internal import Synchronization

/// What a replica that follows has beside its journal and its engine: the event log, which is opened once the
/// primary's journal is known, the follower that writes snapshots, and the keeper of both.
///
/// - Threading: the replica's thread.
final class StandbyFiles<E: Engine & ~Copyable> where E.Configuration: Sendable {
  private let folder: ServiceFolder
  private let engine: E.Configuration
  private let configuration: ServiceConfiguration
  private let progress = StandbyProgress()
  private let latencies = SharedLatencies()
  /// Nil while there is none, and where it could not be opened: what completes it is a recovery.
  private(set) var log: EventLog?
  /// Why there is no event log, in one line; nil where there is one, and while none is needed.
  private(set) var problem: String?
  /// Whether a recovery from the journal can complete a log that is behind.
  private(set) var mayComplete = true
  private var hasRecord = false
  private var pauseNanoseconds = StandbyFiles.pauseNanosecondsMin
  private static var pauseNanosecondsMin: UInt64 { 10_000_000_000 }
  private static var pauseNanosecondsMax: UInt64 { 320_000_000_000 }
  private var follower: SnapshotFollowerThread?
  private var keeper: ServiceKeeper?

  init(
    _ folder: ServiceFolder, _ engine: E.Configuration, _ configuration: ServiceConfiguration
  ) {
    self.folder = folder
    self.engine = engine
    self.configuration = configuration
  }

  // MARK: Beginning

  /// Starts the keeper. The journal's folder has to be this process's.
  func startKeeper() throws(ServiceError) {
    guard keeper == nil else { return }
    let progress = progress
    keeper = try ServiceKeeper.start(
      KeptService(progress: { progress.value.withLock { $0 } }),
      counters: ServiceCounters.open(folder, latencies))
  }

  /// The engine as the journal in the folder has it, and the log with all its events; a new one, without a
  /// log, where there is no journal.
  ///
  /// - Parameter holdsTail: Whether what the log lacks may be nobody else's, and is held until the primary has it.
  func recover(
    _ storage: FileJournalStorage, holdsTail: Bool
  ) throws(ServiceError) -> RecoveredStream<E, StandbyOutput<E.Event>> {
    let found: JournalReport
    do throws(JournalError) {
      found = try JournalInspection.report(storage, depth: .tail)
    } catch {
      throw .journal(error)
    }
    progress.value.withLock { $0 = ServiceProgress() }
    guard let journal = found.identifier else { return try recover(storage, found, nil, false) }
    let snapshots = try ServiceOpening<E>.openSnapshots(storage, journal, configuration)
    open { () throws(EventLogError) in
      try ServiceOpening<E>.openLog(
        folder, journal, records: found.firstSequence..<found.lastSequence + 1, snapshots,
        configuration)
    }
    return try recover(storage, found, snapshots, holdsTail)
  }

  private func recover(
    _ storage: FileJournalStorage, _ found: JournalReport, _ snapshots: JournalSnapshots?,
    _ holdsTail: Bool
  ) throws(ServiceError) -> RecoveredStream<E, StandbyOutput<E.Event>> {
    let log = log
    let past = snapshots.map {
      SnapshotsThrough(
        $0, lastSequence: min(found.lastSequence, log?.completeSequence ?? .max))
    }
    let stream: RecoveredStream<E, StandbyOutput<E.Event>>
    do throws(RecoveryError) {
      stream = try EngineRecovery.recover(
        E.self, configuration: engine, snapshots: past, journalSequence: found.lastSequence,
        makeOutput: { after throws(ReplayError) in
          guard let log else { return found.identifier == nil ? StandbyOutput() : .behind }
          return StandbyOutput(
            try ServiceOpening<E>.output(log, after, holdsTail ? configuration.eventCapacity : nil))
        },
        openRecording: { sequence throws(ReplayError) in
          try EngineRecovery.openRecording(storage, from: sequence)
        })
    } catch {
      throw .recovery(error)
    }
    do throws(EventLogError) { try log?.cutCursors() } catch { throw .eventLog(error) }
    return stream
  }

  /// The output of a standby that begins anew.
  func makeOutput(_ beginning: StandbyBeginning) -> StandbyOutput<E.Event> {
    // One that the transfer was too short for to have ended: its records are gone.
    stopFollower()
    closeLog()
    guard let index = beginning.eventCount else {
      problem =
        "the primary's snapshot at \(beginning.sequence) does not say how many events came before it: "
        + "stop both replicas and start this one with a copy of the other one's folder"
      mayComplete = false
      return .behind
    }
    open { () throws(EventLogError) in
      try ServiceOpening<E>.openLog(folder, beginning, index, configuration)
    }
    guard let log else { return .behind }
    do throws(EventLogError) {
      return StandbyOutput(try log.makeWriter(resumingAfter: beginning.sequence))
    } catch {
      closeLog()
      problem = error.description
      return .behind
    }
  }

  private func open(_ make: () throws(EventLogError) -> EventLog) {
    do throws(EventLogError) {
      let opened = try make()
      log = opened
      (problem, mayComplete) = (nil, true)
      pauseNanoseconds = Self.pauseNanosecondsMin
      keeper?.change { $0.log = opened }
    } catch {
      problem = error.description
      // Of commands whose records are gone no recovery writes the events.
      if case .gap(let path, let complete, let resumed) = error {
        problem =
          "\(path): lacks the events of commands \(complete + 1) to \(resumed), whose records are gone: this replica "
          + "follows and cannot lead; start it with a copy of the other one's folder"
        mayComplete = false
      }
    }
  }

  /// How long to follow without the log until a recovery is tried next: twice as long each time.
  func nextPause() -> UInt64 {
    defer { pauseNanoseconds = min(2 * pauseNanoseconds, Self.pauseNanosecondsMax) }
    return pauseNanoseconds
  }

  // MARK: Following

  /// Notes what the standby stands at, and has the follower there while records come.
  func note(_ standby: borrowing ReplicationStandby<E>) throws(ServiceError) {
    let durable = standby.durableSequence
    let now = ServiceProgress(
      appliedSequence: standby.lastSequence, durableSequence: durable,
      acknowledgedSequence: standby.isOutputBehind ? 0 : durable,
      commandCount: standby.report.commandCount,
      problems: problem.map { [$0] } ?? [])
    progress.value.withLock { $0 = now }
    if standby.isOutputBehind {
      // It removes records; those whose events the log lacks are needed.
      stopFollower()
    } else if standby.phase == .following {
      if !hasRecord { try EngineRecord.write(folder, EngineIdentity(E.self, engine)) }
      hasRecord = true
      try startFollower()
    } else if standby.phase == .restoring {
      stopFollower()
    }
  }

  private func startFollower() throws(ServiceError) {
    guard follower == nil else { return }
    follower = try EngineService<E>.makeFollower(folder, engine, configuration)
    let started = follower
    keeper?.change { $0.follower = started }
  }

  /// Ends the follower: records are about to be taken off the journal.
  func stopFollower() {
    guard let own = follower else { return }
    follower = nil
    keeper?.change { $0.follower = nil }
    own.finish()
  }

  /// What is amiss with the log, in one line; nil while all is well.
  var logProblem: String? { problem ?? keeper?.status.problems.first }

  // MARK: The end

  /// Lets go of the log: another one is opened, here or by a service.
  func closeLog() {
    keeper?.letGoOfLog()
    log = nil
  }

  /// Hands keeper and follower on to a service.
  func takeKeeping() -> ServiceKeeping? {
    guard let own = keeper else { return nil }
    let keeping = ServiceKeeping(keeper: own, follower: follower, latencies: latencies)
    (keeper, follower) = (nil, nil)
    return keeping
  }

  /// Ends everything that was not handed on.
  func finish() {
    stopFollower()
    // What was not synced a recovery completes.
    try? keeper?.finish(completeThrough: 0, failure: nil)
    keeper = nil
    log = nil
  }
}

/// The threads of a standby that stay when it leads.
struct ServiceKeeping {
  let keeper: ServiceKeeper
  let follower: SnapshotFollowerThread?
  /// Those of the keeper's counters.
  let latencies: SharedLatencies

  /// Ends them, where no service came of it.
  func finish() {
    try? keeper.finish(completeThrough: 0, failure: nil)
  }
}

/// What a standby stands at, for its keeper.
private final class StandbyProgress: Sendable {
  let value = Mutex(ServiceProgress())
}
