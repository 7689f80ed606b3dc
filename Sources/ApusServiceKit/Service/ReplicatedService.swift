// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCore
public import ApusReplication
internal import Foundation
internal import Synchronization

/// What one of two replicas does.
public enum ReplicaRole: String, Sendable, Encodable {
  /// It follows the other one, or waits for it.
  case standby
  /// It serves clients.
  case primary
  /// It has ended.
  case stopped
}

/// What a take-over consisted of, from when the replica had the lease. Before that, the lease is looked at
/// every 20 ms.
public struct TakeOverTimes: Sendable, Equatable {
  /// Until its epoch was begun: a record on the disk and a promise. Unit: nanoseconds.
  public var promotionNanoseconds: UInt64
  /// From there until clients could submit: the rings, the host's thread, the service's description. Where the event log was
  /// behind, the recovery that completes it, too. Unit: nanoseconds.
  public var openingNanoseconds: UInt64
}

/// What one of two replicas stands at.
public struct ReplicaStatus: Sendable, Equatable {
  /// What it does.
  public var role: ReplicaRole
  /// The epoch it leads in, or follows; 0 before the first.
  public var epoch: UInt64
  /// Last record that it has applied.
  public var appliedSequence: UInt64
  /// Everything up to here is on its disk.
  public var durableSequence: UInt64
  /// Records that it had as a primary, that nobody was told of and that were cut off since it started.
  public var cutRecordCount: UInt64 = 0
  /// What its take-over consisted of; nil where it has not taken over.
  public var takeOver: TakeOverTimes?
  /// What the service stands at while it leads, and after; nil before.
  public var service: ServiceStatus?
  /// Why it has stopped, in one line; nil while it runs, and after ``ReplicatedService/stop()``.
  public var failure: String?
  /// What was asked for of the machine and is not available, in one line; nil where all is.
  public var shortfall: String?
  /// Why the lease cannot be asked, in one line; nil while it can.
  public var leaseProblem: String?
  /// Why a replica that leads acknowledges nothing for want of the other one, in one line; nil where it does.
  public var standbyProblem: String?
  /// Why the two replicas do not let each other in, in one line; nil while they do, and before they have met.
  public var linkProblem: String?
  /// Why a replica that follows keeps no event log, or cannot tidy it, in one line; nil while it does. It
  /// follows all the same, and completes the log when it leads.
  public var eventLogProblem: String?
}

/// One of two replicas of an engine: it follows the other one, and takes over when it gets the lease.
///
/// Both are started alike, each with a folder of its own. Who has the lease leads: clients connect to the
/// rings in its folder. When it dies the other one leads, in a greater epoch, with everything that was
/// acknowledged; its event log has the same events at the same indices.
///
/// - Threading: ``status`` from any thread; ``stop()`` from one.
public final class ReplicatedService<E: Engine & ~Copyable>: Sendable
where E.Configuration: Sendable {
  private let board: ReplicaBoard
  private let thread = Mutex<PinnedThread?>(nil)

  private init(_ board: ReplicaBoard) { self.board = board }

  /// Starts a replica.
  ///
  /// - Parameters:
  ///   - engine: The engine's configuration.
  ///   - configuration: With ``ServiceConfiguration/listen``, ``ServiceConfiguration/peer`` and
  ///     ``ServiceConfiguration/lease``.
  ///   - launch: Starts the host's thread; see ``EngineService/Launch``.
  ///   - makeLease: Makes the lease, on the replica's thread; by default that of the configuration's file.
  /// - Throws: ``ServiceError`` for a configuration that cannot be. What goes wrong later is in
  ///   ``status``.
  public static func start(
    engine: E.Configuration, configuration: ServiceConfiguration,
    launch: @escaping EngineService<E>.Launch = EngineService<E>.launchDefault,
    makeLease: (@Sendable () -> any LeaderLease)? = nil
  ) throws(ServiceError) -> ReplicatedService {
    try configuration.validate(messageBytesMax: EngineService<E>.messageBytesMax)
    guard configuration.isReplicated, let path = configuration.lease else {
      throw .configuration(
        field: "listen, peer, lease", value: "missing", expected: "values: a replica needs them")
    }
    if makeLease == nil { try configuration.checkLeaseFile() }
    let links = try ReplicaLinks(configuration)
    try ServiceFolder(configuration.folder).make()
    let service = ReplicatedService(ReplicaBoard())
    let board = service.board
    do throws(ThreadError) {
      // The engine is made on the thread, wherever it is to be.
      let placing = PinnedThread.Configuration(
        name: "apus-replica", numaNode: configuration.numaNode)
      let thread = try PinnedThread(configuration: placing) { token in
        let lease = makeLease?() ?? FileLease(path: path)
        let loop = ReplicaLoop<E>(
          engine, configuration, links, lease, board, token, launch)
        loop.run()
      }
      board.status.withLock { $0.shortfall = thread.placement.shortfalls.first }
      service.thread.withLock { $0 = thread }
    } catch {
      throw .thread(error)
    }
    return service
  }

  /// What it stands at, a moment ago.
  public var status: ReplicaStatus { board.status.withLock { $0 } }

  /// Ends: a primary takes what is in the rings, makes it durable and gives up the lease.
  public func stop() {
    let own = thread.withLock { $0.take() }
    own?.stop()
    own?.join()
  }
}

/// What a replica's thread and its owners share.
final class ReplicaBoard: Sendable {
  let status = Mutex(
    ReplicaStatus(role: .standby, epoch: 0, appliedSequence: 0, durableSequence: 0))
}

/// Both ends of the link between two replicas.
struct ReplicaLinks: Sendable {
  var listen: ReplicationEndpoint
  var peer: ReplicationEndpoint
  var security: ReplicationSecurity

  init(_ configuration: ServiceConfiguration) throws(ServiceError) {
    listen = try configuration.endpoint("listen", configuration.listen)
    peer = try configuration.endpoint("peer", configuration.peer)
    security = try configuration.security()
    // A file that does not hold is known before anything is made.
    do throws(ReplicationError) { try security.check() } catch { throw .replication(error) }
  }
}
