// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import CApusPlatform
import Foundation
import Synchronization
import Testing

@testable import ApusThreads

/// What threads leave for the test to look at.
private final class Notes<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])
  func add(_ value: Value) { values.withLock { $0.append(value) } }
  var all: [Value] { values.withLock { $0 } }
}

@Suite struct PinnedThreadTests {
  /// Runs `body` on a thread of its own, so that no thread of the test runner is bound.
  private func onOwnThread(_ body: @escaping @Sendable () -> Void) throws {
    try PinnedThread(name: "own", cpuIndex: nil, body: body).join()
  }

  private func names() -> [String] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.compactMap { SystemFile.read("/proc/self/task/\($0)/comm") }
  }

  @Test func runsOnItsCPUFromTheFirstInstruction() throws {
    for cpu in permittedCPUs().prefix(8) {
      let notes = Notes<(Int, [Int])>()
      let threads = try (0..<10).map { index in
        try PinnedThread(name: "pinned-\(index)", cpuIndex: cpu) {
          notes.add((Int(capus_thread_current_cpu()), allowedCPUs()))
        }
      }
      for thread in threads { thread.join() }
      #expect(notes.all.count == 10)
      for (ranOn, allowed) in notes.all {
        #expect(ranOn == cpu)
        #expect(allowed == [cpu])
      }
      #expect(threads.allSatisfy { $0.cpuIndex == cpu })
    }
  }

  @Test func freeThreadKeepsTheWholeSet() throws {
    let notes = Notes<[Int]>()
    let thread = try PinnedThread(name: "free", cpuIndex: nil) { notes.add(allowedCPUs()) }
    thread.join()
    #expect(thread.cpuIndex == nil)
    #expect(notes.all == [allowedCPUs()])
  }

  /// A thread that is bound binds itself anew, and starts threads on other CPUs.
  @Test func boundThreadBindsElsewhere() throws {
    let permitted = permittedCPUs()
    let (first, last) = (try #require(permitted.first), try #require(permitted.last))
    let notes = Notes<[Int]>()
    let failures = Notes<String>()
    try onOwnThread {
      do {
        for cpu in [first, last, first] {
          try pinCurrentThread(cpuIndex: cpu)
          notes.add(allowedCPUs())
          notes.add([Int(capus_thread_current_cpu())])
        }
        try PinnedThread(name: "child", cpuIndex: last) { notes.add(allowedCPUs()) }.join()
        notes.add(allowedCPUs())
        if permittedCPUs() != permitted { failures.add("\(permittedCPUs())") }
      } catch {
        failures.add("\(error)")
      }
    }
    #expect(failures.all == [])
    #expect(notes.all == [[first], [first], [last], [last], [first], [first], [last], [first]])
  }

  @Test(arguments: [99_999, 1_023, 1_024, -1, Int.max, Int.min])
  func absentCPUIsAnErrorThatNamesTheChoice(cpu: Int) throws {
    let permitted = permittedCPUs()
    let expected = ThreadError.cpuUnavailable(cpuIndex: cpu, allowed: permitted)
    let before = allowedCPUs()
    #expect(throws: expected) { try pinCurrentThread(cpuIndex: cpu) }
    #expect(throws: expected) { try PinnedThread(name: "absent", cpuIndex: cpu) {}.join() }
    #expect(allowedCPUs() == before)
    let choice = permitted.map(String.init).joined(separator: ", ")
    #expect(
      expected.description
        == "CPU \(cpu) is not available to this process; choose one of \(choice)")
  }

  @Test func errorsSayWhatToDo() {
    #expect(
      ThreadError.cpuUnavailable(cpuIndex: 99, allowed: [0, 1]).description
        == "CPU 99 is not available to this process; choose one of 0, 1")
    #expect(
      !ThreadError.cpuUnavailable(cpuIndex: 9, allowed: []).description.contains("choose"))
    let limit = ThreadError.system(operation: "pthread_create x", errno: EAGAIN).description
    #expect(limit.contains("errno 11") && limit.contains("ulimit -u"))
    #expect(ThreadError.system(operation: "f", errno: 1).description == "f: errno 1")
  }

  @Test(arguments: [
    ("apus-engine", "apus-engine"), ("exactly-15-byte", "exactly-15-byte"),
    ("a-name-that-is-too-long", "a-name-that-is-"), ("twelve-byte-äöü", "twelve-byte-ä"),
    ("cut\0here", "cut"),
  ])
  func nameIsVisible(name: String, shown: String) throws {
    let (entered, leave) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let thread = try PinnedThread(name: name, cpuIndex: nil) {
      entered.signal()
      leave.wait()
    }
    entered.wait()
    #expect(thread.name == shown)
    #expect(names().contains(shown))
    leave.signal()
    thread.join()
  }

  @Test func joinWaitsAndMayBeRepeated() throws {
    let notes = Notes<Int>()
    let thread = try PinnedThread(name: "join", cpuIndex: nil) {
      usleep(30_000)
      notes.add(1)
    }
    thread.join()
    #expect(notes.all == [1])
    thread.join()
  }

  @Test func endJoins() throws {
    let notes = Notes<Int>()
    do {
      _ = try PinnedThread(name: "end", cpuIndex: nil) {
        usleep(30_000)
        notes.add(1)
      }
    }
    #expect(notes.all == [1])
  }

  /// The body may hold the last reference to its own thread.
  @Test func threadMayDropItself() throws {
    final class Holder: Sendable {
      let thread = Mutex<PinnedThread?>(nil)
      let filled = DispatchSemaphore(value: 0)
      let done = DispatchSemaphore(value: 0)
    }
    let holder = Holder()
    holder.thread.withLock {
      $0 = try? PinnedThread(name: "self", cpuIndex: nil) {
        holder.filled.wait()
        let last = holder.thread.withLock { $0.take() }
        withExtendedLifetime(last) {}
        holder.done.signal()
      }
    }
    holder.filled.signal()
    #expect(holder.done.wait(timeout: .now() + 20) == .success)
    #expect(holder.thread.withLock { $0 == nil })
  }

  /// What the body holds is let go when the thread ends.
  @Test func bodyIsReleased() throws {
    final class Token: Sendable {}
    weak var weakToken: Token?
    do {
      let token = Token()
      weakToken = token
      try PinnedThread(name: "token", cpuIndex: nil) { _ = token }.join()
    }
    #expect(weakToken == nil)
  }
}
