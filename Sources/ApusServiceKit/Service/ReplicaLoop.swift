// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication
internal import Foundation

/// The thread of a replica: follows until it has the lease, then leads until it is stopped or fenced.
struct ReplicaLoop<E: Engine & ~Copyable> where E.Configuration: Sendable {
  let engine: E.Configuration
  let configuration: ServiceConfiguration
  let folder: ServiceFolder
  let links: ReplicaLinks
  let lease: any LeaderLease
  let board: ReplicaBoard
  let token: StopToken
  let launch: EngineService<E>.Launch
  let files: StandbyFiles<E>
  private let clock = CycleClock.shared

  /// Time between two looks at the lease: what a take-over waits for at most. Unit: nanoseconds.
  static var leaseNanoseconds: UInt64 { 20_000_000 }
  /// Longest wait for the standby, and for what is in the rings, of a primary that was asked to end.
  static var handOverNanoseconds: UInt64 { 3_000_000_000 }
  static var frameByteCountMax: Int { 1 << 20 }

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
    files = StandbyFiles(folder, engine, configuration)
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
    files.finish()
    lease.release()
    board.status.withLock { $0.role = .stopped }
  }

  var now: Nanoseconds { Nanoseconds(clock.nanoseconds(cycles: clock.now)) }

  func later(_ nanoseconds: UInt64) -> Nanoseconds {
    Nanoseconds(now.rawValue &+ nanoseconds)
  }

  /// The epoch in which this replica leads now; nil where it does not.
  func askLease() -> UInt64? {
    let status = lease.step(now: now)
    var problem: String?
    if case .unknown(let reason) = status { problem = reason }
    board.status.withLock { $0.leaseProblem = problem }
    return status.epoch(at: now)
  }
}
