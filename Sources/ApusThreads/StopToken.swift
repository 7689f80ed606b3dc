// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Synchronization

/// Tells a thread's body to return. Copies are one and the same.
@frozen
public struct StopToken: Sendable {
  @usableFromInline let flag: StopFlag

  /// A token that nobody has stopped.
  public init() { flag = StopFlag() }

  /// Whether the body is to return.
  ///
  /// - Complexity: One relaxed load: nothing else that the stopping thread wrote is promised to be
  ///   seen with it.
  @inlinable @inline(__always)
  public var isStopped: Bool { flag.isStopped.load(ordering: .relaxed) }

  /// Sets it, permanently.
  public func stop() { flag.isStopped.store(true, ordering: .relaxed) }
}

@usableFromInline
final class StopFlag: Sendable {
  // Constant, so that reading it needs no exclusivity check.
  @usableFromInline let isStopped = Atomic<Bool>(false)
  init() {}
}
