// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Synchronization

/// How far the standby is: written by the replica link, read by the host, each on its own thread.
///
/// - Threading: one writer of the sequence; fences and readers from any thread.
public final class ReplicatedPosition: Sendable {
  @usableFromInline let sequenceWord: Atomic<UInt64>
  @usableFromInline let fenceWord = Atomic<UInt64>(0)

  /// A position at which the standby has acknowledged everything up to `sequence`.
  public init(sequence: UInt64 = 0) { sequenceWord = Atomic(sequence) }

  /// Everything up to here is durable on the standby.
  @inlinable
  public var sequence: UInt64 { sequenceWord.load(ordering: .acquiring) }

  /// The epoch that ended this primary's; 0 while it lasts.
  @inlinable
  public var fencingEpoch: UInt64 { fenceWord.load(ordering: .acquiring) }

  /// Goes up to a sequence; never back, and not after a fence.
  public func advance(to sequence: UInt64) {
    guard fencingEpoch == 0, sequence > sequenceWord.load(ordering: .relaxed) else { return }
    sequenceWord.store(sequence, ordering: .releasing)
  }

  /// Ends this primary: a host that sees it lets nothing more out. The highest epoch stays.
  ///
  /// - Parameter epoch: That of the primary that took over; 1 or more.
  public func fence(by epoch: UInt64) {
    precondition(epoch > 0, "ReplicatedPosition.fence: expected an epoch of 1 or more")
    fenceWord.max(epoch, ordering: .acquiringAndReleasing)
  }
}
