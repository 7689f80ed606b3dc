// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import Foundation

/// Keeps the recorded time: tells when each message is due, and waits for it.
///
/// Waits by sleeping while the time is far and by reading the clock when it is near.
struct Pacer {
  private let factor: Double
  private let clock: CycleClock
  private var firstTimestamp: UInt64?
  private var started: UInt64 = 0

  /// Below this distance the clock is read until the time has come. Unit: nanoseconds.
  static let spinNanoseconds = 200_000.0

  init(factor: Double, clock: CycleClock) {
    self.factor = factor
    self.clock = clock
  }

  /// Waits until a message of this time is due.
  ///
  /// - Returns: When it was due, in cycles of the clock: latency counts from then.
  mutating func wait(for timestampNanoseconds: UInt64) -> UInt64 {
    guard let first = firstTimestamp else {
      firstTimestamp = timestampNanoseconds
      started = clock.now
      return started
    }
    let distance = timestampNanoseconds > first ? timestampNanoseconds - first : 0
    let dueNanoseconds = Double(distance) / factor
    let due = started &+ UInt64(dueNanoseconds * clock.cyclesPerNanosecond)
    while true {
      let now = clock.now
      if now >= due { return due }
      let left = Double(due - now) / clock.cyclesPerNanosecond
      if left > Self.spinNanoseconds {
        Thread.sleep(forTimeInterval: (left - Self.spinNanoseconds) / 1e9)
      }
    }
  }
}
