// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO
internal import Synchronization

/// Wakes a loop from other threads.
///
/// - Threading: any. A loop that ends leaves its wakers without effect.
public final class LoopWaker: Sendable {
  let descriptor: Int32
  private let isPending = Atomic<Bool>(false)

  init() throws(IOError) {
    let created = capus_wake_create()
    guard created >= 0 else {
      throw .system(operation: "eventfd", operand: "waker", errno: -created)
    }
    descriptor = created
  }

  deinit { _ = capus_descriptor_close(descriptor) }

  /// Makes the loop's wait end, and its next step give ``IOEvent/woken``.
  ///
  /// What was stored before is seen by whoever takes that event.
  ///
  /// - Complexity: one system call for the first of several calls that the loop has not seen, and no
  ///   system call for the others.
  public func wake() {
    // Pairs with the exchange in `clear`: what was stored before this is seen after it.
    if !isPending.exchange(true, ordering: .acquiringAndReleasing) {
      _ = capus_wake_write(descriptor)
    }
  }

  /// Takes what waits; the loop looks at what it was woken for afterwards.
  func clear() {
    _ = capus_wake_read(descriptor)
    _ = isPending.exchange(false, ordering: .acquiringAndReleasing)
  }
}
