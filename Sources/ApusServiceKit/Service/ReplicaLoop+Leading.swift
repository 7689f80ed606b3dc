// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication
internal import ApusTLS

/// A replica that leads.
extension ReplicaLoop where E: ~Copyable {
  /// What a standby that takes over hands on.
  struct Promotion: ~Copyable {
    var replica: PromotedReplica<E>
    var journalMode: String
    /// Whether its last records may be its own as a primary, and on no other disk.
    var holdsTail: Bool
    /// How long its promotion took.
    var nanoseconds: UInt64

    init(
      _ replica: consuming PromotedReplica<E>, _ journalMode: String, holdsTail: Bool,
      nanoseconds: UInt64
    ) {
      self.holdsTail = holdsTail
      self.replica = replica
      self.journalMode = journalMode
      self.nanoseconds = nanoseconds
    }
  }

  func serve(
    _ epoch: UInt64, from promotion: consuming Promotion?
  ) throws(ServiceError) {
    let position = ReplicatedPosition()
    let (began, promotionNanoseconds) = (now, promotion?.nanoseconds)
    let service = try begin(epoch, position, promotion)
    if let promotionNanoseconds {
      let opening = now.rawValue &- began.rawValue
      board.status.withLock {
        $0.takeOver = TakeOverTimes(
          promotionNanoseconds: promotionNanoseconds, openingNanoseconds: opening)
      }
    }
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
    let keeping = files.takeKeeping()
    do throws(ServiceError) {
      return try begin(epoch, position, promotion, keeping)
    } catch {
      keeping?.finish()
      throw error
    }
  }

  private func begin(
    _ epoch: UInt64, _ position: ReplicatedPosition, _ promotion: consuming Promotion?,
    _ keeping: ServiceKeeping?
  ) throws(ServiceError) -> EngineService<E> {
    guard let promotion else {
      let holdsTail = try ServiceOpening<E>.holdsTail(ServiceOpening<E>.openStorage(folder))
      let leadership = EngineService<E>.Leadership(
        epoch: epoch, position: position, holdsTail: holdsTail)
      return try EngineService.lead(folder, engine, configuration, leadership, keeping, launch)
    }
    var replica = promotion.replica
    let (mode, holdsTail) = (promotion.journalMode, promotion.holdsTail)
    let output = replica.takeOutput()
    if let log = files.log, let held = output.takeLog() {
      return try EngineService.resume(
        folder, engine, configuration, replica, log, held, mode, position, keeping, launch)
    }
    // Its event log is behind, or there is none: what is in the folder has all that it takes. The epoch
    // is begun.
    _ = consume replica
    keeping?.keeper.letGoOfLog()
    files.closeLog()
    let leadership = EngineService<E>.Leadership(
      epoch: epoch, position: position, holdsTail: holdsTail)
    return try EngineService.lead(folder, engine, configuration, leadership, keeping, launch)
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
        noteAt = later(Self.leaseNanoseconds)
        note(service, epoch, problem(link))
        note(link.standbys.isEmpty ? link.counters.lastSecurityFailure : nil)
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
          frameByteCountMax: Self.frameByteCountMax, security: links.security,
          engine: EngineIdentity(E.self, engine)))
    } catch {
      throw .replication(error)
    }
  }

  /// Why nothing leaves where the standby has to have it, in one line; nil where it has it.
  private func problem(_ link: borrowing ReplicationPrimary) -> String? {
    guard configuration.waitsForStandby else { return nil }
    let nodes = link.standbys.map(\.node)
    if nodes.contains(configuration.peerNode) { return nil }
    guard let other = nodes.first else {
      return
        "no standby is connected to \(configuration.listen ?? ""): with release replicated nothing is "
        + "acknowledged until replica \(configuration.peerNode) is"
    }
    return
      "replica \(other) follows, and the acknowledgements of replica \(configuration.peerNode) count: check "
      + "node and peerNode of both; nothing is acknowledged"
  }

  /// What the link says of the other replica's key or certificate; nil for nothing.
  func note(_ failure: TLSFailure?) {
    let problem = failure.map {
      "the link to the other replica: \($0); give both the same replicationKey, or certificates of one authority"
    }
    board.status.withLock { $0.linkProblem = problem }
  }

  private func note(_ service: EngineService<E>, _ epoch: UInt64, _ problem: String?) {
    let status = service.status
    board.status.withLock {
      $0.role = .primary
      $0.epoch = epoch
      $0.appliedSequence = status.appliedSequence
      $0.durableSequence = status.durableSequence
      $0.service = status
      $0.eventLogProblem = nil
      $0.standbyProblem = problem
    }
  }
}
