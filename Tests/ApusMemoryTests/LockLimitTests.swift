// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Synchronization
import Testing

@testable import ApusMemory

/// `capset` of the C library, which its headers do not declare.
@_silgen_name("capset")
private func capset(_ header: UnsafeMutablePointer<UInt32>, _ data: UnsafePointer<UInt32>) -> CInt

@Suite struct LockLimitTests {
  private final class Outcome: Sendable {
    let placement = Mutex<MemoryPlacement?>(nil)
    let done = DispatchSemaphore(value: 0)
  }

  /// Unit: bytes.
  private static let lockLimit: rlim_t = {
    var limit = rlimit()
    // SAFETY: the call fills the structure. 8 is RLIMIT_MEMLOCK.
    let outcome = unsafe getrlimit(__rlimit_resource_t(8), &limit)
    precondition(outcome == 0, "LockLimitTests: expected a limit of locked memory")
    return limit.rlim_cur
  }()

  /// Without the right to lock any amount, a region beyond the limit says so and works all the same.
  @Test(.enabled(if: lockLimit < 256 << 20, "the limit of locked memory is 256 MiB or more"))
  func limitOfLockedMemoryIsAShortfall() throws {
    let byteCount = Int(Self.lockLimit) + (1 << 20)
    let outcome = Outcome()
    // Capabilities belong to a thread: this one gives its own up and ends.
    Thread.detachNewThread {
      var header: [UInt32] = [0x2008_0522, 0]
      let none = [UInt32](repeating: 0, count: 6)
      // SAFETY: version 3 of the call reads a header of two words and two sets of three.
      if unsafe capset(&header, none) == 0,
        let region = try? MemoryRegion(
          byteCount: byteCount, options: .init(pages: .plain, locked: true))
      {
        outcome.placement.withLock { $0 = region.placement }
      }
      outcome.done.signal()
    }
    #expect(outcome.done.wait(timeout: .now() + 20) == .success)
    let placement = try #require(outcome.placement.withLock { $0 })
    #expect(!placement.isLocked)
    #expect(placement.shortfalls.count == 1)
    #expect(placement.shortfalls.first?.hasPrefix("locking \(byteCount) bytes: errno ") == true)
    #expect(placement.shortfalls.first?.contains("ulimit -l") == true)
  }
}
