// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// Who leads, as far as one candidate knows.
public enum LeaseStatus: Equatable, Sendable {
  /// This one, in this epoch, and for certain before `until`: after that another one may lead.
  case held(epoch: UInt64, until: Nanoseconds)
  /// Another one, as far as is known, or nobody.
  case notHeld
  /// The store could not be asked; this one does not lead.
  case unknown(reason: String)

  /// The epoch in which this one leads at a time; nil where it does not.
  ///
  /// Ask with a fresh reading of the clock, right before what only a leader may do.
  public func epoch(at now: Nanoseconds) -> UInt64? {
    guard case .held(let epoch, let until) = self, now < until else { return nil }
    return epoch
  }
}

/// A right to lead that ends by itself unless it is renewed, with an epoch that grows with every
/// holder: the fence of whatever the one before still tries.
///
/// A lease alone keeps no two primaries apart, because a holder can be stopped between its look at
/// the clock and its next deed; the epoch does. The lease decides who may begin one.
///
/// - Threading: one thread at a time. Calls may wait for a store: give a lease a thread of its own
///   where nothing else may wait, and pass its status on.
public protocol LeaderLease: AnyObject {
  /// What is known; it does not ask.
  var status: LeaseStatus { get }

  /// The epoch of whoever leads first of all: in a greater one there is something that a replica without a
  /// journal lacks. Nil where that is not known.
  var firstEpoch: UInt64? { get }

  /// Takes the lease where it is free, renews it when that is due. Call it several times in the
  /// lease's time to live.
  ///
  /// - Parameter now: Of a clock that does not go back, always the same one, read right before the
  ///   call.
  func step(now: Nanoseconds) -> LeaseStatus

  /// Gives it up, so that another one need not wait for its end.
  func release()
}

extension LeaderLease {
  /// Not known.
  public var firstEpoch: UInt64? { nil }
}

/// A lease that an operator has given: who leads is in the configuration.
///
/// To take over, stop the old primary, and start the new one with a greater epoch.
public final class StaticLease: LeaderLease {
  /// Held for ever, or never.
  public private(set) var status: LeaseStatus

  /// A lease of this epoch; nil for one who follows.
  ///
  /// - Throws: ``ReplicationError/configuration(field:value:expected:)`` for epoch 0.
  public init(epoch: UInt64?) throws(ReplicationError) {
    guard epoch != 0 else {
      throw .configuration(field: "epoch", value: "0", expected: "1 or more, or nil to follow")
    }
    status = epoch.map { .held(epoch: $0, until: Nanoseconds(.max)) } ?? .notHeld
  }

  /// What it was made with.
  public func step(now: Nanoseconds) -> LeaseStatus { status }

  /// Does not lead any more.
  public func release() { status = .notHeld }
}
