// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import Foundation
internal import Synchronization

/// How far a service has come, as its own thread says it.
struct ServiceProgress: Sendable {
  var appliedSequence: UInt64 = 0
  var durableSequence: UInt64 = 0
  /// Everything up to it is in the event log.
  var acknowledgedSequence: UInt64 = 0
  var commandCount: UInt64 = 0
  var refused = RefusedMessages()
  var problems: [String] = []
  var hasFailed = false
  /// Whether it leads, and clients may submit.
  var isLeading = false
}

extension ServiceProgress {
  /// That of a host and its clients.
  init(_ host: HostStatus, _ door: InputDoor) {
    appliedSequence = host.lastSequence
    durableSequence = host.durableSequence
    acknowledgedSequence = host.acknowledgedSequence
    commandCount = host.commandCount
    refused = door.refused
    hasFailed = host.hasFailed
    isLeading = true
  }
}

/// What a keeper looks after.
struct KeptService: Sendable {
  /// Nil where there is none, and after the end: whoever has it has the files.
  var log: EventLog?
  var follower: SnapshotFollowerThread?
  var progress: @Sendable () -> ServiceProgress
  /// Ends a service that clients have left and whose log takes nothing: the journal has what it does not.
  var endIfStalled: @Sendable () -> Void = {}

  fileprivate func status(_ problem: String?) -> ServiceStatus {
    let now = progress()
    let followed = follower?.status
    var problems = now.problems
    if now.hasFailed { problems.append("the journal has failed: start the service again") }
    if let stall = log?.stall { problems.append(stall.description) }
    if let problem, !problems.contains(problem) { problems.append(problem) }
    if let failure = followed?.failure { problems.append("snapshots: \(failure)") }
    return ServiceStatus(
      appliedSequence: now.appliedSequence, durableSequence: now.durableSequence,
      acknowledgedSequence: now.acknowledgedSequence, commandCount: now.commandCount,
      eventCount: log?.position ?? 0, refused: now.refused,
      snapshotSequence: followed?.snapshotSequence ?? 0, problems: problems,
      hasFailed: now.hasFailed)
  }
}

/// The thread that does for a service what may take longer than a store: it prepares, syncs and tidies the event
/// log and sets the counters. That of a replica that follows stays when it leads.
final class ServiceKeeper: Sendable {
  /// Time between two rounds. Unit: seconds.
  private static let roundSeconds = 0.02
  /// Rounds between two syncs of the event log, which write to the disk.
  private static let syncRounds = 10

  private let kept: Mutex<KeptService>
  /// Held through a round, in which the log is in use.
  private let round = Mutex(())
  /// Why the event log could not be synced or tidied, as of the last try.
  private let problem = Mutex<String?>(nil)
  /// What it stood at when it ended.
  private let last = Mutex<ServiceStatus?>(nil)
  private let thread = Mutex<PinnedThread?>(nil)

  private init(_ service: KeptService) { kept = Mutex(service) }

  /// Starts the thread; it ends with ``finish(completeThrough:failure:)``.
  static func start(
    _ service: KeptService, counters: consuming ServiceCounters
  ) throws(ServiceError) -> ServiceKeeper {
    let keeper = ServiceKeeper(service)
    let box = CounterBox(counters)
    do throws(ThreadError) {
      let thread = try PinnedThread(configuration: .init(name: "apus-keeper")) { token in
        var own = box.take()
        keeper.run(&own, token)
      }
      keeper.thread.withLock { $0 = thread }
    } catch {
      throw .thread(error)
    }
    return keeper
  }

  private func run(_ counters: inout ServiceCounters?, _ token: StopToken) {
    var count = 0
    while !token.isStopped {
      round.withLock { _ in keepLog(isSyncDue: count % Self.syncRounds == 0) }
      if isStalled { kept.withLock { $0.endIfStalled }() }
      update(&counters)
      count += 1
      Foundation.Thread.sleep(forTimeInterval: Self.roundSeconds)
    }
    // It leads no more.
    counters?.update(status, isLeading: false)
  }

  private func update(_ counters: inout ServiceCounters?) {
    let isLeading = kept.withLock { $0.progress }().isLeading
    counters?.update(status, isLeading: isLeading)
  }

  private func keepLog(isSyncDue: Bool) {
    let (log, progress) = kept.withLock { ($0.log, $0.progress) }
    guard let log else { return }
    do throws(EventLogError) {
      try log.prepare()
      if isSyncDue {
        let now = progress()
        try log.sync(completeThrough: now.acknowledgedSequence)
        try log.removeSegments(durableThrough: now.durableSequence)
      }
      problem.withLock { $0 = nil }
    } catch {
      let line = error.description
      problem.withLock { $0 = line }
    }
  }

  // MARK: What it looks after

  /// Looks after something else from now on, or a part of it: with the same log, or one where there was none.
  func change(_ body: (inout KeptService) -> Void) { kept.withLock { body(&$0) } }

  /// Lets go of the log, and has no use of it when this returns: another one may be opened.
  func letGoOfLog() {
    round.withLock { _ in kept.withLock { $0.log = nil } }
  }

  /// What it stands at.
  var status: ServiceStatus {
    if let last = last.withLock({ $0 }) { return last }
    let problem = problem.withLock { $0 }
    // The log is not taken out: who opens it anew needs that nobody has it.
    return kept.withLock { $0.status(problem) }
  }

  /// Whether the event log takes nothing now.
  var isStalled: Bool { kept.withLock { $0.log?.isStalled ?? false } }

  /// Ends the threads, syncs the event log once more and lets go of it.
  ///
  /// - Parameters:
  ///   - sequence: Everything up to it is in the log.
  ///   - failure: Why the host has ended before it was asked to.
  func finish(completeThrough sequence: UInt64, failure: String?) throws(ServiceError) {
    kept.withLock { $0.follower }?.finish()
    let own = thread.withLock { $0.take() }
    own?.stop()
    own?.join()
    var status = status
    // Of a journal that runs only that it has failed is known.
    if let failure, status.hasFailed { status.problems[0] = failure }
    last.withLock { $0 = status }
    let log = kept.withLock { $0.log.take() }
    do throws(EventLogError) { try log?.sync(completeThrough: sequence) } catch {
      throw .eventLog(error)
    }
  }
}

/// Hands a value that cannot be copied to a thread.
private final class CounterBox: Sendable {
  private let value: Mutex<ServiceCounters?>

  init(_ counters: consuming ServiceCounters) { value = Mutex(counters) }

  func take() -> ServiceCounters? { value.withLock { $0.take() } }
}
