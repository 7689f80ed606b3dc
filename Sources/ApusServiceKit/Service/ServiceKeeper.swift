// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import Foundation
internal import Synchronization

/// The thread that does for a service what may take longer than a store.
final class ServiceKeeper: Sendable {
  /// Time between two rounds. Unit: seconds.
  private static let roundSeconds = 0.02
  /// Rounds between two syncs of the event log, which write to the disk.
  static let syncRounds = 10

  /// Nil after the end: whoever has it has the files.
  private let openLog: Mutex<EventLog?>
  private let host: HostGauge
  private let follower: SnapshotFollowerThread?
  private let door: InputDoor
  private let isStopping = Atomic(false)
  /// What it stood at when it ended.
  private let last = Mutex<ServiceStatus?>(nil)
  /// Why the event log could not be synced or tidied, as of the last try.
  private let amiss = Mutex<String?>(nil)

  private let thread = Mutex<PinnedThread?>(nil)

  private init(
    _ log: EventLog, _ host: HostGauge, _ follower: SnapshotFollowerThread?, _ door: InputDoor
  ) {
    openLog = Mutex(log)
    self.host = host
    self.follower = follower
    self.door = door
  }

  /// Starts the thread; it ends with ``finish(completeThrough:failure:)``.
  static func start(
    log: EventLog, host: HostGauge, follower: SnapshotFollowerThread?, door: InputDoor,
    counters: consuming ServiceCounters
  ) throws(ServiceError) -> ServiceKeeper {
    let keeper = ServiceKeeper(log, host, follower, door)
    let box = CounterBox(counters)
    do throws(ThreadError) {
      let thread = try PinnedThread(configuration: .init(name: "apus-keeper")) { _ in
        var own = box.take()
        keeper.run(&own)
      }
      keeper.thread.withLock { $0 = thread }
    } catch {
      throw .thread(error)
    }
    return keeper
  }

  private func run(_ counters: inout ServiceCounters?) {
    var round = 0
    while !isStopping.load(ordering: .acquiring) {
      keep(isSyncDue: round % Self.syncRounds == 0)
      // A log that takes nothing would keep the host from ending. The journal has what it does not.
      if door.hasClosed, isStalled { host.stop() }
      counters?.update(status)
      round += 1
      Foundation.Thread.sleep(forTimeInterval: Self.roundSeconds)
    }
    counters?.update(status)
  }

  private func keep(isSyncDue: Bool) {
    guard let log = openLog.withLock({ $0 }) else { return }
    do throws(EventLogError) {
      try log.prepare()
      if isSyncDue {
        let status = host.status
        try log.sync(completeThrough: status.acknowledgedSequence)
        try log.removeSegments(durableThrough: status.durableSequence)
      }
      amiss.withLock { $0 = nil }
    } catch {
      let line = error.description
      amiss.withLock { $0 = line }
    }
  }

  var status: ServiceStatus { last.withLock { $0 } ?? present(openLog.withLock { $0 }) }

  /// Whether the event log takes nothing now.
  var isStalled: Bool { openLog.withLock { $0?.isStalled ?? false } }

  private func present(_ log: EventLog?) -> ServiceStatus {
    let now = host.status
    let followed = follower?.status
    var problems: [String] = []
    if now.hasFailed { problems.append("the journal has failed: start the service again") }
    if let stall = log?.stall { problems.append(stall.description) }
    if let line = amiss.withLock({ $0 }), !problems.contains(line) { problems.append(line) }
    if let failure = followed?.failure { problems.append("snapshots: \(failure)") }
    return ServiceStatus(
      appliedSequence: now.lastSequence, durableSequence: now.durableSequence,
      acknowledgedSequence: now.acknowledgedSequence, commandCount: now.commandCount,
      eventCount: log?.position ?? 0, refused: door.refused,
      snapshotSequence: followed?.snapshotSequence ?? 0, problems: problems,
      hasFailed: now.hasFailed)
  }

  /// Ends the threads, syncs the event log once more and lets go of it.
  ///
  /// - Parameters:
  ///   - sequence: Everything up to it is in the log.
  ///   - failure: Why the host has ended before it was asked to.
  func finish(completeThrough sequence: UInt64, failure: String?) throws(ServiceError) {
    follower?.finish()
    isStopping.store(true, ordering: .releasing)
    let own = thread.withLock { $0.take() }
    own?.join()
    let log = openLog.withLock { $0.take() }
    var status = present(log)
    // Of a journal that runs only that it has failed is known.
    if let failure, status.hasFailed { status.problems[0] = failure }
    last.withLock { $0 = status }
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
