// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Glibc
import Testing

@testable import ApusThreads

/// A fatal signal on a thread: the process dies of it, and standard error names the thread. Each
/// case is a process of its own.
@Suite struct ThreadPanicTests {
  private static func run(_ name: String, _ body: @escaping @Sendable () -> Void) throws {
    // No core file for a death that is wanted.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    let thread = try PinnedThread(configuration: .init(name: name)) { _ in body() }
    thread.join()
    exit(0)
  }

  private func expect(
    _ result: ExitTest.Result?, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let errors = String(
      decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = errors.split(separator: "\n").filter { $0.hasPrefix("apus: thread") }
    #expect(lines.count == (parts.isEmpty ? 0 : 1), "\(errors)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(errors.contains(part), "\(errors)", sourceLocation: sourceLocation)
    }
  }

  @Test func aTrapNamesTheThread() async throws {
    #if arch(x86_64)
      let result = await #expect(
        processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]
      ) {
        try ThreadPanicTests.run("matcher-with-a-long-name") {
          let empty: [Int] = []
          _ = empty[Int(getpid())]
        }
      }
      try expect(
        result, ["apus: thread 'matcher-with-a-long-name' (id ", ") died of SIGILL (", " at 0x"])
    #endif
  }

  @Test func anInvalidAccessNamesTheThread() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]
    ) {
      try ThreadPanicTests.run("reader") {
        // SAFETY: none; the access is meant to fail.
        unsafe UnsafeMutablePointer<UInt8>(bitPattern: 0x18)?.pointee = 1
      }
    }
    try expect(result, ["apus: thread 'reader' (id ", ") died of SIGSEGV (", " at 0x18"])
  }

  @Test func aStackThatOverflowedNamesTheThread() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]
    ) {
      try ThreadPanicTests.run("deep") { _ = ThreadPanicTests.descend(1) }
    }
    try expect(result, ["apus: thread 'deep' (id ", ") died of SIGSEGV ("])
  }

  /// Recursion that the optimiser cannot make a loop of.
  @inline(never)
  private static func descend(_ depth: Int) -> Int {
    unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { room in
      // SAFETY: the room has 64 elements.
      unsafe room.initialize(repeating: depth)
      return unsafe descend(depth + 1) + room[depth % 64]
    }
  }

  @Test func anAbortNamesTheThread() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      try ThreadPanicTests.run("odd\u{1B}[2Jname") { abort() }
    }
    // Control characters of a name do not reach the terminal.
    try expect(result, ["apus: thread 'odd?[2Jname' (id ", ") died of SIGABRT (abort)"])
  }

  @Test func aBreakpointNamesTheThread() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGTRAP), observing: [\.standardErrorContent]
    ) {
      try ThreadPanicTests.run("traps") { raise(SIGTRAP) }
    }
    try expect(result, ["apus: thread 'traps' (id ", ") died of SIGTRAP ("])
  }

  @Test func anotherThreadHasNoName() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]
    ) {
      try PinnedThread(configuration: .init(name: "before")) { _ in }.join()
      raise(SIGSEGV)
    }
    try expect(result, [])
  }

  @Test func whatWasInstalledBeforeIsCalledAfterwards() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(42), observing: [\.standardErrorContent]
    ) {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { _ in _exit(42) }
      unsafe sigaction(SIGSEGV, &action, nil)
      try ThreadPanicTests.run("chained") {
        // SAFETY: none; the access is meant to fail.
        unsafe UnsafeMutablePointer<UInt8>(bitPattern: 0x18)?.pointee = 1
      }
    }
    try expect(result, ["apus: thread 'chained' (id ", ") died of SIGSEGV ("])
  }

  @Test func anIgnoredSignalStaysIgnored() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(0), observing: [\.standardErrorContent]
    ) {
      signal(SIGABRT, SIG_IGN)
      try ThreadPanicTests.run("ignores") { raise(SIGABRT) }
    }
    try expect(result, [])
  }
}
