// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads
internal import Glibc
internal import Synchronization

/// What others may know of a follower that runs on its thread.
public struct SnapshotFollowerStatus: Sendable, Equatable {
  /// Whether it has restored its engine and follows.
  public internal(set) var isFollowing = false
  /// Whether its thread has ended: it was told to, or could not go on.
  public internal(set) var hasEnded = false
  /// Sequence of the last record it has applied.
  public internal(set) var lastSequence: UInt64 = 0
  /// Sequence of the snapshot that it wrote last, or began from; 0 where there is none.
  public internal(set) var snapshotSequence: UInt64 = 0
  /// Snapshots it has written.
  public internal(set) var snapshotCount: UInt64 = 0
  /// How long the last of them took, encoded, written and synced. Unit: nanoseconds.
  public internal(set) var snapshotNanoseconds: UInt64 = 0
  /// Requests for a snapshot that were answered, by a snapshot or by a failure.
  public internal(set) var answeredRequestCount: UInt64 = 0
  /// Recorded digests that were compared; all were equal.
  public internal(set) var digestCheckCount: UInt64 = 0
  /// Snapshots that could not be written, or after which segments could not be removed.
  public internal(set) var snapshotFailureCount: UInt64 = 0
  /// The last such failure; it goes on nevertheless.
  public internal(set) var snapshotFailure: SnapshotFollowerError?
  /// Why it could not begin or go on; nil while it does.
  public internal(set) var failure: SnapshotFollowerError?
}

/// A follower on a thread of its own.
///
/// ```swift
/// let follower = try SnapshotFollowerThread.start(name: "snapshots", cpuIndex: 1) {
///   () throws(SnapshotFollowerError) in
///   try SnapshotFollower(
///     Ledger.self, engine: limits, path: folder,
///     configuration: .init(commandInterval: 1_000_000))
/// }
/// …
/// let number = follower.requestSnapshot()   // before maintenance, for instance
/// ```
///
/// Whatever happens to it is told by ``status`` and is no matter of the host's: the two share files.
///
/// - Threading: any thread.
public final class SnapshotFollowerThread: Sendable {
  private let thread: PinnedThread
  private let control: FollowerControl

  private init(thread: PinnedThread, control: FollowerControl) {
    self.thread = thread
    self.control = control
  }

  /// Starts a thread that opens a follower and runs it until ``finish()``.
  ///
  /// - Parameters:
  ///   - name: Of the thread.
  ///   - cpuIndex: CPU it is bound to: not the host's. nil lets it run where the calling thread may.
  ///   - pollNanoseconds: How long it sleeps where the journal has nothing more for it. Each time it
  ///     finds something it reads a mebibyte or more, so that short pauses cost bandwidth.
  ///   - open: Makes the follower, on its thread; restoring a large state there holds up nobody.
  /// - Throws: `ThreadError` when the CPU is not available or no thread could be had.
  public static func start<E: Engine & ~Copyable>(
    name: String, cpuIndex: Int?, pollNanoseconds: UInt64 = 10_000_000,
    open: @escaping @Sendable () throws(SnapshotFollowerError) -> SnapshotFollower<E>
  ) throws(ThreadError) -> SnapshotFollowerThread {
    let control = FollowerControl()
    let thread = try PinnedThread(configuration: .init(name: name, cpuIndex: cpuIndex)) { token in
      do throws(SnapshotFollowerError) {
        var follower = try open()
        try FollowerLoop.run(&follower, control, token, pollNanoseconds: pollNanoseconds)
      } catch {
        control.update { $0.failure = error }
      }
      control.update { $0.hasEnded = true }
    }
    return SnapshotFollowerThread(thread: thread, control: control)
  }

  /// What it stands at, a moment ago.
  public var status: SnapshotFollowerStatus { control.status.withLock { $0 } }

  /// Asks for a snapshot of what is durable now, or later.
  ///
  /// - Returns: Number of the request: it is answered once
  ///   ``SnapshotFollowerStatus/answeredRequestCount`` has reached it.
  @discardableResult
  public func requestSnapshot() -> UInt64 {
    control.requestCount.wrappingAdd(1, ordering: .relaxed).newValue
  }

  /// Ends it, after the snapshot that it may be writing, and waits for that.
  ///
  /// - Returns: What it stood at last.
  @discardableResult
  public func finish() -> SnapshotFollowerStatus {
    thread.stop()
    while !status.hasEnded { FollowerLoop.sleep(nanoseconds: 1_000_000) }
    return status
  }
}

/// What a follower's thread and its owners share.
private final class FollowerControl: Sendable {
  let status = Mutex(SnapshotFollowerStatus())
  let requestCount = Atomic<UInt64>(0)

  func update(_ body: (inout SnapshotFollowerStatus) -> Void) { status.withLock { body(&$0) } }
}

/// The loop of a follower's thread.
private enum FollowerLoop {
  static func run<E: Engine & ~Copyable>(
    _ follower: inout SnapshotFollower<E>, _ control: FollowerControl, _ token: StopToken,
    pollNanoseconds: UInt64
  ) throws(SnapshotFollowerError) {
    control.update { $0.isFollowing = true }
    var answered: UInt64 = 0
    // A request is answered once everything is applied that was durable when it was seen.
    var asked: (number: UInt64, sequence: UInt64)?
    while true {
      let requested = control.requestCount.load(ordering: .relaxed)
      let count = try follower.step()
      publish(follower, control)
      if token.isStopped { return }
      if asked == nil, requested > answered { asked = (requested, follower.durableSequence) }
      if let request = asked, follower.report.lastSequence >= request.sequence {
        write(&follower, control)
        answered = request.number
        asked = nil
        control.update { $0.answeredRequestCount = answered }
      } else if follower.isSnapshotDue {
        write(&follower, control)
      } else if count == 0 {
        pause(control, token, requested, pollNanoseconds)
      }
    }
  }

  private static func write<E: Engine & ~Copyable>(
    _ follower: inout SnapshotFollower<E>, _ control: FollowerControl
  ) {
    let clock = CycleClock.shared
    let started = clock.now
    do throws(SnapshotFollowerError) {
      guard try follower.writeSnapshot() != nil else { return }
      let nanoseconds = clock.nanoseconds(cycles: clock.now &- started)
      control.update { $0.snapshotNanoseconds = nanoseconds }
    } catch {
      control.update {
        $0.snapshotFailureCount += 1
        $0.snapshotFailure = error
      }
    }
    publish(follower, control)
  }

  private static func publish<E: Engine & ~Copyable>(
    _ follower: borrowing SnapshotFollower<E>, _ control: FollowerControl
  ) {
    let report = follower.report
    let (sequence, count) = (follower.snapshotSequence, follower.snapshotCount)
    control.update {
      $0.lastSequence = report.lastSequence
      $0.digestCheckCount = report.digestCheckCount
      $0.snapshotSequence = sequence
      $0.snapshotCount = count
    }
  }

  /// Sleeps until there may be more, until it is told to stop, or until a snapshot is asked for.
  private static func pause(
    _ control: FollowerControl, _ token: StopToken, _ requested: UInt64, _ nanoseconds: UInt64
  ) {
    var left = nanoseconds
    while left > 0, !token.isStopped, control.requestCount.load(ordering: .relaxed) == requested {
      let part = min(left, 10_000_000)
      sleep(nanoseconds: part)
      left -= part
    }
  }

  static func sleep(nanoseconds: UInt64) { usleep(useconds_t(max(1, nanoseconds / 1_000))) }
}
