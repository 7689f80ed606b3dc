// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
public import ApusCore
internal import CApusAllocationCount
internal import Glibc
internal import Synchronization

/// Threads that each have a role in one sample, begin together and are timed together.
///
/// The first role is the calling thread's, which is bound to the first CPU already; the others get
/// threads of their own, bound before they start. With more roles than CPUs they share them.
public struct ThreadTeam: Sendable {
  /// CPUs of the roles, in order.
  public let cpuIndices: [Int]
  /// Who ends the process when a run does not end.
  var watchdog = Watchdog.shared

  /// What one run of all roles took.
  public struct Run: Sendable {
    /// From the common start until the last role ended.
    public var nanoseconds: Double
    /// Share of its own time that the least lucky role had its CPU.
    public var cpuShare: Double
    /// Sum of what the roles returned.
    public var hash: UInt64
    /// Heap allocations between the start and the end, of all roles.
    public var allocations: UInt64
  }

  /// Runs the roles once.
  ///
  /// - Parameters:
  ///   - name: What to blame when they do not end.
  ///   - roles: Each returns a hash of its result. What it captures is made before the time begins
  ///     and should outlive this call, so that its memory is not given back within the time.
  public func run(
    _ name: String, _ roles: [@Sendable () -> UInt64]
  ) throws(ThreadError) -> Run {
    AllocationCount.begin()
    let gate = Gate(count: roles.count)
    let records = roles.map { _ in RoleRecord() }
    watchdog.begin(name)
    defer { watchdog.end() }
    var threads: [PinnedThread] = []
    for index in roles.indices.dropFirst() {
      let role = roles[index]
      let record = records[index]
      threads.append(
        try PinnedThread(
          name: "bench-\(index)", cpuIndex: cpuIndices[index % cpuIndices.count]
        ) { record.measure(gate, role) })
    }
    records[0].measure(gate, roles[0])
    for thread in threads { thread.join() }
    return Self.total(records)
  }

  private static func total(_ records: [RoleRecord]) -> Run {
    let started = records.map(\.started).min() ?? 0
    let ended = records.map(\.ended).max() ?? 0
    // The last end is after its own role's start, and that is not before the first one.
    let cycles = CycleClock.elapsedCycles(from: started, to: ended) ?? 0
    return Run(
      nanoseconds: Double(CycleClock.shared.nanoseconds(cycles: cycles)),
      cpuShare: records.map(\.cpuShare).min() ?? 1,
      hash: records.reduce(0) { $0 &+ $1.hash },
      allocations: records.reduce(0) { $0 &+ $1.allocations })
  }
}

/// Lets threads through when all have come.
private final class Gate: Sendable {
  private let arrived = Atomic(0)
  private let count: Int

  init(count: Int) { self.count = count }

  func pass() {
    arrived.wrappingAdd(1, ordering: .acquiringAndReleasing)
    var looks = 0
    while arrived.load(ordering: .acquiring) < count {
      looks &+= 1
      // Those that share this CPU have to get here too.
      if looks & 0xFFF == 0 { sched_yield() }
    }
  }
}

/// What one role did. Written by its thread, read after that was joined.
private final class RoleRecord: @unchecked Sendable {
  // SAFETY: joining the thread comes between the writes and the reads.
  private(set) var started: UInt64 = 0
  private(set) var ended: UInt64 = 0
  private(set) var cpuShare = 1.0
  private(set) var hash: UInt64 = 0
  private(set) var allocations: UInt64 = 0

  func measure(_ gate: Gate, _ role: () -> UInt64) {
    let clock = CycleClock.shared
    gate.pass()
    let allocationsBefore = capus_allocation_count()
    let cpuBefore = Self.threadNanoseconds()
    let started = clock.orderedNow
    let hash = role()
    let ended = clock.orderedNow
    let cpu = Double(Self.threadNanoseconds() - cpuBefore)
    allocations = capus_allocation_count() &- allocationsBefore
    let elapsed = Double(
      clock.nanoseconds(cycles: CycleClock.elapsedCycles(from: started, to: ended) ?? 0))
    // Short runs are below the resolution of the thread's clock.
    cpuShare = elapsed > 200_000 ? cpu / elapsed : 1
    self.started = started
    self.ended = ended
    self.hash = hash
  }

  private static func threadNanoseconds() -> Int {
    var time = timespec()
    // SAFETY: `time` is there to be written.
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

/// Ends the process when a sample does not end: threads that spin for something that never comes
/// cannot be stopped in any other way, and would hold two CPUs for good.
final class Watchdog: Sendable {
  /// Samples take fractions of a second, on a busy machine a few.
  static let shared = Watchdog(limitNanoseconds: 60_000_000_000)

  private let limitNanoseconds: UInt64
  private struct Watched {
    var name: String
    var deadline: WaitDeadline
  }
  private let watched = Mutex<Watched?>(nil)
  private let thread = Mutex<PinnedThread?>(nil)

  /// Gives a sample so long.
  init(limitNanoseconds: UInt64) { self.limitNanoseconds = limitNanoseconds }

  /// Watches from now on.
  func begin(_ name: String) {
    watched.withLock {
      $0 = Watched(
        name: name, deadline: WaitDeadline(afterNanoseconds: limitNanoseconds))
    }
    thread.withLock {
      guard $0 == nil else { return }
      $0 = try? PinnedThread(name: "bench-watchdog", cpuIndex: nil) { [self] in watch() }
    }
  }

  /// The sample has ended.
  func end() { watched.withLock { $0 = nil } }

  private func watch() {
    // Looks are rare, not to take a CPU from what is measured.
    let lookMicroseconds = UInt32(min(limitNanoseconds / 2_000, 500_000))
    while true {
      usleep(lookMicroseconds)
      guard let name = watched.withLock({ $0?.deadline.hasPassed == true ? $0?.name : nil })
      else { continue }
      let seconds = Double(limitNanoseconds) / 1e9
      let text = Array("bench: \(name) did not end within \(seconds) s: giving up\n".utf8)
      // SAFETY: the array has as many bytes as the call is given.
      _ = unsafe write(2, text, text.count)
      Leftovers.removeAll()
      _exit(1)
    }
  }
}
