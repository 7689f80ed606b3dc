// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Gives every command its place: the next number, and a time that never goes back.
///
/// Commands of several inputs meet in a many-to-one ring; the order in which its reader takes them
/// is the order they get here, and everything after goes by it.
///
/// - Threading: one thread at a time.
@frozen
public struct Sequencer: BitwiseCopyable, Sendable, Equatable {
  /// Number given last; one below the first where none was.
  public var lastSequence: UInt64
  /// Time given last.
  public var lastTime: Nanoseconds

  /// No sequence is greater: what comes from a file or a peer is held to it where it is read, so that
  /// nothing behind that has to fear to count on from it. A billion a second last for 292 years.
  public static let sequenceMax = UInt64(Int64.max)

  /// A sequencer that continues after these.
  @inlinable
  public init(after lastSequence: UInt64 = 0, lastTime: Nanoseconds = .zero) {
    self.lastSequence = lastSequence
    self.lastTime = lastTime
  }

  /// The time a command gets that is sequenced now: `now`, or the last one's where the clock went
  /// back.
  @inlinable @inline(__always)
  public func time(at now: Nanoseconds) -> Nanoseconds { max(now, lastTime) }

  /// Gives out the next `count` numbers.
  ///
  /// - Parameter time: What ``time(at:)`` said.
  /// - Returns: The first of them.
  @inlinable @inline(__always)
  public mutating func take(_ count: Int, at time: Nanoseconds) -> UInt64 {
    let first = lastSequence &+ 1
    lastSequence &+= UInt64(truncatingIfNeeded: count)
    lastTime = time
    return first
  }
}
