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
  static let sleepSecondsMax = 3_600.0

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
    let due = Self.due(
      started: started, distanceNanoseconds: distance, factor: factor,
      cyclesPerNanosecond: clock.cyclesPerNanosecond)
    while true {
      let now = clock.now
      if now >= due { return due }
      let left = Double(due - now) / clock.cyclesPerNanosecond
      if left > Self.spinNanoseconds {
        let seconds = (left - Self.spinNanoseconds) / 1e9
        // What is far away is slept for in parts: no recorded time is too late to be waited for.
        Thread.sleep(forTimeInterval: min(seconds, Self.sleepSecondsMax))
      }
    }
  }

  /// When a message is due; the end of time for what comes later than that. Unit: cycles.
  static func due(
    started: UInt64, distanceNanoseconds: UInt64, factor: Double, cyclesPerNanosecond: Double
  ) -> UInt64 {
    let cycles = Double(distanceNanoseconds) / factor * cyclesPerNanosecond
    guard cycles < 0x1p64 else { return .max }
    let (due, isPastTheEnd) = started.addingReportingOverflow(UInt64(max(0, cycles)))
    return isPastTheEnd ? .max : due
  }
}
