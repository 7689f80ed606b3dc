// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import ApusThreads
import CApusDenial
import Glibc
import Synchronization
import Testing

/// Hosts that forbid io_uring, as most container runtimes do: a seccomp filter on a thread of its own.
@Suite struct DenialTests {
  private func onDenyingThread(
    _ errno: Int32, _ body: @escaping @Sendable () -> Void
  ) throws {
    let done = Shared()
    let thread = try PinnedThread(name: "denied", cpuIndex: nil) {
      done.result.store(Int(capus_deny_io_uring(errno)), ordering: .relaxed)
      if done.result.load(ordering: .relaxed) == 0 { body() }
    }
    thread.join()
    let result = done.result.load(ordering: .relaxed)
    try #require(result == 0)
  }

  @Test(arguments: [EPERM, ENOSYS])
  func aLoopFallsBackAndSaysWhy(_ errno: Int32) throws {
    try onDenyingThread(errno) {
      do {
        let driver = try Driver(.automatic)
        #expect(driver.loop.backend.kind == .epoll)
        let reason = driver.loop.backend.reason ?? ""
        #expect(reason.hasPrefix("io_uring_setup failed with errno \(errno): "))
        #expect(reason.contains("seccomp"))
        #expect(driver.loop.backend.description == "epoll (\(reason))")
        let (client, server) = try driver.pair()
        #expect(driver.send(bytes("through epoll"), on: client) == 13)
        #expect(driver.run(until: { driver.received[server] == bytes("through epoll") }))
        do throws(IOError) {
          _ = try EventLoop.make(smallConfiguration(), choice: .ioUring)
          Issue.record("a ring where it is denied")
        } catch {
          #expect(
            error
              == .system(operation: "io_uring_setup", operand: "event loop", errno: errno))
        }
      } catch {
        Issue.record(error)
      }
    }
  }

  @Test func whereItIsAllowedItIsChosen() throws {
    guard systemChoices.contains(.ioUring) else { return }
    let loop = try EventLoop.make(smallConfiguration())
    #expect(loop.backend == EventLoopBackend(.ioUring))
    #expect(loop.backend.description == "ioUring")
  }

  private final class Shared: Sendable {
    let result = Atomic<Int>(-1)
  }
}
