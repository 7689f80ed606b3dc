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
  /// Longest wait for the standby, and for what is in the rings, of a primary that was asked to end.
  private static var handOverNanoseconds: UInt64 { 3_000_000_000 }
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
        try checkBeginning(epoch)
        try serve(epoch, from: nil)
      } else {
        while try takeTurn() {}
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
  private enum Following: ~Copyable {
    /// It was stopped.
    case over
    /// Its journal has records after this one that the primary does not have, and never acknowledged.
    case parted(after: UInt64)
    /// It leads now: with what it had, or from an empty folder.
    case leads(epoch: UInt64, Promotion?)
  }

  /// Follows once, and does what comes after that.
  ///
  /// - Returns: Whether it follows again.
  // Swift 6.3.1 stops ("Found ownership error", CopyPropagation) when it optimises this.
  @_optimize(none)
  private func takeTurn() throws(ServiceError) -> Bool {
    // What follows has let go of the journal's files when it leads: it may have to open them.
    switch try follow() {
    case .over: return false
    case .parted(let sequence):
      try cutBack(after: sequence)
      return true
    case .leads(let epoch, let promotion):
      try checkBeginning(epoch)
      try serve(epoch, from: promotion)
      return false
    }
  }

  /// Refuses to begin anew where another replica has led: it would serve an engine without anything that was
  /// acknowledged.
  private func checkBeginning(_ epoch: UInt64) throws(ServiceError) {
    guard let first = lease.firstEpoch, epoch > first else { return }
    let storage = try ServiceOpening<E>.openStorage(folder)
    do throws(JournalError) {
      if try JournalInspection.report(storage, depth: .tail).identifier != nil { return }
    } catch {
      throw .journal(error)
    }
    throw .folder(
      path: folder.path,
      reason:
        "has no journal, but epochs up to \(epoch - 1) were led: start the other replica first, "
        + "which has it; where neither has one, "
        + ((lease as? FileLease).map { "remove \($0.path)" } ?? "give both another lease"))
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
        logs.keep(
          standby.durableSequence, isSyncDue: lookCount % ServiceKeeper.syncRounds == 0)
        lookCount += 1
        note(standby, logs.problem)
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
      return .leads(epoch: epoch, nil)
    }
    let promoted: PromotedReplica<E>
    do throws(ReplicationError) {
      promoted = try standby.promote(epoch: epoch)
    } catch {
      throw .replication(error)
    }
    return .leads(epoch: epoch, Promotion(promoted, storage.modeDescription, logs))
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

  private func note(
    _ standby: borrowing ReplicationStandby<E>, _ problem: EventLogError?
  ) {
    let (epoch, applied, durable) = (
      standby.promisedEpoch, standby.lastSequence, standby.durableSequence
    )
    board.status.withLock {
      $0.role = .standby
      $0.epoch = epoch
      $0.appliedSequence = applied
      $0.durableSequence = durable
      $0.eventLogProblem = problem?.description
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
      // It may lead no more: what is in the rings is not for it to take.
      try? service.stop(limit: .zero)
      throw error
    }
    try service.stop(limit: .zero)
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
    handOver(service, &link)
  }

  /// Takes what is in the rings while the standby still acknowledges, and lets it have all of it: with the
  /// release `replicated` nothing could leave without it, and with the others what it does not have is
  /// missing where it leads.
  private func handOver(
    _ service: EngineService<E>, _ link: inout ReplicationPrimary
  ) {
    service.beginDrain()
    let end = now.rawValue &+ Self.handOverNanoseconds
    while now.rawValue < end, askLease() != nil, link.failure == nil {
      let hasStandby = !link.standbys.isEmpty
      if service.hasEnded,
        !hasStandby || link.replicatedSequence >= service.status.durableSequence
      {
        return
      }
      if link.step(now: now) == 0 { link.wait(limitNanoseconds: 1_000_000) }
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
      $0.epoch = epoch
      $0.appliedSequence = status.appliedSequence
      $0.durableSequence = status.durableSequence
      $0.service = status
      $0.eventLogProblem = nil
    }
  }
}
