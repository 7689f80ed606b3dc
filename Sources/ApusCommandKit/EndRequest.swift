// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Synchronization

/// A request to end what runs until it is asked to, such as a service.
///
/// - Threading: any thread.
public final class EndRequest: Sendable {
  private let awaited = Atomic(false)
  private let requested = Atomic(false)

  /// A request that nobody has made.
  public init() {}

  /// From now on somebody looks at ``isRequested`` and ends when it suits.
  public func expect() { awaited.store(true, ordering: .releasing) }

  /// Whether somebody does.
  public var isAwaited: Bool { awaited.load(ordering: .acquiring) }

  /// Asks.
  public func request() { requested.store(true, ordering: .releasing) }

  /// Whether it was asked for.
  public var isRequested: Bool { requested.load(ordering: .acquiring) }
}
