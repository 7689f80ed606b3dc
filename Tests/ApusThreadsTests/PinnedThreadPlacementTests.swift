// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Glibc
import Synchronization
import Testing

@testable import ApusThreads

@Suite struct PinnedThreadPlacementTests {
  /// What a body saw of its own thread.
  private struct Seen: Sendable {
    var cpus: [Int] = []
    var name = ""
    var node: Int?
    var priority: Int?
  }

  private static func look() -> Seen {
    return Seen(
      cpus: allowedCPUs(), name: SystemFile.read("/proc/thread-self/comm") ?? "",
      node: SystemProbe.preferredNUMANode(), priority: SystemProbe.realTimePriority())
  }

  private final class Box: Sendable {
    let seen = Mutex(Seen())
  }

  private static func run(
    _ configuration: PinnedThread.Configuration
  ) throws -> (ThreadPlacement, Seen) {
    let box = Box()
    let thread = try PinnedThread(configuration: configuration) { _ in
      let seen = look()
      box.seen.withLock { $0 = seen }
    }
    #expect(thread.join(timeout: .seconds(20)))
    return (thread.placement, box.seen.withLock { $0 })
  }

  @Test func theBodyRunsWhereItWasPlaced() throws {
    for cpu in allowedCPUs() {
      let (placement, seen) = try Self.run(.init(name: "a-name-longer-than-15", cpuIndex: cpu))
      #expect(seen.cpus == [cpu])
      #expect(seen.name == "a-name-longer-t")
      #expect(placement.cpuIndex == cpu)
      #expect(placement.shortfalls.isEmpty)
    }
    let (placement, seen) = try Self.run(.init(name: "free"))
    #expect(seen.cpus == allowedCPUs())
    #expect(
      placement
        == ThreadPlacement(cpuIndex: nil, numaNode: nil, realTimePriority: nil, shortfalls: []))
  }

  @Test func aCPUThatIsNotThereIsAnError() {
    #expect(throws: ThreadError.cpuUnavailable(cpuIndex: 9_999, allowed: allowedCPUs())) {
      _ = try PinnedThread(configuration: .init(name: "x", cpuIndex: 9_999)) { _ in }
    }
    #expect(throws: ThreadError.cpuUnavailable(cpuIndex: -1, allowed: allowedCPUs())) {
      _ = try PinnedThread(name: "x", cpuIndex: -1) {}
    }
  }

  @Test(arguments: [0, -1, 100])
  func aPriorityOutOfRangeIsAnError(priority: Int) {
    #expect(throws: ThreadError.realTimePriorityOutOfRange(priority)) {
      _ = try PinnedThread(configuration: .init(name: "x", realTimePriority: priority)) { _ in }
    }
  }

  private static let mayPreferNodes: Bool = {
    guard let node = CPUTopology.current().nodes.first,
      let (placement, _) = try? run(.init(name: "probe", numaNode: node))
    else { return false }
    return placement.shortfalls.isEmpty
  }()

  @Test(.enabled(if: mayPreferNodes, "memory policies are refused here"))
  func theNodeIsPreferredByTheThreadAlone() throws {
    let before = SystemProbe.preferredNUMANode()
    let node = try #require(CPUTopology.current().nodes.first)
    let (placement, seen) = try Self.run(.init(name: "node", numaNode: node))
    #expect(placement.shortfalls.isEmpty)
    #expect(placement.numaNode == node)
    // A kernel without NUMA support has node 0 and nothing to prefer.
    #expect(seen.node == node || SystemFile.read("/proc/self/numa_maps") == nil)
    #expect(SystemProbe.preferredNUMANode() == before)
  }

  @Test func aNodeThatIsNotThereIsAShortfall() throws {
    let (placement, seen) = try Self.run(.init(name: "node", numaNode: 900))
    #expect(placement.numaNode == nil)
    #expect(placement.shortfalls.count == 1)
    #expect(placement.shortfalls.first?.hasPrefix("NUMA node 900: errno 19; this host has") == true)
    #expect(seen.node == SystemProbe.preferredNUMANode())
  }

  @Test func realTimePriorityWherePermitted() throws {
    let (placement, seen) = try Self.run(.init(name: "real-time", realTimePriority: 1))
    if SystemProbe.realTimePriorityMax() > 0 {
      #expect(placement.realTimePriority == 1 && placement.shortfalls.isEmpty)
      #expect(seen.priority == 1)
    } else {
      #expect(placement.realTimePriority == nil && placement.shortfalls.count == 1)
      #expect(seen.priority == nil)
    }
  }

  @Test func realTimePriorityThatIsRefusedIsAShortfall() async {
    await #expect(processExitsWith: .exitCode(7)) {
      // Without privilege and with a limit of 0 the kernel refuses.
      var none = rlimit(rlim_cur: 0, rlim_max: 0)
      _ = unsafe setrlimit(__rlimit_resource_t(__RLIMIT_RTPRIO.rawValue), &none)
      if geteuid() == 0 { _ = setuid(65_534) }
      let (placement, seen) = try PinnedThreadPlacementTests.run(
        .init(name: "real-time", realTimePriority: 5))
      let isTold =
        placement.realTimePriority == nil && seen.priority == nil
        && placement.shortfalls.first?.hasPrefix("real-time priority 5: errno 1;") == true
      exit(isTold ? 7 : 1)
    }
  }

  @Test func aStoppedBodyReturns() throws {
    let counter = Counter()
    let thread = try PinnedThread(configuration: .init(name: "loop")) { token in
      while !token.isStopped {
        counter.turns.wrappingAdd(1, ordering: .relaxed)
        sched_yield()
      }
    }
    while counter.turns.load(ordering: .relaxed) == 0 { sched_yield() }
    #expect(!thread.join(timeout: .milliseconds(20)))
    #expect(!thread.join(timeout: .seconds(-1)))
    thread.stop()
    #expect(thread.join(timeout: .seconds(20)))
    // Once joined, always joined.
    #expect(thread.join(timeout: .zero))
    let after = counter.turns.load(ordering: .relaxed)
    #expect(after > 0)
    usleep(2_000)
    #expect(counter.turns.load(ordering: .relaxed) == after)
  }

  private final class Counter: Sendable {
    let turns = Atomic<Int>(0)
  }

  @Test func theEndOfTheOwnerStopsTheBody() throws {
    let counter = Counter()
    do {
      _ = try PinnedThread(configuration: .init(name: "dropped")) { token in
        while !token.isStopped { usleep(100) }
        counter.turns.store(1, ordering: .relaxed)
      }
    }
    #expect(counter.turns.load(ordering: .relaxed) == 1)
  }

  @Test func theCallerOfTodayStillCompiles() throws {
    let counter = Counter()
    let thread = try PinnedThread(name: "old", cpuIndex: nil) {
      counter.turns.store(3, ordering: .relaxed)
    }
    thread.join()
    #expect(counter.turns.load(ordering: .relaxed) == 3)
    #expect(thread.name == "old" && thread.cpuIndex == nil)
  }

  /// The calling thread has its own policy again afterwards, also after an error.
  @Test func aPreferenceEnds() throws {
    struct Failure: Error {}
    let before = SystemProbe.preferredNUMANode()
    let node = try #require(CPUTopology.current().nodes.first)
    let inside = withPreferredNUMANode(node) { _ in SystemProbe.preferredNUMANode() }
    #expect(
      inside == node || !Self.mayPreferNodes || SystemFile.read("/proc/self/numa_maps") == nil)
    #expect(SystemProbe.preferredNUMANode() == before)
    #expect(throws: Failure.self) {
      try withPreferredNUMANode(node) { (_: String?) throws(Failure) -> Void in throw Failure() }
    }
    #expect(SystemProbe.preferredNUMANode() == before)
    let shortfall = withPreferredNUMANode(900) { $0 }
    #expect(shortfall?.contains("NUMA node 900") == true)
    #expect(withPreferredNUMANode(nil) { $0 } == nil)
  }
}
