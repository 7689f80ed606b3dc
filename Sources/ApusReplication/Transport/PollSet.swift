// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusSockets
internal import Glibc

/// Sockets that are waited for together. Its memory is kept, since links wait as often as they move
/// something.
///
/// - Threading: one thread at a time.
struct PollSet {
  private var waiting: [pollfd] = []

  mutating func removeAll() { waiting.removeAll(keepingCapacity: true) }

  mutating func add(_ descriptor: Int32, wantsWrite: Bool) {
    waiting.append(
      pollfd(fd: descriptor, events: Int16(wantsWrite ? POLLIN | POLLOUT : POLLIN), revents: 0))
  }

  /// Waits until one of the sockets has something to read, or can be written where that is wanted, or
  /// the time is over.
  mutating func wait(limitNanoseconds: UInt64) {
    guard !waiting.isEmpty else {
      usleep(UInt32(min(limitNanoseconds / 1_000, 999_999)))
      return
    }
    // SAFETY: the array has as many as the call is told. Every outcome means: look again.
    _ = unsafe waiting.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return Int32(0) }
      return unsafe capus_poll(base, UInt32(buffer.count), limitNanoseconds)
    }
  }
}
