// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// A clock that stands until it is advanced: for everything that takes `now:`.
///
/// - Threading: one thread at a time.
public struct SimulatedClock: Sendable, Equatable {
  /// The time.
  public private(set) var now: Nanoseconds

  /// A clock that stands at this time.
  public init(_ start: Nanoseconds = .zero) { now = start }

  /// Lets time pass; at the end of the range it stands.
  ///
  /// - Parameter nanoseconds: How much.
  /// - Returns: The time then.
  @discardableResult
  public mutating func advance(by nanoseconds: UInt64) -> Nanoseconds {
    let (sum, isOver) = now.rawValue.addingReportingOverflow(nanoseconds)
    now = Nanoseconds(isOver ? .max : sum)
    return now
  }

  /// Sets the time, also back, as somebody may set a machine's clock.
  public mutating func set(_ time: Nanoseconds) { now = time }
}
