// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication
internal import Foundation

/// The thread of a replica: follows until it has the lease, then leads until it is stopped or fenced.
struct ReplicaLoop<E: Engine & ~Copyable> where E.Configuration: Sendable {
  private let engine: E.Configuration
  private let configuration: ServiceConfiguration
  private let folder: ServiceFolder
  private let links: ReplicaLinks
  private let lease: any LeaderLease
  private let board: ReplicaBoard
  private let token: StopToken
  private let launch: EngineService<E>.Launch
  private let clock = CycleClock.shared

  /// Time between two looks at the lease: what a take-over waits for at most. Unit: nanoseconds.
  private static var leaseNanoseconds: UInt64 { 20_000_000 }
  private static var frameByteCountMax: Int { 1 << 20 }

  init(
    _ engine: E.Configuration, _ configuration: ServiceConfiguration, _ links: ReplicaLinks,
    _ lease: any LeaderLease, _ board: ReplicaBoard, _ token: StopToken,
    _ launch: @escaping EngineService<E>.Launch
  ) {
    self.engine = engine
    self.configuration = configuration
    folder = ServiceFolder(configuration.folder)
    self.links = links
    self.lease = lease
    self.board = board
    self.token = token
    self.launch = launch
  }

  func run() {
    do throws(ServiceError) {
      if let epoch = askLease() {
        try begin(epoch)
      } else {
        while case .parted(let sequence) = try follow() { try cutBack(after: sequence) }
      }
    } catch {
      let line = error.description
      board.status.withLock { $0.failure = line }
    }
    lease.release()
    board.status.withLock { $0.role = .stopped }
  }

  private var now: Nanoseconds { Nanoseconds(clock.nanoseconds(cycles: clock.now)) }

  /// The epoch in which this replica leads now; nil where it does not.
  private func askLease() -> UInt64? {
    let status = lease.step(now: now)
    var problem: String?
    if case .unknown(let reason) = status { problem = reason }
    board.status.withLock { $0.leaseProblem = problem }
    return status.epoch(at: now)
  }

  // MARK: Following

  /// How following ended.
  private enum Following {
    /// It was stopped, or it led, and that is over.
    case over
    /// Its journal has records after this one that the primary does not have, and never acknowledged.
    case parted(after: UInt64)
  }

  /// Takes off the journal what this replica had as a primary and nobody was told of: with the release
  /// `replicated` whatever was acknowledged is on the other one, which leads now.
  private func cutBack(after sequence: UInt64) throws(ServiceError) {
    let storage = try ServiceOpening<E>.openStorage(folder)
    do throws(JournalError) {
      let cut = try JournalRecovery.cutBack(storage, after: sequence)
      board.status.withLock { $0.cutRecordCount += UInt64(cut.sequences.count) }
    } catch {
      throw .journal(error)
    }
  }

  /// Leads with what is in the folder. A replica without a journal begins a new one only in the first
  /// epoch: in a later one the other replica has what clients were told of.
  private func begin(_ epoch: UInt64) throws(ServiceError) {
    let storage = try ServiceOpening<E>.openStorage(folder)
    let found: JournalReport
    do throws(JournalError) {
      found = try JournalInspection.report(storage, depth: .tail)
    } catch {
      throw .journal(error)
    }
    if found.identifier == nil, epoch > 1, lease is FileLease {
      throw .folder(
        path: folder.journal,
        reason: "there is no journal here, and epoch \(epoch - 1) was led before: start the other "
          + "replica first and this one follows it; to begin anew, stop both and remove the lease file")
    }
    try serve(epoch, from: nil)
  }

  private func follow() throws(ServiceError) -> Following {
    let storage = try ServiceOpening<E>.openStorage(folder)
    let logs = StandbyLog<E>(folder, configuration)
    var standby = try openStandby(storage, logs)
    var leaseAt = Nanoseconds.zero
    var lookCount = 0
    var epoch: UInt64?
    while !token.isStopped, standby.failure == nil {
      let done = standby.step(now: now)
      if now >= leaseAt {
        epoch = askLease()
        leaseAt = Nanoseconds(now.rawValue &+ Self.leaseNanoseconds)
        note(standby, logs)
        logs.keep(
          standby.durableSequence, isSyncDue: lookCount % ServiceKeeper.syncRounds == 0)
        lookCount += 1
      }
      if epoch != nil { break }
      if done == 0 { standby.wait(limitNanoseconds: 1_000_000) }
    }
    if let failure = standby.failure {
      guard case .diverged(let common?, _, _) = failure, configuration.release == .replicated else {
        throw .replication(failure)
      }
      return .parted(after: common)
    }
    guard let epoch else { return .over }
    if standby.durableSequence == 0, standby.lastSequence == 0 {
      // It never met a primary, and its folder is empty: it begins.
      _ = consume standby
      logs.close()
      try begin(epoch)
      return .over
    }
    let promoted: PromotedReplica<E>
    do throws(ReplicationError) {
      promoted = try standby.promote(epoch: epoch)
    } catch {
      throw .replication(error)
    }
    try serve(epoch, from: Promotion(promoted, storage.modeDescription, logs))
    return .over
  }

