// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads
internal import Glibc
internal import Synchronization

/// A lease whose store is asked on a thread of its own, so that a store that does not answer holds nothing
/// else up: a step here only says what that thread knows.
///
/// - Threading: one thread at a time.
public final class BackgroundLease: LeaderLease {
  private struct State: Sendable {
    var status = LeaseStatus.notHeld
    var firstEpoch: UInt64?
    /// Whether it is given up, and the thread has done so.
    var isReleased = false
    var isIdle = false
  }

  private final class Board: Sendable {
    let state = Mutex(State())
  }

  private let board = Board()
  private let thread: PinnedThread

  /// What is known.
  public var status: LeaseStatus { board.state.withLock { $0.status } }
  /// That of the lease.
  public var firstEpoch: UInt64? { board.state.withLock { $0.firstEpoch } }

  /// Begins to ask.
  ///
  /// - Parameters:
  ///   - interval: Between two looks. Unit: nanoseconds.
  ///   - makeLease: Makes the lease, on its thread.
  public init(
    intervalNanoseconds interval: UInt64 = 20_000_000,
    makeLease: @escaping @Sendable () -> any LeaderLease
  ) throws(ThreadError) {
    let board = board
    thread = try PinnedThread(configuration: .init(name: "apus-lease")) { token in
      let lease = makeLease()
      let clock = CycleClock.shared
      while !token.isStopped {
        if board.state.withLock({ $0.isReleased }) {
          lease.release()
          board.state.withLock { $0.isIdle = true }
        } else {
          let status = lease.step(now: Nanoseconds(clock.nanoseconds(cycles: clock.now)))
          let first = lease.firstEpoch
          board.state.withLock { state in
            // Given up meanwhile: the next turn tells the store.
            if !state.isReleased { (state.status, state.firstEpoch) = (status, first) }
          }
        }
        Self.sleep(interval)
      }
      lease.release()
      board.state.withLock { $0.isIdle = true }
    }
  }

  /// What the thread knows; after ``release()`` it takes part again.
  ///
  /// - Parameter now: Of `CycleClock.shared`, as the thread counts. Not looked at here.
  public func step(now: Nanoseconds) -> LeaseStatus {
    board.state.withLock { state in
      (state.isReleased, state.isIdle) = (false, false)
      return state.status
    }
  }

  /// Gives it up, and waits until the store has been told, or did not answer in the lease's own time.
  public func release() {
    board.state.withLock { state in
      state.isReleased = true
      state.status = .notHeld
    }
    while !board.state.withLock({ $0.isIdle }) { Self.sleep(1_000_000) }
  }

  private static func sleep(_ nanoseconds: UInt64) {
    usleep(UInt32(clamping: min(nanoseconds / 1_000, 999_999)))
  }
}
