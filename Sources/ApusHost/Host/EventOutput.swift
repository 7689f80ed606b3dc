// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusRings

/// Where a host's events go: the writing end of a ring, or nowhere.
///
/// - Threading: the host's thread.
public protocol EventOutput: ~Copyable, SendableMetatype {
  /// What goes out.
  associatedtype Element: BitwiseCopyable

  /// Takes events, from the first on.
  ///
  /// - Returns: How many; fewer than there are when there is no room for more. The host keeps the
  ///   rest and, when it can keep no more, takes no more commands.
  @unsafe
  mutating func take(_ events: UnsafeBufferPointer<Element>) -> Int

  /// Whether nobody will ever read what it takes.
  var isClosed: Bool { get }
}

extension EventOutput where Self: ~Copyable {
  /// False: an output that is no ring has no other side.
  @inlinable
  public var isClosed: Bool { false }
}

/// No output: events are dropped.
@frozen
public struct NoOutput<Event: BitwiseCopyable>: EventOutput, ~Copyable {
  /// Nothing.
  @inlinable public init() {}

  /// Takes events, from the first on; returns how many.
  @unsafe @inlinable @inline(__always)
  public mutating func take(_ events: UnsafeBufferPointer<SequencedEvent<Event>>) -> Int {
    events.count
  }
}

/// Events stay in the host's queue until its caller takes them with ``EngineHost/takeEvents(_:)``.
@frozen
public struct CallerOutput<Event: BitwiseCopyable>: EventOutput, ~Copyable {
  /// Nothing.
  @inlinable public init() {}

  /// Takes events, from the first on; returns how many.
  @unsafe @inlinable @inline(__always)
  public mutating func take(_ events: UnsafeBufferPointer<SequencedEvent<Event>>) -> Int { 0 }
}

extension RingProducer: EventOutput {
  /// Whether the consumer has closed.
  @inlinable
  public var isClosed: Bool { isConsumerClosed }

  /// Takes events, from the first on; returns how many.
  @unsafe @inlinable @inline(__always)
  public mutating func take(_ events: UnsafeBufferPointer<Element>) -> Int {
    unsafe tryPush(contentsOf: events)
  }
}

extension BroadcastProducer: EventOutput {
  /// Whether all consumers have closed.
  public var isClosed: Bool { areConsumersClosed }

  /// Takes events, from the first on; returns how many.
  @unsafe @inlinable @inline(__always)
  public mutating func take(_ events: UnsafeBufferPointer<Element>) -> Int {
    unsafe tryPush(contentsOf: events)
  }
}
