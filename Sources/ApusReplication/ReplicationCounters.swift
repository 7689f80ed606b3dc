// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusTLS

/// What one side of a replica link has seen.
public struct ReplicationCounters: Sendable, Equatable {
  /// Connections that were made or taken.
  public var connectionCount: UInt64 = 0
  /// Connections that ended, whatever the reason.
  public var closedCount: UInt64 = 0
  /// Connections closed because nothing came for too long.
  public var silentCount: UInt64 = 0
  /// Connections closed because a frame came, or was taken, too slowly.
  public var slowCount: UInt64 = 0
  /// Connections dropped before they had said who they are, because too many later ones came.
  public var crowdedOutCount: UInt64 = 0
  /// Connections closed because the other side did not prove who it is, or bytes were changed on their way.
  public var securityFailureCount: UInt64 = 0
  /// Why the last of them was closed.
  public var lastSecurityFailure: TLSFailure?
  /// Connections that the kernel could not give, or for which there was no place.
  public var acceptFailureCount: UInt64 = 0
  /// Connections closed for an epoch too far above the known one to be believed.
  public var farEpochCount: UInt64 = 0
  /// The highest of those epochs.
  public var farEpoch: UInt64 = 0
  /// Records sent, or received.
  public var recordCount: UInt64 = 0
  /// Frames with records.
  public var batchCount: UInt64 = 0
  /// Acknowledgements received, or sent.
  public var acknowledgementCount: UInt64 = 0
  /// Digests that were compared and equal.
  public var digestCount: UInt64 = 0
  /// Snapshots sent, or taken, in full.
  public var snapshotCount: UInt64 = 0
  /// Bytes of snapshots, of those in full and others.
  public var snapshotByteCount: UInt64 = 0
  /// Connections closed for bytes that were no frame or must not come, by `FrameFault.rawValue`.
  private var faults: [UInt64] = Array(repeating: 0, count: FrameFault.allCases.count)
  /// Refusals that were received, by reason.
  private var refusals: [RefusalReason: UInt64] = [:]
  /// Refusals that were sent, by reason.
  private var turnedAway: [RefusalReason: UInt64] = [:]

  init() {}

  /// Connections closed for this fault.
  public func count(_ fault: FrameFault) -> UInt64 { faults[Int(fault.rawValue)] }
  /// Connections closed for any fault.
  public var faultCount: UInt64 { faults.reduce(0, +) }
  /// Refusals of this reason that came.
  public func refusedCount(_ reason: RefusalReason) -> UInt64 { refusals[reason] ?? 0 }
  /// Refusals of this reason that were sent.
  public func turnedAwayCount(_ reason: RefusalReason) -> UInt64 { turnedAway[reason] ?? 0 }

  mutating func note(_ closure: LinkClosure) {
    closedCount += 1
    switch closure {
    case .fault(let fault): faults[Int(fault.rawValue)] += 1
    case .security(let failure):
      securityFailureCount += 1
      lastSecurityFailure = failure
    case .silent: silentCount += 1
    case .slow: slowCount += 1
    case .crowdedOut: crowdedOutCount += 1
    case .ended, .failed, .refused, .replaced: break
    }
  }

  mutating func noteFar(_ epoch: UInt64) {
    farEpochCount += 1
    farEpoch = max(farEpoch, epoch)
  }

  mutating func noteRefused(_ reason: RefusalReason) { refusals[reason, default: 0] += 1 }
  mutating func noteTurnedAway(_ reason: RefusalReason) { turnedAway[reason, default: 0] += 1 }
}
