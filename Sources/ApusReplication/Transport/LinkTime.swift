// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

extension Nanoseconds {
  /// So much later; the last point in time where there is none so late.
  func adding(_ nanoseconds: UInt64) -> Nanoseconds {
    Nanoseconds(rawValue.addingClamped(nanoseconds))
  }

  /// Time since `start`; 0 where that is not over yet.
  func elapsed(since start: Nanoseconds) -> UInt64 {
    self > start ? rawValue - start.rawValue : 0
  }
}

extension UInt64 {
  /// The sum, or the greatest number: what a peer says must not overflow.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}

/// How long bytes may take. A link that is slower than 1 MB/s is none to replicate over; a bound in
/// bytes keeps a peer that sends or takes them one by one from holding a connection.
enum LinkPace {
  static let nanosecondsPerByte: UInt64 = 1_000

  /// Time for so many bytes. Unit: nanoseconds.
  static func limit(byteCount: UInt64, silenceNanoseconds: UInt64) -> UInt64 {
    let (time, overflows) = byteCount.multipliedReportingOverflow(by: nanosecondsPerByte)
    return overflows ? .max : time.addingClamped(silenceNanoseconds)
  }

  /// Time for a snapshot, in which both sides do more than to move bytes.
  static func snapshotLimit(byteCount: UInt64, silenceNanoseconds: UInt64) -> UInt64 {
    let (silence, overflows) = silenceNanoseconds.multipliedReportingOverflow(by: 10)
    return limit(byteCount: byteCount, silenceNanoseconds: overflows ? .max : silence)
  }
}