  private func openStandby(
    _ storage: FileJournalStorage, _ logs: StandbyLog<E>
  ) throws(ServiceError) -> ReplicationStandby<E> {
    let recovered = try logs.recover(engine, storage, keptCount: configuration.snapshotsKept)
    let replay = recovered.report.replay
    do throws(ReplicationError) {
      return try recovered.makeStandby(
        after: replay.lastSequence, lastTime: replay.lastTime, storage: storage,
        configuration: ReplicationStandbyConfiguration(
          primary: links.peer, node: configuration.node,
          journal: JournalConfiguration(
            segmentByteCount: configuration.journalSegmentBytes,
            bufferByteCount: configuration.journalBufferBytes),
          frameByteCountMax: Self.frameByteCountMax, retryNanoseconds: 20_000_000),
        restoring: engine, makeOutput: logs.makeOutput)
    } catch {
      throw .replication(error)
    }
  }

  private func note(_ standby: borrowing ReplicationStandby<E>, _ logs: StandbyLog<E>) {
    let problems = logs.problem.map { [$0.description] } ?? []
    let (epoch, applied, durable) = (
      standby.promisedEpoch, standby.lastSequence, standby.durableSequence
    )
    board.status.withLock {
      $0.role = .standby
      $0.problems = problems
      $0.epoch = epoch
      $0.appliedSequence = applied
      $0.durableSequence = durable
    }
  }

  // MARK: Leading

  /// What a standby that takes over hands on.
  private struct Promotion: ~Copyable {
    var replica: PromotedReplica<E>
    var journalMode: String
    var logs: StandbyLog<E>

    init(
      _ replica: consuming PromotedReplica<E>, _ journalMode: String, _ logs: StandbyLog<E>
    ) {
      self.replica = replica
      self.journalMode = journalMode
      self.logs = logs
    }
  }

  private func serve(
    _ epoch: UInt64, from promotion: consuming Promotion?
  ) throws(ServiceError) {
    let position = ReplicatedPosition()
    let service = try begin(epoch, position, promotion)
    do throws(ServiceError) {
      try lead(service, epoch, position)
    } catch {
      try? service.stop()
      throw error
    }
    try service.stop()
    let status = service.status
    board.status.withLock { $0.service = status }
  }

  private func begin(
    _ epoch: UInt64, _ position: ReplicatedPosition, _ promotion: consuming Promotion?
  ) throws(ServiceError) -> EngineService<E> {
    guard let promotion else {
      return try EngineService.lead(
        folder, engine, configuration, .init(epoch: epoch, position: position), launch)
    }
    var replica = promotion.replica
    let (mode, logs) = (promotion.journalMode, promotion.logs)
    let output = replica.takeOutput()
    if let log = logs.log, let writer = output.takeLog() {
      return try EngineService.resume(
        folder, engine, configuration, replica, log, writer, mode, position, launch)
    }
    // Its event log is behind, or there is none: what is in the folder has all that it takes. The epoch
    // is begun.
    _ = consume replica
    logs.close()
    return try EngineService.lead(
      folder, engine, configuration, .init(epoch: epoch, position: position), launch)
  }

  private func lead(
    _ service: EngineService<E>, _ epoch: UInt64, _ position: ReplicatedPosition
  ) throws(ServiceError) {
    var link = try openLink(epoch, position)
    var noteAt = Nanoseconds.zero
    while !token.isStopped {
      let done = link.step(now: now)
      if let failure = link.failure { throw .replication(failure) }
      if now >= noteAt {
        noteAt = Nanoseconds(now.rawValue &+ Self.leaseNanoseconds)
        note(service, epoch)
        let fence = position.fencingEpoch
        if fence != 0 { throw .replication(.staleEpoch(offered: epoch, promised: fence)) }
        guard askLease() != nil else {
          throw .leaseLost(epoch: epoch)
        }
        if !service.isServing { return }
      }
      if done == 0 { link.wait(limitNanoseconds: 1_000_000) }
    }
  }

  private func openLink(
    _ epoch: UInt64, _ position: ReplicatedPosition
  ) throws(ServiceError) -> ReplicationPrimary {
    let storage = try ServiceOpening<E>.openStorage(folder)
    do throws(ReplicationError) {
      return try ReplicationPrimary(
        storage: storage, position: position,
        configuration: ReplicationPrimaryConfiguration(
          endpoint: links.listen, epoch: epoch, acknowledgingNode: configuration.peerNode,
          frameByteCountMax: Self.frameByteCountMax))
    } catch {
      throw .replication(error)
    }
  }

  private func note(_ service: EngineService<E>, _ epoch: UInt64) {
    let status = service.status
    board.status.withLock {
      $0.role = .primary
      $0.problems = status.problems
      $0.epoch = epoch
      $0.appliedSequence = status.appliedSequence
      $0.durableSequence = status.durableSequence
      $0.service = status
    }
  }
}
