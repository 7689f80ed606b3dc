// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication

/// A replica that follows the other one.
extension ReplicaLoop where E: ~Copyable {
  /// How following ended.
  private enum Following: ~Copyable {
    /// It was stopped.
    case over
    /// Its journal has records after this one that the primary does not have, and never acknowledged.
    case parted(after: UInt64)
    /// Its event log lacks events, which a recovery from its journal writes.
    case behind
    /// It leads now: with what it had, or from an empty folder.
    case leads(epoch: UInt64, Promotion?)
  }

  /// Follows once, and does what comes after that.
  ///
  /// - Returns: Whether it follows again.
  // Swift 6.3.1 stops ("Found ownership error", CopyPropagation) when it optimises this.
  @_optimize(none)
  func takeTurn() throws(ServiceError) -> Bool {
    // What follows has let go of the journal's files when it leads: it may have to open them.
    switch try follow() {
    case .over: return false
    case .parted(let sequence):
      files.stopFollower()
      try cutBack(after: sequence)
      return true
    case .behind:
      return true
    case .leads(let epoch, let promotion):
      try checkBeginning(epoch)
      try serve(epoch, from: promotion)
      return false
    }
  }

  /// Refuses to begin anew where another replica has led: it would serve an engine without anything that was
  /// acknowledged.
  func checkBeginning(_ epoch: UInt64) throws(ServiceError) {
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

  /// Takes off the journal what this replica had as a primary and nobody was told of: what it acknowledged is on
  /// the other one, which leads now.
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
    try EngineRecord.check(folder, EngineIdentity(E.self, engine))
    try files.startKeeper()
    files.closeLog()
    var standby = try openStandby(storage)
    var noteAt = Nanoseconds.zero
    var completeAt: Nanoseconds?
    var epoch: UInt64?
    while !token.isStopped, standby.failure == nil {
      let done = standby.step(now: now)
      if now >= noteAt {
        epoch = askLease()
        noteAt = later(Self.leaseNanoseconds)
        try note(standby)
        if standby.isOutputBehind, files.mayComplete {
          completeAt = completeAt ?? later(files.nextPause())
        }
      }
      if epoch != nil { break }
      if let completeAt, now >= completeAt { return .behind }
      if done == 0 { standby.wait(limitNanoseconds: 1_000_000) }
    }
    if let failure = standby.failure {
      guard case .diverged(let common?, _, _) = failure, try ServiceOpening<E>.holdsTail(storage)
      else {
        throw .replication(failure)
      }
      return .parted(after: common)
    }
    guard let epoch else { return .over }
    if standby.durableSequence == 0, standby.lastSequence == 0 {
      // It never met a primary, and its folder is empty: it begins.
      _ = consume standby
      files.closeLog()
      return .leads(epoch: epoch, nil)
    }
    let began = now
    let holdsTail = try ServiceOpening<E>.holdsTail(storage)
    let promoted: PromotedReplica<E>
    do throws(ReplicationError) {
      promoted = try standby.promote(
        epoch: epoch, waitsForStandby: configuration.waitsForStandby)
    } catch {
      throw .replication(error)
    }
    return .leads(
      epoch: epoch,
      Promotion(
        promoted, storage.modeDescription, holdsTail: holdsTail,
        nanoseconds: now.rawValue &- began.rawValue))
  }

  private func openStandby(
    _ storage: FileJournalStorage
  ) throws(ServiceError) -> ReplicationStandby<E> {
    let recovered = try files.recover(
      storage, holdsTail: ServiceOpening<E>.holdsTail(storage))
    let replay = recovered.report.replay
    do throws(ReplicationError) {
      return try recovered.makeStandby(
        after: replay.lastSequence, lastTime: replay.lastTime, storage: storage,
        configuration: ReplicationStandbyConfiguration(
          primary: links.peer, node: configuration.node,
          journal: JournalConfiguration(
            segmentByteCount: configuration.journalSegmentBytes,
            bufferByteCount: configuration.journalBufferBytes),
          frameByteCountMax: Self.frameByteCountMax, retryNanoseconds: 20_000_000,
          security: links.security,
          engine: EngineIdentity(E.self, engine)),
        restoring: engine, makeOutput: files.makeOutput)
    } catch {
      throw .replication(error)
    }
  }

  private func note(_ standby: borrowing ReplicationStandby<E>) throws(ServiceError) {
    try files.note(standby)
    note(standby.phase == .following ? nil : standby.counters.lastSecurityFailure)
    let problem = files.logProblem
    let (epoch, applied, durable) = (
      standby.promisedEpoch, standby.lastSequence, standby.durableSequence
    )
    board.status.withLock {
      $0.role = .standby
      $0.epoch = epoch
      $0.appliedSequence = applied
      $0.durableSequence = durable
      $0.eventLogProblem = problem
    }
  }
}
